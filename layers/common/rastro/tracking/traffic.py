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
