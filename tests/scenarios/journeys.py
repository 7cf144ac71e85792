"""The table: what happens, and what the records and Meta have to know of each sale in the end."""

from __future__ import annotations

from dataclasses import dataclass

from rastro.model import LinkSource, Reason
from rastro.pix.provider import PROVIDERS
from stack.seed import PROVIDER
from tests.scenarios.steps import (
    ANA,
    BRUNO,
    AtOnce,
    Block,
    Buy,
    Click,
    FlushCache,
    FollowBridge,
    FunnelName,
    ImportSale,
    LoseClick,
    OldClick,
    OldPerson,
    Pass,
    Pay,
    Repair,
    Spoiled,
    Start,
    Step,
    WithoutCache,
    Write,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """A sale that has its click, with how it came to it."""

    click: str
    source: LinkSource
    by: str = ANA
    funnel: FunnelName = FunnelName.FIRST
    personal: bool = True
    """Whether the click is known to be this person's: only then its browser id, address and user agent go to Meta."""
    first: str | None = None
    """The click that is kept as the person's first; ``None``: this same one."""
    from_token: bool = False
    """Only what the token itself proves is left of the click: no fbclid, no browser."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlinked:
    """A sale of which no click is known, with the reason."""

    reason: Reason
    by: str = ANA
    funnel: FunnelName = FunnelName.FIRST
    later: str | None = None
    """The click that the person came by after the sale."""
    reported: bool = True
    """Whether Meta hears of the sale, without a click."""


Expected = Linked | Unlinked


@dataclass(frozen=True, slots=True)
class Journey:
    """One row of the matrix."""

    name: str
    steps: tuple[Step, ...]
    sales: tuple[Expected, ...]
    provider: str = PROVIDER

    @property
    def id(self) -> str:
        """The name as a test's id."""
        letters = "".join(letter if letter.isalnum() else " " for letter in self.name.lower())
        return "-".join(letters.split())


SKEW_AND_MORE_SECONDS = 6.5
"""Longer than two clocks may lie apart (``rastro.tracking.linking.CLOCK_SKEW_MS``)."""

JOURNEYS: tuple[Journey, ...] = (
    Journey(
        "straight: ad, redirect, /start with its token, PIX, paid",
        (Click(name="A"), Start(click="A"), Buy(), Pay()),
        (Linked(click="A", source=LinkSource.START_PARAM),),
    ),
    # --- Telegram drops the payload ------------------------------------------------------------------------------------------
    Journey(
        "payload dropped, person known by an earlier click",
        (Click(name="A"), Start(click="A"), Start(), Buy(), Pay()),
        (Linked(click="A", source=LinkSource.BOT_USER),),
    ),
    Journey(
        "payload dropped, person known, just passed the redirect in the same browser",
        (Click(name="A"), Start(click="A"), Click(name="B", campaign="verao"), Start(), Buy(), Pay()),
        (Linked(click="B", source=LinkSource.REDIRECT, first="A"),),
    ),
    Journey(
        "no /start at all, person known, just passed the redirect in the same browser",
        (Click(name="A"), Start(click="A"), Click(name="B", campaign="verao"), Buy(), Pay()),
        (Linked(click="B", source=LinkSource.REDIRECT, first="A"),),
    ),
    Journey(
        "payload dropped, new person, bridge not taken",
        (Click(name="A"), Start(), Buy(), Pay()),
        (Unlinked(reason=Reason.PAYLOAD_DROPPED),),
    ),
    Journey(
        "payload dropped, new person, bridge taken in the browser of the ad",
        (Click(name="A"), Start(), FollowBridge(name="bridge"), Start(click="bridge"), Buy(), Pay()),
        (Linked(click="A", source=LinkSource.BRIDGE),),
    ),
    Journey(
        "payload dropped, new person, bridge taken, payload dropped again",
        (Click(name="A"), Start(), FollowBridge(name="bridge"), Start(), Buy(), Pay()),
        (Linked(click="A", source=LinkSource.REDIRECT),),
    ),
    Journey(
        "payload dropped, new person pays, then takes the bridge (Purchase held)",
        (Click(name="A"), Start(), Buy(), Pay(), FollowBridge(name="bridge")),
        (Linked(click="A", source=LinkSource.REDIRECT),),
    ),
    Journey(
        "came directly, bridge taken in a browser that saw no ad",
        (Start(), FollowBridge(name="bridge"), Start(click="bridge"), Buy(), Pay()),
        (Linked(click="bridge", source=LinkSource.BRIDGE),),
    ),
    Journey(
        "bridge link passed on to somebody else, who opens the bot with it",
        (
            Start(),
            FollowBridge(name="bridge", by=BRUNO),
            Start(click="bridge", by=BRUNO),
            Buy(),
            Pay(),
            Buy(by=BRUNO),
            Pay(by=BRUNO),
        ),
        (Unlinked(reason=Reason.DIRECT_ENTRY), Linked(click="bridge", source=LinkSource.START_PARAM, by=BRUNO)),
    ),
    Journey(
        "code typed as “/start CODE”, with the bot's name and spaces",
        (Click(name="A"), Start(), Write("  /start@{bot}   {A}  "), Buy(), Pay()),
        (Linked(click="A", source=LinkSource.START_PARAM),),
    ),
    Journey(
        "code pasted alone, from the page of the second funnel",
        (
            Click(name="A", funnel=FunnelName.SECOND),
            Start(funnel=FunnelName.SECOND),
            Write(" {A} ", funnel=FunnelName.SECOND),
            Buy(funnel=FunnelName.SECOND),
            Pay(funnel=FunnelName.SECOND),
        ),
        (Linked(click="A", source=LinkSource.START_PARAM, funnel=FunnelName.SECOND),),
    ),
    # --- Redis ---------------------------------------------------------------------------------------------------------------
    Journey(
        "Redis emptied between click and /start",
        (Click(name="A"), FlushCache(), Start(click="A"), Buy(), Pay()),
        (Linked(click="A", source=LinkSource.START_PARAM),),
    ),
    Journey(
        "Redis emptied between /start and PIX",
        (Click(name="A"), Start(click="A"), FlushCache(), Buy(), Pay()),
        (Linked(click="A", source=LinkSource.START_PARAM),),
    ),
    Journey(
        "Redis emptied between PIX and paid",
        (Click(name="A"), Start(click="A"), Buy(), FlushCache(), Pay()),
        (Linked(click="A", source=LinkSource.START_PARAM),),
    ),
    Journey(
        "Redis emptied after the click, payload dropped, bridge taken",
        (Click(name="A"), FlushCache(), Start(), FollowBridge(name="bridge"), Start(click="bridge"), Buy(), Pay()),
        (Linked(click="A", source=LinkSource.BRIDGE),),
    ),
    Journey(
        "Redis down throughout",
        (WithoutCache(), Click(name="A"), Start(click="A"), Buy(), Pay()),
        (Linked(click="A", source=LinkSource.START_PARAM),),
    ),
    Journey(
        "Redis down throughout, payload dropped, person known, just passed the redirect",
        (WithoutCache(), Click(name="A"), Start(click="A"), Click(name="B", campaign="verao"), Start(), Buy(), Pay()),
        (Linked(click="B", source=LinkSource.REDIRECT, first="A"),),
    ),
    # --- the click table -----------------------------------------------------------------------------------------------------
    Journey(
        "click table throttled at the click (a proxy answers as DynamoDB does)",
        (Click(name="A", refused=True), Start(click="A"), Buy(), Pay()),
        (Linked(click="A", source=LinkSource.START_PARAM),),
    ),
    Journey(
        "click table throttled at the click, Redis emptied right after it",
        (Click(name="A", refused=True), FlushCache(), Start(click="A"), Buy(), Pay()),
        (Linked(click="A", source=LinkSource.START_PARAM),),
    ),
    Journey(
        "click lost by both stores before /start: the token alone is left",
        (Click(name="A"), LoseClick("A"), Start(click="A"), Buy(), Pay()),
        (Linked(click="A", source=LinkSource.START_PARAM, from_token=True),),
    ),
    Journey(
        "click lost by both stores between /start and PIX",
        (Click(name="A"), Start(click="A"), LoseClick("A"), Buy(), Pay()),
        (Linked(click="A", source=LinkSource.START_PARAM, from_token=True),),
    ),
    # --- several clicks, several people --------------------------------------------------------------------------------------
    Journey(
        "two clicks of two campaigns: the newest wins, the first is kept",
        (Click(name="A"), Start(click="A"), Click(name="B", campaign="verao"), Start(click="B"), Buy(), Pay()),
        (Linked(click="B", source=LinkSource.START_PARAM, first="A"),),
    ),
    Journey(
        "two clicks of two browsers, their /starts in the wrong order",
        (
            Click(name="A"),
            Click(name="B", campaign="verao", browser="laptop"),
            Start(click="B", times=2),
            Start(click="A", times=2),
            Buy(),
            Pay(times=3),
        ),
        (Linked(click="B", source=LinkSource.BOT_USER),),
    ),
    Journey(
        "organic entry after an ad",
        (Click(name="A"), Start(click="A"), Click(name="O", campaign=None, fbclid=None), Start(click="O"), Buy(), Pay()),
        (Linked(click="A", source=LinkSource.BOT_USER),),
    ),
    Journey(
        "the same fbclid shared by two people, each with a click of their own",
        (
            Click(name="A", fbclid="shared"),
            Start(click="A"),
            Click(name="B", by=BRUNO, fbclid="shared"),
            Start(click="B", by=BRUNO),
            Buy(),
            Buy(by=BRUNO),
            Pay(by=BRUNO),
            Pay(),
        ),
        (
            Linked(click="A", source=LinkSource.START_PARAM),
            Linked(click="B", source=LinkSource.START_PARAM, by=BRUNO),
        ),
    ),
    Journey(
        "a start link passed on after its owner used it: the ad, not the browser",
        (Click(name="A"), Start(click="A"), Start(click="A", by=BRUNO), Buy(by=BRUNO), Pay(by=BRUNO), Buy(), Pay()),
        (
            Linked(click="A", source=LinkSource.START_PARAM),
            Linked(click="A", source=LinkSource.START_PARAM, by=BRUNO, personal=False),
        ),
    ),
    Journey(
        "two bots, one visitor: each sale has the click of its own funnel",
        (
            Click(name="A"),
            Start(click="A"),
            Click(name="B", campaign="verao", funnel=FunnelName.SECOND),
            Start(click="B", funnel=FunnelName.SECOND),
            Buy(),
            Buy(funnel=FunnelName.SECOND),
            Pay(),
            Pay(funnel=FunnelName.SECOND),
        ),
        (
            Linked(click="A", source=LinkSource.START_PARAM),
            Linked(click="B", source=LinkSource.START_PARAM, funnel=FunnelName.SECOND),
        ),
    ),
    Journey(
        "payload dropped, an ad of another funnel since, bridge of the first taken",
        (
            Click(name="A"),
            Click(name="B", campaign="verao", funnel=FunnelName.SECOND),
            Start(),
            FollowBridge(name="bridge"),
            Start(click="bridge"),
            Buy(),
            Pay(),
        ),
        (Linked(click="A", source=LinkSource.BRIDGE),),
    ),
    # --- the fbclid alone: people of the system before -----------------------------------------------------------------------
    Journey(
        "known by an fbclid only, that ad's click in Redis, bare /start",
        (OldPerson(fbclid="kept"), Click(name="A", by=BRUNO, fbclid="kept"), Start(), Buy(), Pay()),
        (Linked(click="A", source=LinkSource.FBCLID, personal=False),),
    ),
    Journey(
        "known by an fbclid only, Redis emptied, bare /start",
        (OldPerson(fbclid="kept"), Click(name="A", by=BRUNO, fbclid="kept"), FlushCache(), Start(), Buy(), Pay()),
        (Linked(click="A", source=LinkSource.FBCLID, personal=False),),
    ),
    Journey(
        "known by an fbclid only, no /start at all: found when the PIX is made",
        (OldPerson(fbclid="kept"), Click(name="A", by=BRUNO, fbclid="kept"), FlushCache(), Buy(), Pay()),
        (Linked(click="A", source=LinkSource.FBCLID, personal=False),),
    ),
    Journey(
        "known by an fbclid only, the same ad passes the redirect once more",
        (
            OldPerson(fbclid="kept"),
            Click(name="A", by=BRUNO, fbclid="kept"),
            Click(name="B", fbclid="kept"),
            Start(),
            Buy(),
            Pay(),
        ),
        (Linked(click="B", source=LinkSource.REDIRECT, personal=False),),
    ),
    Journey(
        "known by an fbclid that no click ever had",
        (OldPerson(fbclid="unknown"), Start(), Buy(), Pay()),
        (Unlinked(reason=Reason.FBCLID_UNKNOWN),),
    ),
    Journey(
        "legacy payment 9326, an fbclid on its bot user: imported, repaired by command",
        (
            Click(name="A", fbclid="kept"),
            FlushCache(),
            ImportSale(payment_id="9326", fbclid="kept"),
            Repair("9326"),
        ),
        (Linked(click="A", source=LinkSource.FBCLID, personal=False),),
    ),
    Journey(
        "legacy payment 9326, no fbclid on its bot user: imported, nothing to repair by",
        (Click(name="A"), FlushCache(), ImportSale(payment_id="9326-b", fbclid=None), Repair("9326-b")),
        (Unlinked(reason=Reason.LEGACY_PAYMENT, reported=False),),
    ),
    # --- tokens that prove nothing -------------------------------------------------------------------------------------------
    Journey(
        "token of another funnel",
        (Click(name="A", funnel=FunnelName.SECOND), Start(click="A"), Buy(), Pay()),
        (Unlinked(reason=Reason.TOKEN_FOREIGN),),
    ),
    Journey(
        "forged token",
        (Click(name="A"), Start(click="A", spoiled=Spoiled.FORGED), Buy(), Pay()),
        (Unlinked(reason=Reason.TOKEN_INVALID),),
    ),
    Journey(
        "truncated token",
        (Click(name="A"), Start(click="A", spoiled=Spoiled.CUT), Buy(), Pay()),
        (Unlinked(reason=Reason.TOKEN_INVALID),),
    ),
    Journey(
        "truncated token, then the bridge in the browser of the ad",
        (
            Click(name="A"),
            Start(click="A", spoiled=Spoiled.CUT),
            FollowBridge(name="bridge"),
            Start(click="bridge"),
            Buy(),
            Pay(),
        ),
        (Linked(click="A", source=LinkSource.BRIDGE),),
    ),
    # --- time ----------------------------------------------------------------------------------------------------------------
    Journey(
        "click of eight days ago, window of seven",
        (OldClick(name="A", days_ago=8), Start(click="A"), Buy(), Pay()),
        (Unlinked(reason=Reason.OUTSIDE_WINDOW),),
    ),
    Journey(
        "click of six days ago, in Redis no more",
        (OldClick(name="A", days_ago=6), Start(click="A"), Buy(), Pay()),
        (Linked(click="A", source=LinkSource.START_PARAM),),
    ),
    Journey(
        "paid before the click, by an ad with an fbclid",
        (Start(), Buy(), Pay(), Pass(SKEW_AND_MORE_SECONDS), Click(name="A"), Start(click="A")),
        (Unlinked(reason=Reason.CLICK_AFTER_SALE, later="A"),),
    ),
    Journey(
        "paid before the click, by an ad without an fbclid",
        (Start(), Buy(), Pay(), Pass(SKEW_AND_MORE_SECONDS), Click(name="A", fbclid=None), Start(click="A")),
        (Unlinked(reason=Reason.CLICK_AFTER_SALE, later="A"),),
    ),
    # --- order and repetition ------------------------------------------------------------------------------------------------
    Journey(
        "the tap on “buy” races the /start of a new person",
        (Click(name="A"), AtOnce((Start(click="A"), Buy())), Pay()),
        (Linked(click="A", source=LinkSource.START_PARAM),),
    ),
    Journey(
        "the tap on “buy” arrives before the /start",
        (Click(name="A"), Buy(), Start(click="A"), Pay()),
        (Linked(click="A", source=LinkSource.START_PARAM),),
    ),
    Journey(
        "every update and notice three times",
        (Click(name="A"), Start(click="A", times=3), Start(times=3), Buy(), Pay(times=3)),
        (Linked(click="A", source=LinkSource.BOT_USER),),
    ),
    Journey(
        "blocked the bot and came back without a payload",
        (Click(name="A"), Start(click="A"), Block(), Start(), Buy(), Pay()),
        (Linked(click="A", source=LinkSource.BOT_USER),),
    ),
    Journey(
        "blocked the bot and came back by another ad",
        (Click(name="A"), Start(click="A"), Block(), Click(name="B", campaign="verao"), Start(click="B"), Buy(), Pay()),
        (Linked(click="B", source=LinkSource.START_PARAM, first="A"),),
    ),
    Journey(
        "came directly, no trace of any ad",
        (Start(), Buy(), Pay()),
        (Unlinked(reason=Reason.DIRECT_ENTRY),),
    ),
    # --- Every other PIX provider --------------------------------------------------------------------------------------------
    *(
        Journey(
            f"sold through {provider}: ad, /start, PIX tapped for twice, paid, told twice",
            (Click(name="A"), Start(click="A"), Buy(), Buy(), Pay(times=2)),
            (Linked(click="A", source=LinkSource.START_PARAM),),
            provider,
        )
        for provider in PROVIDERS
        if provider != PROVIDER
    ),
)
