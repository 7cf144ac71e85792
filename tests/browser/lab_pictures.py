"""The pictures of the lab's page for the documentation: one sale, still and moving."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageChops
from playwright.sync_api import Browser, Page, expect

from tests.browser.buyer import HAND, PATIENCE_MS, Buyer, buyer

MOVING_WIDTH = 1100
LOOK_MS = 1_500
"""How long a frame that is to be read stands."""
GLIMPSE_MS = 300
MOST_GLIMPSES = 40


@dataclass
class Film:
    """The frames of the moving picture; what does not change is one frame that stands longer."""

    page: Page
    frames: list[Image.Image] = field(default_factory=list)
    stand_ms: list[int] = field(default_factory=list)

    def take(self, stand_ms: int = LOOK_MS) -> None:
        """Take a frame of the page as it is."""
        shot = Image.open(BytesIO(self.page.screenshot())).convert("RGB")
        frame = shot.resize((MOVING_WIDTH, round(shot.height * MOVING_WIDTH / shot.width)), Image.Resampling.LANCZOS)
        if self.frames and ImageChops.difference(frame, self.frames[-1]).getbbox() is None:
            self.stand_ms[-1] += stand_ms
            return
        self.frames.append(frame)
        self.stand_ms.append(stand_ms)

    def watch(self, ana: Buyer, hop: str) -> None:
        """Take a frame every moment until a hop is done."""
        for _ in range(MOST_GLIMPSES):
            if ana.hop(hop).get_attribute("data-state") == "done":
                break
            self.take(GLIMPSE_MS)
            self.page.wait_for_timeout(GLIMPSE_MS)

    def write(self, path: Path) -> None:
        """Write the picture, which begins anew when it is over."""
        first, *others = self.frames
        first.save(path, save_all=True, append_images=others, duration=self.stand_ms, loop=0, quality=80, method=6)


def take(browser: Browser, lab: str, images: Path) -> None:
    """Write ``lab-desktop.png``, ``lab-dark.png``, ``lab-phone.png`` and the moving ``lab.webp``."""
    with buyer(browser, lab, reduced_motion="reduce") as ana:
        _film(ana).write(images / "lab.webp")
        ana.page.evaluate("scrollTo(0, 0)")
        ana.page.screenshot(path=images / "lab-desktop.png")
    with buyer(browser, lab, color_scheme="dark", reduced_motion="reduce") as ana:
        ana.come_to_the_charge()
        _settle(ana.page)
        ana.page.screenshot(path=images / "lab-dark.png")
    with buyer(browser, lab, size=HAND, device_scale_factor=2, is_mobile=True, has_touch=True, reduced_motion="reduce") as ana:
        ana.come_to_the_charge()
        _settle(ana.page)
        ana.page.screenshot(path=images / "lab-phone.png")


def _film(ana: Buyer) -> Film:
    film = Film(ana.page)
    film.take(LOOK_MS)
    ana.click_ad()
    expect(ana.framed.get_by_role("link")).to_be_visible(timeout=PATIENCE_MS)
    film.watch(ana, "token")
    film.take(LOOK_MS)
    ana.open_telegram()
    film.take(GLIMPSE_MS * 2)
    ana.start()
    film.watch(ana, "link")
    film.take(LOOK_MS)
    ana.buy()
    _settle(ana.page)
    film.take(LOOK_MS)
    ana.pay()
    film.watch(ana, "accepted")
    _settle(ana.page)
    film.take(2 * LOOK_MS)
    ana.page.locator(".event summary").last.click()
    ana.page.locator(".events-card").evaluate("card => card.scrollIntoView({ block: 'start' })")
    film.take(2 * LOOK_MS)
    return film


def _settle(page: Page) -> None:
    """Wait until the chat has scrolled and what was said last has been looked at."""
    page.wait_for_timeout(5 * GLIMPSE_MS)
