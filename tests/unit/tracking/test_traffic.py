"""People are people, in-app browsers above all; machines are told apart by class."""

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
MACHINES = {
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)": Traffic.PREVIEW,
    "TelegramBot (like TwitterBot)": Traffic.PREVIEW,
    "WhatsApp/2.23.20.0": Traffic.PREVIEW,
    "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)": Traffic.PREVIEW,
    "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)": Traffic.MONITOR,
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)": Traffic.BOT,
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)": Traffic.BOT,
}


@pytest.mark.parametrize("user_agent", PEOPLE)
def test_people_are_people(user_agent: str) -> None:
    assert classify("GET", {"user-agent": user_agent}) is Traffic.PERSON


@pytest.mark.parametrize(("user_agent", "traffic"), MACHINES.items())
def test_machines_are_told_apart(user_agent: str, traffic: Traffic) -> None:
    assert classify("GET", {"user-agent": user_agent}) is traffic


@pytest.mark.parametrize("headers", [{"sec-purpose": "prefetch;prerender"}, {"purpose": "prefetch"}, {"x-moz": "prefetch"}])
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
