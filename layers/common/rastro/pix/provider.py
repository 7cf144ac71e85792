"""The port that every PIX provider stands behind, and the registry of those that there are.

A new provider is one module with an ``open_provider`` function, one line in ``PROVIDERS`` and a folder of samples.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, cast

from rastro.errors import InvalidInput
from rastro.model import PaymentId

PROVIDERS: Mapping[str, str] = {
    "openpix": "rastro.pix.openpix",
}
"""The module of each provider, imported only when one of its accounts is used."""


class NoticeKind(StrEnum):
    """What a notice says; ``IGNORED`` is everything that is not about one of our charges, test pings included."""

    PAID = "paid"
    EXPIRED = "expired"
    REFUNDED = "refunded"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeRequest:
    """A charge to be made; ``payment_id`` is its idempotency key: the same id gives the same charge."""

    payment_id: PaymentId
    amount_cents: int
    description: str
    expires_in_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A charge as the provider made it."""

    charge_id: str
    brcode: str
    expires_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing that a provider's callback says."""

    kind: NoticeKind
    payment_id: PaymentId | None = None
    charge_id: str | None = None
    amount_cents: int | None = None
    occurred_at_ms: int | None = None
    end_to_end_id: str | None = None
    payer_name: str | None = None
    partial: bool = False
    """For a refund: that it gave back only a part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRequest:
    """A provider's callback as it came: the raw bytes are what signatures are made of."""

    body: bytes
    headers: Mapping[str, str]
    """Names in lower case."""
    raw_query: str = ""


class PixProvider(Protocol):
    """One account at a PIX provider.

    ``ProviderUnavailable`` and ``ProviderError`` say that a call failed, for now or for good.
    """

    def create_charge(self, request: ChargeRequest) -> Charge:
        """Create a charge, or return the one made earlier under the same payment id."""

    def authenticate(self, request: CallbackRequest) -> None:
        """Raise ``NotAuthentic`` unless the callback proves that this account's provider sent it."""

    def parse_notices(self, request: CallbackRequest) -> Sequence[Notice]:
        """Return what an authentic callback says; raises ``InvalidInput`` for a body that is none of this provider's."""

    def query(self, payment_id: PaymentId) -> Notice | None:
        """Ask the provider what became of a charge; ``None`` while it is open or when there is none."""

    def refund(self, payment_id: PaymentId, amount_cents: int) -> None:
        """Give a payment back, whole or in part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderContext:
    """What a provider module is opened with."""

    credentials: Mapping[str, str]
    base_url: str | None
    """Where the provider's API is, when it is not where the provider says (a sandbox, the laboratory)."""
    now_ms: Callable[[], int]


class _ProviderModule(Protocol):
    def open_provider(self, context: ProviderContext) -> PixProvider: ...


def open_provider(name: str, context: ProviderContext) -> PixProvider:
    """Return an account at a provider; raises ``InvalidInput`` for a name that is not in the registry."""
    if name not in PROVIDERS:
        raise InvalidInput(f"there is no PIX provider {name!r}; known: {', '.join(PROVIDERS)}")
    module = cast("_ProviderModule", importlib.import_module(PROVIDERS[name]))
    return module.open_provider(context)
