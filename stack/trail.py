"""What the records say of one person's way from the click to the reported sale: read only, as documents for the lab's page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any

from rich.console import Console

from rastro.explanation import Language
from rastro.meta.event import initiate_checkout_id, purchase_id, view_content_id
from rastro.meta.parking import resume_pixel
from rastro.model import BotId, BotUser, ChatId, Click, LedgerRow, Payment, PaymentId, PixelId, TrackingToken
from rastro.stores.bot_users import DynamoBotUserStore
from rastro.stores.clicks_dynamodb import DynamoClickStore
from rastro.stores.dynamodb import Table
from rastro.stores.funnels import DynamoFunnelStore
from rastro.stores.ledger import DynamoLedgerStore
from rastro.stores.payments import DynamoPaymentStore
from rastro.stores.ports import BotUserStore, ClickStore, FunnelStore, LedgerStore, PaymentStore
from rastro_cli.composition import open_deployment
from rastro_cli.documents import payment_document, root_cause
from rastro_cli.pages import Pages
from rastro_cli.profiles import LOCAL, LocalProfile
from rastro_cli.stories import row_document
from rastro_cli.texts import Texts
from stack.stackfile import Description

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from rastro.sales.diagnosis import Doctor

Document = dict[str, Any]
WIDTHS = range(36, 161)
"""How wide, in characters, what a terminal would show may be asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """The tables that a trail is read from."""

    clicks: ClickStore
    bot_users: BotUserStore
    payments: PaymentStore
    funnels: FunnelStore
    ledger: LedgerStore

    @classmethod
    def of(cls, stack: Description) -> Records:
        """Open the tables of a running stack, past the cache: what stands in them is the record."""
        dynamodb: DynamoDBClient = stack.aws.client("dynamodb")
        tables = {name: Table(dynamodb, table) for name, table in stack.tables.items()}
        return cls(
            clicks=DynamoClickStore(tables["click"]),
            bot_users=DynamoBotUserStore(tables["bot_user"]),
            payments=DynamoPaymentStore(tables["payment"]),
            funnels=DynamoFunnelStore(tables["funnel"]),
            ledger=DynamoLedgerStore(tables["event"]),
        )


def open_doctor(stack: Description) -> Doctor:
    """Return the doctor of a running stack, wired as the operator's command wires it."""
    return open_deployment(LocalProfile(stack=stack.document())).doctor


class Trails:
    """Tells of people and funnels; reads only, but for ``resume``."""

    def __init__(self, records: Records, *, now_ms: Callable[[], int]) -> None:
        """Take the records and the clock."""
        self._records = records
        self._now_ms = now_ms

    def trail(self, bot_id: BotId, chat_id: ChatId, token: TrackingToken | None, language: Language) -> Document:
        """Return what is on record of a person, of the click ``token`` while they are linked to none, and of their last sale."""
        records, now_ms = self._records, self._now_ms()
        person = records.bot_users.get(bot_id, chat_id)
        click_token = (person.tracking_session_id if person else None) or token
        click = records.clicks.get(click_token) if click_token else None
        payments = records.payments.by_bot_user(bot_id, chat_id)
        payment = payments[0] if payments else None
        rows = records.ledger.by_payment(payment.payment_id) if payment else ()
        return {
            "now_ms": now_ms,
            "token": click_token,
            "click": None if click is None else _click(click),
            "person": None if person is None else _person(person, language),
            "payment": None if payment is None else _payment(payment, language),
            "purchases": [_row(row, now_ms, language) for row in rows],
            "event_ids": _event_ids(click, person, payments),
        }

    def funnels(self) -> list[Document]:
        """Return the funnels that an ad can lead to."""
        found = (self._records.funnels.get(slug) for slug in self._records.funnels.slugs())
        return [
            {
                "slug": funnel.slug,
                "name": funnel.name,
                "mode": funnel.mode.value,
                "provider": funnel.provider,
                "products": [{"sku": each.sku, "name": each.name, "price_cents": each.price_cents} for each in funnel.products],
            }
            for funnel in found
            if funnel is not None
        ]

    def resume(self, pixel_id: PixelId) -> int:
        """Give what waits for a pixel to the queue again, as ``rastro pixel resume`` does; return how many events there were."""
        return resume_pixel(self._records.ledger, pixel_id, self._now_ms)


