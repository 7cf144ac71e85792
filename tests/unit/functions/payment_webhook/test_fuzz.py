"""The payment webhook on broken notices of every provider: it answers, and without proof nothing changes."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.pix.dialect import Outgoing
from rastro.gateway import HttpRequest
from tests.contracts.providers import Market, providers, samples
from tests.fakes.world import BOT
from tests.unit.functions.mutations import broken_everywhere, mutated, mutated_headers, mutated_query

ANSWERS = {200, 401, 413}
EXAMPLES = 120

fuzzed = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


class Target:
    """A market with an open charge, and what its provider would say of it."""

    def __init__(self, name: str) -> None:
        self.market = Market(name)
        self.market.buy()
        (self.claim,) = self.market.claims_paid()
        self.bodies: Sequence[bytes] = (self.claim.body, *samples(name).values())
        self.event = self.market.request(self.claim).event
        self.proven = self.market.notices(self.claim)[0].proven
        self._open = dict(self.market.world.payments.payments)

    def deliver(self, body: bytes, headers: Mapping[str, str], query: str) -> int:
        """Post a body as API Gateway hands over what is not plain text, and return the status of the answer."""
        event = {"headers": headers, "rawQueryString": query, "body": base64.b64encode(body).decode(), "isBase64Encoded": True}
        return self.market.handle(HttpRequest({**self.event, **event})).status

    def reopen(self) -> None:
        """Forget what was sold."""
        self.market.world.payments.payments.update(self._open)
        self.market.world.ledger.rows.clear()


@cache
def target(name: str) -> Target:
    """Return a provider's target: it is made once, and open again after each sale."""
    return Target(name)


def _headers(outgoing: Outgoing) -> dict[str, str]:
    return {name.lower(): value for name, value in outgoing.headers.items()}


@pytest.mark.parametrize("name", providers())
@fuzzed
@given(data=st.data())
def test_a_broken_notice_with_every_proof_sells_nothing_that_was_not_paid(name: str, data: st.DataObject) -> None:
    known = target(name)
    market = known.market
    body = data.draw(mutated(known.bodies))
    outgoing = market.sealed(body, known.claim)
    query = data.draw(mutated_query(market.request(outgoing).raw_query))
    status = known.deliver(body, data.draw(mutated_headers(_headers(outgoing))), query)
    assert status in ANSWERS
    assert known.proven or market.is_unpaid()
    assert len(market.purchases) in {0, 2}
    known.reopen()


@pytest.mark.parametrize("name", providers())
@fuzzed
@given(data=st.data())
def test_a_broken_notice_without_proof_changes_nothing(name: str, data: st.DataObject) -> None:
    known = target(name)
    market = known.market
    before, calls = market.records(), len(market.api.calls)
    account = replace(
        market.accounts[BOT], credentials={key: f"x{value}" for key, value in market.accounts[BOT].credentials.items()}
    )
    body = data.draw(mutated(known.bodies))
    (claim,) = market.signed_by(account, lambda charge: market.dialect.paid(replace(charge, paid_at_ms=1, paid_amount_cents=1)))
    outgoing = market.sealed(body, claim, account)
    query = data.draw(mutated_query(market.request(outgoing).raw_query))
    status = known.deliver(body, data.draw(mutated_headers(_headers(outgoing))), query)
    assert status in {401, 413}
    assert market.records() == before
    assert len(market.api.calls) == calls


@pytest.mark.parametrize("name", providers())
def test_no_value_in_a_place_that_we_read_is_too_much(name: str) -> None:
    """Each absurd value, once in each place of what the provider says, with every proof."""
    known = target(name)
    market = known.market
    headers, query = _headers(known.claim), market.request(known.claim).raw_query
    for body in broken_everywhere(known.claim.body):
        sealed = _headers(market.sealed(body, known.claim))
        assert known.deliver(body, headers | sealed, query) in ANSWERS, body
        assert known.proven or market.is_unpaid(), body
        known.reopen()


@pytest.mark.parametrize("name", providers())
@settings(fuzzed, max_examples=60)
@given(data=st.data())
def test_a_broken_answer_of_the_provider_delays_the_sale_at_most(name: str, data: st.DataObject) -> None:
    known = paid_target(name)
    market = known.market
    market.api.spoil = lambda content: data.draw(mutated([content]))
    try:
        assert market.deliver(known.claim) in {200, 500}
    finally:
        market.api.spoil = lambda content: content
    assert len(market.purchases) in {0, 2}
    known.reopen()
    assert market.deliver(known.claim) == 200
    assert len(market.purchases) == 2
    known.reopen()


@cache
def paid_target(name: str) -> Target:
    """Return a target whose charge was paid at the provider, and we have not heard of it."""
    known = Target(name)
    (known.claim,) = known.market.pays()
    return known
