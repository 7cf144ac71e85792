"""What every provider must do, played between its module, the webhook and the lab's dialect.

A new provider is in it as soon as both registries name it. What a provider cannot do (tell of an expiry, give back a part) its
dialect says by sending nothing; what it does beyond the common cases is in its own tests.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from lab.pix.book import Charge
from lab.pix.dialect import Outgoing
from lab.pix.registry import SPEAKERS
from lab.state import Account
from rastro.errors import ProviderError
from rastro.gateway import BODY_MAX_BYTES
from rastro.model import DeliveryState, PaymentId, PaymentStatus
from rastro.pix.onboarding import Onboards, onboarding
from rastro.pix.provider import PROVIDERS, ChargeReference, ChargeRequest, NoticeKind
from tests.contracts.providers import DATA, OTHER_BOT, Market, providers, samples
from tests.fakes.world import BASE_URL, BOT, FUNNEL

OK, REFUSED, TOO_LARGE, TRY_AGAIN = 200, 401, 413, 500
PRICE = FUNNEL.products[0].price_cents
PIXELS = len(FUNNEL.pixels)

OTHER_NAMES: Mapping[str, tuple[str, str]] = {
    "openpix": ("OPENPIX:CHARGE_COMPLETED", "OPENPIX:TRANSACTION_RECEIVED"),
    "asaas": ("PAYMENT_RECEIVED", "PAYMENT_CONFIRMED"),
    "mercadopago": ("payment.updated", "payment.created"),
    "abacatepay": ("transparent.completed", "billing.paid"),
}
"""The two names under which some tell of one payment."""
NOT_IDEMPOTENT = ("pushinpay",)
"""Those whose API has no idempotency key and no look-up by our id, as their modules say."""
SAMPLES = [(name, file) for name in providers() for file in samples(name)]
EVENT_NAMES = re.compile(rb'"(event|type|action|status)": ?"[^"]*"|\b(status)=[a-z]+')


@pytest.fixture(params=providers())
def market(request: pytest.FixtureRequest) -> Market:
    return Market(str(request.param))


@pytest.fixture
def sold(market: Market) -> Market:
    """A market in which a charge was paid, and we were told."""
    market.buy()
    assert market.deliver_all(market.pays()) == [OK]
    return market


def assert_sold(market: Market, amount_cents: int = PRICE) -> None:
    """Check that one payment was paid, once: one delivery, one Purchase a pixel with the amount paid."""
    payment = market.payment
    assert (payment.status, payment.amount_paid_cents) == (PaymentStatus.PAID, amount_cents)
    assert payment.delivery_state is DeliveryState.DELIVERED
    assert_one_purchase(market, amount_cents)
    handed_over = [said for said in market.world.bot.said if "confirmado" in said.text]
    assert len(handed_over) == 1


def assert_one_purchase(market: Market, amount_cents: int = PRICE) -> None:
    assert len({row.event.pixel_id for row in market.purchases}) == len(market.purchases) == PIXELS
    for row in market.purchases:
        assert row.event.event_id == f"purchase_{market.payment.payment_id}"
        assert json.loads(json.dumps(row.event.payload))["custom_data"]["value"] == amount_cents / 100


def test_the_registries_and_the_samples_name_the_same_providers() -> None:
    assert sorted(speaker.provider for speaker in SPEAKERS) == sorted(PROVIDERS) == sorted(providers())
    for name in PROVIDERS:
        assert samples(name), f"tests/data/{name} has no real notice (webhook_*.json)"
        assert all("_source" in json.loads(path.read_text(encoding="utf-8")) for path in (DATA / name).glob("webhook_*")), name


def test_a_charge_can_be_paid_until_its_time_is_over(market: Market) -> None:
    payment = market.buy()
    assert (payment.status, payment.amount_cents) == (PaymentStatus.PENDING, PRICE)
    assert payment.brcode == market.charge.brcode
    assert payment.charge_id
    assert payment.created_at_ms < (payment.charge_expires_at_ms or 0) <= payment.created_at_ms + 31 * 60_000
    assert market.charge.expires_at_ms >= (payment.charge_expires_at_ms or 0), "never shown longer than the provider takes it"


def test_the_same_payment_id_gives_the_same_charge(market: Market) -> None:
    payment = market.buy()
    request = ChargeRequest(
        payment_id=payment.payment_id,
        amount_cents=PRICE,
        description=payment.product_name,
        expires_in_seconds=1800,
        callback_url=f"{BASE_URL}/pix/{market.name}/{BOT}",
    )
    market.later()
    again = market.account().create_charge(request)
    same = (again.charge_id, len(market.book.all())) == (payment.charge_id, 1)
    assert same is (market.name not in NOT_IDEMPOTENT)


def test_a_charge_that_got_no_answer_is_made_once(market: Market) -> None:
    market.api.fault = 502
    market.world.start()
    market.world.press()
    market.api.fault = None
    market.world.press()
    assert len(market.book.all()) == 1
    assert market.payment.status is PaymentStatus.PENDING


def test_a_paid_notice_settles_its_payment_once(sold: Market) -> None:
    assert_sold(sold)
    payment = sold.payment
    assert sold.charge.paid_at_ms is not None
    assert payment.paid_at_ms is not None
    assert abs(payment.paid_at_ms - sold.charge.paid_at_ms) < 86_400_000, "some tell the day alone"
    assert payment.paid_at_ms <= sold.world.now_ms


def test_a_payment_is_kept_with_its_payer_hashed_or_not_at_all(sold: Market) -> None:
    assert "Ana" not in repr(sold.payment)
    assert all(re.fullmatch("[0-9a-f]{64}", value) for value in sold.payment.payer_hashes.values())


def test_an_expired_charge_is_expired_at_the_latest_by_the_reconciler(market: Market) -> None:
    market.buy()
    assert set(market.deliver_all(market.expires())) <= {OK}
    market.later(3600)
    market.reconcile()
    assert market.payment.status is PaymentStatus.EXPIRED
    assert market.is_unpaid()


def test_an_expired_notice_expires_nothing_that_is_open(market: Market) -> None:
    """Proven notices say so at once; an unproven one before its time is only a reason to ask."""
    market.buy()
    market.deliver_all(market.dialect.expired(market.charge))
    assert market.payment.status in (PaymentStatus.PENDING, PaymentStatus.EXPIRED)
    assert market.is_unpaid()


def test_money_that_comes_after_the_expiry_counts(market: Market) -> None:
    market.buy()
    market.deliver_all(market.expires())
    market.later(3600)
    market.reconcile()
    assert market.deliver_all(market.pays()) == [OK]
    assert_sold(market)


def test_an_expired_notice_after_the_money_changes_nothing(market: Market) -> None:
    market.buy()
    late = market.expires()
    market.deliver_all(market.pays())
    assert set(market.deliver_all(late)) <= {OK}
    assert_sold(market)


@pytest.mark.parametrize("amount_cents", [PRICE - 1, PRICE + 1, 1, 100 * PRICE])
def test_another_amount_is_recorded_and_its_value_sent(market: Market, amount_cents: int) -> None:
    market.buy()
    assert market.deliver_all(market.pays(amount_cents)) == [OK]
    assert_sold(market, amount_cents)


def test_a_whole_refund_is_recorded_and_sends_nothing(sold: Market) -> None:
    rows = list(sold.purchases)
    told = sold.refunds(PRICE)
    assert told, "every provider tells of a refund"
    assert set(sold.deliver_all([*told, *told])) == {OK}
    assert (sold.payment.status, sold.payment.refunded_cents) == (PaymentStatus.REFUNDED, PRICE)
    assert sold.purchases == rows


def test_refunds_in_part_add_up(sold: Market) -> None:
    rows = list(sold.purchases)
    first = sold.refunds(1000)
    assert set(sold.deliver_all([*first, *first])) <= {OK}
    assert sold.payment.status is PaymentStatus.PAID
    assert sold.payment.refunded_cents == (1000 if first else 0), "a provider without partial refunds tells of none"
    second = sold.refunds(500)
    assert set(sold.deliver_all([*second, *first])) <= {OK}
    assert sold.payment.refunded_cents == (1500 if first else 0)
    sold.deliver_all(sold.refunds(PRICE - 1500))
    assert (sold.payment.status, sold.payment.refunded_cents) == (PaymentStatus.REFUNDED, PRICE)
    assert sold.purchases == rows


def test_a_dispute_is_recorded_and_sends_nothing(sold: Market) -> None:
    rows = list(sold.purchases)
    told = sold.disputes()
    assert set(sold.deliver_all([*told, *told])) <= {OK}
    assert (sold.payment.disputed_at_ms is not None) is bool(told), "some tell of no dispute"
    assert sold.payment.status is PaymentStatus.PAID
    assert sold.purchases == rows


def test_a_refund_whose_notice_comes_first_makes_no_sale(market: Market) -> None:
    market.buy()
    paid = market.pays()
    assert set(market.deliver_all(market.refunds(PRICE))) == {OK}
    market.deliver_all(paid)
    assert market.payment.status is PaymentStatus.REFUNDED
    assert market.payment.refunded_cents == PRICE
    assert market.purchases == [], "what was given back whole before we heard of it is no Purchase"
    assert market.payment.delivery_state is not DeliveryState.DELIVERED


def test_a_paid_notice_again_after_the_refund_changes_nothing(market: Market) -> None:
    market.buy()
    paid = market.pays()
    market.deliver_all(paid)
    market.deliver_all(market.refunds(PRICE))
    before = market.records()
    assert market.deliver_all(paid) == [OK]
    assert market.records() == before


def test_a_payment_told_twice_and_under_two_names_counts_once(market: Market) -> None:
    market.buy()
    (paid,) = market.pays()
    one, other = OTHER_NAMES.get(market.name, ("", ""))
    again = market.sealed(paid.body.replace(one.encode(), other.encode()) if one else paid.body, paid)
    assert (again.body != paid.body) is bool(one)
    assert market.deliver_all([paid, again, paid]) == [OK] * 3
    assert_sold(market)


@pytest.mark.parametrize("name", sorted(set(OTHER_NAMES) & set(providers())))
def test_the_other_name_alone_counts_too(name: str) -> None:
    market = Market(name)
    market.buy()
    (paid,) = market.pays()
    one, other = OTHER_NAMES[name]
    assert market.deliver(market.sealed(paid.body.replace(one.encode(), other.encode()), paid)) == OK
    assert_sold(market)


def test_the_charges_id_counts_in_either_case(market: Market) -> None:
    market.buy()
    (paid,) = market.pays()
    told = market.charge.charge_id.encode()
    body = re.sub(re.escape(told), told.swapcase(), paid.body, flags=re.IGNORECASE)
    assert market.deliver(market.sealed(body, paid)) == OK
    assert_sold(market)


@pytest.mark.parametrize("as_base64", [True, False])
def test_a_body_counts_as_text_and_in_base64(market: Market, as_base64: bool) -> None:  # noqa: FBT001 - a case
    market.buy()
    (paid,) = market.pays()
    assert market.deliver(paid, as_base64=as_base64) == OK
    assert_sold(market)


def test_names_of_headers_count_in_either_case(market: Market) -> None:
    market.buy()
    (paid,) = market.pays()
    headers = {name.upper(): value for name, value in market.request(paid).event["headers"].items()}
    assert market.deliver(paid, headers=headers) == OK
    assert_sold(market)


@pytest.mark.parametrize("body", [b"", b"{}", b" \n", b"null", b"[]", b"0", b'""', b"{", b"\xff\xfe", b"[" * 100_000, b"a=b&c"])
def test_a_body_of_nothing_changes_nothing(market: Market, body: bytes) -> None:
    """A test ping, the probe of a registration, or a broken body, with all the proof that a real notice has."""
    market.buy()
    (paid,) = market.claims_paid()
    before = market.world.ledger.rows, len(market.world.bot.said)
    assert market.deliver(market.sealed(body, paid), as_base64=True) in {OK, REFUSED}
    assert (market.world.ledger.rows, len(market.world.bot.said)) == before
    assert market.is_unpaid()


def test_a_huge_body_is_refused_and_a_large_one_read(market: Market) -> None:
    market.buy()
    (paid,) = market.pays()
    padding = b" " * (BODY_MAX_BYTES - len(paid.body))
    if paid.body.startswith(b"{"):
        assert market.deliver(market.sealed(paid.body[:-1] + padding + b" }", paid)) == TOO_LARGE
        assert market.is_unpaid()
        assert market.deliver(market.sealed(paid.body[:-1] + padding + b"}", paid)) == OK
    else:
        assert market.deliver(market.sealed(paid.body + b"&x=" + b"y" * BODY_MAX_BYTES, paid)) == TOO_LARGE
        assert market.is_unpaid()
        assert market.deliver(market.sealed(paid.body + b"&x=" + padding[3:].replace(b" ", b"y"), paid)) == OK
    assert_sold(market)


def test_an_unknown_event_changes_nothing(market: Market) -> None:
    market.buy()
    (paid,) = market.claims_paid()
    body = EVENT_NAMES.sub(lambda found: _renamed(found[0]), paid.body)
    if body == paid.body:
        return  # its notices name no event: that they come is what they say
    before = market.records()
    assert market.deliver(market.sealed(body, paid), rawQueryString=_without_type(market, paid)) in {OK, REFUSED}
    assert market.records() == before


def _renamed(found: bytes) -> bytes:
    name, separator, _ = found.partition(b":" if b":" in found else b"=")
    return name + separator + (b'"rastro.unknown"' if separator == b":" else b"unknown")


def _without_type(market: Market, outgoing: Outgoing) -> str:
    return str(market.request(outgoing).raw_query).replace("type=payment", "type=rastro.unknown")


def test_a_loose_pix_without_a_charge_changes_no_payment(market: Market) -> None:
    market.buy()
    loose = market.claims_paid(charge_id="0" * 32, payment_id="", callback_url=None)
    before = market.records()[:3]
    assert set(market.deliver_all(loose)) <= {OK}
    assert market.records()[:3] == before


@pytest.mark.parametrize("sample", SAMPLES, ids="-".join)
def test_a_real_notice_of_another_sale_changes_nothing(sample: tuple[str, str]) -> None:
    """The provider's own words, with all the proof that a real notice has, about charges that are not ours."""
    name, file = sample
    market = Market(name)
    market.buy()
    (paid,) = market.claims_paid()
    said = len(market.world.bot.said)
    outgoing = replace(market.sealed(samples(name)[file], paid), query=paid.query.replace(market.charge.charge_id, "999"))
    assert market.deliver(outgoing) in {OK, REFUSED}
    assert (market.payment.status, market.payment.refunds, market.payment.disputed_at_ms) == (PaymentStatus.PENDING, {}, None)
    assert market.is_unpaid()
    assert len(market.world.bot.said) == said


