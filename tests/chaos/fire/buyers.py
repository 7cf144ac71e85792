"""The load: people who click an ad, open the bot, buy and pay, and who try again when nothing comes back."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from rastro.pix.provider import PROVIDERS
from stack.seed import DEMO, PROVIDER
from tests.chaos.fire.ground import Ground

FIRST_CHAT = 910_000_000
PATIENCE_SECONDS = 120.0
"""How long somebody tries to buy before they give up."""
_RELOAD_SECONDS = 1.0
_TAP_AGAIN_SECONDS = 7.0
_LOOK_SECONDS = 0.5
_SETTLE_TAPS_SECONDS = 6.0
"""Nobody pays faster than Telegram delivers their taps; one that comes after the money asks for a second purchase."""
_HTTP_SECONDS = 60
_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Instagram 335.0.{}"

TRICKS: Mapping[int, str] = {
    1: "notice ten times",
    3: "notice after expired",
    5: "notice lost",
    7: "notice late",
    9: "update five times",
    11: "ten taps at once",
    13: "payload dropped",
    17: "never pays",
}
"""What a buyer, their bank or Telegram does out of the ordinary, by the buyer's number in twenty."""
OF_TWENTY = 20


class GaveUp(Exception):
    """Say what never came."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One answer of the redirect."""

    at: float
    status: int | None
    token: str
    seconds: float


@dataclass(slots=True)
class Buyer:
    """One person, and what they saw: the campaign's own record of a journey."""

    number: int
    began_at: float = 0.0
    ended_at: float = 0.0
    passages: list[Passage] = field(default_factory=list)
    taps: int = 0
    """How often they pressed the button to buy."""
    charge_id: str | None = None
    payment_id: str | None = None
    paid: bool = False
    gave_up: str | None = None
    broke: str | None = None

    @property
    def chat_id(self) -> int:
        """The person's chat."""
        return FIRST_CHAT + self.number

    @property
    def trick(self) -> str:
        """What is out of the ordinary about them."""
        return TRICKS.get(self.number % OF_TWENTY, "")

    @property
    def provider(self) -> str:
        """Through whom they pay: a bare ``/start`` knows only the bot's first funnel."""
        return PROVIDER if self.trick == "payload dropped" else list(PROVIDERS)[self.number % len(PROVIDERS)]

    @property
    def slug(self) -> str:
        """The funnel whose ad they saw."""
        return DEMO.slug if self.provider == PROVIDER else f"{DEMO.slug}-{self.provider}"

    @property
    def campaign(self) -> str:
        """The name of the ad's campaign."""
        return f"fogo-{self.number}"

    @property
    def fbclid(self) -> str:
        """What Meta put onto the ad's link."""
        return f"IwZXh0bgNhZW0{self.number:06d}{'Ab0_' * 9}"

    @property
    def tokens(self) -> list[str]:
        """The tokens that the redirect sent them on with, oldest first."""
        return [passage.token for passage in self.passages if passage.token]


