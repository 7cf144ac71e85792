"""The deployment with one safeguard switched off at a time: what the enumeration is there to notice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rastro.model import BotId, BotUser, ChatId, LedgerRow, LedgerStatus, Payment, Turn
from tests.chaos.crashes.fate import Trouble
from tests.chaos.crashes.records import Safeguards
from tests.fakes.stores import InMemoryBotUserStore, InMemoryInbox, InMemoryLedgerStore, InMemoryPaymentStore


class UnconditionalPayments(InMemoryPaymentStore):
    """Writes a payment whoever wrote it in between, and its rows over whatever is there."""

    def save(self, payment: Payment, rows: Sequence[LedgerRow] = ()) -> Payment:
        """Write without asking."""
        self._check()
        saved = replace(payment, version=payment.version + 1)
        self.payments[payment.payment_id] = saved
        self.ledger.rows |= {row.event.key: row for row in rows}
        return saved


class UnconditionalBotUsers(InMemoryBotUserStore):
    """Writes a person whoever wrote them in between."""

    def save(self, bot_user: BotUser) -> BotUser:
        """Write without asking."""
        self._check()
        saved = replace(bot_user, version=bot_user.version + 1)
        self.bot_users[bot_user.key] = saved
        return saved


class ClaimsForEverybody(InMemoryLedgerStore):
    """Gives a row to whoever asks, sent or not."""

    def claim(self, key: str, *, now_ms: int, lease_ms: int) -> LedgerRow | None:
        """Give it."""
        self._check()
        row = self.rows.get(key)
        if row is None:
            return None
        claimed = replace(
            row,
            status=LedgerStatus.SENDING,
            claimed_until_ms=now_ms + lease_ms,
            attempts=row.attempts + 1,
            first_sent_at_ms=row.first_sent_at_ms or now_ms,
        )
        self.rows[key] = claimed
        return claimed


class SilentAboutDoubt(InMemoryLedgerStore):
    """Hands a lapsed claim over without a word of what may have been sent."""

    def claim(self, key: str, *, now_ms: int, lease_ms: int) -> LedgerRow | None:
        """Forget the doubt."""
        claimed = super().claim(key, now_ms=now_ms, lease_ms=lease_ms)
        if claimed is not None:
            claimed = self.rows[key] = replace(claimed, doubtful_sends=0)
        return claimed


class TurnsForEverybody(InMemoryInbox):
    """Lets every update in at once, however often."""

    def take_turn(self, bot_id: BotId, chat_id: ChatId, update_id: int, *, now_ms: int, lease_ms: int) -> Turn:
        """Let it in."""
        self._check()
        return Turn.TAKEN


@dataclass(frozen=True, slots=True)
class Mutation:
    """A safeguard switched off, the trouble that shows it, and what comes of it."""

    name: str
    safeguards: Safeguards
    shown_by: Trouble
    leads_to: str


MUTATIONS = (
    Mutation(
        "payments are written without their version", Safeguards(payments=UnconditionalPayments), Trouble.OVERTAKEN, "doubled"
    ),
    Mutation("the ledger gives a row to whoever asks", Safeguards(ledger=ClaimsForEverybody), Trouble.DIES, "doubled"),
    Mutation("a lapsed claim leaves no trace", Safeguards(ledger=SilentAboutDoubt), Trouble.DIES, "doubled"),
    Mutation(
        "two updates at once, and people without their version",
        Safeguards(inbox=TurnsForEverybody, bot_users=UnconditionalBotUsers),
        Trouble.OVERTAKEN,
        "doubled",
    ),
    Mutation("nobody reconciles", Safeguards(reconciled=False), Trouble.DIES, "lost"),
    Mutation("a stream gives nothing again", Safeguards(stream_retries=False), Trouble.DIES, "lost"),
)
