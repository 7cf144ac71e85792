"""People and machines: only people mint a token, everybody else is counted by class and sees an honest page.

The in-app browsers of Facebook and Instagram (``FBAN``, ``FB_IAB``, ``FBAV``, ``Instagram``) are people: they are the buyers.
Whoever is not known for a machine is a person: a bot taken for a person costs a record, a person taken for a bot costs a sale.
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


# Words of user agents in lower case. A search for each is several times faster than one case-insensitive pattern of them all,
# and every click waits for it.
_PREVIEWS = (
    *("facebookexternalhit", "facebookcatalog", "facebot", "meta-external", "telegrambot", "twitterbot", "slackbot"),
    *("slack-imgproxy", "discordbot", "linkedinbot", "skypeuripreview", "vkshare", "pinterestbot", "redditbot", "iframely"),
    *("embedly", "bingpreview", "microsoftpreview", "web preview", "link preview", "linkpreview", "urlpreview", "page-preview"),
    *("snap url preview", "bitlybot", "flipboardproxy", "mastodon/", "opengraph", "metainspector", "kakaotalk-scrap"),
    *("steamchaturllookup", "google-pagerenderer", "cardyb", "onebox"),
)
_PREVIEW_APPS = ("whatsapp", "viber", "tumblr/", "notion/", "lemmy/", "friendica")
"""The apps' own fetchers start with their name; further back it names the in-app browser of a person."""
_MONITORS = (
    *("uptime", "uptimia", "pingdom", "statuscake", "site24x7", "datadog", "newrelic", "health-check", "healthcheck", "zabbix"),
    *("nagios", "monitor", "monitis", "montastic", "updown.io", "checkly", "ruxitsynthetic", "catchpoint", "gomezagent"),
    *("hydrozen", "nodeping", "websitepulse", "uptrends", "watchmouse", "panopta", "blackbox exporter", "ohdear", "hetrixtools"),
    *("cloudflare-traffic-manager", "cloudflare-alwaysonline", "pulsetic", "freshping", "better stack", "appinsights"),
    *("thousandeyes", "solarwinds", "siteimprove"),
)
# HTTP tools (curl and the like) are not among them: they are what an operator tries a link with.
_BOTS = (
    # No browser has a URL in its user agent; nearly every machine that is honest about itself does.
    *("http://", "https://", "crawl", "spider", "slurp", "scrap", "headlesschrome", "phantomjs", "archive.org", "archiver"),
    *("mediapartners-google", "apis-google", "adsbot-google", "googleother", "google-inspectiontool", "google-extended"),
    *("google-ads", "google-adwords", "google-safety", "google-read-aloud", "google-site-verification", "google favicon"),
    *("feedfetcher", "yandeximages", "chrome-lighthouse", "pagespeed", "ptst/", "gtmetrix", "linkcheck", "link checker"),
    *("checklink", "validator", "httrack", "wordpress/", "cloudflare-", "virustotal", "sitebulb", "screaming frog", "nikto"),
    *("nmap scripting", "zgrab", "censys", "openvas", "masscan", "chatgpt-user", "claude-user", "perplexity-user"),
    *("anthropic-ai", "cohere-ai", "mistralai", "duckassist", "playstore-google"),
)
_BOT_WORD = re.compile(r"(?<!cu)bots?(?![a-z])")
"""Not CUBOT, which makes telephones."""
_PREFETCH_HEADERS = ("sec-purpose", "purpose", "x-purpose", "x-moz")


def classify(method: str, headers: Mapping[str, str]) -> Traffic:
    """Return the class of a request from its method and headers (names in lower case)."""
    if method.upper() == "HEAD":
        return Traffic.HEAD
    if any(name in headers and _looks_ahead(headers[name]) for name in _PREFETCH_HEADERS):
        return Traffic.PREFETCH
    user_agent = headers.get("user-agent", "").lower()
    if user_agent.startswith(_PREVIEW_APPS) or any(word in user_agent for word in _PREVIEWS):
        return Traffic.PREVIEW
    if any(word in user_agent for word in _MONITORS):
        return Traffic.MONITOR
    if any(word in user_agent for word in _BOTS) or ("bot" in user_agent and _BOT_WORD.search(user_agent)):
        return Traffic.BOT
    return Traffic.PERSON


def _looks_ahead(purpose: str) -> bool:
    """Say whether a browser asks for a page that nobody has opened yet; ``preview`` is Facebook's and Safari's word for it."""
    return re.search(r"prefetch|prerender|preview", purpose, re.IGNORECASE) is not None


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
