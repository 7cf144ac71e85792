"""The reckoning of the fire notices what is lost and doubled, and excuses only what it may."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from stack.seed import DEMO, PIXEL
from tests.chaos.fire.buyers import Buyer, Passage
from tests.chaos.fire.verdict import Books, Findings, Spell, Verdict, judge, unsettled
from tests.chaos.fire.weather import FAULTS, Fault

PAYMENT = "p-1"
TOKEN = "token-1"
ROW = f"{PIXEL.pixel_id}#Purchase#purchase_{PAYMENT}"
HANDED_OVER = {"reply_markup": {"inline_keyboard": [[{"text": "Acessar", "url": DEMO.products[0].delivery_url}]]}}


def fault(name: str) -> Fault:
    return next(each for each in FAULTS if each.name == name)


def buyer() -> Buyer:
    bought = Buyer(0, began_at=10.0, ended_at=20.0, charge_id="ch-1", payment_id=PAYMENT, paid=True, taps=1)
    bought.passages.append(Passage(10.0, 302, TOKEN, 0.1))
    return bought


def payment(**other: Any) -> dict[str, Any]:
    return {
        "payment_id": PAYMENT,
        "chat_id": str(buyer().chat_id),
        "status": "paid",
        "purchase_state": "accepted",
        "delivery_state": "delivered",
        "link_source": "start_param",
        "link_confidence": "certain",
        "tracking_token": TOKEN,
        "utm_campaign": buyer().campaign,
        "fbclid": buyer().fbclid,
        "created_at_ms": 1_000,
        "paid_at_ms": 2_000,
    } | other


def books(**other: Any) -> Books:
    whole = Books(
        payments={PAYMENT: payment()},
        ledger={ROW: {"status": "accepted"}},
        clicks=frozenset((TOKEN,)),
        cached=frozenset(),
        charges=[{"charge_id": "ch-1", "payment_id": PAYMENT, "status": "paid"}],
        purchases=Counter((f"purchase_{PAYMENT}",)),
        messages={buyer().chat_id: [HANDED_OVER]},
        recoverable=frozenset(),
    )
    return replace(whole, **other)


def told(kept: Books, *spells: Spell) -> Verdict:
    return judge(buyer(), kept, spells)


def test_a_whole_sale_is_neither_lost_nor_doubled() -> None:
    verdict = told(books())
    assert (verdict.lost, verdict.doubled) == ((), ())


@pytest.mark.parametrize(
    "kept",
    [
        books(payments={}),
        books(payments={PAYMENT: payment(status="expired")}),
        books(payments={PAYMENT: payment(fbclid=None)}),
        books(payments={PAYMENT: payment(tracking_token="token-2")}),
        books(payments={PAYMENT: payment(purchase_state="queued")}),
        books(purchases=Counter()),
        books(messages={}),
        books(clicks=frozenset()),
        books(charges=[]),
    ],
)
def test_what_is_missing_is_lost(kept: Books) -> None:
    assert told(kept).lost


def test_goods_not_handed_over_are_no_loss_where_the_record_says_that_nobody_can_be_reached() -> None:
    verdict = told(books(messages={}, payments={PAYMENT: payment(delivery_state="unreachable")}))
    assert verdict.unreachable
    assert verdict.lost == ()


def test_a_click_in_no_table_is_kept_by_the_cache_or_by_its_token() -> None:
    assert told(books(clicks=frozenset(), cached=frozenset((TOKEN,)))).lost == ()
    assert told(books(clicks=frozenset(), recoverable=frozenset((TOKEN,)))).lost == ()


def test_a_purchase_that_graph_has_twice_is_doubled_unless_its_row_tells() -> None:
    twice = Counter({f"purchase_{PAYMENT}": 2})
    assert told(books(purchases=twice)).doubled
    recorded = told(books(purchases=twice, ledger={ROW: {"doubtful_sends": 1}}))
    assert (recorded.doubled, recorded.doubtful) == ((), 1)


def test_goods_handed_over_twice_are_doubled_unless_whoever_told_could_not_know() -> None:
    again = books(messages={buyer().chat_id: [HANDED_OVER, HANDED_OVER]})
    assert told(again).doubled
    assert told(again, Spell(fault("Graph: http_500"), 12.0, 13.0)).doubled
    assert told(again, Spell(fault("payment_webhook killed after a write"), 30.0, 31.0)).doubled == ()


def test_a_second_payment_is_doubled_unless_a_second_tap_came_after_the_money() -> None:
    early, late = payment(payment_id="p-2", status="pending"), payment(payment_id="p-2", status="pending", created_at_ms=3_000)
    del early["paid_at_ms"], late["paid_at_ms"]
    assert told(books(payments={PAYMENT: payment(), "p-2": early})).doubled
    assert told(books(payments={PAYMENT: payment(), "p-2": late})).doubled  # one tap
    impatient = replace(buyer(), taps=2)
    verdict = judge(impatient, books(payments={PAYMENT: payment(), "p-2": late}), ())
    assert (verdict.doubled, verdict.late_taps) == ((), 1)


def test_a_redirect_without_a_way_on_is_an_error_unless_its_process_was_killed() -> None:
    broken = replace(buyer(), passages=[Passage(10.0, 502, "", 0.2)])
    killed, other = Spell(fault("redirect killed before a write"), 9.0, 11.0), Spell(fault("SQS refusing"), 9.0, 11.0)
    for spell, errors, unanswered in ((killed, 0, 1), (other, 1, 0)):
        findings = Findings([Verdict(buyer=broken)], [spell], load_seconds=1.0, under_load=1, spare_charges=0)
        assert (findings.redirect_errors, findings.unanswered) == (errors, unanswered)


def test_a_paid_charge_is_settled_when_nothing_is_left_to_do() -> None:
    charges = books().charges
    assert unsettled([payment()], charges) == []
    assert unsettled([payment(due_at_ms=5)], charges) == ["p-1 paid/accepted/delivered"]
    assert unsettled([], charges) == ["p-1 None/None/None"]
