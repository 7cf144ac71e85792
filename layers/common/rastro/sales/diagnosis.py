"""Why a sale has its click or has none: everything known of a payment, a person, a click or a start token, read and explained."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from rastro.errors import SecretMissing, StoreUnavailable
from rastro.model import (
    DAY_MS,
    BotId,
    BotUser,
    Campaign,
    ChatId,
    Click,
    LinkSource,
    Payment,
    PaymentId,
    Reason,
    Slug,
    TrackingToken,
)
from rastro.sales.evidence import Check, Hop, Traces, timeline
from rastro.sales.repair import Repairer, RepairPlan, moment_of_sale_ms
from rastro.stores.ports import BotUserStore, ClickStore, FunnelStore, LedgerStore, PaymentStore
from rastro.tracking import token as start_token
from rastro.tracking.linking import Link, Linker
from rastro.tracking.reference import BotUserReference, unseal
from rastro.tracking.signing import SigningKeys
from rastro.tracking.token import TOKEN_LENGTH, StartToken, funnel_ref

PAYMENTS_SHOWN = 50
"""How many payments of one person are looked at."""
Fields = Mapping[str, str | None]
"""Fields under the records' own names; ``None`` is what the seller reads as NONE."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDiagnosis:
    """A payment, explained."""

    payment: Payment
    bot_user: BotUser | None
    fields: Fields
    """The six fields of the original report."""
    timeline: tuple[Hop, ...]
    reason: Reason | None
    """The root cause, ``None`` where the sale is linked."""
    checks: tuple[Check, ...]
    plan: RepairPlan
    """What a repair would change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BotUserDiagnosis:
    """A person in a bot, explained."""

    bot_user: BotUser
    fields: Fields
    timeline: tuple[Hop, ...]
    reason: Reason | None
    checks: tuple[Check, ...]
    link: Link
    """What the waterfall finds for them now."""
    payments: tuple[Payment, ...]


class TokenKind(StrEnum):
    """What a text turned out to be."""

    START_TOKEN = "start_token"  # noqa: S105 - a kind of text
    REFERENCE = "reference"
    """The signed reference ``u`` to a bot user."""
    UNKNOWN = "unknown"


class Flaw(StrEnum):
    """Why a text is no start token."""

    LENGTH = "length"
    ALPHABET = "alphabet"
    SIGNATURE = "signature"


class Key(StrEnum):
    """Which of the deployment's keys signed a token."""

    CURRENT = "current"
    PREVIOUS = "previous"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenDiagnosis:
    """A text that came as a start token, explained."""

    text: str
    kind: TokenKind
    flaw: Flaw | None = None
    key: Key | None = None
    token: StartToken | None = None
    slug: Slug | None = None
    """The funnel, where a stored click or the named funnel tells its name: the token has its short id only."""
    campaign: Campaign | None = None
    click: Click | None = None
    reference: BotUserReference | None = None
    reference_expired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickDiagnosis:
    """A click, explained: what is stored of it, what its token proves alone, and who came with it."""

    token: TokenDiagnosis
    click: Click | None
    fields: Fields
    timeline: tuple[Hop, ...]
    bot_users: tuple[BotUser, ...]
    payments: tuple[Payment, ...]
    """Those that carry this click's token."""