def test_a_notice_that_proves_nothing_pays_nothing_while_the_charge_is_open(market: Market) -> None:
    market.buy()
    (claim,) = market.claims_paid()
    (notice,) = market.notices(claim)
    assert market.deliver(claim) == OK
    assert market.is_unpaid() is not notice.proven
    if not notice.proven:
        assert market.deliver_all(market.pays()) == [OK]
        assert_sold(market)


def test_what_was_claimed_too_early_is_found_by_the_reconciler(market: Market) -> None:
    """A provider's API may lag behind its own notice, and the notice does not come again."""
    market.buy()
    (claim,) = market.claims_paid()
    market.deliver(claim)
    market.pays()
    market.later(120)
    market.reconcile()
    assert_sold(market)


def test_money_that_nobody_told_us_of_is_found_when_the_buyer_says_so(market: Market) -> None:
    payment = market.buy()
    market.pays()
    market.world.press(f"paid:{payment.payment_id}")
    assert_sold(market)


@pytest.mark.parametrize("fault", [0, 500, 502, 429])
def test_a_provider_that_does_not_answer_delays_the_sale_at_most(market: Market, fault: int) -> None:
    market.buy()
    (paid,) = market.pays()
    (notice,) = market.notices(paid)
    market.api.fault = fault
    assert market.deliver(paid) == (OK if notice.proven else TRY_AGAIN)
    assert market.is_unpaid() is not notice.proven
    market.api.fault = None
    assert market.deliver(paid) == OK
    assert_sold(market)


