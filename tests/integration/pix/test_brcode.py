"""BR codes, ours and the lab's, held against npm's ``pix-utils``: a parser and builder by other people."""

from __future__ import annotations

import json
import random
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab.brcode import dynamic_code
from rastro.pix.brcode import PayloadLocation, PixKey, build, parse
from tests.node.packages import FOLDER, ask

pytestmark = pytest.mark.integration

CODES = Path(__file__).parents[2] / "data" / "brcode"
VALID = [entry["code"] for entry in json.loads((CODES / "valid_codes.json").read_text(encoding="utf-8"))]
INVALID = [entry["code"] for entry in json.loads((CODES / "invalid_codes.json").read_text(encoding="utf-8"))]
NAMES = ("Padaria São João", "Açaí & Cia.", "L", "Uma loja de nome comprido demais", "Loja da Ana 🍞")
CITIES = ("São Paulo", "Pindamonhangaba", "R", "São José do Rio Preto")
KEYS = ("123e4567-e12b-12d1-a456-426655440000", "+5511943214321", "67784666004", "44720743000101", "ana@example.com", "k" * 77)
LOCATIONS = ("pix.example.com/qr/v2/93598be0-1bd0-4997-8318-81776a1d8a99", "a.br/1", "pix.example.com/" + "a" * 61)
AMOUNTS = (None, 1, 10, 99, 100, 4990, 123456, 99_999_999_999)


def _cases() -> list[tuple[str, Mapping[str, Any]]]:
    """Return codes that we build, each with what another reader must find in it."""
    dice = random.Random(20261124)
    cases: list[tuple[str, Mapping[str, Any]]] = []
    for number in range(200):
        name, city, amount_cents = dice.choice(NAMES), dice.choice(CITIES), dice.choice(AMOUNTS)
        txid = dice.choice([None, "".join(dice.choices(string.ascii_letters + string.digits, k=dice.randint(1, 25)))])
        expected: dict[str, Any] = {"txid": txid or "***", "countryCode": "BR", "transactionCurrency": "986"}
        target: PixKey | PayloadLocation
        if number % 2:
            target = PixKey(key=dice.choice(KEYS), remark=dice.choice(["", "Pedido 12"]))
            expected |= {"type": "STATIC", "pixKey": target.key}
            if amount_cents is not None:
                expected["transactionAmount"] = amount_cents / 100
            if target.remark and len(target.key) < 60:
                expected["infoAdicional"] = target.remark
        else:
            target = PayloadLocation(address=dice.choice(LOCATIONS))
            # It reads neither the txid nor the amount of a dynamic code: both are the charge's.
            del expected["txid"]
            expected |= {"type": "DYNAMIC", "url": target.address}
        code = build(target, merchant_name=name, merchant_city=city, amount_cents=amount_cents, txid=txid)
        cases.append((code, expected | {"merchantName": parse(code)["59"], "merchantCity": parse(code)["60"]}))
    return cases


def test_another_parser_reads_every_code_that_we_build_as_it_was_meant() -> None:
    cases = _cases()
    answers = ask("brcodes.mjs", {"parse": [code for code, _ in cases]})["parse"]
    for (code, expected), answer in zip(cases, answers, strict=True):
        assert {name: answer.get(name) for name in expected} == expected, (code, answer)


def test_another_parser_reads_every_code_of_the_lab() -> None:
    ids = [f"{number:032x}" for number in range(20)]
    locations = {f"pix.rastro.invalid/qr/v2/{charge_id}": charge_id for charge_id in ids}
    codes = [
        dynamic_code(amount_cents=1 + index * 997, location=place, txid=txid)
        for index, (place, txid) in enumerate(locations.items())
    ]
    answers = ask("brcodes.mjs", {"parse": codes})["parse"]
    assert [(answer.get("type"), answer.get("url")) for answer in answers] == [("DYNAMIC", place) for place in locations]


def test_both_parsers_agree_about_real_codes() -> None:
    answers = ask("brcodes.mjs", {"parse": [*VALID, *INVALID]})["parse"]
    assert ["error" in answer for answer in answers] == [False] * len(VALID) + [True] * len(INVALID)
    for code, answer in zip(VALID, answers, strict=False):
        fields = parse(code)
        assert (answer["merchantName"], answer["merchantCity"]) == (fields["59"], fields["60"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A code to be built by both; the other builder writes names in capitals."""

    target: PixKey | PayloadLocation
    amount_cents: int | None = None
    txid: str | None = None

    def ours(self) -> str:
        return build(
            self.target,
            merchant_name="FULANO DE TAL",
            merchant_city="SAO PAULO",
            amount_cents=self.amount_cents,
            txid=self.txid,
        )

    def asked(self) -> Mapping[str, object]:
        names = {"merchantName": "Fulano de Tal", "merchantCity": "São Paulo"}
        if isinstance(self.target, PayloadLocation):
            return names | {"url": self.target.address}
        amount = (self.amount_cents or 0) / 100
        key = {"pixKey": self.target.key, "infoAdicional": self.target.remark}
        return names | key | {"transactionAmount": amount, "txid": self.txid or "***"}


def test_the_other_builder_builds_the_same_codes() -> None:
    static = [
        Wanted(target=PixKey(key=key, remark="Pedido 12" if len(key) < 60 else ""), amount_cents=cents, txid=txid)
        for key in KEYS
        for cents in (None, 1, 4990, 123456)
        for txid in (None, "PEDIDO123")
    ]
    dynamic = [Wanted(target=PayloadLocation(address=place)) for place in LOCATIONS]
    answer = ask("brcodes.mjs", {"static": [each.asked() for each in static], "dynamic": [each.asked() for each in dynamic]})
    assert [built.get("code") for built in answer["static"]] == [each.ours() for each in static]
    for each, built in zip(dynamic, answer["dynamic"], strict=True):
        ours, theirs = dict(parse(each.ours())), dict(parse(built["code"]))
        assert ours.pop("01") == "12", "the other builder does not say that a dynamic code is for one payment"
        assert {name: ours[name] for name in theirs if name != "63"} == {name: theirs[name] for name in theirs if name != "63"}


def test_the_lock_names_no_registry() -> None:
    lock = (FOLDER / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert all(entry.get("integrity") for name, entry in json.loads(lock)["packages"].items() if name)
    assert not re.search(r"registry=|_auth", (FOLDER / ".npmrc").read_text(encoding="utf-8"))