def diagnosis(doctor: Doctor, payment_id: PaymentId, language: Language, width: int) -> Document | None:
    """Return what ``rastro doctor payment`` answers: its document, and what it shows on a terminal ``width`` characters wide."""
    found = doctor.diagnose_payment(payment_id)
    if found is None:
        return None
    terminal = StringIO()
    console = Console(
        file=terminal,
        width=width,
        force_terminal=True,
        color_system="standard",
        highlight=False,
        emoji=False,
        legacy_windows=False,
    )
    Pages(console, Texts(language), LOCAL).payment(found)
    return {"document": payment_document(found, language), "terminal": terminal.getvalue()}


def _click(click: Click) -> Document:
    named = {name: value for name, value in asdict(click.campaign).items() if value is not None}
    return {
        "tracking_token": click.tracking_token,
        "slug": click.slug,
        "clicked_at_ms": click.clicked_at_ms,
        "pageview_event_id": click.pageview_event_id,
        "campaign": named,
        "fbclid": click.fbclid,
        "fbc": click.fbc,
        "fbp": click.fbp,
        "click_ip": click.click_ip,
        "click_user_agent": click.click_user_agent,
        "claimed": click.claimed_by is not None,
        "bridge": click.bridge_for is not None,
    }


def _person(person: BotUser, language: Language) -> Document:
    return {
        "created_at_ms": person.created_at_ms,
        "last_start_at_ms": person.last_start_at_ms,
        "last_start_payload": person.last_start_payload,
        "linked_at_ms": person.linked_at_ms,
        "link_source": person.link_source.value,
        "link_confidence": person.link_confidence.value,
        "tracking_session_id": person.tracking_session_id,
        "slug": person.slug,
        "status": person.status.value,
        "why": root_cause(person.reason, language),
    }


def _payment(payment: Payment, language: Language) -> Document:
    attribution = payment.attribution
    return {
        "payment_id": payment.payment_id,
        "slug": payment.slug,
        "provider": payment.provider,
        "charge_id": payment.charge_id,
        "status": payment.status.value,
        "amount_cents": payment.amount_cents,
        "amount_paid_cents": payment.amount_paid_cents,
        "created_at_ms": payment.created_at_ms,
        "updated_at_ms": payment.updated_at_ms,
        "paid_at_ms": payment.paid_at_ms,
        "purchase_state": payment.purchase_state.value,
        "delivery_state": payment.delivery_state.value,
        "tracking_token": attribution.tracking_token,
        "link_source": attribution.link_source.value,
        "link_confidence": attribution.link_confidence.value,
        "why": root_cause(attribution.reason, language),
    }


def _row(row: LedgerRow, now_ms: int, language: Language) -> Document:
    times = {
        "created_at_ms": row.created_at_ms,
        "updated_at_ms": row.updated_at_ms,
        "first_sent_at_ms": row.first_sent_at_ms,
        "accepted_at_ms": row.accepted_at_ms,
    }
    return row_document(row, now_ms, language) | times


def _event_ids(click: Click | None, person: BotUser | None, payments: Sequence[Payment]) -> list[str]:
    """Return the ids of every event that can have been told of this person."""
    ids = [click.pageview_event_id] if click else []
    if person is not None:
        ids += [view_content_id(person.bot_id, person.chat_id, session.tracking_token) for session in person.sessions]
    for payment in payments:
        ids += [initiate_checkout_id(payment.payment_id), purchase_id(payment.payment_id)]
    return ids
