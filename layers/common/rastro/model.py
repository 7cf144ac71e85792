"""What the rooms talk about: funnels, clicks, bot users, payments and the delivery ledger.

Money is integer cents (BRL), times are UTC epoch milliseconds (``*_ms``) or seconds (``*_s``). Attribute names are those of
the tables and of the cache: a record is stored field by field under the field's own name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NewType

BotId = NewType("BotId", str)
"""The numeric id of a Telegram bot, in decimal."""
ChatId = NewType("ChatId", str)
"""The id of a private chat, equal to its person's user id, in decimal."""
PaymentId = NewType("PaymentId", str)
PixelId = NewType("PixelId", str)
Slug = NewType("Slug", str)
"""A funnel's name in its URL: ``/go/{slug}``."""
TrackingToken = NewType("TrackingToken", str)
"""The start token: ``tracking_token`` on clicks and payments, ``tracking_session_id`` on bot users."""
VisitorId = NewType("VisitorId", str)

DAY_MS = 86_400_000
ERASED_CHAT = ChatId("erased")
"""In the place of a person whose data were erased at their request."""
REFUND_TOTAL = "total"


class FunnelMode(StrEnum):
    """How ``/go/{slug}`` answers a person: at once, or by a page with a button."""

    DIRECT = "direct"
    PAGE = "page"


class LinkSource(StrEnum):
    """The provenance of a link, in the order in which the waterfall tries them."""

    START_PARAM = "start_param"
    BRIDGE = "bridge"
    REDIRECT = "redirect"
    BOT_USER = "bot_user"
    FBCLID = "fbclid"
    RECENT_CLICK = "recent_click"
    NONE = "none"


class Confidence(StrEnum):
    """How sure a link is: only ``certain`` may feed Meta."""

    CERTAIN = "certain"
    PROBABLE = "probable"
    NONE = "none"


class Reason(StrEnum):
    """Why a bot user or a payment has no link."""

    DIRECT_ENTRY = "direct_entry"
    PAYLOAD_DROPPED = "payload_dropped"
    TOKEN_INVALID = "token_invalid"  # noqa: S105 - a reason code, not a password
    TOKEN_FOREIGN = "token_foreign"  # noqa: S105 - a reason code, not a password
    CLICK_EXPIRED = "click_expired"
    OUTSIDE_WINDOW = "outside_window"
    FBCLID_ABSENT = "fbclid_absent"
    FBCLID_UNKNOWN = "fbclid_unknown"
    FILTERED_CLICK = "filtered_click"
    STORES_UNAVAILABLE = "stores_unavailable"
    CLICK_AFTER_SALE = "click_after_sale"
    LEGACY_PAYMENT = "legacy_payment"


class StartPayload(StrEnum):
    """What a ``/start`` brought."""

    BARE = "bare"
    TOKEN = "token"  # noqa: S105 - a kind of payload, not a password
    INVALID = "invalid"
    FOREIGN = "foreign"


class BotUserStatus(StrEnum):
    """Whether the person takes messages from the bot."""

    ACTIVE = "active"
    BLOCKED = "blocked"


class PaymentStatus(StrEnum):
    """The life of a payment; it never moves backwards, but a late ``paid`` after ``expired`` counts."""

    CREATED = "created"
    PENDING = "pending"
    PAID = "paid"
    REFUNDED = "refunded"
    EXPIRED = "expired"
    FAILED = "failed"


class PurchaseState(StrEnum):
    """What became of the Purchase of a payment, over all its pixels."""

    NONE = "none"
    HELD = "held"
    QUEUED = "queued"
    PARKED = "parked"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EXPIRED = "expired"


class DeliveryState(StrEnum):
    """What became of the delivery to the buyer."""

    NONE = "none"
    TO_DO = "to_do"
    DELIVERED = "delivered"
    UNREACHABLE = "unreachable"


