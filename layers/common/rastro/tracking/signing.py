"""The keys that sign what leaves us, and the one way in which bytes become text in a URL."""

from __future__ import annotations

import base64
import hmac
import json
from dataclasses import dataclass

from rastro.errors import SecretMissing
from rastro.stores.ports import Secrets

SIGNING_KEYS_SECRET = "signing-keys"  # noqa: S105 - the name of a secret

_MIN_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The keys that sign what leaves us: ``current`` signs, ``previous`` is still accepted."""

    current: bytes
    previous: bytes | None = None

    @property
    def accepted(self) -> tuple[bytes, ...]:
        """Return the keys to try, the likeliest first."""
        return (self.current,) if self.previous is None else (self.current, self.previous)

    @classmethod
    def from_secret(cls, text: str) -> SigningKeys:
        """Read ``{"current": …, "previous": … or null}``, each 32 bytes or more in base64url.

        Raises ``SecretMissing`` when it is anything else: a weak key is no key.
        """
        try:
            document = json.loads(text)
            current = _decode(document["current"])
            previous = None if document.get("previous") is None else _decode(document["previous"])
        except (ValueError, TypeError, KeyError, AttributeError) as exc:
            raise SecretMissing("signing-keys is not the JSON that it should be") from exc
        if len(current) < _MIN_KEY_BYTES or (previous is not None and len(previous) < _MIN_KEY_BYTES):
            raise SecretMissing(f"signing-keys holds a key of fewer than {_MIN_KEY_BYTES} bytes")
        return cls(current, previous)


class KeyRing:
    """Gives the signing keys of the deployment, as they are now."""

    def __init__(self, secrets: Secrets) -> None:
        """Take the parameter store."""
        self._secrets = secrets
        self._read: tuple[str, SigningKeys] | None = None

    def __call__(self) -> SigningKeys:
        """Return the keys; raises ``SecretMissing`` or ``StoreUnavailable``."""
        text = self._secrets.get(SIGNING_KEYS_SECRET)
        if self._read is None or self._read[0] != text:
            self._read = (text, SigningKeys.from_secret(text))
        return self._read[1]


def mac(key: bytes, context: bytes, body: bytes, length: int) -> bytes:
    """Return a truncated HMAC-SHA256; ``context`` keeps what is signed for one purpose from passing for another."""
    return hmac.digest(key, context + b"\0" + body, "sha256")[:length]


def signing_key(keys: SigningKeys, context: bytes, body: bytes, given: bytes) -> bytes | None:
    """Return the accepted key that signed a body, found in constant time a key, or ``None``."""
    return next((key for key in keys.accepted if hmac.compare_digest(mac(key, context, body, len(given)), given)), None)


def encode(raw: bytes) -> str:
    """Return bytes in base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode_exactly(text: str, length: int) -> bytes | None:
    """Decode only the one spelling that ``encode`` gives: padding bits set, other alphabets and spaces are refused."""
    if len(text) != length or not text.isascii():
        return None
    try:
        raw = _decode(text)
    except ValueError:
        return None
    return raw if encode(raw) == text else None


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
