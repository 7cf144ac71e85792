"""RSA signatures, by the one that OpenPix published."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from rastro.pix.openpix import SENDER_MODULUS
from rastro.pix.rsa import is_signed

SAMPLE = json.loads((Path(__file__).parents[2] / "data" / "openpix" / "signature_rsa_vector.json").read_text())["sample"]
BODY, SIGNATURE = SAMPLE["raw_body"].encode(), SAMPLE["signature"]


def test_the_published_signature_holds() -> None:
    assert is_signed(BODY, SIGNATURE, modulus=SENDER_MODULUS)


def test_the_key_is_the_published_one() -> None:
    der = base64.b64decode("".join(SAMPLE["public_key_pem"].split("\n")[1:-2]))
    assert SENDER_MODULUS.to_bytes(128, "big") in der


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (BODY + b" ", SIGNATURE),
        (BODY, ""),
        (BODY, "not base64!"),
        (BODY, SIGNATURE[4:]),
        (BODY, SIGNATURE + "AAAA"),
        (BODY, base64.b64encode(bytes(128)).decode()),
        (BODY, base64.b64encode(b"\0" * 127 + b"\1").decode()),
        (BODY, base64.b64encode(b"\xff" * 128).decode()),
        (BODY, "é"),
    ],
)
def test_anything_else_does_not(body: bytes, signature: str) -> None:
    assert not is_signed(body, signature, modulus=SENDER_MODULUS)
