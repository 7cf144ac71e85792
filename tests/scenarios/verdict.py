"""What became of a journey's sales: the records and the Purchase at Meta, held against what the journey expects."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any

from rastro.model import (
    BotUser,
    Campaign,
    Confidence,
    LinkSource,
    Payment,
    PaymentStatus,
    PurchaseState,
    Reason,
    TrackingToken,
)
from tests.scenarios.evidence import SeenClick
from tests.scenarios.journeys import Expected, Journey, Linked
from tests.scenarios.player import Player
from tests.scenarios.stage import JourneyBroke, wait_for
from tests.scenarios.steps import Click

_TOLD_TO_META = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "campaign_code")
_OURS = {"fbc": "fbc", "fbp": "fbp", "client_ip_address": "click_ip", "client_user_agent": "click_user_agent"}
"""Our names of what Meta matches a browser by."""


class Recovered(Enum):
    """What somebody makes of a sale."""

    RIGHT = "✅"
    LOST = "❌"
    WRONG = "⚠️"
    NOTHING_TO_FIND = "—"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """What became of one sale."""

    expected: Expected
    old_system: Recovered
    options: Recovered
    source: LinkSource
    reason: Reason | None
    right_click: bool
    """It has the click that it was to have, or none where it was to have none."""
    right_account: bool
    """The provenance, or the reason, is the right one."""
    foreign: tuple[str, ...]
    """What is invented or another person's, on its records and events."""
    problems: tuple[str, ...]
    """Everything that is not as it must be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a journey."""

    journey: Journey
    sales: tuple[Sale, ...]
    broke: str | None = None
    """Why it could not be played to its end."""

    @property
    def problems(self) -> tuple[str, ...]:
        """Everything that is not as the journey expects it."""
        found = [problem for sale in self.sales for problem in sale.problems]
        return tuple(found if self.broke is None else [self.broke, *found])


def judge(journey: Journey, player: Player) -> Outcome:
    """Wait until every sale of a played journey is settled, and say what became of it."""
    for step in journey.steps:
        if isinstance(step, Click) and step.refused:
            _await_restored(player, player.evidence.clicks[step.name])
    return Outcome(journey=journey, sales=tuple(_sale(expected, player) for expected in journey.sales))


def _sale(expected: Expected, player: Player) -> Sale:
    bot_id, chat_id = player.funnel(expected.funnel).bots[0].bot_id, player.chat_id(expected.by)
    stage = player.stage

    reported = isinstance(expected, Linked) or expected.reported
    state = PurchaseState.ACCEPTED if reported else PurchaseState.NONE

    def settled() -> Payment | None:
        payment = stage.payment(bot_id, chat_id)
        return payment if payment and payment.status is PaymentStatus.PAID and payment.purchase_state is state else None

    payment = wait_for(f"the sale of {expected.by}, its Purchase {state},", settled)
    purchase_id = f"purchase_{payment.payment_id}"
    if reported:
        wait_for("the Purchase at Graph", lambda: _events(player, purchase_id))
    purchases = _events(player, purchase_id)
    bot_user = wait_for("the bot user", lambda: stage.bot_users.get(bot_id, chat_id))
    problems = [*_account_problems(expected, player, bot_user, payment), *_snapshot_problems(expected, player, payment)]
    if len(purchases) != reported:
        problems.append(f"Graph accepted {len(purchases)} Purchases")
    for purchase in purchases:
        problems += _purchase_problems(expected, player, purchase)
    foreign = tuple(_foreign(expected, player, bot_user, payment))
    attribution = payment.attribution
    click = player.evidence.clicks[expected.click] if isinstance(expected, Linked) else None
    if isinstance(expected, Linked):
        right_account = attribution.link_source is expected.source
    else:
        right_account = attribution.reason is expected.reason
    return Sale(
        expected=expected,
        old_system=_recovered(click, player.old_system.outcome(player.who(expected))),
        options=_recovered(click, player.options.outcome(player.who(expected))),
        source=attribution.link_source,
        reason=attribution.reason,
        right_click=attribution.tracking_token == (click.token if click else None),
        right_account=right_account,
        foreign=foreign,
        problems=(*problems, *(f"not theirs: {one}" for one in foreign)),
    )


def _await_restored(player: Player, click: SeenClick) -> None:
    """Wait until a click that its table refused is in it by way of the queue."""
    if not player.stage.throttle.refused:
        raise JourneyBroke("the redirect never met the throttling")
    wait_for("the restored click", lambda: player.stage.clicks.get(TrackingToken(click.token)))


def _recovered(click: SeenClick | None, token: str | None) -> Recovered:
    if token is None:
        return Recovered.LOST if click else Recovered.NOTHING_TO_FIND
    return Recovered.RIGHT if click is not None and token == click.token else Recovered.WRONG


