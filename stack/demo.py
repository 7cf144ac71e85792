"""One buyer who comes from an ad and one who enters the bot directly, played over real HTTP on a running local stack."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit

import boto3
import requests
from rich.console import Console
from rich.table import Table

PATIENCE_SECONDS = 60
POLL_SECONDS = 0.25
HTTP_TIMEOUT_SECONDS = 60
INSTAGRAM = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
    "Instagram 335.0.4.28.88 (iPhone14,5; iOS 18_5; pt_BR; pt; scale=3.00; 1170x2532; 613420938)"
)
PUBLIC_ADDRESS = "177.10.20.30"
AD = {
    "utm_source": "facebook",
    "utm_medium": "cpc",
    "utm_campaign": "lancamento-natal",
    "utm_content": "video-1",
    "campaign_code": "NATAL26",
}
T = TypeVar("T")
SALE_FIELDS = ("tracking_token", "utm_source", "utm_campaign", "campaign_code", "pageview_event_id")


class DemoFailed(RuntimeError):
    """Say which hop did not happen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """What is known of a buyer at the end."""

    name: str
    chat_id: int
    payment_id: str
    fbclid: str | None


class Demo:
    """Plays the journey on the stack that a stack file describes."""

    def __init__(self, stack: Mapping[str, Any], console: Console) -> None:
        """Take the content of the stack file and where to print."""
        self._stack = stack
        self._console = console
        self._http = requests.Session()
        self._started_at = time.monotonic()
        aws = stack["aws"]
        self._dynamodb = boto3.resource(
            "dynamodb",
            endpoint_url=aws["endpoint_url"],
            region_name=aws["region"],
            aws_access_key_id=aws["access_key_id"],
            aws_secret_access_key=aws["secret_access_key"],
        )

    def play(self) -> bool:
        """Play both buyers, print each hop and the outcome; say whether the ad's Purchase arrived with fbc and campaign."""
        ana = self._buyer_from_ad()
        bruno = self._buyer_without_ad()
        purchases = {buyer.payment_id: self._purchase(buyer) for buyer in (ana, bruno)}
        self._console.print(self._counts())
        self._console.print(self._sale_table((ana, bruno)))
        self._console.print(_purchase_table(purchases, (ana, bruno)))
        return _is_attributed(purchases[ana.payment_id], ana)

    def _buyer_from_ad(self) -> Buyer:
        self._console.rule("[bold]Ana comes from an ad")
        demo = self._stack["demo"]
        fbclid = "IwZXh0bgNhZW0" + secrets.token_urlsafe(48)
        url = f"{self._stack['api']}/go/{demo['slug']}?{urlencode(AD | {'fbclid': fbclid})}"
        headers = {"User-Agent": INSTAGRAM, "X-Forwarded-For": PUBLIC_ADDRESS}
        answer = self._http.get(url, headers=headers, allow_redirects=False, timeout=HTTP_TIMEOUT_SECONDS)
        location = answer.headers.get("Location", "")
        token = (parse_qs(urlsplit(location).query).get("start") or [""])[0]
        if answer.status_code != requests.codes.found or not token:
            raise DemoFailed(f"the redirect answered {answer.status_code} with Location {location!r}: {answer.text[:300]}")
        self._hop("click", f"302 to {location}")
        return self._buy("Ana", 800_000_001 + secrets.randbelow(10**8), fbclid, token)

    def _buyer_without_ad(self) -> Buyer:
        self._console.rule("[bold]Bruno enters the bot directly")
        return self._buy("Bruno", 800_000_001 + secrets.randbelow(10**8), None, None)

    def _buy(self, name: str, chat_id: int, fbclid: str | None, token: str | None) -> Buyer:
        demo = self._stack["demo"]
        start = {"chat_id": chat_id, "first_name": name} | ({"payload": token} if token else {})
        self._lab("POST", "telegram/start", start)
        self._hop(
            "/start", f"with the click's token, answered: {self._last_text(chat_id)}" if token else self._last_text(chat_id)
        )
        self._lab("POST", "telegram/press", {"chat_id": chat_id, "data": f"buy:{demo['sku']}"})
        charge = self._wait_for("the charge", lambda: self._charge_of(chat_id))
        self._hop("PIX", f"charge of R$ {charge['amount_cents'] / 100:.2f}, code {charge['brcode'][:40]}…")
        self._lab("POST", f"pix/charges/{charge['charge_id']}/pay", {"payer_name": f"{name} da Silva"})
        self._wait_for("the payment", lambda: self._payment(charge["payment_id"]).get("status") == "paid")
        self._hop("paid", f"{charge['payment_id']}, the buyer reads: {self._last_text(chat_id)}")
        return Buyer(name=name, chat_id=chat_id, payment_id=charge["payment_id"], fbclid=fbclid)

    def _charge_of(self, chat_id: int) -> Mapping[str, Any] | None:
        for charge in reversed(self._lab("GET", "pix/charges")):
            if str(self._payment(charge["payment_id"]).get("chat_id")) == str(chat_id):
                return dict(charge)
        return None

    def _purchase(self, buyer: Buyer) -> Mapping[str, Any]:
        def accepted() -> Mapping[str, Any] | None:
            for entry in self._lab("GET", "graph/events"):
                if entry["event"].get("event_id") == f"purchase_{buyer.payment_id}":
                    return dict(entry)
            return None

        self._console.print(f"  [dim]waiting for {buyer.name}'s Purchase at the Graph API …[/]")
        entry = self._wait_for(f"{buyer.name}'s Purchase", accepted)
        self._hop("Purchase", f"accepted by Graph for pixel {entry['pixel_id']}: {entry['event']['event_id']}")
        return entry

    def _counts(self) -> str:
        names = [entry["event"]["event_name"] for entry in self._lab("GET", "graph/events")]
        counted = ", ".join(f"{names.count(name)} {name}" for name in ("PageView", "ViewContent", "InitiateCheckout", "Purchase"))
        return f"\nGraph accepted {counted}.\n"

    def _sale_table(self, buyers: Sequence[Buyer]) -> Table:
        table = Table(title="What each sale knows of its click")
        table.add_column("field")
        for buyer in buyers:
            table.add_column(f"{buyer.name}'s payment", overflow="fold")
        sales = [self._payment(buyer.payment_id) for buyer in buyers]
        people = [self._bot_user(buyer.chat_id) for buyer in buyers]
        for name in SALE_FIELDS:
            table.add_row(name, *(_value(sale.get(name)) for sale in sales))
        table.add_row("bot_user.tracking_session_id", *(_value(person.get("tracking_session_id")) for person in people))
        table.add_section()
        table.add_row("link_source", *(_value(sale.get("link_source")) for sale in sales))
        table.add_row("reason", *(_value(sale.get("reason")) for sale in sales))
        return table

    def _payment(self, payment_id: str) -> Mapping[str, Any]:
        return self._item("payment", {"payment_id": payment_id})

    def _bot_user(self, chat_id: int) -> Mapping[str, Any]:
        return self._item("bot_user", {"bot_id": self._stack["demo"]["bot_id"], "chat_id": str(chat_id)})

    def _item(self, table: str, key: Mapping[str, str]) -> Mapping[str, Any]:
        answer = self._dynamodb.Table(self._stack["tables"][table]).get_item(Key=dict(key), ConsistentRead=True)
        return answer.get("Item", {})

    def _last_text(self, chat_id: int) -> str:
        calls = [call for call in self._lab("GET", "telegram/calls") if str(call["params"].get("chat_id")) == str(chat_id)]
        if not calls:
            raise DemoFailed(f"the bot said nothing to chat {chat_id}")
        text = calls[-1]["params"].get("text") or calls[-1]["params"].get("caption") or ""
        plain = re.sub(r"<[^>]+>", "", str(text))
        return "“" + " ".join(plain.split())[:70] + "”"

    def _lab(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        answer = self._http.request(method, f"{self._stack['lab']}/_/{path}", json=body, timeout=HTTP_TIMEOUT_SECONDS)
        if not answer.ok:
            raise DemoFailed(f"the lab answered {answer.status_code} to {path}: {answer.text[:300]}")
        return answer.json()

    def _wait_for(self, what: str, found: Callable[[], T | None]) -> T:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            result = found()
            if result:
                return result
            time.sleep(POLL_SECONDS)
        raise DemoFailed(f"{what} did not come within {PATIENCE_SECONDS} s; see the logs of the stack")

    def _hop(self, name: str, what: str) -> None:
        elapsed = time.monotonic() - self._started_at
        self._console.print(f"  [green]✓[/] [bold]{name:<9}[/] {what} [dim]({elapsed:.1f} s)[/]", highlight=False)


def _purchase_table(purchases: Mapping[str, Mapping[str, Any]], buyers: Sequence[Buyer]) -> Table:
    table = Table(title="The Purchase as Graph accepted it")
    table.add_column("field")
    for buyer in buyers:
        table.add_column(f"{buyer.name}'s", overflow="fold")
    events = [purchases[buyer.payment_id]["event"] for buyer in buyers]
    for name in ("event_name", "event_id", "action_source", "event_source_url"):
        table.add_row(name, *(_value(event.get(name)) for event in events))
    for group in ("user_data", "custom_data"):
        table.add_section()
        for name in sorted({key for event in events for key in event.get(group, {})}):
            table.add_row(f"{group}.{name}", *(_value(event.get(group, {}).get(name)) for event in events))
    return table


def _is_attributed(purchase: Mapping[str, Any], buyer: Buyer) -> bool:
    event = purchase["event"]
    fbc = str(event.get("user_data", {}).get("fbc", ""))
    custom = event.get("custom_data", {})
    return bool(buyer.fbclid) and fbc.endswith(f".{buyer.fbclid}") and custom.get("utm_campaign") == AD["utm_campaign"]


def _value(value: object) -> str:
    return "[red]NONE[/]" if value is None else str(value)
