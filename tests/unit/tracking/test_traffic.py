"""People are people, in-app browsers above all; machines are told apart by class.

The tables of ``tests/data/user_agents`` are real user agents of kept lists; its README names them.
"""

from collections import Counter
from pathlib import Path

import pytest

from rastro.tracking.traffic import Traffic, classify, client_of

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
ANDROID = "Mozilla/5.0 (Linux; Android 14; SM-A546E Build/UP1A.231005.007; wv) AppleWebKit/537.36 (KHTML, like Gecko)"

PEOPLE = [
    f"{IPHONE} Mobile/15E148 [FBAN/FBIOS;FBAV/505.0.0.47.108;FBBV/701234567;FBDV/iPhone14,5;FBMD/iPhone;FBLC/pt_BR]",
    f"{ANDROID} Version/4.0 Chrome/126.0.6478.122 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/470.0.0.36.77;IABMV/1;]",
    f"{IPHONE} Mobile/15E148 Instagram 335.0.4.28.88 (iPhone14,5; iOS 18_5; pt_BR; pt; scale=3.00; 1170x2532; 613420938)",
    f"{ANDROID} Version/4.0 Chrome/126.0.6478.71 Mobile Safari/537.36 Instagram 334.0.0.42.95 Android (34/14; 420dpi; pt_BR)",
    f"{IPHONE} Version/18.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 11; CUBOT NOTE 20) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "curl/8.5.0",  # an operator who tries a link
    "",
]
TABLES = Path(__file__).parents[2] / "data" / "user_agents"
IN_APP = [tuple(line.split("\t")) for line in (TABLES / "in_app_browsers.tsv").read_text().splitlines()]
BROWSERS = (TABLES / "browsers.txt").read_text().splitlines()
LISTED_MACHINES = [tuple(line.split("\t")) for line in (TABLES / "machines.tsv").read_text().splitlines()]
APPS = {"facebook": "facebook", "messenger": "facebook", "instagram": "instagram", "tiktok": "tiktok"}
MACHINES = {
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)": Traffic.PREVIEW,
    "facebookexternalhit/1.1": Traffic.PREVIEW,
    "meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)": Traffic.PREVIEW,
    # iMessage's preview
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 Safari/601.2.4 "
    "facebookexternalhit/1.1 Facebot Twitterbot/1.0": Traffic.PREVIEW,
    "TelegramBot (like TwitterBot)": Traffic.PREVIEW,
    "WhatsApp/2.23.20.0": Traffic.PREVIEW,
    "WhatsApp/2.24.9.78 A": Traffic.PREVIEW,
    "Twitterbot/1.0": Traffic.PREVIEW,
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)": Traffic.PREVIEW,
    "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)": Traffic.PREVIEW,
    "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)": Traffic.PREVIEW,
    "Viber/12.8.0.1 CFNetwork/1121.2.2 Darwin/19.3.0": Traffic.PREVIEW,
    "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)": Traffic.MONITOR,
    "Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)": Traffic.MONITOR,
    "Amazon-Route53-Health-Check-Service (ref 8b6c; report http://amzn.to/1vsZADi)": Traffic.MONITOR,
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)": Traffic.BOT,
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)": Traffic.BOT,
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; ChatGPT-User/1.0; +https://openai.com/bot": Traffic.BOT,
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 Safari/537.36": Traffic.BOT,
}


@pytest.mark.parametrize("user_agent", PEOPLE)
def test_people_are_people(user_agent: str) -> None:
    assert classify("GET", {"user-agent": user_agent}) is Traffic.PERSON


@pytest.mark.parametrize(("user_agent", "traffic"), MACHINES.items())
def test_machines_are_told_apart(user_agent: str, traffic: Traffic) -> None:
    assert classify("GET", {"user-agent": user_agent}) is traffic


@pytest.mark.parametrize(("app", "user_agent"), IN_APP)
def test_no_in_app_browser_is_lost(app: str, user_agent: str) -> None:
    assert classify("GET", {"user-agent": user_agent}) is Traffic.PERSON
    if app in APPS:
        assert client_of(user_agent).startswith(APPS[app])


@pytest.mark.parametrize("user_agent", BROWSERS)
def test_ordinary_browsers_are_people(user_agent: str) -> None:
    assert classify("GET", {"user-agent": user_agent}) is Traffic.PERSON


@pytest.mark.parametrize(("kind", "user_agent"), LISTED_MACHINES)
def test_listed_machines_are_no_people(kind: str, user_agent: str) -> None:
    assert classify("GET", {"user-agent": user_agent}) is not Traffic.PERSON


def test_each_table_has_at_least_sixty_of_its_kind() -> None:
    assert min(len(IN_APP), len(BROWSERS), *Counter(kind for kind, _ in LISTED_MACHINES).values()) >= 60


_AHEAD = [
    {"sec-purpose": "prefetch;prerender"},
    {"sec-purpose": "prefetch"},
    {"purpose": "prefetch"},
    {"x-moz": "prefetch"},
    {"x-purpose": "preview"},
]


@pytest.mark.parametrize("headers", _AHEAD)
def test_a_browser_that_looks_ahead_is_no_visit(headers: dict[str, str]) -> None:
    assert classify("GET", headers | {"user-agent": PEOPLE[0]}) is Traffic.PREFETCH


def test_head_is_no_visit() -> None:
    assert classify("HEAD", {"user-agent": PEOPLE[0]}) is Traffic.HEAD


@pytest.mark.parametrize(
    ("user_agent", "client"),
    [
        (PEOPLE[0], "facebook_ios"),
        (PEOPLE[1], "facebook_android"),
        (PEOPLE[2], "instagram_ios"),
        (PEOPLE[3], "instagram_android"),
        (PEOPLE[4], "safari_ios"),
        (PEOPLE[6], "chrome_windows"),
        (None, "other_other"),
    ],
)
def test_clicks_are_counted_by_the_client_they_come_from(user_agent: str | None, client: str) -> None:
    assert client_of(user_agent) == client


@pytest.mark.parametrize("headers", [{"purpose": "navigation"}, {"sec-fetch-purpose": "prefetch"}, {"sec-purpose": ""}])
def test_other_purposes_are_visits(headers: dict[str, str]) -> None:
    assert classify("GET", headers | {"user-agent": PEOPLE[0]}) is Traffic.PERSON
