"""Plays one journey on the stage, over HTTP, as the browsers, Telegram and the PIX provider would."""

from __future__ import annotations

import html
import re
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields, replace
from urllib.parse import parse_qs, urlencode, urlsplit

import requests

from rastro.model import DAY_MS, BotUser, Campaign, ChatId, Click, Funnel, Slug, TrackingToken, VisitorId
from rastro.tracking import token as start_token
from rastro.tracking.fbclid import new_fbp
from tests.scenarios import operating, steps
from tests.scenarios.before import OptionsOneToThree, StartParamOnly
from tests.scenarios.evidence import Browser, Evidence, SeenClick
from tests.scenarios.funnels import funnel_of
from tests.scenarios.journeys import Expected
from tests.scenarios.stage import JourneyBroke, Stage, wait_for
from tests.scenarios.steps import FunnelName, Spoiled, Step

_HTTP_SECONDS = 60
_FIRST_CHAT = 900_000_001
_PEOPLE_AT_MOST = 10
_START_LINK = re.compile(r'href="(https://t\.me/[^"]+)"')
_IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
    "Instagram 335.0.4.28.{mark} (iPhone14,5; iOS 18_5; pt_BR; pt; scale=3.00; 1170x2532; 613420938)"
)


@dataclass(slots=True)
class Player:
    """Plays a journey; what it leaves behind outside of Rastro is in ``evidence``."""

    stage: Stage
    number: int
    """Of the journey: it tells its people, addresses and campaigns from those of every other."""
    provider: str
    """Of the PIX."""
    evidence: Evidence = field(default_factory=Evidence)
    old_system: StartParamOnly = field(default_factory=StartParamOnly)
    options: OptionsOneToThree = field(default_factory=OptionsOneToThree)
    _people: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def play(self, journey_steps: tuple[Step, ...]) -> None:
        """Play every step in turn; raises ``JourneyBroke`` where one does not come about."""
        for step in journey_steps:
            self._play(step)

    def chat_id(self, person: str) -> ChatId:
        """Return the id of a person's chats."""
        with self._lock:
            place = self._people.setdefault(person, len(self._people))
        return ChatId(str(_FIRST_CHAT + self.number * _PEOPLE_AT_MOST + place))

    def funnel(self, name: FunnelName = FunnelName.FIRST) -> Funnel:
        """Return a funnel of this journey."""
        return funnel_of(self.number, name, self.provider)

    def who(self, one: steps.Start | steps.Buy | steps.ImportSale | Expected) -> tuple[str, str]:
        """Return who it is about: a person, and the funnel in whose bot."""
        return one.by, str(self.funnel(one.funnel).slug)

    def _play(self, step: Step) -> None:  # noqa: C901, PLR0912 - one line a kind of step
        match step:
            case steps.Click():
                self._click(step)
            case steps.FollowBridge():
                self._follow_bridge(step)
            case steps.OldClick():
                self._old_click(step)
            case steps.OldPerson():
                self._old_person(step)
            case steps.ImportSale():
                self._import_sale(step)
            case steps.Repair():
                operating.run(self.stage.stack, "repair", "payment", step.payment_id)
            case steps.Start():
                self._start(step)
            case steps.Write():
                self._write(step)
            case steps.Buy():
                self._buy(step)
            case steps.Pay():
                self._pay(step)
            case steps.Block():
                self._telegram("block", step.by, FunnelName.FIRST)
            case steps.AtOnce():
                with ThreadPoolExecutor(len(step.steps)) as pool:
                    list(pool.map(self._play, step.steps))
            case steps.FlushCache():
                self.stage.flush_cache()
                self._models(lambda model: model.cache_emptied())
            case steps.WithoutCache():
                self._models(lambda model: model.cache_stopped())  # the matrix stopped the real one before the journey began
            case steps.LoseClick():
                self._lose(self.evidence.clicks[step.click])
            case steps.Pass():
                time.sleep(step.seconds)

    # What browsers do

    def _click(self, step: steps.Click) -> None:
        campaign = self._campaign(step.campaign)
        names = {name.name: getattr(campaign, name.name) for name in fields(Campaign)}
        query = {name: value for name, value in names.items() if value}
        fbclid = self._fbclid(step.fbclid)
        if fbclid is not None:
            query["fbclid"] = fbclid
        if step.refused:
            if fbclid is None:
                raise JourneyBroke("a refused click is known by its fbclid")
            self.stage.throttle.refuse(fbclid)
        browser = self._browser(step.by, step.browser)
        url = f"{self.stage.stack.api}/go/{self.funnel(step.funnel).slug}?{urlencode(query)}"
        click = self._pass(url, browser, self.funnel(step.funnel), campaign, fbclid)
        self.evidence.clicks[step.name] = click
        self._models(lambda model: model.clicked(click))

    def _follow_bridge(self, step: steps.FollowBridge) -> None:
        keyboards = [
            call["params"]["reply_markup"]["inline_keyboard"]
            for call in self.stage.lab.call("GET", "telegram/calls")
            if str(call["params"].get("chat_id")) == self.chat_id(step.owner) and "reply_markup" in call["params"]
        ]
        links = [button["url"] for keyboard in keyboards for row in keyboard for button in row if "?u=" in button.get("url", "")]
        if not links:
            raise JourneyBroke(f"the bot gave {step.owner} no bridge")
        browser = self._browser(step.by, step.browser)
        click = self._pass(links[-1], browser, self.funnel(), Campaign(), None)
        self.evidence.clicks[step.name] = click

    def _pass(self, url: str, browser: Browser, funnel: Funnel, campaign: Campaign, fbclid: str | None) -> SeenClick:
        headers = {"User-Agent": browser.user_agent, "X-Forwarded-For": browser.address}
        if browser.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        answer = requests.get(url, headers=headers, allow_redirects=False, timeout=_HTTP_SECONDS)
        browser.cookies |= {cookie.name: cookie.value or "" for cookie in answer.cookies}
        found = _START_LINK.search(answer.text)
        link = answer.headers.get("Location") or (html.unescape(found[1]) if found else "")
        token = (parse_qs(urlsplit(link).query).get("start") or [""])[0]
        if not token:
            raise JourneyBroke(f"the redirect answered {answer.status_code} without a token: {answer.text[:200]}")
        return SeenClick(
            token=token,
            owner=browser.owner,
            slug=funnel.slug,
            campaign=campaign,
            fbclid=fbclid,
            fbc=browser.cookies.get("_fbc"),
            fbp=browser.cookies.get("_fbp"),
            visitor_id=browser.cookies.get("rastro_vid"),
            address=browser.address,
            user_agent=browser.user_agent,
        )

    # What people do in Telegram, and at their bank

    def _start(self, step: steps.Start) -> None:
        payload = _spoiled(self.evidence.clicks[step.click].token, step.spoiled) if step.click else None
        if step.click and step.spoiled is Spoiled.NOT:
            self.evidence.bring(step.by, step.click)
        self._models(lambda model: model.started(self.who(step), payload))
        body = {"payload": payload} if payload else {}
        self._telegram("start", step.by, step.funnel, body, repeat=step.times)

    def _write(self, step: steps.Write) -> None:
        for name in self.evidence.clicks:
            if f"{{{name}}}" in step.text:
                self.evidence.bring(step.by, name)
        tokens = {name: click.token for name, click in self.evidence.clicks.items()}
        text = step.text.format(bot=self.funnel(step.funnel).bots[0].username, **tokens)
        chat_id = int(self.chat_id(step.by))
        message = {
            "message_id": secrets.randbelow(10**9) + 1,
            "from": {"id": chat_id, "is_bot": False, "first_name": step.by},
            "chat": {"id": chat_id, "type": "private", "first_name": step.by},
            "date": int(time.time()),
            "text": text,
        }
        body = {"bot_id": self.funnel(step.funnel).bots[0].bot_id, "update": {"message": message}}
        self._delivered(self.stage.lab.call("POST", "telegram/update", body))

    def _buy(self, step: steps.Buy) -> None:
        product = self.funnel(step.funnel).products[0]
        self._models(lambda model: model.charged(self.who(step)))
        self._telegram("press", step.by, step.funnel, {"data": f"buy:{product.sku}"})

    def _pay(self, step: steps.Pay) -> None:
        bot = self.funnel(step.funnel).bots[0]
        payment = wait_for("the charge", lambda: self.stage.payment(bot.bot_id, self.chat_id(step.by)))
        charge_id = payment.charge_id
        if charge_id is None:
            raise JourneyBroke(f"the payment {payment.payment_id} has no charge")
        self.stage.lab.call("POST", f"pix/charges/{charge_id}/pay", {"repeat": step.times, "payer_name": f"{step.by} da Silva"})

    def _telegram(
        self, what: str, person: str, funnel: FunnelName, more: dict[str, str] | None = None, *, repeat: int = 1
    ) -> None:
        body = {"chat_id": int(self.chat_id(person)), "bot_id": self.funnel(funnel).bots[0].bot_id, "first_name": person}
        self._delivered(self.stage.lab.call("POST", f"telegram/{what}", body | (more or {}), repeat=repeat))

    @staticmethod
    def _delivered(delivery: dict[str, object]) -> None:
        if not delivery["delivered"]:
            raise JourneyBroke(f"the webhook did not take an update: {delivery}")

    # What was there before, and what is lost

    def _old_click(self, step: steps.OldClick) -> None:
        """Store a click as the redirect wrote it long ago: its token minted with the stage's own key, its Redis keys run out."""
        browser, campaign, fbclid = self._browser(step.by, "phone"), self._campaign("natal"), self._fbclid("")
        clicked_at_ms = int(time.time() * 1000) - step.days_ago * DAY_MS
        click_id = secrets.token_bytes(start_token.CLICK_ID_BYTES)
        funnel = self.funnel()
        browser.cookies |= {
            "_fbp": new_fbp(secrets.randbelow(10**9), clicked_at_ms),
            "_fbc": f"fb.1.{clicked_at_ms}.{fbclid}",
            "rastro_vid": secrets.token_urlsafe(16),
        }
        token = start_token.mint(
            self.stage.keys, click_id=click_id, clicked_at_ms=clicked_at_ms, slug=funnel.slug, campaign=campaign
        )
        click = SeenClick(
            token=token,
            owner=step.by,
            slug=funnel.slug,
            campaign=campaign,
            fbclid=fbclid,
            fbc=browser.cookies["_fbc"],
            fbp=browser.cookies["_fbp"],
            visitor_id=browser.cookies["rastro_vid"],
            address=browser.address,
            user_agent=browser.user_agent,
        )
        page_url = f"{self.stage.stack.api}/go/{funnel.slug}"
        self.stage.clicks.put(replace(_record(click, clicked_at_ms), event_source_url=page_url))
        self.evidence.clicks[step.name] = click

    def _old_person(self, step: steps.OldPerson) -> None:
        funnel, fbclid = self.funnel(), self._fbclid(step.fbclid)
        if fbclid is None:
            raise JourneyBroke("an old person has an fbclid")
        now_ms = int(time.time() * 1000)
        self.evidence.fbclids[step.who] = fbclid
        self.stage.bot_users.save(
            BotUser(
                bot_id=funnel.bots[0].bot_id,
                chat_id=self.chat_id(step.who),
                created_at_ms=now_ms - 30 * DAY_MS,
                updated_at_ms=now_ms - 30 * DAY_MS,
                slug=funnel.slug,
                fbclid=fbclid,
            )
        )
        self._models(lambda model: model.knew((step.who, str(funnel.slug)), fbclid))

    def _import_sale(self, step: steps.ImportSale) -> None:
        funnel, fbclid = self.funnel(step.funnel), self._fbclid(step.fbclid)
        if fbclid is not None:
            self.evidence.fbclids[step.by] = fbclid
            self._models(lambda model: model.knew(self.who(step), fbclid))
        self._models(lambda model: model.charged(self.who(step)))
        sale = operating.OldSale(
            payment_id=step.payment_id,
            bot_id=funnel.bots[0].bot_id,
            chat_id=self.chat_id(step.by),
            slug=funnel.slug,
            product=funnel.products[0],
            fbclid=fbclid,
            paid_at_ms=int(time.time() * 1000),
        )
        with operating.csv_file(sale) as path:
            operating.run(self.stage.stack, "import", "legacy", str(path))

    def _lose(self, click: SeenClick) -> None:
        """Take a click out of both stores once the outbox has seen it: by then its campaign's name is known."""

        def told() -> bool:
            return any(event.get("event_id") == click.pageview_event_id for event in self.stage.lab.events())

        wait_for("the PageView of the click", told)
        self.stage.lose_click(_record(click, 0))
        self._models(lambda model: model.lost(click))

    # Names

    def _campaign(self, name: str | None) -> Campaign:
        """Return a campaign of this journey's own, so that another's would be seen."""
        if name is None:
            return Campaign()
        return Campaign(
            utm_source="facebook",
            utm_medium="cpc",
            utm_campaign=f"{name}-{self.number}",
            utm_content="video-1",
            campaign_code=f"{name.upper()}{self.number}",
        )

    def _fbclid(self, name: str | None) -> str | None:
        if name is None:
            return None
        mark = secrets.token_urlsafe(36) if name == "" else f"{name}-{self.number}-{'Ab0_' * 9}"
        return f"IwZXh0bgNhZW0{mark}"

    def _browser(self, owner: str, name: str) -> Browser:
        known = self.evidence.browsers.get((owner, name))
        if known is None:
            place = len(self.evidence.browsers) + 1
            known = Browser(
                owner=owner,
                address=f"177.{10 + self.number}.{place}.77",
                user_agent=_IPHONE.format(mark=self.number * 100 + place),
            )
            self.evidence.browsers[owner, name] = known
        return known

    def _models(self, see: Callable[[StartParamOnly], None]) -> None:
        """Let both models of what was before see what happens."""
        with self._lock:
            see(self.old_system)
            see(self.options)


def _record(click: SeenClick, clicked_at_ms: int) -> Click:
    return Click(
        tracking_token=TrackingToken(click.token),
        slug=Slug(click.slug),
        clicked_at_ms=clicked_at_ms,
        pageview_event_id=click.pageview_event_id,
        campaign=click.campaign,
        visitor_id=VisitorId(click.visitor_id or ""),
        fbclid=click.fbclid,
        fbc=click.fbc,
        fbp=click.fbp,
        click_ip=click.address,
        click_user_agent=click.user_agent,
    )


def _spoiled(token: str, how: Spoiled) -> str:
    match how:
        case Spoiled.FORGED:
            return token[:20] + ("A" if token[20] != "A" else "B") + token[21:]
        case Spoiled.CUT:
            return token[:-4]
        case _:
            return token
