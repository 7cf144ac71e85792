"""A whole deployment in memory, with the real handlers, clients and dialects, and everything that it emits kept by its kind."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import requests
from requests.adapters import BaseAdapter

from functions.redirect import app as redirect
from functions.redirect.settings import Settings as RedirectSettings
from functions.telegram_webhook import app as telegram_webhook
from functions.telegram_webhook.app import SECRET_HEADER
from rastro.errors import StoreUnavailable
from rastro.gateway import HttpRequest, HttpResponse
from rastro.meta.bookkeeping import Books
from rastro.meta.client import GraphClient
from rastro.meta.delivery import Delivery, QueueMessage
from rastro.observability import logger, observed
from rastro.pix.onboarding import onboarding
from rastro.sales.outbox import Kind, Outbox
from rastro.stores.images import Change
from rastro.stores.items import bot_user_item, click_item, ledger_item, payment_item
from rastro.stores.messages import event_message, lost_click_message
from rastro.stores.wire import Item
from rastro.telegram.client import TelegramClient
from rastro.tracking.signing import KeyRing, SigningKeys
from tests.contracts.providers import Market
from tests.fakes.stores import InMemorySecrets
from tests.fakes.world import BASE_URL, BOT, FUNNEL, SLUG, RecordingBot
from tests.security.doors import ENVIRONMENT
from tests.security.known import PEOPLE, SECRETS

TABLES = {"click": Kind.CLICK, "bot_user": Kind.BOT_USER, "payment": Kind.PAYMENT, "event": Kind.LEDGER}


class Body(io.BytesIO):
    """The body of an answer, read as urllib3 has it read."""

    def read1(self, size: int | None = -1, /, *, decode_content: bool = False) -> bytes:
        return super().read1(size)


class Counterpart(BaseAdapter):
    """Telegram or Meta in place of a network, with what it answers; every address that is called is kept."""

    def __init__(self, answer: Mapping[str, Any], status: int = 200) -> None:
        super().__init__()
        self.status, self.answer = status, answer
        self.broken = False
        self.urls: list[str] = []

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        self.urls.append(request.url or "")
        if self.broken:
            raise requests.ConnectionError(f"no way to {request.url} with {request.headers} and {request.body!r}")
        response = requests.Response()
        response.status_code = self.status
        taken = len(json.loads(request.body or b"{}")["data"]) if "/events" in (request.url or "") else None
        response.raw = Body(json.dumps({"events_received": taken, **self.answer}).encode())
        return response

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class Emitted:
    """What left the functions, by where it went."""

    logs: io.StringIO = field(default_factory=io.StringIO)
    queue: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    """The bodies and headers of answers to requests."""


@contextmanager
def logged_to(stream: io.StringIO) -> Iterator[None]:
    """Write every line that the functions log to a stream too, as Lambda would have it."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logger.registered_formatter)
    logger.addHandler(handler)
    level = logger.log_level
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.setLevel(level)
        logger._logger.removeHandler(handler)


