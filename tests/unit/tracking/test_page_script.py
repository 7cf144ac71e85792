"""What the page tells its script, and where its script may lead; what it does is seen in a browser (tests/browser)."""

import json
import re

from rastro.model import PixelId, TrackingToken
from rastro.tracking.page_script import PageClick, script

CLICK = PageClick(token=TrackingToken("abc"), nonce="n-1", pageview_event_id="pageview_1", pixel_ids=(PixelId("1"),))
TEXT = script(CLICK, base="/go/curso", app_link="resolve?domain=pao_bot&start=abc", csp="CSP")


def test_the_script_knows_its_click_and_its_pixels() -> None:
    told = re.search(r"var page=(\{.*?\}),go=", TEXT)
    assert told is not None
    assert json.loads(told[1]) == {
        "base": "/go/curso",
        "n": "n-1",
        "app": "resolve?domain=pao_bot&start=abc",
        "event": "pageview_1",
        "pixels": ["1"],
    }


def test_the_intent_falls_back_to_the_https_link() -> None:
    assert '"intent://"+page.app+"#Intent;scheme=tg;S.browser_fallback_url="+encodeURIComponent(go.href)+";end"' in TEXT


def test_the_script_leads_to_nobody_but_the_pixel() -> None:
    assert re.findall(r"https?://[^\"/]+", TEXT) == ["https://connect.facebook.net"]


def test_the_script_evaluates_and_writes_no_html() -> None:
    assert not re.search(r"eval|innerHTML|document\.write|Function\(", TEXT)
