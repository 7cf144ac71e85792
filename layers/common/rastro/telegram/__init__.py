"""Telegram: what arrives from the Bot API, what is sent to it, and the texts that people read."""