class Deployment:
    """Every function over one market, told apart from any other by its secrets and its one person."""

    def __init__(self, provider: str) -> None:
        self.market = Market(provider)
        self.emitted = Emitted()
        world = self.world = self.market.world
        self.secrets = InMemorySecrets(
            **{
                "signing-keys": json.dumps({"current": SECRETS["signing key"], "previous": None}),
                f"bots/{BOT}/token": SECRETS["bot token"],
                f"bots/{BOT}/webhook-secret": SECRETS["webhook secret"],
                **{f"pixels/{pixel.pixel_id}/token": SECRETS["pixel token"] for pixel in FUNNEL.pixels},
            }
        )
        self.keys = KeyRing(self.secrets)
        world.keys = SigningKeys.from_secret(self.secrets.secrets["signing-keys"])
        credentials = self.market.accounts[BOT].credentials
        secret = {field.name for field in onboarding(provider).fields if field.secret}
        for name in secret & set(credentials):
            cast("dict[str, str]", credentials)[name] = f"{SECRETS['provider credential']}-{name}"
        self.market.set_secret(credentials)
        self.telegram = Counterpart({"ok": True, "result": {"invite_link": "https://t.me/+abc"}})
        self.graph = Counterpart({"fbtrace_id": "A1"})
        session = requests.Session()
        session.mount("https://api.telegram.org", self.telegram)
        session.mount("https://graph.facebook.com", self.graph)
        world.bot = cast("RecordingBot", TelegramClient(session, token=SECRETS["bot token"], sleep=lambda _seconds: None))
        graph = GraphClient(session, tokens=lambda pixel: self.secrets.get(f"pixels/{pixel}/token"), seconds=lambda: 0.0)
        clock = lambda: world.now_ms  # noqa: E731 - read where it stands
        books = Books(ledger=world.ledger, payments=world.payments, now_ms=clock)
        self.delivery = Delivery(graph=graph, books=books, clicks=world.clicks, jitter=lambda: 0.5)
        self.outbox = Outbox(kinds=TABLES, funnels=world.funnels, clicks=world.clicks, queue=world.queue, now_ms=clock)
        self._images: dict[tuple[str, str], Item] = {}
        self._updates = 0

    def get(self, path: str, query: str = "", *, method: str = "GET", body: str = "") -> HttpResponse:
        """Ask the redirect, as the person's browser does."""
        wired = redirect.Dependencies(settings=RedirectSettings.from_environment(ENVIRONMENT), redirect=self.world.redirect)
        event = {
            "rawPath": path,
            "rawQueryString": query,
            "headers": {"user-agent": PEOPLE["user agent"], "referer": f"https://l.instagram.com/?fbclid={PEOPLE['fbclid']}"},
            "cookies": [f"rastro_vid={PEOPLE['visitor id']}", f"_fbp={PEOPLE['fbp']}"],
            "pathParameters": {"slug": SLUG},
            "requestContext": {"domainName": "go.example.com", "http": {"method": method, "sourceIp": PEOPLE["IP address"]}},
            "body": body,
        }
        return self._observed(lambda request: redirect.handle(wired, request), event)

    def chat(self, text: str = "", *, press: str = "", secret: str = SECRETS["webhook secret"]) -> HttpResponse:
        """Say or press something in the chat."""
        self._updates += 1
        chat_id = int(PEOPLE["chat id"])
        person = {"id": chat_id, "is_bot": False, "first_name": PEOPLE["first name"], "username": PEOPLE["username"]}
        message = {"message_id": 1, "from": person, "chat": {"id": chat_id, "type": "private"}, "date": 1, "text": text}
        query = {"id": "1", "from": person, "data": press, "message": message}
        update = {"update_id": self._updates} | ({"callback_query": query} if press else {"message": message})
        wired = telegram_webhook.Dependencies(public_url=BASE_URL, secrets=self.secrets, queue=self.world.turns)
        event = {
            "pathParameters": {"bot_id": BOT},
            "headers": {SECRET_HEADER: secret},
            "requestContext": {"domainName": "go.example.com", "http": {"method": "POST"}},
            "body": json.dumps(update),
        }
        return self._observed(lambda request: telegram_webhook.handle(wired, request), event)

    def pays(self, *, proof: bool = True) -> None:
        """Have the person pay, and the provider tell it."""
        self.market.later()
        self.market.book.pay(self.market.charge, amount_cents=None, payer_name=PEOPLE["payer name"])
        for notice in self.market.dialect.paid(self.market.charge):
            request = self.market.request(notice)
            headers = request.headers if proof else {}
            query = request.raw_query if proof else ""
            self._observed(self.market.handle, {**request.event, "headers": headers, "rawQueryString": query})

    def stream(self) -> None:
        """Let the streams bring every change to the outbox, and the queue every message to the sender."""
        world = self.world
        records = [
            *(("click", click_item(each)) for each in world.clicks.clicks.values()),
            *(("bot_user", bot_user_item(each)) for each in world.bot_users.bot_users.values()),
            *(("payment", payment_item(each)) for each in world.payments.payments.values()),
            *(("event", ledger_item(row)) for row in world.ledger.rows.values()),
        ]
        changes: list[Change] = []
        for number, (table, item) in enumerate(records):
            name = str(item.get("tracking_token" if table == "click" else "chat_id" if table == "bot_user" else "event_id"))
            key = (table, item["payment_id"] if table == "payment" else f"{name}{item.get('pixel_id')}")
            if self._images.get(key) != item:
                changes.append(Change(table=table, sequence_number=str(number), old=self._images.get(key), new=item))
            self._images[key] = item
        self.outbox.relay(changes)
        messages = [event_message(event) for event in world.queue.events]
        messages += [lost_click_message(click) for click in world.queue.lost_clicks]
        self.emitted.queue += messages
        world.queue.events.clear()
        world.queue.lost_clicks.clear()
        self.deliver(messages)

    def deliver(self, messages: Sequence[str]) -> None:
        """Hand messages to the sender."""
        queue = [QueueMessage(message_id=str(number), body=body) for number, body in enumerate(messages)]
        self.delivery.deliver(queue, lambda: True)

    def journey(self) -> None:
        """Play a sale from the ad to Meta, with a word in between that is none of ours."""
        with logged_to(self.emitted.logs):
            location = self.get(f"/go/{SLUG}", f"utm_campaign=natal&fbclid={PEOPLE['fbclid']}").headers.get("location", "")
            token = location.partition("start=")[2]
            self.get(f"/go/{SLUG}/seen", method="POST", body=json.dumps({"n": token, "fbp": PEOPLE["fbp"]}))
            self.get(f"/go/{SLUG}/status", f"n={token}")
            self.chat(f"/start {token}")
            self.chat(PEOPLE["chat text"])
            self.stream()
            self.chat(press="buy:curso")
            self.stream()
            if self.market.book.all():
                self.pays(proof=False)
                self.pays()
                self.chat(press=f"paid:{self.market.charge.payment_id}")
            self.stream()
            self._reconcile()
            self.world.now_ms += 3_600_000
            self._reconcile()
            self.stream()

    def _reconcile(self) -> None:
        try:
            self.world.reconciler.run(lambda: True)
        except StoreUnavailable:
            logger.exception("reconciler_store_unavailable")  # as the function does

    def _observed(self, handle: Any, event: dict[str, Any]) -> HttpResponse:
        answers: list[HttpResponse] = []

        def handler(given: dict[str, Any], _context: object) -> dict[str, Any]:
            answers.append(handle(HttpRequest(given)))
            return answers[-1].to_event()

        observed(handler)(event, None)
        answer = answers[-1]
        self.emitted.answers.append(f"{dict(answer.headers)} {answer.body}")
        return answer
