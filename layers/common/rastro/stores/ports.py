"""The ports to the records, each with an in-memory fake and adapters that pass the same contract suite.

Every method may raise ``StoreUnavailable``. A read of a record by its key sees every write that was answered before it began;
a read through an index may lag by a second or two.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Protocol

from rastro.figures import Group, Hour, Reported, Sale
from rastro.model import (
    BotId,
    BotProfile,
    BotUser,
    Campaign,
    ChatId,
    Click,
    ConversionEvent,
    Funnel,
    LedgerRow,
    Payment,
    PaymentId,
    PixelId,
    RungAlarm,
    Slug,
    TrackingToken,
    Turn,
    UnknownNotice,
    VisitorId,
)


class ClickStore(Protocol):
    """Every click of the last 90 days."""

    def put(self, click: Click) -> bool:
        """Store a click, the same click twice as one; say whether an earlier one may have carried the same fbclid."""

    def get(self, token: TrackingToken) -> Click | None:
        """Return the click of a start token."""

    def newest_by_fbclid(self, fbclid: str, *, until_ms: int | None = None) -> Click | None:
        """Return the newest click that carried exactly this fbclid (case and length kept), of those made by then."""

    def newest_by_visitor(self, visitor_id: VisitorId, slugs: Collection[Slug]) -> Click | None:
        """Return the newest click of a browser on one of these funnels that came by an ad, else its newest on them."""

    def only_recent(self, slug: Slug, since_ms: int) -> Click | None:
        """Return the one click on a funnel since then that nobody came with, ``None`` for none or several, or not known."""

    def claim(self, click: Click, bot_user_key: str) -> None:
        """Note who came to a bot with this click; the first claim stays, a click that is not stored is left alone."""

    def add_browser_ids(self, token: TrackingToken, *, fbp: str | None, fbc: str | None) -> None:
        """Add what the page read from the browser where the click has none yet; never creates a click."""


class BotUserStore(Protocol):
    """The people of every bot."""

    def get(self, bot_id: BotId, chat_id: ChatId) -> BotUser | None:
        """Return a bot user."""

    def save(self, bot_user: BotUser) -> BotUser:
        """Write a bot user whole, if its ``version`` is still the stored one (0: not stored), and return it as stored.

        Raises ``Conflict`` when somebody wrote in between: read again and decide anew.
        """

    def by_fbclid(self, fbclid: str) -> Sequence[BotUser]:
        """Return the people who came with exactly this fbclid."""

    def by_visitor(self, visitor_id: VisitorId) -> Sequence[BotUser]:
        """Return the people, over all bots, who are tied to this browser."""


class PaymentStore(Protocol):
    """The sales."""

    def get(self, payment_id: PaymentId) -> Payment | None:
        """Return a payment."""

    def save(self, payment: Payment, rows: Sequence[LedgerRow] = ()) -> Payment:
        """Write a payment whole, if its ``version`` is still the stored one (0: not stored), and return it as stored.

        ``rows`` are written in the same transaction: each is new, or takes the place of a row that is still ``held``.
        Raises ``Conflict`` when the payment or a row was written in between; then nothing was written.
        """

    def by_charge(self, provider: str, charge_id: str) -> Payment | None:
        """Return the payment of a provider's charge (through an index: a just created one may not be there yet)."""

    def by_bot_user(self, bot_id: BotId, chat_id: ChatId) -> Sequence[Payment]:
        """Return a person's payments, newest first."""

    def by_day(self, day: date) -> Iterator[Payment]:
        """Yield the payments that were created on a day (UTC), oldest first, read as the caller goes on."""

    def due(self, before_ms: int, limit: int) -> Sequence[Payment]:
        """Return payments whose ``due_at_ms`` has come, longest overdue first within a shard."""


class FunnelStore(Protocol):
    """What the seller configured, and the names of the campaigns seen."""

    def get(self, slug: Slug) -> Funnel | None:
        """Return a funnel."""

    def put(self, funnel: Funnel) -> None:
        """Store a funnel and name it to its bots (``BotProfile.slugs``)."""

    def slugs(self) -> Sequence[Slug]:
        """Return the names of every funnel, sorted."""

    def bot(self, bot_id: BotId) -> BotProfile | None:
        """Return what the deployment knows of a bot."""

    def campaign(self, ref: str) -> Campaign | None:
        """Return the campaign behind the short id that start tokens carry (hexadecimal)."""

    def remember_campaign(self, ref: str, campaign: Campaign, *, seen_at_ms: int) -> None:
        """Keep the names behind a campaign's short id; the first names stay."""


class LedgerStore(Protocol):
    """What became of each event at each pixel."""

    def get(self, key: str) -> LedgerRow | None:
        """Return the row ``{pixel_id}#{event_name}#{event_id}``."""

    def by_payment(self, payment_id: PaymentId) -> Sequence[LedgerRow]:
        """Return a payment's rows, one a pixel."""

    def claim(self, key: str, *, now_ms: int, lease_ms: int) -> LedgerRow | None:
        """Take a row for sending: ``queued``, or ``sending`` with a lapsed claim, becomes ``sending``.

        Returns the row as it is then (``attempts`` counted up; ``first_sent_at_ms`` set on the first; ``doubtful_sends``
        counted up where a lapsed claim was taken over), or ``None`` when there is nothing to send: no such row, or it is
        accepted, rejected, parked, expired, held, or claimed by another sender.
        """

    def settle(self, row: LedgerRow) -> None:
        """Write what became of a row that this sender claimed; raises ``Conflict`` when the claim is no longer its own.

        ``row`` is the claimed one with a new ``status`` (accepted, rejected, parked, expired, or queued again) and its proof.
        """

    def record(self, row: LedgerRow) -> None:
        """Write the row of an event that had none (a parked or rejected funnel event); an existing row stays."""

    def parked(self, pixel_id: PixelId, limit: int | None = None) -> Iterator[LedgerRow]:
        """Yield the rows parked at a pixel, oldest first, at most ``limit``.

        They are read as the caller goes on, who may requeue each on the way.
        """

    def requeue(self, key: str, *, now_ms: int) -> bool:
        """Give a row that is ``queued``, ``parked``, or ``sending`` with a lapsed claim, to the stream again."""

    def expire(self, key: str, *, now_ms: int) -> bool:
        """Give up a row that is ``queued``, ``parked``, or ``sending`` with a lapsed claim: it becomes ``expired``."""