def _account_problems(expected: Expected, player: Player, bot_user: BotUser, payment: Payment) -> Iterator[str]:
    """Yield what is wrong with who is linked to what, how, and why not."""
    clicks, attribution = player.evidence.clicks, payment.attribution
    if isinstance(expected, Linked):
        click = clicks[expected.click]
        first = clicks[expected.first] if expected.first else click
        yield from _differences(
            "bot_user",
            {
                "tracking_session_id": (bot_user.tracking_session_id, click.token),
                "first_session_id": (bot_user.first_session_id, first.token),
                "link_source": (bot_user.link_source, expected.source),
                "link_confidence": (bot_user.link_confidence, Confidence.CERTAIN),
                "reason": (bot_user.reason, None),
            },
        )
        source, confidence, reason = expected.source, Confidence.CERTAIN, None
    else:
        later = clicks[expected.later].token if expected.later else None
        yield from _differences(
            "bot_user",
            {
                "tracking_session_id": (bot_user.tracking_session_id, later),
                "reason": (bot_user.reason, None if later else expected.reason),
            },
        )
        source, confidence, reason = LinkSource.NONE, Confidence.NONE, expected.reason
    yield from _differences(
        "payment",
        {
            "link_source": (attribution.link_source, source),
            "link_confidence": (attribution.link_confidence, confidence),
            "reason": (attribution.reason, reason),
        },
    )


def _snapshot_problems(expected: Expected, player: Player, payment: Payment) -> Iterator[str]:
    """Yield where the payment's snapshot is not that of the click."""
    click, whole, personal = _known(expected, player)
    wanted = {
        "tracking_token": click.token if click else None,
        "pageview_event_id": click.pageview_event_id if click else None,
        "fbclid": whole.fbclid if whole else None,
        "fbc": whole.fbc if whole else None,
        "fbp": personal.fbp if personal else None,
        "click_ip": personal.address if personal else None,
        "click_user_agent": personal.user_agent if personal else None,
    }
    yield from _differences("payment", {name: (getattr(payment.attribution, name), value) for name, value in wanted.items()})
    campaign = click.campaign if click else Campaign()
    found = payment.attribution.campaign
    names = [field.name for field in fields(Campaign)]
    yield from _differences("payment", {name: (getattr(found, name), getattr(campaign, name)) for name in names})


def _purchase_problems(expected: Expected, player: Player, purchase: Mapping[str, Any]) -> Iterator[str]:
    """Yield where what Meta was told is not that of the click."""
    click, whole, personal = _known(expected, player)
    person, custom = purchase.get("user_data", {}), purchase.get("custom_data", {})
    campaign = click.campaign if click else Campaign()
    yield from _differences(
        "Purchase",
        {
            "fbc": (person.get("fbc"), whole.fbc if whole else None),
            "fbp": (person.get("fbp"), personal.fbp if personal else None),
            "client_ip_address": (person.get("client_ip_address"), personal.address if personal else None),
            "client_user_agent": (person.get("client_user_agent"), personal.user_agent if personal else None),
            "action_source": (purchase.get("action_source"), "website" if personal else "chat"),
            **{name: (custom.get(name), getattr(campaign, name)) for name in _TOLD_TO_META},
        },
    )


def _known(expected: Expected, player: Player) -> tuple[SeenClick | None, SeenClick | None, SeenClick | None]:
    """Return the sale's click, the same if more than its token is left of it, and the same if it is known to be the person's."""
    if not isinstance(expected, Linked):
        return None, None, None
    click = player.evidence.clicks[expected.click]
    whole = None if expected.from_token else click
    return click, whole, whole if expected.personal else None


def _foreign(expected: Expected, player: Player, bot_user: BotUser, payment: Payment) -> Iterator[str]:
    """Yield whatever on a person's records and events belongs to nobody, or to somebody else."""
    of_ad, of_browser = player.evidence.of_ad(expected.by), player.evidence.of_browser(expected.by)
    allowed = {**of_ad, **of_browser}
    for name, values in allowed.items():
        found = getattr(payment.attribution, name)
        if found is not None and found not in values:
            yield f"payment.{name} {found}"
    tokens = {bot_user.tracking_session_id, bot_user.first_session_id, *(entry.tracking_token for entry in bot_user.sessions)}
    yield from (f"bot_user's token {token}" for token in tokens - {None} - of_ad["tracking_token"])
    external_id = hashlib.sha256(bot_user.chat_id.encode()).hexdigest()
    for event in player.stage.lab.events():
        person = event.get("user_data", {})
        if external_id not in person.get("external_id", ()):
            continue
        for meta, ours in _OURS.items():
            if person.get(meta) is not None and person[meta] not in allowed[ours]:
                yield f"{event['event_name']}.{meta} {person[meta]}"


def _events(player: Player, event_id: str) -> list[Mapping[str, Any]]:
    return [event for event in player.stage.lab.events() if event.get("event_id") == event_id]


def _differences(of: str, pairs: Mapping[str, tuple[object, object]]) -> Iterator[str]:
    """Yield each attribute whose value (first) is not the wanted one (second)."""
    for name, (found, wanted) in pairs.items():
        if found != wanted:
            yield f"{of}.{name} is {_short(found)}, not {_short(wanted)}"


def _short(value: object) -> str:
    return "absent" if value is None else str(value)