def test_a_store_that_is_down_delays_the_sale(market: Market) -> None:
    market.buy()
    (paid,) = market.pays()
    market.world.payments.unavailable = True
    assert market.deliver(paid) == TRY_AGAIN
    market.world.payments.unavailable = False
    assert market.deliver(paid) == OK
    assert_sold(market)


def _stranger(market: Market) -> Account:
    credentials = {name: f"x{value}" for name, value in market.accounts[BOT].credentials.items()}
    return replace(market.accounts[BOT], credentials=credentials)


def _says(market: Market) -> Mapping[str, Callable[[Charge], Sequence[Outgoing]]]:
    """Return everything that a provider says of a charge that was paid, by what it is."""
    refund = market.book.refund(market.charge, refund_id="r", amount_cents=PRICE)
    return {
        "paid": market.dialect.paid,
        "expired": market.dialect.expired,
        "refunded": lambda charge: market.dialect.refunded(charge, refund),
        "disputed": market.dialect.disputed,
    }


@pytest.mark.parametrize("word", ["paid", "expired", "refunded", "disputed"])
@pytest.mark.parametrize("by", ["a stranger", "another account", "nobody"])
def test_a_notice_without_this_accounts_proof_is_refused_and_changes_nothing(market: Market, word: str, by: str) -> None:
    market.buy()
    market.pays()
    account = _stranger(market) if by == "a stranger" else market.accounts[OTHER_BOT]
    outgoing = market.signed_by(account, _says(market)[word])
    if by == "nobody":
        kept = {name: value for each in outgoing for name, value in each.headers.items() if name.lower() == "content-type"}
        outgoing = [replace(each, headers=kept, query="") for each in outgoing]
    before = market.records()
    calls = len(market.api.calls)
    assert set(market.deliver_all(outgoing)) <= {REFUSED}
    assert market.records() == before
    assert len(market.api.calls) == calls, "a stranger cannot have us call the provider"


