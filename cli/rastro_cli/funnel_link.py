"""The address of an ad: the funnel's URL, and the parameters that tell a sale which ad it came from.

Meta fills in its dynamic parameters when the ad is shown: https://www.facebook.com/business/help/2360940870872492. Ads Manager
takes them in a field of their own ("URL parameters"), which survives a change of the website URL.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from urllib.parse import quote

from rastro.model import Campaign

META_PARAMETERS: Mapping[str, str] = {
    "utm_source": "{{site_source_name}}",
    "utm_medium": "cpc",
    "utm_campaign": "{{campaign.name}}",
    "utm_id": "{{campaign.id}}",
    "utm_content": "{{ad.name}}",
    "utm_term": "{{adset.name}}",
    "campaign_code": "{{campaign.id}}",
}
META_DYNAMIC = frozenset(
    {
        "{{site_source_name}}",
        "{{placement}}",
        "{{campaign.name}}",
        "{{campaign.id}}",
        "{{adset.name}}",
        "{{adset.id}}",
        "{{ad.name}}",
        "{{ad.id}}",
    }
)
KEPT = tuple(field.name for field in fields(Campaign))
"""The parameters that the redirect keeps."""
VALUE_MAX_LENGTH = 1_024

_DYNAMIC = re.compile(r"\{\{[^{}]*\}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AdLink:
    """What is entered in Ads Manager."""

    website_url: str
    parameters: str

    @property
    def whole(self) -> str:
        """Return both as one address."""
        return f"{self.website_url}?{self.parameters}" if self.parameters else self.website_url


class BadParameter(Exception):
    """Say which parameter cannot be taken: ``name`` is its text's."""

    def __init__(self, name: str, parameter: str) -> None:
        """Keep both."""
        super().__init__(f"{name}: {parameter}")
        self.name = name
        self.parameter = parameter


def ad_link(url: str, given: Mapping[str, str]) -> AdLink:
    """Return the link of an ad at Meta: its own parameters, with those that are given put in their place.

    An empty value takes a parameter out. Raises ``BadParameter``.
    """
    for value in given.values():
        for dynamic in _DYNAMIC.findall(value):
            if dynamic not in META_DYNAMIC:
                raise BadParameter("dynamic", dynamic)
    return AdLink(website_url=url, parameters=_query({**META_PARAMETERS, **_checked(given)}))


def plain_link(url: str, given: Mapping[str, str]) -> AdLink:
    """Return a link that nobody fills anything into: a bio, a message, a poster. Raises ``BadParameter``."""
    for value in given.values():
        for dynamic in _DYNAMIC.findall(value):
            raise BadParameter("not_filled", dynamic)
    return AdLink(website_url=url, parameters=_query(_checked(given)))


def parameter(text: str) -> tuple[str, str]:
    """Return the name and value of ``name=value``; raises ``BadParameter``."""
    name, equals, value = text.partition("=")
    if not equals:
        raise BadParameter("no_value", text)
    return name.strip(), value.strip()


def _checked(given: Mapping[str, str]) -> Mapping[str, str]:
    for name, value in given.items():
        if name not in KEPT:
            raise BadParameter("not_kept", name)
        if len(value) > VALUE_MAX_LENGTH:
            raise BadParameter("too_long", name)
    return given


def _query(parameters: Mapping[str, str]) -> str:
    return "&".join(f"{name}={_encoded(value)}" for name, value in parameters.items() if value)


def _encoded(value: str) -> str:
    """Encode a value, but not the dynamic parameters in it: Meta looks for their braces and encodes what it puts there."""
    position, pieces = 0, []
    for dynamic in _DYNAMIC.finditer(value):
        pieces += [quote(value[position : dynamic.start()], safe=""), dynamic[0]]
        position = dynamic.end()
    return "".join([*pieces, quote(value[position:], safe="")])