class Doctor:
    """Diagnoses; reads only. Every method may raise ``StoreUnavailable``, those that read tokens ``SecretMissing``."""

    def __init__(
        self,
        *,
        payments: PaymentStore,
        bot_users: BotUserStore,
        clicks: ClickStore,
        funnels: FunnelStore,
        ledger: LedgerStore,
        keys: Callable[[], SigningKeys],
        linker: Linker,
        repairer: Repairer,
        attribution_window_days: int,
        now_ms: Callable[[], int],
    ) -> None:
        """Take the stores, the signing keys, the waterfall, who plans repairs, the attribution window and the clock."""
        self._payments = payments
        self._bot_users = bot_users
        self._clicks = clicks
        self._funnels = funnels
        self._ledger = ledger
        self._keys = keys
        self._linker = linker
        self._repairer = repairer
        self._traces = Traces(clicks, window_ms=attribution_window_days * DAY_MS)
        self._now_ms = now_ms

    def diagnose_payment(self, payment_id: PaymentId) -> PaymentDiagnosis | None:
        """Explain a payment, ``None`` for an unknown one."""
        payment = self._payments.get(payment_id)
        if payment is None:
            return None
        plan = self._repairer.plan(payment)
        bot_user, attribution = plan.bot_user_before, payment.attribution
        known = bot_user and replace(bot_user, fbclid=attribution.fbclid or bot_user.fbclid)
        moment_ms = moment_of_sale_ms(payment, self._now_ms())
        checks = self._traces.checks(known, self._slugs(payment.bot_id, payment.slug), moment_ms) if known else ()
        # Why it has none is asked anew: the reason on the record is as old as the last time that somebody looked.
        would_be = plan.after.attribution
        reason = None
        if not attribution.certain:
            reason = (attribution if would_be.certain else would_be).reason or plan.link.reason
        return PaymentDiagnosis(
            payment=payment,
            bot_user=bot_user,
            fields=seed_fields(payment, bot_user),
            timeline=timeline(
                clicks=self._clicks_of(bot_user, checks, attribution.tracking_token),
                bot_users=[bot_user] if bot_user else [],
                payments=[payment],
                rows=self._ledger.by_payment(payment_id),
            ),
            reason=reason,
            checks=checks,
            plan=plan,
        )

    def diagnose_bot_user(self, bot_id: BotId, chat_id: ChatId) -> BotUserDiagnosis | None:
        """Explain a person in a bot, ``None`` for an unknown one."""
        bot_user = self._bot_users.get(bot_id, chat_id)
        if bot_user is None:
            return None
        now_ms = self._now_ms()
        slugs = self._slugs(bot_id, bot_user.slug)
        checks = self._traces.checks(bot_user, slugs, now_ms)
        link = self._linker.link(bot_user, slugs, None, now_ms)
        payments = tuple(self._payments.by_bot_user(bot_id, chat_id)[:PAYMENTS_SHOWN])
        linked = bot_user.link_source is not LinkSource.NONE
        return BotUserDiagnosis(
            bot_user=bot_user,
            fields=_bot_user_fields(bot_user),
            timeline=timeline(clicks=self._clicks_of(bot_user, checks), bot_users=[bot_user], payments=payments),
            reason=None if linked else bot_user.reason or link.reason,
            checks=checks,
            link=link,
            payments=payments,
        )

    def diagnose_click(self, token: TrackingToken) -> ClickDiagnosis | None:
        """Explain a click, ``None`` for a token that is not ours and of which no click is stored."""
        reading = self.diagnose_token(token)
        click = reading.click
        if click is None and reading.token is None:
            return None
        bot_users = self._people_of(click) if click else ()
        payments = tuple(
            payment
            for bot_user in bot_users
            for payment in self._payments.by_bot_user(bot_user.bot_id, bot_user.chat_id)[:PAYMENTS_SHOWN]
            if payment.attribution.tracking_token == token
        )
        return ClickDiagnosis(
            token=reading,
            click=click,
            fields=_click_fields(click),
            timeline=timeline(clicks=[click] if click else [], bot_users=bot_users, payments=payments),
            bot_users=bot_users,
            payments=payments,
        )

    def diagnose_token(self, text: str, slug: Slug | None = None) -> TokenDiagnosis:
        """Explain a text that came as a start token; ``slug`` names the funnel that it is thought to be of."""
        keys = self._keys()
        token = start_token.parse(keys, text)
        if token is None:
            return self._no_token(keys, text)
        click = self._clicks.get(token.token)
        named = next((one for one in (click.slug if click else None, slug) if one and funnel_ref(one) == token.funnel_ref), None)
        by_current = start_token.parse(SigningKeys(keys.current), text) is not None
        return TokenDiagnosis(
            text=text,
            kind=TokenKind.START_TOKEN,
            key=Key.CURRENT if by_current else Key.PREVIOUS,
            token=token,
            slug=named,
            campaign=click.campaign if click else self._funnels.campaign(token.campaign_ref),
            click=click,
        )

    def _no_token(self, keys: SigningKeys, text: str) -> TokenDiagnosis:
        reference = unseal(keys, text, now_ms=0)
        if reference is not None:
            expired = unseal(keys, text, now_ms=self._now_ms()) is None
            return TokenDiagnosis(text=text, kind=TokenKind.REFERENCE, reference=reference, reference_expired=expired)
        flaw = Flaw.SIGNATURE
        if len(text) != TOKEN_LENGTH:
            flaw = Flaw.LENGTH
        elif not text.isascii() or not text.replace("-", "").replace("_", "").isalnum():
            flaw = Flaw.ALPHABET
        # A token of an earlier system can have a click all the same.
        click = self._clicks.get(TrackingToken(text)) if text else None
        return TokenDiagnosis(text=text, kind=TokenKind.UNKNOWN, flaw=flaw, click=click)

    def _slugs(self, bot_id: BotId, slug: Slug | None) -> tuple[Slug, ...]:
        profile = self._funnels.bot(bot_id)
        return profile.slugs if profile else (slug,) if slug else ()

    def _clicks_of(
        self, bot_user: BotUser | None, checks: Iterable[Check], token: TrackingToken | None = None
    ) -> Iterable[Click]:
        """Yield the clicks that are known of a person, stored or proven by a token alone."""
        yield from (check.click for check in checks if check.click is not None)
        tokens = {session.tracking_token: session.slug for session in (bot_user.sessions if bot_user else ())}
        if token is not None:
            tokens.setdefault(token, Slug(""))
        for each, slug in tokens.items():
            click = self._stored_or_proven(each, slug)
            if click is not None:
                yield click

    def _stored_or_proven(self, token: TrackingToken, slug: Slug) -> Click | None:
        try:
            click = self._clicks.get(token)
            proven = None if click else start_token.parse(self._keys(), token)
        except (StoreUnavailable, SecretMissing):
            return None
        if click is not None or proven is None:
            return click
        return Click(
            tracking_token=token, slug=slug, clicked_at_ms=proven.clicked_at_ms, pageview_event_id=proven.pageview_event_id
        )

    def _people_of(self, click: Click) -> tuple[BotUser, ...]:
        """Return who came with a click: who claimed it, and whoever has its browser or its fbclid."""
        found: dict[str, BotUser] = {}
        if click.claimed_by is not None:
            bot_id, _, chat_id = click.claimed_by.partition("#")
            claimer = self._bot_users.get(BotId(bot_id), ChatId(chat_id))
            found |= {claimer.key: claimer} if claimer else {}
        if click.visitor_id is not None:
            found |= {bot_user.key: bot_user for bot_user in self._bot_users.by_visitor(click.visitor_id)}
        if click.fbclid is not None:
            found |= {bot_user.key: bot_user for bot_user in self._bot_users.by_fbclid(click.fbclid)}
        return tuple(found.values())


