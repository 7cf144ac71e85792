"""The senders that ``make bench-sender`` compares: ``python -m bench.senders NAME URL PIXEL EVENTS`` runs one of them.

All start from the same charges, with their people and clicks. Ours finds the events in the messages of its queue, where the
outbox put them made and hashed (``ours_from_record`` does that too within its time); the SDK's make their objects, which the SDK
normalises as it sends them. An InitiateCheckout needs no ledger; ``ours_with_ledger`` sends Purchases.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import requests

from bench.graph_server import CHECKED_PIXEL
from rastro.meta import event as meta_event
from rastro.meta.bookkeeping import Books
from rastro.meta.client import GraphClient
from rastro.meta.delivery import Delivery, QueueMessage
from rastro.model import (
    Attribution,
    BotId,
    Campaign,
    ChatId,
    Confidence,
    DeliveryState,
    LedgerRow,
    LedgerStatus,
    LinkSource,
    Payment,
    PaymentId,
    PaymentStatus,
    Pixel,
    PixelId,
    PurchaseState,
    Slug,
)
from rastro.stores.messages import event_message
from tests.campaign.records import LockedPayments, StreamedLedger
from tests.fakes.stores import InMemoryClickStore, InMemoryPaymentStore

TOKEN = "a-token"  # noqa: S105 - of the benchmark's own server
LAMBDA_BATCH = 1_000
SDK_BATCH = 50
WARM_EVENTS = 60
_NOW_MS = int(time.time()) * 1000
_PAYMENT = Payment(
    payment_id=PaymentId("0"),
    bot_id=BotId("7000000001"),
    chat_id=ChatId("1111"),
    slug=Slug("demo"),
    sku="curso",
    product_name="Curso de Pão",
    amount_cents=4990,
    provider="openpix",
    status=PaymentStatus.PENDING,
    created_at_ms=_NOW_MS - 20_000,
    updated_at_ms=_NOW_MS - 10_000,
    attribution=Attribution(
        link_source=LinkSource.START_PARAM,
        link_confidence=Confidence.CERTAIN,
        campaign=Campaign(utm_source="facebook", utm_campaign="natal", campaign_code="NATAL26"),
        fbclid="IwAR_AbC-1",
        fbc=f"fb.1.{_NOW_MS - 60_000}.IwAR_AbC-1",
        fbp=f"fb.1.{_NOW_MS - 90_000}.1098115397",
        click_ip="177.10.20.30",
        click_user_agent="Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Instagram 335.0",
        event_source_url="https://go.example.com/go/demo",
    ),
)

Prepare = Callable[[Sequence[Payment]], Sequence[Any]]
Send = Callable[[Sequence[Any]], int]
"""Sends what was prepared and returns how many events were accepted."""


@dataclass(frozen=True, slots=True)
class Sender:
    """One contender: what it finds when it begins, which is not timed, and its work, which is."""

    send: Send
    prepare: Prepare = list


def charges(count: int, first: int = 0) -> Iterator[Payment]:
    """Yield charges of different people."""
    for number in range(first, first + count):
        address = f"177.{number % 251}.{number // 251 % 251}.30"
        yield replace(
            _PAYMENT,
            payment_id=PaymentId(str(number)),
            chat_id=ChatId(str(1_000_000 + number)),
            attribution=replace(_PAYMENT.attribution, click_ip=address),
        )


def ours(url: str, pixel_id: str) -> Sender:
    """Return our sender, which begins with the messages of its queue."""
    delivery, message = _delivery(url), _message(pixel_id)

    def send(batch: Sequence[QueueMessage]) -> int:
        return delivery.deliver(batch, lambda: True).counts["accept"]

    return Sender(send, lambda sold: [message(payment) for payment in sold])


def ours_from_record(url: str, pixel_id: str) -> Sender:
    """Return our sender with the work of the outbox before it: the event made of the record, hashed, and put into a message."""
    delivery, message = _delivery(url), _message(pixel_id)

    def send(sold: Sequence[Payment]) -> int:
        return delivery.deliver([message(payment) for payment in sold], lambda: True).counts["accept"]

    return Sender(send)


def ours_with_ledger(url: str, pixel_id: str) -> Sender:
    """Return our sender with Purchases, each claimed before, settled after and told to its payment, all in memory."""
    payments = LockedPayments(StreamedLedger())
    delivery, pixel = _delivery(url, payments), Pixel(pixel_id=PixelId(pixel_id))

    def prepare(sold: Sequence[Payment]) -> list[QueueMessage]:
        return [paid(payment) for payment in sold]

    def paid(payment: Payment) -> QueueMessage:
        settled = replace(
            payment,
            status=PaymentStatus.PAID,
            paid_at_ms=_NOW_MS,
            purchase_state=PurchaseState.QUEUED,
            delivery_state=DeliveryState.DELIVERED,
        )
        event = meta_event.purchase(settled, pixel, now_ms=_NOW_MS)
        row = LedgerRow(event=event, status=LedgerStatus.QUEUED, created_at_ms=_NOW_MS, updated_at_ms=_NOW_MS)
        payments.save(settled, [row])
        return QueueMessage(message_id=payment.payment_id, body=event_message(event))

    def send(batch: Sequence[QueueMessage]) -> int:
        return delivery.deliver(batch, lambda: True).counts["accept"]

    return Sender(send, prepare)


def _delivery(url: str, payments: InMemoryPaymentStore | None = None) -> Delivery:
    known = payments or InMemoryPaymentStore()
    graph = GraphClient(requests.Session(), tokens=lambda _pixel_id: TOKEN, seconds=time.monotonic, base_url=url)
    books = Books(ledger=known.ledger, payments=known, now_ms=lambda: _NOW_MS)
    gc.freeze()  # as the function does
    return Delivery(graph=graph, books=books, clicks=InMemoryClickStore(), jitter=lambda: 0.5)


def _message(pixel_id: str) -> Callable[[Payment], QueueMessage]:
    pixel = Pixel(pixel_id=PixelId(pixel_id))

    def message(payment: Payment) -> QueueMessage:
        event = meta_event.initiate_checkout(payment, pixel, now_ms=_NOW_MS)
        return QueueMessage(message_id=payment.payment_id, body=event_message(event))

    return message


def sdk_single(url: str, pixel_id: str) -> Sender:
    """Return the SDK sending each event in a request of its own, as the peers do; its connection is kept open."""
    return _sdk(url, pixel_id, events_a_request=1)


def sdk_request_of_50(url: str, pixel_id: str) -> Sender:
    """Return the SDK's ``EventRequest`` with 50 events at a time, over a connection that is kept open."""
    return _sdk(url, pixel_id, events_a_request=SDK_BATCH)


