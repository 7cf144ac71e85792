"""Signatures by RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, section 8.2.2), checked by plain numbers: no library is needed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

_SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")
"""The DigestInfo of SHA-256 up to the digest (RFC 8017, section 9.2, note 1)."""


def is_signed(body: bytes, signature: str, *, modulus: int, exponent: int = 65_537) -> bool:
    """Say whether a signature in base64 is that of a body by the holder of a key."""
    length = (modulus.bit_length() + 7) // 8
    try:
        given = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    number = int.from_bytes(given, "big")
    if len(given) != length or number >= modulus:
        return False
    info = _SHA256_PREFIX + hashlib.sha256(body).digest()
    expected = b"\x00\x01" + b"\xff" * (length - len(info) - 3) + b"\x00" + info
    return hmac.compare_digest(pow(number, exponent, modulus).to_bytes(length, "big"), expected)
