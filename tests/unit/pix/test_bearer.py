"""Tokens that credentials are exchanged for."""

from collections.abc import Iterator

import pytest

from rastro.errors import ProviderUnavailable
from rastro.pix.bearer import BearerToken, Grant


class Bank:
    """Grants numbered tokens, on a clock that stands still until it is moved."""

    def __init__(self, lifetime_seconds: int = 3600) -> None:
        self.now_ms = 1_000_000
        self.granted = 0
        self.lifetime_seconds = lifetime_seconds

    def grant(self) -> Grant:
        self.granted += 1
        return Grant(token=f"token-{self.granted}", lifetime_seconds=self.lifetime_seconds)

    def token(self) -> BearerToken:
        return BearerToken(self.grant, lambda: self.now_ms)


@pytest.mark.parametrize(("lifetime_seconds", "used_for_ms"), [(3600, 3_540_000), (90, 45_000), (60, 30_000), (1, 500)])
def test_a_token_is_kept_until_shortly_before_its_end(lifetime_seconds: int, used_for_ms: int) -> None:
    bank = Bank(lifetime_seconds)
    token = bank.token()
    assert bank.granted == 0
    assert token.value() == "token-1"
    bank.now_ms += used_for_ms - 1
    assert token.value() == "token-1"
    bank.now_ms += 1
    assert token.value() == "token-2"


def test_a_forgotten_token_is_fetched_anew() -> None:
    token = Bank().token()
    assert token.value() == "token-1"
    token.forget()
    assert token.value() == "token-2"


def test_a_fault_leaves_no_token_behind() -> None:
    answers: Iterator[Grant | None] = iter([None, Grant(token="good", lifetime_seconds=60)])

    def fetch() -> Grant:
        grant = next(answers)
        if grant is None:
            raise ProviderUnavailable("no")
        return grant

    token = BearerToken(fetch, lambda: 0)
    with pytest.raises(ProviderUnavailable):
        token.value()
    assert token.value() == "good"


def test_a_grant_does_not_show_its_token() -> None:
    assert "secret" not in repr(Grant(token="secret", lifetime_seconds=1))
