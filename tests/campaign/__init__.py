"""The fault campaign: thousands of purchases through the sender while Graph and the senders themselves fail."""
