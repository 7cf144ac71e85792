"""One provider's market in memory: our webhook and shop on one side, the lab's dialect on the other, no socket between them."""

from __future__ import annotations

import base64
import hashlib
import importlib
import importlib.util
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from threading import RLock
from typing import Any, cast
from urllib.parse import parse_qsl, unquote, urlsplit

import requests
from requests.adapters import BaseAdapter

from functions.payment_webhook import app as payment_webhook
from functions.payment_webhook.app import Dependencies
from lab.pix.book import Charge, ChargeBook
from lab.pix.dialect import Dialect, Outgoing, PixCounterpart, Speaker, Surroundings
from lab.pix.notices import callback_url
from lab.pix.registry import SPEAKERS
from lab.state import Account, Config, State
from lab.wire import Call
from rastro.gateway import HttpRequest, HttpResponse
from rastro.model import BotId, LedgerRow, Payment, PaymentId, PaymentStatus
from rastro.pix.accounts import PixAccounts
from rastro.pix.provider import PROVIDERS, CallbackRequest, ChargeReference, Notice, PixProvider
from rastro.sales.enquire import Enquirer
from stack.seed import NOT_RANDOM
from tests.fakes.stores import InMemorySecrets
from tests.fakes.world import BASE_URL, BOT, FUNNEL, SimpleProvider, World

DATA = Path(__file__).parents[1] / "data"
LAB_URL = "http://lab.invalid"
OTHER_BOT = BotId("7000000002")
SOMEWHERE = "127.0.0.1"

_SPEAKERS: Mapping[str, Speaker] = {speaker.provider: speaker for speaker in SPEAKERS}


def providers() -> list[str]:
    """Return the providers that can be played: the product has the module, the lab speaks the dialect."""
    return [name for name, module in PROVIDERS.items() if name in _SPEAKERS and importlib.util.find_spec(module)]


def samples(name: str) -> Mapping[str, bytes]:
    """Return the bodies of a provider's real notices, by the names of their files."""
    found = {}
    for path in sorted((DATA / name).glob("webhook_*.json")):
        sample = json.loads(path.read_text(encoding="utf-8"))
        sample = sample.get("sample", sample)
        body = sample.get("raw_body", sample.get("request", {}).get("body", sample))
        found[path.stem] = body.encode() if isinstance(body, str) else json.dumps(body, ensure_ascii=False).encode()
    return found


class LabAdapter(BaseAdapter):
    """A provider's API in place of a network: prepared requests become the lab's calls, its answers responses."""

    def __init__(self, counterpart: PixCounterpart, provider: str) -> None:
        super().__init__()
        self._counterpart = counterpart
        self._prefix = f"/{provider}/"
        self._lock = RLock()
        self.fault: int | None = None
        """The status that it answers everything with; 0: the connection breaks."""
        self.spoil: Callable[[bytes], bytes] = lambda content: content
        """What becomes of an answer on its way."""
        self.calls: list[Call] = []

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        with self._lock:
            call = self._call(request)
            self.calls.append(call)
            if self.fault == 0:
                raise requests.ConnectionError("switched off by the test")
            response = requests.Response()
            response.request, response.url = request, request.url or ""
            if self.fault is not None:
                response.status_code, response._content = self.fault, b"<html>Bad Gateway</html>"
                return response
            answer = self._counterpart.work(call)
            response.status_code, response._content = answer.status, self.spoil(json.dumps(answer.body).encode())
            return response

    def close(self) -> None:
        """Nothing is open."""

    def _call(self, request: requests.PreparedRequest) -> Call:
        parts = urlsplit(request.url or "")
        assert parts.path.startswith(self._prefix), f"{parts.path} is not the lab's"
        headers = {name.lower(): value for name, value in request.headers.items()}
        fields, unreadable = _fields(request.body or b"", headers.get("content-type", ""))
        return Call(
            method=request.method or "",
            path=unquote(parts.path.removeprefix(self._prefix)),
            headers=headers,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            fields=fields,
            unreadable=unreadable,
        )


def _fields(body: str | bytes, kind: str) -> tuple[Mapping[str, Any], str]:
    raw = body.encode() if isinstance(body, str) else body
    if kind.startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(raw.decode(), keep_blank_values=True)), ""
    if not raw:
        return {}, ""
    try:
        document = json.loads(raw)
    except ValueError:
        return {}, "the body is not JSON"
    return (document, "") if isinstance(document, dict) else ({}, "the body is not a JSON object")


def sessions(account: object) -> Iterator[requests.Session]:
    """Yield the sessions that an account's calls go through, wherever in it they are kept."""
    for value in vars(account).values():
        if isinstance(value, requests.Session):
            yield value
        elif type(value).__module__.startswith("rastro.pix") and hasattr(value, "__dict__"):
            yield from sessions(value)