class Crowd:
    """Plays buyers on the ground, each in a thread of its own."""

    def __init__(self, ground: Ground, seconds: Callable[[], float]) -> None:
        """Take the ground and the campaign's clock."""
        self._ground = ground
        self._seconds = seconds
        self._local = threading.local()

    def play(self, buyer: Buyer) -> None:
        """Live one buyer's journey, as far as it comes."""
        buyer.began_at = self._seconds()
        try:
            self._live(buyer)
        except GaveUp as exc:
            buyer.gave_up = str(exc)
        except requests.RequestException as exc:
            buyer.broke = f"{type(exc).__name__}: {exc}"
        buyer.ended_at = self._seconds()

    def late_notice(self, buyer: Buyer) -> None:
        """Have the bank send, twice, the notice that it kept back."""
        self._lab("POST", f"pix/charges/{buyer.charge_id}/notify", {"notice": "paid", "repeat": 2})

    def _live(self, buyer: Buyer) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        if buyer.trick == "payload dropped":
            self._open_bot(buyer, "", until)
            query = urlsplit(self._bridge(buyer)).query
        else:
            query = f"utm_source=facebook&utm_campaign={buyer.campaign}&campaign_code=F{buyer.number}&fbclid={buyer.fbclid}"
        token = self._pass_redirect(buyer, query, until)
        self._open_bot(buyer, token, until)
        code = self._buy(buyer, until)
        if buyer.trick != "never pays":
            self._pay(buyer, code)

    def _pass_redirect(self, buyer: Buyer, query: str, until: float) -> str:
        url = f"{self._ground.stack.api}/go/{buyer.slug}?{query}"
        headers = {
            "User-Agent": _IPHONE.format(buyer.number),
            "X-Forwarded-For": f"177.20.{buyer.number // 250}.{buyer.number % 250}",
        }
        while time.monotonic() < until:
            began = self._seconds()
            try:
                answer = self._session.get(url, headers=headers, allow_redirects=False, timeout=_HTTP_SECONDS)
                status, location = answer.status_code, answer.headers.get("Location", "")
            except requests.RequestException:
                status, location = None, ""
            token = (parse_qs(urlsplit(location).query).get("start") or [""])[0]
            buyer.passages.append(Passage(began, status, token, self._seconds() - began))
            if location:
                return token
            time.sleep(_RELOAD_SECONDS)
        raise GaveUp("the redirect led nowhere")

    def _open_bot(self, buyer: Buyer, token: str, until: float) -> None:
        repeat = 5 if buyer.trick == "update five times" else 1
        body = {"chat_id": buyer.chat_id, "first_name": "Ana"} | ({"payload": token} if token else {})
        seen = len(self._callbacks(buyer, "buy:"))
        self._until(
            until,
            lambda: self._lab("POST", "telegram/start", body, wait="false", repeat=repeat),
            lambda: len(self._callbacks(buyer, "buy:")) > seen,
            "a welcome",
        )

    def _bridge(self, buyer: Buyer) -> str:
        links = [str(button["url"]) for button in self._buttons(buyer) if "?u=" in button.get("url", "")]
        if not links:
            raise GaveUp("a bridge")
        return links[-1]

    def _buy(self, buyer: Buyer, until: float) -> str:
        """Press the button until a code comes, and return the code that came last."""
        taps = 10 if buyer.trick == "ten taps at once" else 1

        def tap() -> None:
            buyer.taps += taps
            for _ in range(taps):
                self._lab(
                    "POST", "telegram/press", {"chat_id": buyer.chat_id, "data": f"buy:{DEMO.products[0].sku}"}, wait="false"
                )

        self._until(until, tap, lambda: bool(self._callbacks(buyer, "paid:")), "a code to pay by")
        if taps > 1:
            time.sleep(_SETTLE_TAPS_SECONDS)
        buyer.payment_id = self._callbacks(buyer, "paid:")[-1].removeprefix("paid:")
        return [str(button["copy_text"]["text"]) for button in self._buttons(buyer) if "copy_text" in button][-1]

    def _pay(self, buyer: Buyer, code: str) -> None:
        charge = next(charge for charge in self._lab("GET", "pix/charges") if charge["brcode"] == code)
        buyer.charge_id = charge_id = str(charge["charge_id"])
        quiet = buyer.trick in ("notice lost", "notice late", "notice after expired")
        if buyer.trick == "notice after expired":
            self._lab("POST", f"pix/charges/{charge_id}/notify", {"notice": "expired"})
        repeat = 10 if buyer.trick == "notice ten times" else 1
        # Told of before the call: whatever becomes of its answer, the bank has the money.
        buyer.paid = True
        self._lab("POST", f"pix/charges/{charge_id}/pay", {"notify": not quiet, "repeat": repeat, "payer_name": "Ana da Silva"})
        if buyer.trick == "notice after expired":
            for notice in ("paid", "expired"):
                self._lab("POST", f"pix/charges/{charge_id}/notify", {"notice": notice})

    def _until(self, until: float, act: Callable[[], object], came: Callable[[], bool], what: str) -> None:
        while time.monotonic() < until:
            act()
            again = time.monotonic() + _TAP_AGAIN_SECONDS
            while time.monotonic() < again:
                if came():
                    return
                time.sleep(_LOOK_SECONDS)
        raise GaveUp(what)

    def _buttons(self, buyer: Buyer) -> list[dict[str, Any]]:
        chat = f"{self._ground.stack.lab}/_/telegram/chats/{buyer.chat_id}"
        answer = self._session.get(chat, timeout=_HTTP_SECONDS)
        messages = answer.json() if answer.ok else []
        keyboards = [message.get("reply_markup", {}).get("inline_keyboard", []) for message in messages]
        return [button for keyboard in keyboards for row in keyboard for button in row]

    def _callbacks(self, buyer: Buyer, prefix: str) -> list[str]:
        found = [str(button.get("callback_data", "")) for button in self._buttons(buyer)]
        return [data for data in found if data.startswith(prefix)]

    def _lab(self, method: str, path: str, body: object = None, **query: object) -> Any:
        url = f"{self._ground.stack.lab}/_/{path}"
        answer = self._session.request(method, url, data=json.dumps(body), params=query, timeout=_HTTP_SECONDS)  # type: ignore[arg-type]
        answer.raise_for_status()
        return answer.json()

    @property
    def _session(self) -> requests.Session:
        """Return this thread's own connections."""
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = False
        return session