@pytest.mark.parametrize("stored", [None, "", "{", "[]", "{}", "0", "empty", "null"])
def test_without_a_secret_of_ours_nothing_is_authentic(market: Market, stored: str | None) -> None:
    """Signed with nothing, as somebody would who counts on an empty secret."""
    market.buy()
    market.pays()
    empty = dict.fromkeys(market.speaker.credentials, "")
    outgoing = market.signed_by(replace(market.accounts[BOT], credentials=empty), market.dialect.paid)
    path = f"providers/{market.name}/{BOT}"
    if stored == "empty":
        market.set_secret(empty)
    elif stored == "null":
        market.secrets.secrets[path] = json.dumps(dict.fromkeys(market.speaker.credentials))
    elif stored is None:
        del market.secrets.secrets[path]
    else:
        market.secrets.secrets[path] = stored
    before = market.records()
    assert set(market.deliver_all(outgoing)) == {REFUSED}
    assert market.records() == before


def test_a_secret_that_is_changed_is_the_new_one_at_once(market: Market) -> None:
    market.buy()
    (paid,) = market.pays()
    market.set_secret(_stranger(market).credentials)
    assert market.deliver(paid) == REFUSED
    assert market.is_unpaid()
    market.set_secret(market.accounts[BOT].credentials)
    assert market.deliver(paid) == OK
    assert_sold(market)