class LedgerStatus(StrEnum):
    """The life of one event for one pixel in the delivery ledger."""

    HELD = "held"
    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    PARKED = "parked"
    EXPIRED = "expired"


class EventName(StrEnum):
    """The standard events that a funnel reports to Meta."""

    PAGE_VIEW = "PageView"
    VIEW_CONTENT = "ViewContent"
    INITIATE_CHECKOUT = "InitiateCheckout"
    PURCHASE = "Purchase"


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What a funnel sells; ``delivery_url`` is what the buyer gets once paid."""

    sku: str
    name: str
    price_cents: int
    delivery_url: str
    description: str = ""
    delivery_chat_id: str | None = None
    """A group or channel (the bot is its administrator): the buyer gets a link into it that works once, instead of the URL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pixel:
    """A Meta data set that a funnel reports to; its token is a secret and lives elsewhere."""

    pixel_id: PixelId
    test_event_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelBot:
    """A bot that a funnel leads to."""

    bot_id: BotId
    username: str
    banned_at_ms: int | None = None
    """Since when Telegram refuses the bot's token; the redirect leads to the funnel's other bots meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """One way from an ad to a sale: its bots, products, pixels and PIX provider."""

    slug: Slug
    name: str
    mode: FunnelMode
    bots: tuple[FunnelBot, ...]
    products: tuple[Product, ...]
    pixels: tuple[Pixel, ...]
    provider: str
    texts: Mapping[str, str] = field(default_factory=dict)
    picture_url: str | None = None
    """An https picture for the page of the redirect."""
    countries: tuple[str, ...] = ()
    """Two-letter codes of the countries that the funnel sells in; empty: everywhere."""
    paused: bool = False
    """Whether the funnel takes a break: its redirect shows a page that says so, the bot goes on."""

    def product(self, sku: str) -> Product | None:
        """Return the product with this sku, or ``None``."""
        return next((product for product in self.products if product.sku == sku), None)

    def bot(self, bot_id: BotId) -> FunnelBot | None:
        """Return the funnel's bot with this id, or ``None``."""
        return next((bot for bot in self.bots if bot.bot_id == bot_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class BotProfile:
    """What the deployment knows of a bot apart from its secrets: the funnels that lead to it, its default first."""

    bot_id: BotId
    username: str
    slugs: tuple[Slug, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """What the ad's URL said of its campaign, byte for byte; absent is ``None``."""

    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    utm_content: str | None = None
    utm_term: str | None = None
    utm_id: str | None = None
    campaign_code: str | None = None
    src: str | None = None
    sck: str | None = None
    xcod: str | None = None

    @property
    def known(self) -> bool:
        """Say whether the URL named anything of a campaign."""
        return self != Campaign()


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """One person's passage through a redirect."""

    tracking_token: TrackingToken
    slug: Slug
    clicked_at_ms: int
    pageview_event_id: str
    campaign: Campaign = Campaign()
    bot_id: BotId | None = None
    """The bot that the redirect led to."""
    visitor_id: VisitorId | None = None
    fbclid: str | None = None
    fbc: str | None = None
    fbp: str | None = None
    click_ip: str | None = None
    click_user_agent: str | None = None
    event_source_url: str | None = None
    claimed_by: str | None = None
    """``{bot_id}#{chat_id}`` of the person who came to a bot with this click's token."""
    bridge_for: str | None = None
    """``{bot_id}#{chat_id}`` of the person whose bot gave them the link (``u``) that this click came by."""

    @property
    def from_ad(self) -> bool:
        """Say whether an ad caused the click: it has an fbclid or names a campaign."""
        return self.fbclid is not None or self.campaign.known


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """The snapshot of a click on a payment, with how it came to be linked; what is missing is ``None``."""

    link_source: LinkSource = LinkSource.NONE
    link_confidence: Confidence = Confidence.NONE
    reason: Reason | None = None
    tracking_token: TrackingToken | None = None
    clicked_at_ms: int | None = None
    pageview_event_id: str | None = None
    campaign: Campaign = Campaign()
    fbclid: str | None = None
    fbc: str | None = None
    fbp: str | None = None
    click_ip: str | None = None
    click_user_agent: str | None = None
    event_source_url: str | None = None

    @property
    def certain(self) -> bool:
        """Say whether the link may feed Meta."""
        return self.link_confidence is Confidence.CERTAIN

    @property
    def complete(self) -> bool:
        """Say whether it is certain and the click itself was at hand: its token alone tells of no fbclid and no browser."""
        return self.certain and self.event_source_url is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One entry of a bot user's link history."""

    tracking_token: TrackingToken
    slug: Slug
    link_source: LinkSource
    link_confidence: Confidence
    clicked_at_ms: int
    linked_at_ms: int
    from_ad: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BotUser:
    """A person in a bot, with the click that brought them."""

    bot_id: BotId
    chat_id: ChatId
    created_at_ms: int
    updated_at_ms: int
    version: int = 0
    """Counts the writes; a write names the version it read, so none is lost. 0: not stored yet."""
    slug: Slug | None = None
    """The funnel that the person came by last."""
    status: BotUserStatus = BotUserStatus.ACTIVE
    tracking_session_id: TrackingToken | None = None
    first_session_id: TrackingToken | None = None
    sessions: tuple[Session, ...] = ()
    """The last ten links, newest first."""
    fbclid: str | None = None
    visitor_id: VisitorId | None = None
    link_source: LinkSource = LinkSource.NONE
    link_confidence: Confidence = Confidence.NONE
    reason: Reason | None = None
    linked_at_ms: int | None = None
    last_start_at_ms: int | None = None
    last_start_payload: StartPayload | None = None
    first_name: str | None = None
    username: str | None = None
    language_code: str | None = None
    open_charges: Mapping[str, PaymentId] = field(default_factory=dict)
    """By sku, the payment whose charge a further tap on the same product shows again."""

    @property
    def key(self) -> str:
        """``{bot_id}#{chat_id}``, the form in which other records name this person."""
        return bot_user_key(self.bot_id, self.chat_id)

    def session_at(self, moment_ms: int) -> Session | None:
        """Return the link that held at a moment: the latest of those whose click had been made by then.

        A link that was given up (its click fell out of the window) is still in the history and is returned too.
        """
        return next((session for session in self.sessions if session.clicked_at_ms <= moment_ms), None)


def bot_user_key(bot_id: BotId, chat_id: ChatId) -> str:
    """Return the form in which other records name a bot user."""
    return f"{bot_id}#{chat_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """One sale, from the first tap on "buy" to its delivery, with the snapshot of its click."""

    payment_id: PaymentId
    bot_id: BotId
    chat_id: ChatId
    slug: Slug
    sku: str
    product_name: str
    amount_cents: int
    provider: str
    status: PaymentStatus
    created_at_ms: int
    updated_at_ms: int
    version: int = 0
    """Counts the writes, as on ``BotUser``. 0: not stored yet."""
    attribution: Attribution = Attribution()
    update_id: int | None = None
    """The bot's update that asked for it: where that comes again, this is its payment, whatever became of it."""
    charge_id: str | None = None
    """The provider's own id of the charge."""
    brcode: str | None = None
    """The copy-and-paste code of the charge."""
    charge_expires_at_ms: int | None = None
    paid_at_ms: int | None = None
    amount_paid_cents: int | None = None
    end_to_end_id: str | None = None
    payer_hashes: Mapping[str, str] = field(default_factory=dict)
    """Meta's match keys of the payer, already hashed (``fn``, ``ln``); the clear values are never stored."""
    refunds: Mapping[str, int] = field(default_factory=dict)
    """Cents given back, by the refund's own id, or under ``total`` what the provider says was given back in all."""
    disputed_at_ms: int | None = None
    """When we heard that the payer's bank asks for the money back (MED, chargeback)."""
    purchase_state: PurchaseState = PurchaseState.NONE
    delivery_state: DeliveryState = DeliveryState.NONE
    enquired_at_ms: int | None = None
    """When the provider was last asked about the charge because the buyer said that it is paid."""
    delivery_link: str | None = None
    """The one-time link into a group that was made for this payment; a second try to deliver hands over the same one."""
    due_at_ms: int | None = None
    """When the reconciler has to look again; ``None`` when nothing is left to do."""
    erased_at_ms: int | None = None
    """When the person was taken out of it at their request: nothing more is told of the sale, and nobody can be written to."""

    @property
    def refunded_cents(self) -> int:
        """Return how much was given back, as far as we heard."""
        return refunded(self.refunds)


def refunded(refunds: Mapping[str, int]) -> int:
    """Return how much a payment's refunds come to: each by itself, or what the provider says of all of them."""
    each = sum(cents for refund_id, cents in refunds.items() if refund_id != REFUND_TOTAL)
    return max(each, refunds.get(REFUND_TOTAL, 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownNotice:
    """An authentic notice about a charge that is none of ours, kept for the operator."""

    notice_id: str
    """The same for the same notice, however often it comes."""
    provider: str
    bot_id: BotId
    """The bot whose callback address it came to."""
    kind: str
    received_at_ms: int
    payment_id: str | None = None
    charge_id: str | None = None
    end_to_end_id: str | None = None
    amount_cents: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RungAlarm:
    """A change of an alarm's state, as CloudWatch told of it."""

    receipt: str
    """What the message that brought it is forgotten by."""
    name: str
    """The alarm's name, which CloudFormation made of the stack's, the logical id and chance."""
    rings: bool
    """Whether it began to ring, else it stopped or knows nothing."""
    changed_at_ms: int
    anchor: str = ""
    """Its paragraph in the runbook, which is its logical id in small letters; empty for an alarm that is none of ours."""


class Turn(StrEnum):
    """Whether an update may be dealt with now."""

    TAKEN = "taken"
    """It may, by whoever asked."""
    BUSY = "busy"
    """Another update of the same person is being dealt with."""
    REPEATED = "repeated"
    """It was dealt with before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversionEvent:
    """One event for one pixel, as it travels through the queue: hashed where Meta wants it hashed, no secret in it."""

    pixel_id: PixelId
    event_name: EventName
    event_id: str
    event_time_s: int
    payload: Mapping[str, Any]
    """The event as the Graph API takes it (an element of ``data``)."""
    payment_id: PaymentId | None = None
    test_event_code: str | None = None

    @property
    def key(self) -> str:
        """``{pixel_id}#{event_name}#{event_id}``, the ledger's key."""
        return f"{self.pixel_id}#{self.event_name}#{self.event_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendAttempt:
    """What came of one attempt to send an event."""

    at_ms: int
    status: LedgerStatus
    """What the row became by it."""
    doubtful: bool = False
    """Whether Meta may have the event although no answer said so."""
    error_code: int | None = None
    error_subcode: int | None = None
    fbtrace_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """What is known of one event's way to one pixel."""

    event: ConversionEvent
    status: LedgerStatus
    created_at_ms: int
    updated_at_ms: int
    attempts: int = 0
    claimed_until_ms: int | None = None
    """While ``sending``: until when the claim of the sender that took it holds."""
    first_sent_at_ms: int | None = None
    """When it was first handed to Graph; Meta recognises a repeated event_id for 48 h from then."""
    doubtful_sends: int = 0
    """How often it was sent again although an earlier sending may have arrived."""
    requeued_at_ms: int | None = None
    """When it was last given to the stream again."""
    accepted_at_ms: int | None = None
    fbtrace_id: str | None = None
    error_code: int | None = None
    error_subcode: int | None = None
    parked_at_ms: int | None = None
    history: tuple[SendAttempt, ...] = ()
    """The last attempts that came to an end, oldest first; one whose sender died left only its count in ``attempts``."""
