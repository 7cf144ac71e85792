"""What a report says in words, on the terminal and on its page: names of values, headings, and what is worth a look."""

from __future__ import annotations

from collections.abc import Iterator

from rastro.model import PurchaseState, Reason
from rastro.sales.report import Dimension, Figures
from rastro.tracking.reasons import explain
from rastro_cli.reporting_documents import Asked
from rastro_cli.reporting_numbers import Numbers
from rastro_cli.texts import Texts

_APPS = {
    "instagram": "Instagram",
    "facebook": "Facebook",
    "tiktok": "TikTok",
    "whatsapp": "WhatsApp",
    "samsung": "Samsung Internet",
    "edge": "Edge",
    "opera": "Opera",
    "firefox": "Firefox",
    "chrome": "Chrome",
    "safari": "Safari",
}
_SYSTEMS = {"ios": "iOS", "android": "Android", "windows": "Windows", "mac": "macOS", "linux": "Linux"}
UNLINKED_WORTH_A_LOOK = 0.05
REFUNDED_WORTH_A_LOOK = 0.05
STARTS_WORTH_A_LOOK = 0.3
CLICKS_THAT_TELL = 100
"""From how many clicks on their share of starts is no accident."""


class Words:
    """Puts figures into words."""

    def __init__(self, texts: Texts) -> None:
        """Take the texts of the language."""
        self._texts = texts
        self._numbers = Numbers(texts)

    def heading(self, asked: Asked) -> str:
        """Return what a report is of, in a line."""
        return " · ".join([self._texts("report.title"), *self.scope(asked)])

    def scope(self, asked: Asked) -> list[str]:
        """Return the days, their zone and the filters of a report."""
        period = asked.facts.period
        first, last = self._numbers.day(period.first.isoformat()), self._numbers.day(period.last.isoformat())
        days = self._texts("report.day", first=first) if first == last else self._texts("report.period", first=first, last=last)
        only = [self._texts("report.only", what=", ".join(values)) for _, values in asked.only]
        return [days, self._texts("report.zone", zone=asked.zone), *only]

    def by(self, asked: Asked) -> str:
        """Return what a report tells apart."""
        return self._texts("report.and").join(self._texts(f"dimension.{dimension}").lower() for dimension in asked.by)

    def value(self, dimension: Dimension, value: str) -> str:
        """Return what a value of a dimension is called."""
        if not value:
            return self._texts(f"no.{dimension}")
        if dimension is Dimension.DAY:
            return self._numbers.day(value)
        return client_name(value) if dimension is Dimension.CLIENT else value

    def link(self, source: str) -> str:
        """Return how starts were linked."""
        return self._texts(f"source.{source or 'none'}")

    def reason(self, reason: str) -> str:
        """Return why sales have no link."""
        return self._texts(f"reason.{reason}")

    def remedy(self, reason: str) -> str:
        """Return what can be done about sales without a link."""
        if reason in set(Reason):
            return explain(Reason(reason), self._texts.language).remedy
        return self._texts(f"remedy.{reason}")

    def state(self, state: PurchaseState) -> str:
        """Return what became of Purchases."""
        return self._texts(f"state.{state}")

    def attention(self, total: Figures) -> list[str]:
        """Return what is worth a look, never nothing."""
        return list(self._findings(total)) or [self._texts("attention.nothing")]

    def _findings(self, total: Figures) -> Iterator[str]:
        numbers, unlinked_cents = self._numbers, total.unlinked_cents.total()
        for state in (PurchaseState.PARKED, PurchaseState.REJECTED, PurchaseState.EXPIRED):
            if count := total.purchases[state]:
                yield self._texts(f"attention.{state}", count=numbers.whole(count))
        if unlinked_cents > UNLINKED_WORTH_A_LOOK * total.revenue_cents:
            ((reason, _),) = total.unlinked_cents.most_common(1)
            yield self._texts(
                "attention.unlinked",
                share=numbers.share(unlinked_cents, total.revenue_cents),
                cents=numbers.money(unlinked_cents),
                reason=self.reason(reason),
                remedy=self.remedy(reason),
            )
        if total.clicks >= CLICKS_THAT_TELL and total.starts < STARTS_WORTH_A_LOOK * total.clicks:
            yield self._texts(
                "attention.starts",
                clicks=numbers.whole(total.clicks),
                starts=numbers.whole(total.starts),
                share=numbers.share(total.starts, total.clicks),
            )
        if total.refunded_cents > REFUNDED_WORTH_A_LOOK * total.revenue_cents:
            yield self._texts(
                "attention.refunded",
                share=numbers.share(total.refunded_cents, total.revenue_cents),
                cents=numbers.money(total.refunded_cents),
            )


def client_name(client: str) -> str:
    """Return what people call a client: ``Instagram, iOS``."""
    app, _, system = client.partition("_")
    return ", ".join(filter(None, (_APPS.get(app), _SYSTEMS.get(system)))) or client
