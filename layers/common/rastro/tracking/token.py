"""The start token: signed, self-contained, short enough for Telegram's ``start`` parameter.

33 bytes, 44 characters of base64url: version (1), click id (12 random bytes), minute of the click (4), short ids of funnel
and campaign (4 + 4), truncated HMAC-SHA256 (8). It is read without any store; a forged, cut or foreign one fails its MAC.
Telegram takes at most 64 characters of ``[A-Za-z0-9_-]`` (https://core.telegram.org/bots/features#deep-linking).

The beacon nonce names the same click under a MAC of its own: with the key a token can be made of it, without it cannot.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from rastro.model import Campaign, Slug, TrackingToken
from rastro.tracking.signing import SigningKeys, decode_exactly, encode, mac, signing_key

TOKEN_LENGTH = 44
CLICK_ID_BYTES = 12
MINUTE_MS = 60_000
NO_CAMPAIGN = "00000000"

_VERSION = 1
_REF_BYTES = 4
_MAC_BYTES = 8
_MINUTE_BYTES = 4
_BODY_BYTES = 1 + CLICK_ID_BYTES + _MINUTE_BYTES + 2 * _REF_BYTES
_NONCE_BODY_BYTES = CLICK_ID_BYTES + _MINUTE_BYTES + _REF_BYTES
_NONCE_LENGTH = 38
_TOKEN_CONTEXT = b"rastro/start-token/1"
_NONCE_CONTEXT = b"rastro/beacon-nonce/1"
_CAMPAIGN_FIELDS = ("utm_source", "utm_medium", "utm_campaign", "utm_id", "campaign_code")


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
    return TrackingToken(encode(body + mac(keys.current, _TOKEN_CONTEXT, body, _MAC_BYTES)))


def parse(keys: SigningKeys, value: str) -> StartToken | None:
    """Return what a start token says, or ``None`` for anything that these keys did not sign."""
    raw = decode_exactly(value, TOKEN_LENGTH)
    if raw is None:
        return None
    body, given = raw[:_BODY_BYTES], raw[_BODY_BYTES:]
    if body[0] != _VERSION or signing_key(keys, _TOKEN_CONTEXT, body, given) is None:
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
    return encode(body + mac(keys.current, _NONCE_CONTEXT, body + bytes.fromhex(token.funnel_ref), _MAC_BYTES))


def token_of_nonce(keys: SigningKeys, slug: Slug, nonce: str) -> StartToken | None:
    """Return the start token of the click that a nonce names, or ``None`` for one that these keys did not sign for the funnel.

    The funnel stands in the page's own address; only the MAC has it, so that no nonce makes a token of another funnel.
    """
    raw = decode_exactly(nonce, _NONCE_LENGTH)
    if raw is None:
        return None
    body, given = raw[:_NONCE_BODY_BYTES], raw[_NONCE_BODY_BYTES:]
    key = signing_key(keys, _NONCE_CONTEXT, body + bytes.fromhex(funnel_ref(slug)), given)
    if key is None:
        return None
    minute = int.from_bytes(body[CLICK_ID_BYTES : CLICK_ID_BYTES + _MINUTE_BYTES], "big")
    campaign = body[CLICK_ID_BYTES + _MINUTE_BYTES :].hex()
    token_body = _body(body[:CLICK_ID_BYTES], minute, funnel_ref(slug), campaign)
    token = encode(token_body + mac(key, _TOKEN_CONTEXT, token_body, _MAC_BYTES))
    return StartToken(TrackingToken(token), body[:CLICK_ID_BYTES], minute, funnel_ref(slug), campaign)


def _body(click_id: bytes, minute: int, funnel: str, campaign: str) -> bytes:
    if len(click_id) != CLICK_ID_BYTES:
        raise ValueError(f"a click id has {CLICK_ID_BYTES} bytes, not {len(click_id)}")
    return bytes([_VERSION]) + click_id + minute.to_bytes(_MINUTE_BYTES, "big") + bytes.fromhex(funnel) + bytes.fromhex(campaign)
