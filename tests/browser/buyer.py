"""A person at the lab's page, who does everything by clicking: used by its tests and by whoever takes its pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, FrameLocator, Locator, Page, expect

HOPS = ("click", "token", "start", "link", "charge", "paid", "delivered", "queued", "accepted")
DESK = {"width": 1440, "height": 900}
HAND = {"width": 390, "height": 844}
PATIENCE_MS = 60_000
"""How long a hop may take: a failed delivery to Meta comes again after fifteen seconds here."""


@dataclass
class Buyer:
    """Somebody who looks at the page and clicks."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    """What the browser's console had to say of errors."""
    hosts: set[str] = field(default_factory=set)
    """Who answered the browser."""

    @property
    def framed(self) -> FrameLocator:
        """Return the redirect's page in the phone."""
        return self.page.frame_locator("#screen iframe")

    def choose(self, *, funnel: str | None = None, preset: str | None = None) -> None:
        """Choose where the person comes from."""
        self.tab("Anúncio")
        if preset:
            self.page.locator(f"input[value={preset}]").check()
        if funnel:
            self.page.get_by_label("Funil e provedor de PIX").select_option(funnel)

    def tab(self, name: str) -> None:
        """On a phone, show a part of the page."""
        tab = self.page.locator("nav.tabs").get_by_role("button", name=name, exact=True)
        if tab.is_visible():
            tab.click()

    def click_ad(self) -> None:
        """Press the ad."""
        self.tab("Telefone")
        self.page.locator("#screen .cta").click()

    def open_telegram(self) -> None:
        """Press the button of the page, or follow the redirect."""
        answered = self.page.locator("#screen iframe, #screen .telegram")
        if answered.evaluate("element => element.tagName") == "IFRAME":
            self.framed.get_by_role("link", name="Abrir no Telegram").click()
        else:
            answered.click()

    def start(self) -> None:
        """Press INICIAR and wait for the welcome."""
        before = self.key("Comprar").count()
        self.page.get_by_role("button", name="INICIAR").click()
        expect(self.key("Comprar")).to_have_count(before + 1, timeout=PATIENCE_MS)

    def key(self, name: str) -> Locator:
        """Return the bot's buttons of that name."""
        return self.page.locator(".keys button", has_text=name)

    def buy(self) -> None:
        """Ask for the PIX and wait for its code."""
        self.key("Comprar").last.click()
        expect(self.pay_button).to_be_visible(timeout=PATIENCE_MS)

    @property
    def pay_button(self) -> Locator:
        """Return the banking app's button."""
        return self.page.get_by_role("button", name="Pagar", exact=True)

    def pay(self) -> None:
        """Pay the PIX."""
        self.pay_button.click()

    def come_to_the_charge(self) -> None:
        """Come by the ad and ask for the PIX."""
        self.click_ad()
        self.open_telegram()
        self.start()
        self.buy()

    def turn(self, fault: str) -> None:
        """Turn a switch."""
        self.tab("Anúncio")
        self.page.get_by_role("switch", name=fault).click()
        self.tab("Telefone")

    def hop(self, name: str) -> Locator:
        """Return a hop of the trail."""
        return self.page.locator("#trail > li").nth(HOPS.index(name))

    def wait_for(self, name: str, state: str = "done") -> None:
        """Wait until a hop is in a state."""
        expect(self.hop(name)).to_have_attribute("data-state", state, timeout=PATIENCE_MS)

    def states(self) -> Mapping[str, str | None]:
        """Return the state of each hop."""
        return {name: self.hop(name).get_attribute("data-state") for name in HOPS}

    @property
    def payment_id(self) -> str:
        """Return the sale that is under way."""
        return self.hop("charge").locator(".mono").inner_text()

    def watch(self) -> None:
        """Write down what the browser complains of and who answers it."""
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("response", lambda answer: self.hosts.add(answer.url.split("/")[2].partition(":")[0]))


@contextmanager
def buyer(browser: Browser, lab: str, *, size: Mapping[str, int] | None = None, **options: Any) -> Iterator[Buyer]:
    """Open the page in a browser of its own; ``options`` are those of a Playwright context."""
    viewport: Any = size or DESK
    with browser.new_context(viewport=viewport, locale="pt-BR", timezone_id="America/Sao_Paulo", **options) as context:
        somebody = Buyer(context.new_page())
        somebody.watch()
        somebody.page.goto(lab)
        expect(somebody.page.locator("#funnel option").nth(1)).to_be_attached(timeout=PATIENCE_MS)
        yield somebody