def test_a_notice_to_the_address_of_another_bot_is_refused(market: Market) -> None:
    market.buy()
    (paid,) = market.pays()
    path = {"provider": market.name, "bot_id": OTHER_BOT}
    assert market.deliver(paid, pathParameters=path) == REFUSED
    assert market.is_unpaid()


def test_another_accounts_own_charge_is_not_ours(market: Market) -> None:
    """Somebody with an account of their own names our payment in it: it is authentic, and none of ours."""
    market.buy()
    charge = replace(market.charge, account=market.accounts[OTHER_BOT], callback_url=None)
    claim = market.dialect.paid(replace(charge, status="paid", paid_at_ms=1, paid_amount_cents=PRICE, end_to_end_id="E1"))
    path = {"provider": market.name, "bot_id": OTHER_BOT}
    statuses = [market.deliver(each, pathParameters=path) for each in claim]
    assert set(statuses) <= {OK, TRY_AGAIN}
    assert market.is_unpaid()


def test_of_ten_paid_notices_at_once_among_expired_ones_one_counts(market: Market) -> None:
    market.buy()
    expired = market.expires()
    paid = market.pays()
    storm = [market.request(each) for _ in range(10) for each in [*paid, *expired]]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(10) as threads:
            statuses = list(threads.map(lambda request: market.handle(request).status, storm))
    finally:
        sys.setswitchinterval(interval)
    assert set(statuses) <= {OK, TRY_AGAIN}
    assert OK in statuses
    assert_sold(market)