class Inbox(Protocol):
    """What came in from outside and has to be remembered: whose turn it is, and notices about no charge of ours."""

    def take_turn(self, bot_id: BotId, chat_id: ChatId, update_id: int, *, now_ms: int, lease_ms: int) -> Turn:
        """Begin to deal with a person's update, if no other is being dealt with and this one was not before.

        Whoever takes a turn ends it; one that is not ended lapses after ``lease_ms``.
        """

    def end_turn(self, bot_id: BotId, chat_id: ChatId, update_id: int, *, done: bool) -> None:
        """End a turn; an update that is ``done`` is ``REPEATED`` from then on, else it may come again."""

    def keep_notice(self, notice: UnknownNotice) -> None:
        """Keep a notice about a charge that is none of ours, once."""

    def notices(self, day: date) -> Iterator[UnknownNotice]:
        """Yield the notices kept on a day (UTC), oldest first."""


class RollupStore(Protocol):
    """Who was seen, hour by hour, and how many they were in the hours that are over."""

    def add(self, hour: Hour, seen: Mapping[Group, Collection[str]]) -> None:
        """Keep the marks of those who were seen in an hour; the same ones may come as often as they like."""

    def seen(self, hour: Hour) -> Iterator[Mapping[Group, Sequence[str]]]:
        """Yield what was kept of an hour, piece by piece; the same mark may be in several."""

    def close(self, hour: Hour, counts: Mapping[Group, int]) -> None:
        """Keep how many were seen in an hour, which is over."""

    def reopen(self, hour: Hour) -> None:
        """Forget how many were seen in an hour, so that it is counted anew."""

    def counts(self, hours: Sequence[Hour]) -> Iterator[tuple[Hour, Mapping[Group, int]]]:
        """Yield how many were seen in each of the hours that are closed, in no order."""


class SalesBook(Protocol):
    """The sales as reports read them, many at once."""

    def sales(self, day: date) -> Sequence[Sale]:
        """Return the sales that were charged on a day (UTC), in no order."""

    def reported(self, expected: Mapping[PaymentId, Sequence[str]]) -> Mapping[PaymentId, Sequence[Reported]]:
        """Return what the ledger says of sales.

        ``expected`` are the keys of the rows that each should have; of a sale that has none of them an index is asked.
        """


class PersonalRecords(Protocol):
    """What the tables hold of one person, for their own requests; no function has this, only the operator's command.

    Whatever writes raises ``Conflict`` where the record is no longer as it was given: find it again and decide anew.
    """

    def clicks_of(self, bot_user_key: str) -> Iterator[Click]:
        """Yield every click that the person came with or whose link was theirs; reads the whole table."""

    def clicks_of_browser(self, visitor_id: VisitorId) -> Iterator[Click]:
        """Yield every click of a browser."""

    def payments(self) -> Iterator[Payment]:
        """Yield every payment; reads the whole table."""

    def updates_known(self, bot_id: BotId, chat_id: ChatId) -> Sequence[int] | None:
        """Return which of the person's updates are known to be dealt with, ``None`` where nothing is kept of them."""

    def replace_click(self, before: Click, after: Click) -> None:
        """Write a click in the place of what it was."""

    def replace_row(self, before: LedgerRow, after: LedgerRow) -> None:
        """Write a ledger row in the place of what it was."""

    def delete_row(self, row: LedgerRow) -> None:
        """Delete a ledger row."""

    def delete_turn(self, bot_id: BotId, chat_id: ChatId) -> None:
        """Delete what is kept of the person's updates."""

    def delete_bot_user(self, bot_user: BotUser) -> None:
        """Delete a bot user."""


class PersonalCache(Protocol):
    """What the cache holds of one person; everything may raise ``StoreUnavailable``, and all of it is over by itself soon."""

    def holds(self, click: Click) -> Sequence[str]:
        """Name the kinds of entries that hold a click or point to it."""

    def forget(self, click: Click) -> Sequence[str]:
        """Delete the entries that hold a click or point to it, and name their kinds."""


class EventQueue(Protocol):
    """The way to the sender."""

    def send(self, events: Sequence[ConversionEvent]) -> Sequence[ConversionEvent]:
        """Queue events in batches and return those that the queue did not take."""

    def send_lost_click(self, click: Click) -> None:
        """Queue a click that its table refused, to be restored."""


class AlarmQueue(Protocol):
    """What the alarms said since it was last looked."""

    def take(self) -> Sequence[RungAlarm]:
        """Return what waits, at most a hundred; what is not forgotten comes again in some minutes."""

    def forget(self, alarms: Sequence[RungAlarm]) -> None:
        """Forget what was dealt with; what cannot be forgotten now comes again."""


class Secrets(Protocol):
    """The parameter store."""

    def get(self, name: str) -> str:
        """Return the secret ``/rastro/{stage}/{name}``.

        Raises ``SecretMissing`` when it is absent or empty.
        """