def sdk_batch(url: str, pixel_id: str) -> Sender:
    """Return the SDK's own ``BatchProcessor``: 50 events a request, each over a connection of its own."""
    from facebook_business.adobjects.serverside.batch_processor import BatchProcessor  # noqa: PLC0415
    from facebook_business.adobjects.serverside.event_request_async import EventRequestAsync  # noqa: PLC0415

    sdk_event = _sdk_events(url)

    async def received(sold: Sequence[Payment]) -> int:
        request, events = EventRequestAsync(pixel_id=pixel_id, events=[]), [sdk_event(payment) for payment in sold]
        groups = BatchProcessor(batch_size=SDK_BATCH).process_events_generator(request, events)
        return sum([response.events_received async for group in groups for response in group])

    return Sender(lambda sold: asyncio.run(received(sold)))


def _sdk(url: str, pixel_id: str, *, events_a_request: int) -> Sender:
    from facebook_business.adobjects.serverside.event_request import EventRequest  # noqa: PLC0415

    sdk_event = _sdk_events(url)

    def send(sold: Sequence[Payment]) -> int:
        remaining, received = iter(sold), 0
        while events := [sdk_event(payment) for payment in islice(remaining, events_a_request)]:
            received += EventRequest(pixel_id=pixel_id, events=events).execute().events_received
        return received

    return Sender(send)


