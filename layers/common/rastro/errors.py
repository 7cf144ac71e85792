"""The errors that some caller treats differently, as one tree.

RastroError
├── Conflict                 a conditional write lost: read again and decide anew
├── StoreUnavailable         a store did not answer in time or refused: a retry can mend it
├── SecretMissing            a secret is not set: fail closed, an operator has to act
├── InvalidInput             what came from outside is not what its contract says: refuse, change nothing
│   └── NotAuthentic         a webhook without proof of its sender: 401, no effect
├── ProviderError            the PIX provider refused the call: no retry mends it
│   └── ProviderUnavailable  the PIX provider did not answer properly: a retry can mend it
└── TelegramError            the Bot API refused the call
    ├── BotRefused           the bot's token is no longer good: Telegram banned the bot, or BotFather gave it another
    ├── ChatUnreachable      the person blocked the bot, was deleted, or never opened it
    └── TelegramUnavailable  no proper answer, or "too many requests": a retry can mend it

Adapters translate their vendor's errors into these with ``raise … from exc``; nobody decides by message text.
"""


class RastroError(Exception):
    """Base of every error that Rastro raises on purpose."""


class Conflict(RastroError):
    """Say that a conditional write found the record changed since it was read."""


class StoreUnavailable(RastroError):
    """Say that a store (table, cache, queue, parameter store) did not take or give what was asked."""


class SecretMissing(RastroError):
    """Say that a secret is absent or empty in the parameter store."""


class InvalidInput(RastroError):
    """Say that an input breaks its contract; nothing was changed."""


class NotAuthentic(InvalidInput):
    """Say that a webhook carries no valid proof of its sender."""


class ProviderError(RastroError):
    """Say that the PIX provider refused a call for good."""


class ProviderUnavailable(ProviderError):
    """Say that the PIX provider gave no usable answer; trying again is safe under the same idempotency key."""


class TelegramError(RastroError):
    """Say that the Bot API refused a call for good."""


class BotRefused(TelegramError):
    """Say that Telegram does not know the bot by its token (HTTP 401, or 404 to every method; 403 to ``getMe``)."""


class ChatUnreachable(TelegramError):
    """Say that this chat takes no message from this bot (HTTP 403, or 400 "chat not found")."""


class TelegramUnavailable(TelegramError):
    """Say that the Bot API gave no usable answer, or asked to wait.

    ``retry_after_seconds`` is what a 429 asked for, else ``None``.
    """

    def __init__(self, message: str, *, retry_after_seconds: int | None = None) -> None:
        """Keep the wait that the answer asked for."""
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