@dataclass
class _Unsent:
    """What the lab would send of its own accord, kept for the test to deliver."""

    outgoing: list[Outgoing] = field(default_factory=list)

    def start(self, charge: Charge, outgoing: Outgoing) -> object:
        self.outgoing.append(outgoing)
        return None


class Market:
    """A bot that sells through one account of a provider, and the lab as that provider."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.speaker = _SPEAKERS[name]
        self.world = World(replace(FUNNEL, provider=name))
        numbers = count(1)
        new_id = lambda: hashlib.sha256(str(next(numbers)).encode()).hexdigest()[:32]  # noqa: E731 - read where it stands
        clock = lambda: self.world.now_ms  # noqa: E731
        self.accounts = {bot_id: self._account_at(bot_id) for bot_id in (BOT, OTHER_BOT)}
        state = State(config=Config(api=BASE_URL, accounts=tuple(self.accounts.values())))
        self.book = ChargeBook(now_ms=clock, new_id=new_id)
        self.unsent = _Unsent()
        self.dialect: Dialect = self.speaker.speak(
            Surroundings(state=state, book=self.book, notifier=self.unsent, now_ms=clock, new_id=new_id, lab_url=lambda: LAB_URL)
        )
        self.api = LabAdapter(PixCounterpart(name, self.dialect, now_ms=clock, requests=[]), name)
        self.secrets = InMemorySecrets()
        for bot_id, account in self.accounts.items():
            self.set_secret(account.credentials, bot_id)
        self._opened = PixAccounts(self.secrets, clock)
        self._opening = RLock()
        self._mounted: dict[int, PixProvider] = {}
        self.world.provider = cast("SimpleProvider", _Opened(self.account))
        self.enquirer = Enquirer(providers=self.account, settler=self.world.settler)

    def _account_at(self, bot_id: BotId) -> Account:
        fixed = NOT_RANDOM.get(self.name, {})
        credentials = {name: fixed.get(name, f"{name}.{bot_id}@example.com") for name in self.speaker.credentials}
        return Account(provider=self.name, bot_id=bot_id, credentials=credentials)

    def set_secret(self, credentials: Mapping[str, str], bot_id: BotId = BOT) -> None:
        """Store a bot's credentials as the product reads them."""
        document = dict(credentials) | {"api_url": f"{LAB_URL}/{self.name}"}
        self.secrets.secrets[f"providers/{self.name}/{bot_id}"] = json.dumps(document)

    def account(self, name: str = "", bot_id: BotId = BOT) -> PixProvider:
        """Open a bot's account, with the lab where its network would be."""
        with self._opening:
            account = self._opened(name or self.name, bot_id)
            if id(account) not in self._mounted:
                found = list(sessions(account))
                assert found, "the account keeps no session: its calls would reach for a network"
                for session in found:
                    session.mount(LAB_URL, self.api)
                self._mounted[id(account)] = account
            return account

    def buy(self) -> Payment:
        """Have the buyer ask for a charge."""
        self.world.start(self.world.click().tracking_token)
        return self.world.buy()

    @property
    def charge(self) -> Charge:
        """Return the lab's side of the last charge."""
        return self.book.all()[-1]

    @property
    def payment(self) -> Payment:
        """Return our side of the last charge, as it is by now."""
        return max(self.world.payments.payments.values(), key=lambda payment: payment.created_at_ms)

    @property
    def purchases(self) -> list[LedgerRow]:
        """Return the Purchases that will be or were sent to Meta."""
        return list(self.world.ledger.rows.values())

    def later(self, seconds: float = 30) -> None:
        """Let time pass."""
        self.world.now_ms += round(seconds * 1000)

    def pays(self, amount_cents: int | None = None) -> Sequence[Outgoing]:
        """Have the buyer pay and return what the provider says of it."""
        self.later()
        self.book.pay(self.charge, amount_cents=amount_cents, payer_name="Ana da Silva")
        return self.dialect.paid(self.charge)

    def claims_paid(self, **changed: Any) -> Sequence[Outgoing]:
        """Return what the provider would say of a payment that it does not know of: the charge stays open."""
        claimed: dict[str, Any] = {
            "status": "paid",
            "paid_at_ms": self.world.now_ms,
            "updated_at_ms": self.world.now_ms,
            "paid_amount_cents": self.charge.amount_cents,
            "end_to_end_id": self.book.end_to_end_id("E"),
        }
        return self.dialect.paid(replace(self.charge, **(claimed | changed)))

    def expires(self) -> Sequence[Outgoing]:
        """Let the charge's time pass and return what the provider says of it, which may be nothing."""
        self.world.now_ms = max(self.charge.expires_at_ms, self.payment.charge_expires_at_ms or 0) + 1000
        self.book.expire(self.charge)
        return self.dialect.expired(self.charge)

    def refunds(self, amount_cents: int, refund_id: str = "") -> Sequence[Outgoing]:
        """Give money back at the provider and return what it says of it."""
        self.later()
        refund = self.book.refund(self.charge, refund_id=refund_id or f"r{len(self.charge.refunds)}", amount_cents=amount_cents)
        return self.dialect.refunded(self.charge, refund)

    def disputes(self) -> Sequence[Outgoing]:
        """Have the payer's bank ask for the money back and return what the provider says of it, which may be nothing."""
        self.later()
        self.book.dispute(self.charge)
        return self.dialect.disputed(self.charge)

    def reconcile(self) -> None:
        """Run the reconciler as long as anything is due."""
        assert self.world.reconciler.run(lambda: True).complete

    def signed_by(self, account: Account, say: Callable[[Charge], Sequence[Outgoing]]) -> Sequence[Outgoing]:
        """Return what the lab would say of the charge to another account, or with other credentials."""
        return say(replace(self.charge, account=account))

    def sealed(self, body: bytes, like: Outgoing, account: Account | None = None) -> Outgoing:
        """Return another body with the authenticity of a notice."""
        if self.speaker.seal is None:
            return replace(like, body=body)
        return replace(like, body=body, headers={**like.headers, **self.speaker.seal(account or self.accounts[BOT], body)})

    def request(self, outgoing: Outgoing, *, as_base64: bool = False, **changed: Any) -> HttpRequest:
        """Return a notice as API Gateway hands it over; ``changed`` replaces fields of the event."""
        parts = urlsplit(callback_url(BASE_URL, self.charge, outgoing))
        _, _, provider, bot_id, *_ = parts.path.split("/")
        source_ip = getattr(importlib.import_module(PROVIDERS[self.name]), "SOURCE_IPS", SOMEWHERE)
        event = {
            "version": "2.0",
            "rawPath": parts.path,
            "rawQueryString": parts.query,
            "headers": {"content-type": "application/json"} | {name.lower(): value for name, value in outgoing.headers.items()},
            "pathParameters": {"provider": provider, "bot_id": bot_id},
            "requestContext": {
                "domainName": "go.example.com",
                "http": {"method": "POST", "path": parts.path, "sourceIp": source_ip},
            },
            "isBase64Encoded": as_base64,
            "body": base64.b64encode(outgoing.body).decode() if as_base64 else outgoing.body.decode("utf-8", "surrogateescape"),
        }
        return HttpRequest(event | changed)

    def deliver(self, outgoing: Outgoing, *, as_base64: bool = False, **changed: Any) -> int:
        """Post a notice to our webhook and return the status of its answer."""
        return self.handle(self.request(outgoing, as_base64=as_base64, **changed)).status

    def deliver_all(self, outgoing: Sequence[Outgoing]) -> list[int]:
        """Post notices one after the other."""
        return [self.deliver(one) for one in outgoing]

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer a request as the deployed function does."""
        return payment_webhook.handle(Dependencies(provider=self.account, enquirer=self.enquirer), request)

    def notices(self, outgoing: Outgoing) -> Sequence[Notice]:
        """Return what our module reads in a notice."""
        request = self.request(outgoing)
        return self.account().parse_notices(
            CallbackRequest(body=request.body(), headers=request.headers, raw_query=request.raw_query, source_ip=SOMEWHERE)
        )

    @property
    def reference(self) -> ChargeReference:
        """Return the charge by every name that we know of it."""
        payment = self.payment
        return ChargeReference(payment_id=payment.payment_id, charge_id=payment.charge_id, end_to_end_id=payment.end_to_end_id)

    def records(self) -> tuple[Mapping[PaymentId, Payment], Mapping[str, LedgerRow], int, Mapping[str, object]]:
        """Return everything that a notice can change."""
        world = self.world
        return dict(world.payments.payments), dict(world.ledger.rows), len(world.bot.said), dict(world.inbox.kept)

    def is_unpaid(self) -> bool:
        """Say whether nothing was sold: no payment paid, no Purchase, no delivery."""
        sold = (PaymentStatus.PAID, PaymentStatus.REFUNDED)
        payments = self.world.payments.payments.values()
        return not self.purchases and not any(payment.status in sold for payment in payments)


class _Opened:
    """The account as it is opened at each use, in the place of the world's provider."""

    def __init__(self, account: Callable[[], PixProvider]) -> None:
        self._account = account

    def __getattr__(self, name: str) -> Any:
        return getattr(self._account(), name)
