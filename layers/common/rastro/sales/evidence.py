"""What is known of a person and a sale: the hops of the journey in their order, and what each trace of a click led to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from rastro.errors import StoreUnavailable
from rastro.model import BotUser, Click, LedgerRow, LinkSource, Payment, Session, Slug, StartPayload
from rastro.stores.ports import ClickStore
from rastro.tracking.linking import CLOCK_SKEW_MS, click_of_fbclid


class HopKind(StrEnum):
    """The steps from a click to a reported sale."""

    CLICK = "click"
    MET = "met"
    """The bot met the person for the first time."""
    PASSAGE = "passage"
    """The link was saved while the person passed the redirect."""
    START = "start"
    LINK = "link"
    CHARGE = "charge"
    PAID = "paid"
    PURCHASE = "purchase"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One step of the journey; ``facts`` are named as the records name them."""

    kind: HopKind
    at_ms: int
    facts: Mapping[str, str | int] = field(default_factory=dict)


class Trace(StrEnum):
    """What can lead to a click, in the order of the waterfall."""

    START = "start"
    SESSION = "session"
    VISITOR = "visitor"
    FBCLID = "fbclid"


class Finding(StrEnum):
    """What a trace led to."""

    USABLE = "usable"
    ABSENT = "absent"
    """There is no such trace."""
    BARE = "bare"
    """``/start`` came without a payload."""
    INVALID = "invalid"
    FOREIGN = "foreign"
    NO_CLICK = "no_click"
    """The trace is there; no click is recorded for it."""
    OTHER_FUNNEL = "other_funnel"
    AFTER_SALE = "after_sale"
    OUTSIDE_WINDOW = "outside_window"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One trace, looked at: what it led to, and when the click (or the ``/start``) was."""

    trace: Trace
    finding: Finding
    at_ms: int | None = None
    click: Click | None = None


_PAYLOADS = {
    StartPayload.BARE: Finding.BARE,
    StartPayload.TOKEN: Finding.USABLE,
    StartPayload.INVALID: Finding.INVALID,
    StartPayload.FOREIGN: Finding.FOREIGN,
}


class Traces:
    """Looks at every trace of one person, as of a moment."""

    def __init__(self, clicks: ClickStore, *, window_ms: int) -> None:
        """Take the clicks and the attribution window."""
        self._clicks = clicks
        self._window_ms = window_ms

    def checks(self, bot_user: BotUser, slugs: tuple[Slug, ...], moment_ms: int) -> tuple[Check, ...]:
        """Return what each trace leads to."""
        visitor_id, fbclid = bot_user.visitor_id, bot_user.fbclid
        return (
            self._start(bot_user),
            self._session(bot_user, moment_ms),
            self._look_up(
                Trace.VISITOR,
                None if visitor_id is None else lambda: self._clicks.newest_by_visitor(visitor_id, slugs),
                slugs,
                moment_ms,
            ),
            self._look_up(
                Trace.FBCLID,
                None if fbclid is None else lambda: click_of_fbclid(self._clicks, fbclid, moment_ms),
                slugs,
                moment_ms,
            ),
        )

    @staticmethod
    def _start(bot_user: BotUser) -> Check:
        payload = bot_user.last_start_payload
        finding = Finding.ABSENT if payload is None else _PAYLOADS[payload]
        return Check(trace=Trace.START, finding=finding, at_ms=bot_user.last_start_at_ms)

    def _session(self, bot_user: BotUser, moment_ms: int) -> Check:
        session = bot_user.session_at(moment_ms + CLOCK_SKEW_MS)
        if session is None:
            newest = bot_user.sessions[0].clicked_at_ms if bot_user.sessions else None
            finding = Finding.AFTER_SALE if bot_user.sessions else Finding.ABSENT
            return Check(trace=Trace.SESSION, finding=finding, at_ms=newest)
        finding = self._in_time(session.clicked_at_ms, moment_ms)
        return Check(trace=Trace.SESSION, finding=finding, at_ms=session.clicked_at_ms)

    def _look_up(self, trace: Trace, find: Callable[[], Click | None] | None, slugs: tuple[Slug, ...], moment_ms: int) -> Check:
        if find is None:
            return Check(trace=trace, finding=Finding.ABSENT)
        try:
            click = find()
        except StoreUnavailable:
            return Check(trace=trace, finding=Finding.UNAVAILABLE)
        if click is None:
            return Check(trace=trace, finding=Finding.NO_CLICK)
        finding = self._in_time(click.clicked_at_ms, moment_ms) if click.slug in slugs else Finding.OTHER_FUNNEL
        return Check(trace=trace, finding=finding, at_ms=click.clicked_at_ms, click=click)

    def _in_time(self, clicked_at_ms: int, moment_ms: int) -> Finding:
        if clicked_at_ms > moment_ms + CLOCK_SKEW_MS:
            return Finding.AFTER_SALE
        return Finding.USABLE if moment_ms - clicked_at_ms <= self._window_ms else Finding.OUTSIDE_WINDOW


def timeline(
    *,
    clicks: Iterable[Click] = (),
    bot_users: Iterable[BotUser] = (),
    payments: Iterable[Payment] = (),
    rows: Iterable[LedgerRow] = (),
) -> tuple[Hop, ...]:
    """Return what happened, oldest first; of what happened at the same moment in the order of the journey."""
    hops = [_click_hop(click) for click in {click.tracking_token: click for click in clicks}.values()]
    for bot_user in bot_users:
        hops += _person_hops(bot_user)
    for payment in payments:
        hops += _payment_hops(payment)
    hops += [_row_hop(row) for row in rows]
    order = list(HopKind)
    return tuple(sorted(hops, key=lambda hop: (hop.at_ms, order.index(hop.kind))))


def _click_hop(click: Click) -> Hop:
    return _hop(
        HopKind.CLICK,
        click.clicked_at_ms,
        slug=click.slug or None,
        tracking_token=click.tracking_token,
        utm_source=click.campaign.utm_source,
        utm_campaign=click.campaign.utm_campaign,
        campaign_code=click.campaign.campaign_code,
        claimed_by=click.claimed_by,
        bridge_for=click.bridge_for,
    )


def _person_hops(bot_user: BotUser) -> list[Hop]:
    hops = [_hop(HopKind.MET, bot_user.created_at_ms, bot_user=bot_user.key, status=bot_user.status)]
    if bot_user.last_start_at_ms is not None:
        hops.append(_hop(HopKind.START, bot_user.last_start_at_ms, payload=bot_user.last_start_payload))
    return hops + [_session_hop(session) for session in bot_user.sessions]


def _session_hop(session: Session) -> Hop:
    on_the_way = session.link_source in (LinkSource.REDIRECT, LinkSource.BRIDGE)
    return _hop(
        HopKind.PASSAGE if on_the_way else HopKind.LINK,
        session.linked_at_ms,
        tracking_token=session.tracking_token,
        link_source=session.link_source,
        link_confidence=session.link_confidence,
    )


def _payment_hops(payment: Payment) -> list[Hop]:
    charge = _hop(
        HopKind.CHARGE,
        payment.created_at_ms,
        payment_id=payment.payment_id,
        amount_cents=payment.amount_cents,
        provider=payment.provider,
        charge_id=payment.charge_id,
        status=payment.status,
    )
    if payment.paid_at_ms is None:
        return [charge]
    paid_cents = payment.amount_cents if payment.amount_paid_cents is None else payment.amount_paid_cents
    return [charge, _hop(HopKind.PAID, payment.paid_at_ms, payment_id=payment.payment_id, amount_cents=paid_cents)]


def _row_hop(row: LedgerRow) -> Hop:
    return _hop(
        HopKind.PURCHASE,
        row.accepted_at_ms or row.updated_at_ms,
        pixel_id=row.event.pixel_id,
        event_id=row.event.event_id,
        status=row.status,
        attempts=row.attempts,
        fbtrace_id=row.fbtrace_id,
        error_code=row.error_code,
        error_subcode=row.error_subcode,
    )


def _hop(kind: HopKind, at_ms: int, **facts: str | int | None) -> Hop:
    known = {name: value for name, value in facts.items() if value is not None}
    return Hop(kind=kind, at_ms=at_ms, facts=known)
