"""The start token: signed, self-contained, short enough for Telegram's ``start`` parameter.

33 bytes, 44 characters of base64url: version (1), click id (12 random bytes), minute of the click (4), short ids of funnel
and campaign (4 + 4), truncated HMAC-SHA256 (8). It is read without any store; a forged, cut or foreign one fails its MAC.
Telegram takes at most 64 characters of ``[A-Za-z0-9_-]`` (https://core.telegram.org/bots/features#deep-linking).

The beacon nonce names the same click under a MAC of its own: with the key a token can be made of it, without it cannot.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass

from rastro.errors import SecretMissing
from rastro.model import Campaign, Slug, TrackingToken
from rastro.stores.ports import Secrets

TOKEN_LENGTH = 44
CLICK_ID_BYTES = 12
MINUTE_MS = 60_000
SIGNING_KEYS_SECRET = "signing-keys"  # noqa: S105 - the name of a secret
NO_CAMPAIGN = "00000000"

_VERSION = 1
_REF_BYTES = 4
_MAC_BYTES = 8
_MINUTE_BYTES = 4
_BODY_BYTES = 1 + CLICK_ID_BYTES + _MINUTE_BYTES + 2 * _REF_BYTES
_NONCE_BODY_BYTES = CLICK_ID_BYTES + _MINUTE_BYTES + _REF_BYTES
_NONCE_LENGTH = 38
_MIN_KEY_BYTES = 32
_TOKEN_CONTEXT = b"rastro/start-token/1"
_NONCE_CONTEXT = b"rastro/beacon-nonce/1"
_CAMPAIGN_FIELDS = ("utm_source", "utm_medium", "utm_campaign", "utm_id", "campaign_code")


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The keys that sign what leaves us: ``current`` mints, ``previous`` is still accepted."""

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


@dataclass(frozen=True, slots=True)
class StartToken:
    """What a start token says of its click."""

    token: TrackingToken
    click_id: bytes
    minute: int
    """Minutes since the epoch."""
    funnel_ref: str
    campaign_ref: str

    @property
    def clicked_at_ms(self) -> int:
        """Return the start of the minute of the click."""
        return self.minute * MINUTE_MS

    @property
    def pageview_event_id(self) -> str:
        """Return the event id of the click's PageView."""
        return pageview_event_id(self.click_id)


def funnel_ref(slug: Slug) -> str:
    """Return a funnel's short id, 8 hexadecimal digits."""
    return hashlib.sha256(b"funnel\0" + slug.encode()).digest()[:_REF_BYTES].hex()


def campaign_ref(campaign: Campaign) -> str:
    """Return the short id of what names the campaign (not the single ad), 8 hexadecimal digits; zeros for none."""
    names = [getattr(campaign, name) for name in _CAMPAIGN_FIELDS]
    if not any(names):
        return NO_CAMPAIGN
    return hashlib.sha256(b"campaign\0" + json.dumps(names).encode()).digest()[:_REF_BYTES].hex()


def pageview_event_id(click_id: bytes) -> str:
    """Return the event id of a click's PageView, the same whoever derives it."""
    return f"pageview_{click_id.hex()}"


def mint(keys: SigningKeys, *, click_id: bytes, clicked_at_ms: int, slug: Slug, campaign: Campaign) -> TrackingToken:
    """Return the start token of a click; ``click_id`` is 12 random bytes."""
    body = _body(click_id, clicked_at_ms // MINUTE_MS, funnel_ref(slug), campaign_ref(campaign))
    return TrackingToken(_encode(body + _mac(keys.current, _TOKEN_CONTEXT, body)))


def parse(keys: SigningKeys, value: str) -> StartToken | None:
    """Return what a start token says, or ``None`` for anything that these keys did not sign."""
    raw = _decode_exactly(value, TOKEN_LENGTH)
    if raw is None:
        return None
    body, mac = raw[:_BODY_BYTES], raw[_BODY_BYTES:]
    if body[0] != _VERSION or _signing_key(keys, _TOKEN_CONTEXT, body, mac) is None:
        return None
    click_id, rest = body[1 : 1 + CLICK_ID_BYTES], body[1 + CLICK_ID_BYTES :]
    return StartToken(
        token=TrackingToken(value),
        click_id=click_id,
        minute=int.from_bytes(rest[:_MINUTE_BYTES], "big"),
        funnel_ref=rest[_MINUTE_BYTES : _MINUTE_BYTES + _REF_BYTES].hex(),
        campaign_ref=rest[_MINUTE_BYTES + _REF_BYTES :].hex(),
    )


def beacon_nonce(keys: SigningKeys, token: StartToken) -> str:
    """Return the nonce under which a click's page reports to ``/seen`` and asks ``/status``."""
    body = token.click_id + token.minute.to_bytes(_MINUTE_BYTES, "big") + bytes.fromhex(token.campaign_ref)
    return _encode(body + _mac(keys.current, _NONCE_CONTEXT, body))


def token_of_nonce(keys: SigningKeys, slug: Slug, nonce: str) -> StartToken | None:
    """Return the start token of the click that a nonce names, or ``None`` for a nonce that these keys did not sign."""
    raw = _decode_exactly(nonce, _NONCE_LENGTH)
    if raw is None:
        return None
    body, mac = raw[:_NONCE_BODY_BYTES], raw[_NONCE_BODY_BYTES:]
    key = _signing_key(keys, _NONCE_CONTEXT, body, mac)
    if key is None:
        return None
    minute = int.from_bytes(body[CLICK_ID_BYTES : CLICK_ID_BYTES + _MINUTE_BYTES], "big")
    campaign = body[CLICK_ID_BYTES + _MINUTE_BYTES :].hex()
    token_body = _body(body[:CLICK_ID_BYTES], minute, funnel_ref(slug), campaign)
    token = _encode(token_body + _mac(key, _TOKEN_CONTEXT, token_body))
    return StartToken(TrackingToken(token), body[:CLICK_ID_BYTES], minute, funnel_ref(slug), campaign)


def _body(click_id: bytes, minute: int, funnel: str, campaign: str) -> bytes:
    if len(click_id) != CLICK_ID_BYTES:
        raise ValueError(f"a click id has {CLICK_ID_BYTES} bytes, not {len(click_id)}")
    return bytes([_VERSION]) + click_id + minute.to_bytes(_MINUTE_BYTES, "big") + bytes.fromhex(funnel) + bytes.fromhex(campaign)


def _mac(key: bytes, context: bytes, body: bytes) -> bytes:
    return hmac.digest(key, context + b"\0" + body, "sha256")[:_MAC_BYTES]


def _signing_key(keys: SigningKeys, context: bytes, body: bytes, mac: bytes) -> bytes | None:
    return next((key for key in keys.accepted if hmac.compare_digest(_mac(key, context, body), mac)), None)


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _decode_exactly(text: str, length: int) -> bytes | None:
    """Decode only the one spelling that encoding gives: padding bits set, other alphabets and spaces are refused."""
    if len(text) != length or not text.isascii():
        return None
    try:
        raw = _decode(text)
    except (ValueError, binascii.Error):
        return None
    return raw if _encode(raw) == text else None
