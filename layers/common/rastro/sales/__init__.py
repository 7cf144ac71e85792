"""The use cases behind the webhooks: a person starts the bot, asks for a charge, pays it."""
