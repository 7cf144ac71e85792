"""The signed reference to a bot user: the ``u`` of the link that a bot gives to a person who came without a click.

It says which bot and chat, and until when, readable by nobody but us: a chat id is somebody's id, and this stands in a URL. It
is sealed in the manner of SIV (RFC 5297): the MAC of what is inside is both its proof and the seed of its key stream; so the same
reference has one spelling, a changed one is refused, and nothing needs a random number.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from rastro.model import BotId, ChatId
from rastro.tracking.signing import SigningKeys, decode_exactly, encode, mac, signing_key

LIFETIME_MS = 24 * 3_600_000
MINUTE_MS = 60_000

_SEAL_BYTES = 12
_ID_BYTES = 8
_MINUTE_BYTES = 4
_LENGTH = 43  # 12 + 8 + 8 + 4 bytes in base64url
_SEAL_CONTEXT = b"rastro/bot-user-reference/1/seal"
_STREAM_CONTEXT = b"rastro/bot-user-reference/1/stream"


@dataclass(frozen=True, slots=True)
class BotUserReference:
    """Whom a reference means."""

    bot_id: BotId
    chat_id: ChatId


def seal(keys: SigningKeys, bot_id: BotId, chat_id: ChatId, *, now_ms: int) -> str:
    """Return a reference to a bot user that holds for a day."""
    expires = ((now_ms + LIFETIME_MS) // MINUTE_MS).to_bytes(_MINUTE_BYTES, "big")
    inside = int(bot_id).to_bytes(_ID_BYTES, "big") + int(chat_id).to_bytes(_ID_BYTES, "big", signed=True) + expires
    proof = mac(keys.current, _SEAL_CONTEXT, inside, _SEAL_BYTES)
    return encode(proof + _xor(inside, keys.current, proof))


def unseal(keys: SigningKeys, value: str, *, now_ms: int) -> BotUserReference | None:
    """Return whom a reference means, or ``None`` for one that is expired or that these keys did not seal."""
    raw = decode_exactly(value, _LENGTH)
    if raw is None:
        return None
    proof, hidden = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:]
    for key in keys.accepted:
        inside = _xor(hidden, key, proof)
        if signing_key(SigningKeys(key), _SEAL_CONTEXT, inside, proof) is None:
            continue
        if now_ms >= int.from_bytes(inside[-_MINUTE_BYTES:], "big") * MINUTE_MS:
            return None
        bot_id = int.from_bytes(inside[:_ID_BYTES], "big")
        chat_id = int.from_bytes(inside[_ID_BYTES : 2 * _ID_BYTES], "big", signed=True)
        return BotUserReference(BotId(str(bot_id)), ChatId(str(chat_id)))
    return None


def _xor(text: bytes, key: bytes, proof: bytes) -> bytes:
    """Return a text under the key stream of its proof, which is one block of HMAC-SHA256 and longer than the text."""
    stream = hmac.digest(key, _STREAM_CONTEXT + b"\0" + proof, "sha256")
    return bytes(one ^ other for one, other in zip(text, stream, strict=False))
