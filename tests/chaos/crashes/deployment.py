"""The functions as Lambda runs them, in containers that die: HTTP handlers, stream and queue consumers, the schedule."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from functions.payment_webhook import app as payment_webhook
from functions.redirect import app as redirect
from functions.redirect.settings import Settings
from functions.telegram_webhook import app as telegram_webhook
from rastro.gateway import HttpRequest, HttpResponse
from rastro.meta.bookkeeping import Books
from rastro.meta.delivery import Delivery, QueueMessage
from rastro.meta.parking import resume_pixel
from rastro.observability import metrics
from rastro.sales.bots import BotWatch
from rastro.sales.charge import Cashier
from rastro.sales.deliver import Courier
from rastro.sales.enquire import Enquirer
from rastro.sales.outbox import Kind, Outbox
from rastro.sales.people import People
from rastro.sales.reconcile import Reconciler
from rastro.sales.settle import Settler
from rastro.sales.shop import Shop
from rastro.sales.turns import Queue
from rastro.stores.clicks_tiered import TieredClickStore
from rastro.stores.funnels import CachedFunnelStore
from rastro.stores.images import Change
from rastro.stores.ports import FunnelStore, LedgerStore, Secrets
from rastro.stores.queue import SqsEventQueue
from rastro.stores.visibility import SqsVisibility
from rastro.tracking.linking import Linker
from rastro.tracking.passage import Redirect
from rastro.tracking.recognition import Recognition
from rastro.tracking.signing import SigningKeys
from tests.campaign.queue import Received
from tests.chaos.crashes.counterparts import Bank, Chats, Meta, SqsClient, handle
from tests.chaos.crashes.effects import Lifeline, mortal, mortal_click_record
from tests.chaos.crashes.fate import Fate, Killed
from tests.chaos.crashes.records import Records, Stream
from tests.fakes.stores import InMemorySecrets
from tests.fakes.world import BASE_URL, BOT, IPHONE, Dice

T = TypeVar("T")

FUNCTIONS = ("redirect", "telegram_webhook", "payment_webhook", "outbox", "capi_sender", "reconciler", "operator")
"""Who can die: the deployed functions, and an operator's command."""
REPAIR_WINDOW_MS = 900_000
WEBHOOK_SECRET = "telegram-secret"
QUEUE_URL = "https://sqs.invalid/queue"
_SETTINGS = Settings.from_environment(
    {
        "SECRETS_PREFIX": "/rastro/test",
        "CLICK_TABLE": Kind.CLICK.value,
        "BOT_USER_TABLE": Kind.BOT_USER.value,
        "FUNNEL_TABLE": "funnel",
        "CAPI_QUEUE_URL": QUEUE_URL,
        "PUBLIC_URL": BASE_URL,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is outside of the containers."""

    records: Records
    bank: Bank
    chats: Chats
    meta: Meta
    sqs: SqsClient
    now_ms: Callable[[], int]
    sleep: Callable[[float], None]


class Container:
    """A function's process: its objects, its memory, and the lifeline that they all hang on."""

    def __init__(self, around: Surroundings, fate: Fate, dice: Dice) -> None:
        """Wire every part, as the functions' ``dependencies()`` do."""
        self.life = life = Lifeline(fate)
        records, now_ms = around.records, around.now_ms
        click_table = mortal_click_record(records.clicks, life)
        clicks = TieredClickStore(mortal("cache", records.cache, life), click_table, on_cache_error=lambda _fault: None)
        funnels: FunnelStore = CachedFunnelStore(mortal("funnels", records.funnels, life), now_ms)
        bot_users = mortal("bot_users", records.bot_users, life)
        payments = mortal("payments", records.payments, life)
        self.ledger: LedgerStore = mortal("ledger", records.ledger, life)
        inbox = mortal("inbox", records.inbox, life)
        bot = mortal("telegram", around.chats, life)
        bank = mortal("provider", around.bank, life)
        sqs = mortal("sqs", around.sqs, life)
        queue = SqsEventQueue(lambda: sqs, QUEUE_URL)  # type: ignore[arg-type,return-value] # its three calls
        keys = SigningKeys(b"k" * 32)
        linker = Linker(clicks=clicks, funnels=funnels, keys=lambda: keys, attribution_window_days=7)
        people = People(bot_users=bot_users, funnels=funnels, linker=linker, now_ms=now_ms)
        courier = Courier(payments=payments, funnels=funnels, bots=lambda _bot_id: bot, now_ms=now_ms)
        settler = Settler(
            payments=payments,
            bot_users=bot_users,
            funnels=funnels,
            linker=linker,
            courier=courier,
            inbox=inbox,
            same_account=lambda _name, one, other: one == other,
            repair_window_ms=REPAIR_WINDOW_MS,
            now_ms=now_ms,
        )
        enquirer = Enquirer(providers=lambda _name, _bot_id: bank, settler=settler)
        cashier = Cashier(people=people, payments=payments, providers=lambda _name, _bot_id: bank, randomness=dice, now_ms=now_ms)
        shop = Shop(
            people=people,
            funnels=funnels,
            cashier=cashier,
            payments=payments,
            enquirer=enquirer,
            courier=courier,
            bots=lambda _bot_id: bot,
            keys=lambda: keys,
            now_ms=now_ms,
        )
        secret_store: Secrets = InMemorySecrets(**{f"bots/{BOT}/webhook-secret": WEBHOOK_SECRET})
        self.redirect = redirect.Dependencies(
            settings=_SETTINGS,
            redirect=Redirect(
                funnels=funnels,
                clicks=clicks,
                queue=queue,
                recognition=Recognition(bot_users=bot_users, funnels=funnels, linker=linker),
                keys=lambda: keys,
                randomness=dice,
                now_ms=now_ms,
            ),
        )
        self.telegram = telegram_webhook.Dependencies(
            public_url=BASE_URL,
            secrets=secret_store,
            queue=Queue(shop=shop, inbox=inbox, now_ms=now_ms, sleep=around.sleep),
        )
        self.payment = payment_webhook.Dependencies(provider=lambda _name, _bot_id: bank, enquirer=enquirer)
        self.outbox = Outbox(
            kinds={kind.value: kind for kind in Kind}, funnels=funnels, clicks=click_table, queue=queue, now_ms=now_ms
        )
        self.delivery = Delivery(
            graph=mortal("graph", around.meta, life),
            books=Books(ledger=self.ledger, payments=payments, now_ms=now_ms),
            clicks=click_table,
            jitter=lambda: 0.5,
        )
        self.visibility = SqsVisibility(lambda: sqs, QUEUE_URL)  # type: ignore[arg-type,return-value]
        self.reconciler = Reconciler(
            payments=payments, ledger=self.ledger, settler=settler, enquirer=enquirer, courier=courier, now_ms=now_ms
        )
        self.watch = BotWatch(funnels=funnels, bots=lambda _bot_id: bot, now_ms=now_ms)


class Deployment:
    """The functions; each returns ``None`` where its run died."""

    def __init__(self, around: Surroundings, fate: Fate) -> None:
        """Take what they work on, and what befalls them."""
        self._around = around
        self._fate = fate
        self._dice = Dice()
        self._idle: dict[str, list[Container]] = {}

    def visit(self, path: str, *, query: str = "", cookies: Sequence[str] = (), body: bytes | None = None) -> HttpResponse | None:
        """Have a browser ask for ``/go/{slug}`` or what lies below it."""
        slug = path.split("/")[2]
        request = _request("GET" if body is None else "POST", path, {"slug": slug}, query=query, body=body, cookies=list(cookies))
        return self._run("redirect", lambda at: redirect.handle(at.redirect, request))

    def update(self, document: Mapping[str, Any]) -> HttpResponse | None:
        """Have Telegram send an update."""
        headers = {telegram_webhook.SECRET_HEADER: WEBHOOK_SECRET}
        body = json.dumps(document).encode()
        request = _request("POST", f"/telegram/{BOT}", {"bot_id": BOT}, body=body, headers=headers)
        return self._run("telegram_webhook", lambda at: telegram_webhook.handle(at.telegram, request))

    def notice(self, document: Mapping[str, Any]) -> HttpResponse | None:
        """Have the provider send a notice."""
        parameters = {"provider": "openpix", "bot_id": BOT}
        request = _request("POST", f"/pix/openpix/{BOT}", parameters, body=json.dumps(document).encode())
        return self._run("payment_webhook", lambda at: payment_webhook.handle(at.payment, request))

    def relay(self, stream: Stream, changes: Sequence[Change]) -> bool:
        """Have a stream give changes to the outbox, and say whether all are dealt with; those before the first failed are."""
        relayed = self._run("outbox", lambda at: at.outbox.relay(changes))
        if relayed is None:
            return False
        dealt_with = len(changes) if relayed.first_failed is None else relayed.first_failed
        start = int(changes[0].sequence_number) if changes else stream.checkpoint
        stream.checkpoint = max(stream.checkpoint, start + dealt_with)
        return relayed.first_failed is None

    def deliver(self, batch: Sequence[Received]) -> None:
        """Have the queue give messages to the sender; what is dealt with is deleted."""
        messages = [QueueMessage(message_id=each.message_id, body=each.body, receive_count=each.receive_count) for each in batch]
        sqs = self._around.sqs

        def work(at: Container) -> set[str]:
            again = at.delivery.deliver(messages, lambda: True).again_after_seconds
            waits = {handle(each): wait for each in batch if (wait := again.get(each.message_id)) is not None}
            at.visibility.postpone(waits)
            return set(again)

        again = self._run("capi_sender", work)
        if again is not None:
            for each in batch:
                if each.message_id not in again:
                    sqs.queue.delete(each.receipt)

    def reconcile(self) -> None:
        """Have the schedule run the reconciler."""

        def work(at: Container) -> bool:
            at.reconciler.run(lambda: True)
            at.watch.look(lambda: True)
            return True

        self._run("reconciler", work)

    def resume(self) -> bool:
        """Have an operator resume every pixel, and say whether the command came to its end."""

        def work(at: Container) -> bool:
            pixels = {row.event.pixel_id for row in self._around.records.ledger.rows.values()}
            for pixel_id in sorted(pixels):
                resume_pixel(at.ledger, pixel_id, self._around.now_ms)
            return True

        return self._run("operator", work) is not None

    def _run(self, function: str, work: Callable[[Container], T]) -> T | None:
        idle = self._idle.setdefault(function, [])
        container = idle.pop() if idle else Container(self._around, self._fate, self._dice)
        container.life.run = self._fate.begin(function, lambda: self._run(function, work))
        try:
            result = work(container)
        except Killed:
            return None
        finally:
            metrics.clear_metrics()
        idle.append(container)
        return result


def _request(method: str, path: str, parameters: Mapping[str, str], **more: Any) -> HttpRequest:
    headers = {"user-agent": IPHONE} | more.get("headers", {})
    event: dict[str, Any] = {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": more.get("query", ""),
        "headers": headers,
        "cookies": more.get("cookies", []),
        "pathParameters": parameters,
        "requestContext": {"domainName": "go.example.com", "http": {"method": method, "path": path, "sourceIp": "177.10.20.30"}},
    }
    if more.get("body") is not None:
        event |= {"isBase64Encoded": True, "body": base64.b64encode(more["body"]).decode()}
    return HttpRequest(event)
