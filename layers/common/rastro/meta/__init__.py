"""Meta's Conversions API: user data, events, the client, and what an answer of the Graph means."""
