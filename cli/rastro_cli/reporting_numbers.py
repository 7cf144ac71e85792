"""Numbers as people of a language write them."""

from __future__ import annotations

from rastro.explanation import Language
from rastro.telegram.texts import reais
from rastro_cli.texts import Texts

_LONG_SECONDS = 90
_HOUR_SECONDS = 3600
_SHORT_SECONDS = 10
_MILLION, _THOUSAND = 1_000_000, 1_000


class Numbers:
    """Writes numbers for people."""

    def __init__(self, texts: Texts) -> None:
        """Take the texts of the language."""
        self._texts = texts
        self._portuguese = texts.language is Language.PT
        self.nothing = texts("none.figure")

    def whole(self, value: int) -> str:
        """Return a whole number."""
        return self._separated(f"{value:,}")

    def money(self, cents: int) -> str:
        """Return an amount of money, the Brazilian way in either language."""
        return reais(cents)

    def short_money(self, cents: int) -> str:
        """Return an amount of money for an axis: ``R$ 1,5 mil``."""
        amount = cents / 100
        for size, portuguese, english in ((_MILLION, " mi", "M"), (_THOUSAND, " mil", "k")):
            if amount >= size:
                number = f"{amount / size:,.1f}".removesuffix(".0")
                return f"R$ {self._separated(number)}{portuguese if self._portuguese else english}"
        return f"R$ {self._separated(f'{amount:,.2f}'.removesuffix('.00'))}"

    def share(self, part: float | None, of: float = 1) -> str:
        """Return a share in percent; of nothing there is none."""
        if part is None or not of:
            return self.nothing
        return self._separated(f"{part / of * 100:,.1f}") + " %"

    def duration(self, milliseconds: int | None) -> str:
        """Return how long something took."""
        if milliseconds is None:
            return self.nothing
        seconds = milliseconds / 1000
        if seconds < _LONG_SECONDS:
            value = f"{seconds:.1f}" if seconds < _SHORT_SECONDS else f"{seconds:.0f}"
            return self._texts("duration.seconds", value=self._separated(value))
        if seconds < _HOUR_SECONDS:
            minutes, rest = divmod(round(seconds), 60)
            return self._texts("duration.minutes", minutes=minutes, seconds=rest)
        hours, rest = divmod(round(seconds / 60), 60)
        return self._texts("duration.hours", hours=self.whole(hours), minutes=rest)

    def day(self, day: str) -> str:
        """Return a day in numbers: ``21/09/2026``, in English as it is."""
        year, month, number = day.split("-")
        return f"{number}/{month}/{year}" if self._portuguese else day

    def short_day(self, day: str) -> str:
        """Return a day without its year."""
        _, month, number = day.split("-")
        return f"{number}/{month}" if self._portuguese else f"{month}-{number}"

    def _separated(self, number: str) -> str:
        return number.translate(str.maketrans(",.", ".,")) if self._portuguese else number
