"""AWS, Telegram and the PIX provider inside the process, at a constant cost: they know a few records and keep nothing.

So whatever memory a function gains over its invocations is its own. The function's clients are the real ones down to the
connection: requests are signed, written and read as on AWS.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import requests
import requests.adapters

from rastro.model import (
    BotId,
    BotProfile,
    ChatId,
    Funnel,
    FunnelBot,
    FunnelMode,
    Payment,
    PaymentId,
    PaymentStatus,
    Pixel,
    PixelId,
    Product,
    Slug,
)
from rastro.stores.aws_connections import Patience
from rastro.stores.items import bot_profile_item, funnel_item, payment_item
from rastro.stores.wire import Item, encode_item

BOT = FunnelBot(bot_id=BotId("7000000001"), username="rastro_demo_bot")
PROVIDER = "openpix"
WEBHOOK_SECRET = "the-secret-of-the-webhook"  # noqa: S105 - of the benchmark alone
PIX_SECRET = "the-secret-of-the-notices"  # noqa: S105 - of the benchmark alone
FUNNELS = tuple(
    Funnel(
        slug=Slug(slug),
        name="Curso de demonstração",
        mode=mode,
        bots=(BOT,),
        products=(Product(sku="curso", name="Curso", price_cents=4990, delivery_url="https://entrega.example.com/curso"),),
        pixels=(Pixel(pixel_id=PixelId("1000000000000001")),),
        provider=PROVIDER,
    )
    for slug, mode in (("demo", FunnelMode.DIRECT), ("demo-page", FunnelMode.PAGE))
)
SECRETS: Mapping[str, str] = {
    "signing-keys": json.dumps({"current": "YSBrZXkgb2YgdGhlIGJlbmNobWFyaywgbm8gb3RoZXI", "previous": None}),
    f"bots/{BOT.bot_id}/token": f"{BOT.bot_id}:a-token-of-the-benchmark",
    f"bots/{BOT.bot_id}/webhook-secret": WEBHOOK_SECRET,
    f"providers/{PROVIDER}/{BOT.bot_id}": json.dumps({"app_id": "app", "webhook_secret": PIX_SECRET}),
}
PAYMENT_PREFIX = "p"
"""Every payment of this prefix is known, and was charged a moment ago."""
_CREATED_AT_MS = 1_795_521_600_000
_FUNNEL_ITEMS: Mapping[str, Item] = {
    **{funnel.slug: funnel_item(funnel) for funnel in FUNNELS},
    f"bot#{BOT.bot_id}": {
        "slug": f"bot#{BOT.bot_id}",
        **bot_profile_item(BotProfile(bot_id=BOT.bot_id, username=BOT.username, slugs=tuple(funnel.slug for funnel in FUNNELS))),
    },
}
_MISSING_SECRET = b'{"__type": "ParameterNotFound"}'


def pending_payment(payment_id: str) -> Payment:
    """Return a payment that was charged and waits for its money."""
    return Payment(
        payment_id=PaymentId(payment_id),
        bot_id=BOT.bot_id,
        chat_id=ChatId("8" + "".join(filter(str.isdigit, payment_id))),
        slug=FUNNELS[0].slug,
        sku="curso",
        product_name="Curso",
        amount_cents=4990,
        provider=PROVIDER,
        status=PaymentStatus.PENDING,
        created_at_ms=_CREATED_AT_MS,
        updated_at_ms=_CREATED_AT_MS,
        version=1,
        charge_id=f"charge-{payment_id}",
    )


def _get_item(document: Mapping[str, Any]) -> dict[str, Any]:
    key = {name: next(iter(value.values())) for name, value in document["Key"].items()}
    item: Item | None = None
    if "slug" in key:
        item = _FUNNEL_ITEMS.get(key["slug"])
    elif str(key.get("payment_id", "")).startswith(PAYMENT_PREFIX):
        item = payment_item(pending_payment(key["payment_id"]))
    return {} if item is None else {"Item": encode_item(item)}


_ANSWERS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "GetItem": _get_item,
    "PutItem": lambda _document: {},
    "UpdateItem": lambda _document: {"Attributes": {}},
    "TransactWriteItems": lambda _document: {},
    "Query": lambda _document: {"Count": 0, "Items": [], "ScannedCount": 0},
    "SendMessage": lambda _document: {"MessageId": "1"},
}


class ConstantConnection:
    """A connection that answers by itself."""

    def __init__(self) -> None:
        """Start without a request."""
        self._answer: tuple[int, bytes] = (200, b"{}")

    def send(self, request: bytes) -> None:
        """Work the answer out."""
        head, _, body = request.partition(b"\r\n\r\n")
        operation = head.partition(b"x-amz-target: ")[2].partition(b"\r\n")[0].rpartition(b".")[2].decode()
        document = json.loads(body)
        if operation == "GetParameter":
            self._answer = _parameter(document["Name"])
        else:
            self._answer = (200, json.dumps(_ANSWERS[operation](document)).encode())

    def receive(self) -> tuple[int, bytes, bool]:
        """Return the answer; another request may follow."""
        return *self._answer, True

    def is_dropped(self) -> bool:
        """Stay open."""
        return False

    def close(self) -> None:
        """Have nothing to close."""


def _parameter(path: str) -> tuple[int, bytes]:
    name = path.split("/", 3)[3]
    if name not in SECRETS:
        return 400, _MISSING_SECRET
    return 200, json.dumps({"Parameter": {"Name": path, "Value": SECRETS[name]}}).encode()


def _connector(_url: str, _patience: Patience, *, ca_file: str | None = None) -> Callable[[], ConstantConnection]:  # noqa: ARG001 - the real one's
    return ConstantConnection


class _ConstantApis(requests.adapters.BaseAdapter):
    """Telegram, which takes everything, and a provider that makes every charge."""

    def send(self, request: requests.PreparedRequest, *_args: object, **_kwargs: object) -> requests.Response:
        response = requests.Response()
        response.status_code, response.request, response.url = 200, request, request.url or ""
        response._content = _TAKEN if "/bot" in response.url else _CHARGED  # noqa: SLF001 - as the adapters of requests do
        return response

    def close(self) -> None:
        pass


_TAKEN = b'{"ok": true, "result": true}'
_CHARGED = json.dumps(
    {"charge": {"identifier": "a-charge", "brCode": "00020101021226", "expiresDate": "2026-11-26T00:00:00.000Z"}}
).encode()


def install() -> None:
    """Put the counterparts in the place of the network; before a function is wired."""
    setattr(import_module("rastro.stores.aws"), "connector", _connector)  # noqa: B010 - the real one opens sockets
    constant = _ConstantApis()
    setattr(requests.Session, "get_adapter", lambda _session, url: constant)  # noqa: ARG005, B010 - as above
