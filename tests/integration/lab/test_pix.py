import base64
import hashlib
import hmac
from typing import Any

import pytest
import requests

from tests.integration.lab.running import BOT_ID, Rastro, RunningLab, wait_until

pytestmark = pytest.mark.integration


def pay(lab: RunningLab, charge_id: str, **body: Any) -> Any:
    return lab.control("POST", f"pix/charges/{charge_id}/pay", body)


def test_a_charge_is_listed_as_the_contract_says(lab: RunningLab) -> None:
    charge = lab.charge()
    (shown,) = lab.control("GET", "pix/charges")
    assert {name: shown[name] for name in ("charge_id", "payment_id", "amount_cents", "status", "brcode")} == {
        "charge_id": charge["identifier"],
        "payment_id": "pay_1",
        "amount_cents": 4990,
        "status": "pending",
        "brcode": charge["brCode"],
    }
    assert (shown["provider"], shown["bot_id"]) == ("openpix", BOT_ID)


def test_a_payment_is_told_with_a_signature_over_the_bytes(lab: RunningLab, rastro: Rastro) -> None:
    charge = lab.charge()
    answer = pay(lab, charge["identifier"], payer_name="Ana da Silva")
    assert answer["status"] == "paid"
    assert [notice["http_status"] for notice in answer["notices"]] == [200]
    (received,) = rastro.received
    assert received.path == f"/pix/openpix/{BOT_ID}"
    digest = hmac.new(b"pix-hush", received.body, hashlib.sha1).digest()
    assert received.headers["x-openpix-signature"] == base64.b64encode(digest).decode()
    assert received.json["event"] == "OPENPIX:CHARGE_COMPLETED"
    assert received.json["charge"]["correlationID"] == "pay_1"
    assert received.json["pix"]["payer"]["name"] == "Ana da Silva"
    assert lab.control("GET", "pix/charges")[0]["status"] == "paid"


def test_another_amount_may_be_paid(lab: RunningLab, rastro: Rastro) -> None:
    pay(lab, lab.charge()["identifier"], amount_cents=100)
    assert rastro.received[0].json["charge"]["value"] == 100
    assert rastro.received[0].json["pix"]["value"] == 100
    (shown,) = lab.control("GET", "pix/charges")
    assert (shown["amount_cents"], shown["paid_amount_cents"]) == (4990, 100)


def test_a_notice_can_be_repeated_and_withheld(lab: RunningLab, rastro: Rastro) -> None:
    first, second = lab.charge("pay_1"), lab.charge("pay_2")
    assert len(pay(lab, first["identifier"], repeat=3)["notices"]) == 3
    assert len({received.body for received in rastro.received}) == 1
    assert pay(lab, second["identifier"], notify=False) == {"status": "paid", "notices": []}
    assert len(rastro.received) == 3
    assert len(pay(lab, "pay_2")["notices"]) == 1, "paying again tells it again, by our id too"


def test_a_refused_notice_is_told_and_comes_again(lab: RunningLab, rastro: Rastro) -> None:
    rastro.fail(500, 500)
    (notice,) = pay(lab, lab.charge()["identifier"])["notices"]
    assert (notice["http_status"], notice["delivered"]) == (500, False)
    wait_until(lambda: lab.control("GET", "pix/notices")[0]["delivered"])
    assert len(rastro.received) == 3


def test_a_charge_expires_by_itself_and_can_still_be_paid(lab: RunningLab, rastro: Rastro) -> None:
    charge = lab.charge(expiresIn=1)
    wait_until(lambda: rastro.received)
    assert rastro.received[0].json["event"] == "OPENPIX:CHARGE_EXPIRED"
    assert lab.control("GET", "pix/charges")[0]["status"] == "expired"
    assert pay(lab, charge["identifier"])["status"] == "paid"


def test_expiry_and_refund_are_told(lab: RunningLab, rastro: Rastro) -> None:
    lab.charge("pay_1")
    lab.charge("pay_2")
    assert lab.control("POST", "pix/charges/pay_1/expire")["status"] == "expired"
    pay(lab, "pay_2")
    assert lab.control("POST", "pix/charges/pay_2/refund", {"amount_cents": 990})["status"] == "paid"
    assert lab.control("POST", "pix/charges/pay_2/refund")["status"] == "refunded"
    assert [received.json["event"].removeprefix("OPENPIX:") for received in rastro.received] == [
        "CHARGE_EXPIRED",
        "CHARGE_COMPLETED",
        "TRANSACTION_REFUND_RECEIVED",
        "TRANSACTION_REFUND_RECEIVED",
    ]
    assert [received.json["pix"]["value"] for received in rastro.received[2:]] == [990, 4000]
    lab.control("POST", "pix/charges/pay_2/pay", status=409)
    lab.control("POST", "pix/charges/pay_2/expire", status=409)
    lab.control("POST", "pix/charges/pay_1/refund", status=409)


@pytest.mark.parametrize(
    "body", [{"amount_cents": 0}, {"amount_cents": "10"}, {"repeat": 0}, {"delay_ms": -1}, {"notify": "no"}, {"payer_name": 1}]
)
def test_a_wrong_payment_is_refused_and_pays_nothing(lab: RunningLab, body: dict[str, object]) -> None:
    lab.charge()
    assert set(lab.control("POST", "pix/charges/pay_1/pay", body, status=400)) == {"error"}
    assert lab.control("GET", "pix/charges")[0]["status"] == "pending"


def test_an_unknown_charge_is_not_found(lab: RunningLab) -> None:
    lab.control("POST", "pix/charges/nothing/pay", status=404)


def test_the_qr_picture_of_a_charge_is_served(lab: RunningLab) -> None:
    answer = requests.get(lab.charge()["qrCodeImage"], timeout=10)
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG")
