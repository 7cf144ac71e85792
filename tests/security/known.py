"""Secrets and personal data that are unmistakable wherever they turn up."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from urllib.parse import quote, quote_plus

SECRETS: Mapping[str, str] = {
    "signing key": base64.urlsafe_b64encode(b"Segredo-das-assinaturas-0123456789").rstrip(b"=").decode(),
    "bot token": "7000000001:AAsegredo-do-bot-Quixeramobim-000001",
    "webhook secret": "segredo-do-webhook-Pindamonhangaba",
    "pixel token": "EAAsegredoDoPixelItaquaquecetuba",
    "provider credential": "segredo-do-provedor-Guaratingueta",
}
PEOPLE: Mapping[str, str] = {
    "first name": "Zuleica",
    "username": "zuzu_quaresmeira",
    "chat id": "918273645012",
    "chat text": "minha senha do banco é abacaxi",
    "payer name": "Astrogilda Quaresma Tanajura",
    "payer CPF": "52998224725",
    "IP address": "177.99.88.77",
    "user agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Instagram 335.0.4.28.73917",
    "fbclid": "IwARsegredo_aem_73917",
    "fbp": "fb.1.1789999999999.739173917",
    "visitor id": "VisitanteAlheia7391700",
}


def spellings(value: str) -> Iterator[str]:
    """Yield the ways in which a value may be written: as it is, in a URL, in JSON, in base64, in parts."""
    yield value
    yield quote(value, safe="")
    yield quote_plus(value)
    yield json.dumps(value)[1:-1]
    yield base64.b64encode(value.encode()).decode().rstrip("=")
    if value == PEOPLE["payer CPF"]:
        yield f"{value[:3]}.{value[3:6]}.{value[6:9]}-{value[9:]}"
    if value == PEOPLE["payer name"]:
        yield from value.split()


def found_in(text: str, values: Mapping[str, str], *, hashes: bool = False) -> list[str]:
    """Name the values that stand in a text in any spelling; with ``hashes`` also their plain SHA-256."""
    folded = text.casefold()
    names = []
    for name, value in values.items():
        ways = set(spellings(value))
        if hashes:
            ways |= {hashlib.sha256(way.casefold().encode()).hexdigest() for way in ways}
        if any(way.casefold() in folded for way in ways):
            names.append(name)
    return names
