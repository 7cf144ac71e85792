"""People and machines: only people mint a token, everybody else is counted by class and sees an honest page.

The in-app browsers of Facebook and Instagram (``FBAN``, ``FB_IAB``, ``FBAV``, ``Instagram``) are people: they are the buyers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum


class Traffic(StrEnum):
    """What kind of visitor a request comes from."""

    PERSON = "person"
    PREVIEW = "preview"
    PREFETCH = "prefetch"
    MONITOR = "monitor"
    BOT = "bot"
    HEAD = "head"


_PREVIEWS = re.compile(
    r"facebookexternalhit|facebookcatalog|facebot|meta-externalagent|meta-externalfetcher|telegrambot|whatsapp/|twitterbot"
    r"|slackbot|discordbot|linkedinbot|skypeuripreview|viber|vkshare|pinterestbot|redditbot|iframely|embedly",
    re.IGNORECASE,
)
_MONITORS = re.compile(
    r"uptimerobot|pingdom|statuscake|site24x7|datadog|newrelicpinger|better uptime|amazon-route53-health|zabbix|nagios",
    re.IGNORECASE,
)
# HTTP tools (curl and the like) are not among them: they are what an operator tries a link with.
_BOTS = re.compile(
    r"(?<!cu)bot\b|bot[/;)]|crawler|spider|slurp|headlesschrome|phantomjs|scrapy|ahrefs|semrush|bytespider|archive\.org",
    re.IGNORECASE,
)
_PREFETCH_HEADERS = ("sec-purpose", "purpose", "x-purpose", "x-moz")


def classify(method: str, headers: Mapping[str, str]) -> Traffic:
    """Return the class of a request from its method and headers (names in lower case)."""
    if method.upper() == "HEAD":
        return Traffic.HEAD
    if any(re.search(r"prefetch|prerender|preview", headers.get(name, ""), re.IGNORECASE) for name in _PREFETCH_HEADERS):
        return Traffic.PREFETCH
    user_agent = headers.get("user-agent", "")
    for pattern, traffic in ((_PREVIEWS, Traffic.PREVIEW), (_MONITORS, Traffic.MONITOR), (_BOTS, Traffic.BOT)):
        if pattern.search(user_agent):
            return traffic
    return Traffic.PERSON


def client_of(user_agent: str | None) -> str:
    """Return the client that a click came from, ``{app}_{system}``, to count by: a few dozen values at the most."""
    text = user_agent or ""
    app = next((name for name, pattern in _APPS if pattern.search(text)), "other")
    system = next((name for name, pattern in _SYSTEMS if pattern.search(text)), "other")
    return f"{app}_{system}"


_APPS = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("instagram", r"Instagram"),
        ("facebook", r"FBAN|FBAV|FB_IAB"),
        ("tiktok", r"musical_ly|BytedanceWebview|TikTok"),
        ("whatsapp", r"WhatsApp"),
        ("samsung", r"SamsungBrowser"),
        ("edge", r"Edg[A-Z]?[a-z]*/"),
        ("opera", r"OPR/|Opera"),
        ("firefox", r"Firefox/|FxiOS/"),
        ("chrome", r"Chrome/|CriOS/"),
        ("safari", r"Safari/"),
    )
)
_SYSTEMS = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("ios", r"iPhone|iPad|iPod"),
        ("android", r"Android"),
        ("windows", r"Windows"),
        ("mac", r"Macintosh"),
        ("linux", r"Linux"),
    )
)
