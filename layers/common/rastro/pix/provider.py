"""The port that every PIX provider stands behind, and the registry of those that there are.

A new provider is one module with an ``open_provider`` function, one line in ``PROVIDERS`` and a folder of samples
(docs/providers.md).
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
    "mercadopago": "rastro.pix.mercadopago",
    "efi": "rastro.pix.efi",
    "asaas": "rastro.pix.asaas",
    "pushinpay": "rastro.pix.pushinpay",
    "abacatepay": "rastro.pix.abacatepay",
    "pagbank": "rastro.pix.pagbank",
}
"""The module of each provider, imported only when one of its accounts is used."""


class NoticeKind(StrEnum):
    """What a notice says; ``IGNORED`` is everything that is not about one of our charges, test pings included."""

    PAID = "paid"
    EXPIRED = "expired"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    """The payer's bank asks for the money back (MED, chargeback)."""
    CHANGED = "changed"
    """Something of the charge changed and the notice does not say what: only ``query`` tells. Never proven."""
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeRequest:
    """A charge to be made; ``payment_id`` is its idempotency key: the same id gives the same charge."""

    payment_id: PaymentId
    amount_cents: int
    description: str
    expires_in_seconds: int
    callback_url: str = ""
    """Where the account's notices go, ``{base}/pix/{provider}/{bot_id}``, for providers that take it with each charge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A charge as the provider made it."""

    charge_id: str
    brcode: str
    expires_at_ms: int
    """When the charge can no longer be paid; where the provider has no expiry as short as ours, our own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeReference:
    """A charge to ask about, by every name that is known of it."""

    payment_id: PaymentId | None = None
    charge_id: str | None = None
    end_to_end_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing that a provider says of a charge, in a callback or when asked."""

    kind: NoticeKind
    payment_id: PaymentId | None = None
    charge_id: str | None = None
    amount_cents: int | None = None
    """What was paid, or given back."""
    occurred_at_ms: int | None = None
    end_to_end_id: str | None = None
    payer_name: str | None = None
    refund_id: str | None = None
    """For a refund: its own id, where ``amount_cents`` is what it gave back; without one, that is all given back so far."""
    partial: bool = False
    """For a refund: that the provider says it gave back only a part."""
    proven: bool = True
    """Whether the callback itself proves what it says; else it only gives cause to ask the provider (``query``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRequest:
    """A provider's callback as it came: the raw bytes are what signatures are made of."""

    body: bytes
    headers: Mapping[str, str]
    """Names in lower case."""
    raw_query: str = ""
    source_ip: str | None = None
    """The caller's address, from a source that the caller cannot forge."""


class PixProvider(Protocol):
    """One account at a PIX provider.

    ``ProviderUnavailable`` and ``ProviderError`` say that a call failed, for now or for good.
    """

    def create_charge(self, request: ChargeRequest) -> Charge:
        """Create a charge, or return the one made earlier under the same payment id."""

    def authenticate(self, request: CallbackRequest) -> None:
        """Raise ``NotAuthentic`` unless the callback proves that this account's provider sent it.

        Constant in time; raises ``SecretMissing`` where the secret to compare with is not set.
        """

    def parse_notices(self, request: CallbackRequest) -> Sequence[Notice]:
        """Return what an authentic callback says; raises ``InvalidInput`` for a body that is none of this provider's."""

    def query(self, charge: ChargeReference) -> Sequence[Notice]:
        """Ask the provider what became of a charge: paid, then what was given back; nothing while it is open or unknown.

        What it returns is proven, and carries the payment id.
        """

    def refund(self, charge: ChargeReference, amount_cents: int, refund_id: str) -> None:
        """Give a payment back, whole or in part, once for each ``refund_id``."""


Providers = Callable[[str, str], PixProvider]
"""Opens the account of a provider that a bot (by its id) sells through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderContext:
    """What a provider module is opened with."""

    credentials: Mapping[str, str]
    now_ms: Callable[[], int]

    @property
    def api_url(self) -> str | None:
        """Return where the account's API is, if not where the provider says (a sandbox, the laboratory); no slash at its end."""
        return self.credentials.get("api_url", "").rstrip("/") or None


class _ProviderModule(Protocol):
    def open_provider(self, context: ProviderContext) -> PixProvider: ...


def open_provider(name: str, context: ProviderContext) -> PixProvider:
    """Return an account at a provider; raises ``InvalidInput`` for a name that is not in the registry."""
    if name not in PROVIDERS:
        raise InvalidInput(f"there is no PIX provider {name!r}; known: {', '.join(PROVIDERS)}")
    module = cast("_ProviderModule", importlib.import_module(PROVIDERS[name]))
    return module.open_provider(context)