def _sdk_events(url: str) -> Callable[[Payment], Any]:
    """Point the SDK at the server and return how one of its events is made."""
    from facebook_business.adobjects.serverside.action_source import ActionSource  # noqa: PLC0415
    from facebook_business.adobjects.serverside.content import Content  # noqa: PLC0415
    from facebook_business.adobjects.serverside.custom_data import CustomData  # noqa: PLC0415
    from facebook_business.adobjects.serverside.event import Event  # noqa: PLC0415
    from facebook_business.adobjects.serverside.user_data import UserData  # noqa: PLC0415
    from facebook_business.api import FacebookAdsApi  # noqa: PLC0415
    from facebook_business.session import FacebookSession  # noqa: PLC0415

    FacebookSession.GRAPH = url
    FacebookAdsApi.init(access_token=TOKEN, crash_log=False)

    def sdk_event(payment: Payment) -> Any:  # noqa: ANN401 - the SDK has no types
        click, value = payment.attribution, payment.amount_cents / 100
        return Event(
            event_name="InitiateCheckout",
            event_time=payment.created_at_ms // 1000,
            event_id=f"checkout_{payment.payment_id}",
            action_source=ActionSource.WEBSITE,
            event_source_url=click.event_source_url,
            user_data=UserData(
                external_id=hashlib.sha256(payment.chat_id.encode()).hexdigest(),  # the SDK would send it in clear
                fbc=click.fbc,
                fbp=click.fbp,
                client_ip_address=click.click_ip,
                client_user_agent=click.click_user_agent,
            ),
            custom_data=CustomData(
                value=value,
                currency="BRL",
                content_ids=[payment.sku],
                content_type="product",
                content_name=payment.product_name,
                contents=[Content(product_id=payment.sku, quantity=1, item_price=value)],
                num_items=1,
                custom_properties={
                    "utm_source": click.campaign.utm_source,
                    "utm_campaign": click.campaign.utm_campaign,
                    "campaign_code": click.campaign.campaign_code,
                },
            ),
        )

    return sdk_event


SENDERS: Mapping[str, Callable[[str, str], Sender]] = {
    "ours": ours,
    "ours_from_record": ours_from_record,
    "ours_with_ledger": ours_with_ledger,
    "sdk_single": sdk_single,
    "sdk_batch": sdk_batch,
    "sdk_request_of_50": sdk_request_of_50,
}


def main(name: str, url: str, pixel_id: str, count: int) -> None:
    """Show that Graph takes what the sender sends, then send so many events and print what it took."""
    for checked in (SENDERS[name](url, CHECKED_PIXEL), sender := SENDERS[name](url, pixel_id)):  # and the code is warm
        _timed(checked, list(charges(WARM_EVENTS, first=1_000_000)))
    remaining, seconds, cpu_seconds = charges(count), 0.0, 0.0
    while sold := list(islice(remaining, LAMBDA_BATCH)):
        wall, processor = _timed(sender, sold)
        seconds, cpu_seconds = seconds + wall, cpu_seconds + processor
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu_seconds, "memory_mb": memory_mb}))


def _timed(sender: Sender, sold: Sequence[Payment]) -> tuple[float, float]:
    """Return the seconds, by the clock and of the processor, that sending took."""
    prepared = sender.prepare(sold)
    processor, began = time.process_time(), time.perf_counter()
    accepted = sender.send(prepared)
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - processor
    if accepted != len(sold):
        raise SystemExit(f"only {accepted} of {len(sold)} events were accepted")
    return seconds, cpu_seconds


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