def seed_fields(payment: Payment, bot_user: BotUser | None) -> Fields:
    """Return the six fields by which the seller sees whether a sale is attributed."""
    attribution = payment.attribution
    return {
        "tracking_token": attribution.tracking_token,
        "utm_source": attribution.campaign.utm_source,
        "utm_campaign": attribution.campaign.utm_campaign,
        "campaign_code": attribution.campaign.campaign_code,
        "pageview_event_id": attribution.pageview_event_id,
        "bot_user.tracking_session_id": bot_user.tracking_session_id if bot_user else None,
    }


def _bot_user_fields(bot_user: BotUser) -> Fields:
    return {
        "tracking_session_id": bot_user.tracking_session_id,
        "first_session_id": bot_user.first_session_id,
        "fbclid": bot_user.fbclid,
        "visitor_id": bot_user.visitor_id,
    }


def _click_fields(click: Click | None) -> Fields:
    campaign = click.campaign if click else Campaign()
    return {
        "slug": click.slug if click else None,
        "utm_source": campaign.utm_source,
        "utm_campaign": campaign.utm_campaign,
        "campaign_code": campaign.campaign_code,
        "pageview_event_id": click.pageview_event_id if click else None,
        "fbclid": click.fbclid if click else None,
        "visitor_id": click.visitor_id if click else None,
        "claimed_by": click.claimed_by if click else None,
    }
