"""Asking the provider: what a notice without proof is worth, and what became of a charge that nobody told us of."""

from __future__ import annotations

from collections.abc import Sequence

from rastro.model import BotId, Payment
from rastro.pix.provider import ChargeReference, Notice, NoticeKind
from rastro.sales.charge import Providers
from rastro.sales.settle import Settled, Settlement, Settler


class Enquirer:
    """Settles what a provider says when it is asked."""

    def __init__(self, *, providers: Providers, settler: Settler) -> None:
        """Take the accounts and who settles."""
        self._providers = providers
        self._settler = settler

    def take(self, provider: str, bot_id: BotId, notice: Notice) -> Sequence[Settled]:
        """Do what an authentic notice says: at once where it proves it, else as far as the provider bears it out.

        Raises ``ProviderError`` when the provider cannot be asked, and what ``Settler.take_notice`` raises: the notice has to
        come again then.
        """
        if notice.proven or notice.kind is NoticeKind.IGNORED:
            return [self._settler.take_notice(provider, bot_id, notice)]
        known = self._settler.settled_already(provider, bot_id, notice)
        if known is not None:
            return [known]
        about = ChargeReference(payment_id=notice.payment_id, charge_id=notice.charge_id, end_to_end_id=notice.end_to_end_id)
        found = self._providers(provider, bot_id).query(about)
        if not found:
            # Its API may lag behind its own notice. The answer is 200 all the same: some stop sending after a few others.
            return [self._settler.look_again(provider, bot_id, notice)]
        return [self._settler.take_notice(provider, bot_id, each) for each in _in_order(found)]

    def ask(self, payment: Payment) -> Sequence[Settled]:
        """Ask what became of a payment's charge and settle it; nothing is settled while it is open.

        Raises ``ProviderError``, ``SecretMissing``, and what ``Settler.take_notice`` raises.
        """
        about = ChargeReference(payment_id=payment.payment_id, charge_id=payment.charge_id, end_to_end_id=payment.end_to_end_id)
        found = self._providers(payment.provider, payment.bot_id).query(about)
        own = [notice for notice in found if notice.payment_id in (None, payment.payment_id)]
        settled = [self._settler.take_notice(payment.provider, payment.bot_id, notice) for notice in _in_order(own)]
        return [each for each in settled if each.settlement is not Settlement.UNKNOWN_CHARGE]


def _in_order(found: Sequence[Notice]) -> Sequence[Notice]:
    """Put what was given back first: money that came and went before we heard of it is no sale to deliver or report."""
    return sorted(found, key=lambda notice: notice.kind is NoticeKind.PAID)