def test_a_query_says_what_became_of_a_charge(market: Market) -> None:
    market.buy()
    account = market.account()
    assert account.query(market.reference) == []
    assert account.query(ChargeReference()) == []
    unknown = ChargeReference(payment_id=PaymentId("01ARZ3NDEKTSV4RRFFQ69G5FAV"), charge_id="999999999999")
    assert account.query(unknown) == []
    market.pays()
    notices = account.query(market.reference)
    assert [(notice.kind, notice.payment_id, notice.amount_cents) for notice in notices] == [
        (NoticeKind.PAID, market.payment.payment_id, PRICE)
    ]
    assert all(notice.proven for notice in notices)


def test_a_payment_is_given_back_once_by_each_refund_id(sold: Market) -> None:
    account, reference = sold.account(), sold.reference
    for _ in range(2):
        account.refund(reference, PRICE, "01ARZ3NDEKTSV4RRFFQ69G5FAV")
    assert (sold.charge.refunded_cents, len(sold.charge.refunds)) == (PRICE, 1)
    assert set(sold.deliver_all(sold.unsent.outgoing)) == {OK}
    assert (sold.payment.status, sold.payment.refunded_cents) == (PaymentStatus.REFUNDED, PRICE)
    kinds = [notice.kind for notice in account.query(sold.reference)]
    assert kinds[:1] == [NoticeKind.PAID]
    assert set(kinds[1:]) <= {NoticeKind.REFUNDED}


def test_no_error_of_a_provider_tells_a_credential(market: Market) -> None:
    payment = market.buy()
    market.set_secret(_stranger(market).credentials)
    account = market.account()
    secrets = [*_stranger(market).credentials.values(), payment.payment_id, "http://"]
    for ask in (lambda: account.query(market.reference), lambda: account.refund(market.reference, PRICE, "r" * 26)):
        with pytest.raises(ProviderError) as refused:
            ask()
        told = [*map(str, (refused.value, refused.value.__cause__))]
        assert not [secret for secret in secrets for text in told if secret in text]


def test_the_set_up_is_told_in_portuguese_and_names_every_credential(market: Market) -> None:
    told = onboarding(market.name)
    names = [entry.name for entry in told.fields]
    assert set(market.speaker.credentials) <= set(names)
    assert "api_url" in names
    assert all(entry.label.strip() and (entry.help.strip() or entry.generated) for entry in told.fields)
    assert any("https://go.example.com/x" in step for step in told.steps("https://go.example.com/x"))
    account = market.account()
    assert isinstance(account, Onboards)
    account.check()
    assert account.register_callback(f"{BASE_URL}/pix/{market.name}/{BOT}") in {True, False}
    market.set_secret(_stranger(market).credentials)
    stranger = market.account()
    assert isinstance(stranger, Onboards)
    with pytest.raises(ProviderError):
        stranger.check()
