from __future__ import annotations

from pathlib import Path

from rastro.model import LinkSource, Reason
from tests.scenarios import report
from tests.scenarios.journeys import JOURNEYS, Expected, Journey, Linked, Unlinked
from tests.scenarios.matrix import Wave, funnels_of, wave_of
from tests.scenarios.verdict import Outcome, Recovered, Sale

PAGE = Path(__file__).parents[3] / "docs" / "scenarios.md"
LINKED = Linked(click="A", source=LinkSource.BRIDGE)
UNLINKED = Unlinked(reason=Reason.DIRECT_ENTRY)


def sale(expected: Expected, *, right: bool = True, foreign: tuple[str, ...] = ()) -> Sale:
    found = isinstance(expected, Linked)
    return Sale(
        expected=expected,
        old_system=Recovered.LOST,
        options=Recovered.WRONG,
        source=LinkSource.BRIDGE if found else LinkSource.NONE,
        reason=None if found else Reason.DIRECT_ENTRY,
        right_click=right,
        right_account=right,
        foreign=foreign,
        problems=() if right and not foreign else ("something",),
    )


def outcome(name: str, *sales: Sale, broke: str | None = None) -> Outcome:
    return Outcome(journey=Journey(name, (), tuple(one.expected for one in sales) or (LINKED,)), sales=sales, broke=broke)


def test_a_row_shows_what_each_made_of_the_sale() -> None:
    lines = report.table([outcome("one", sale(LINKED)), outcome("two", sale(UNLINKED))]).splitlines()
    assert [cell.strip() for cell in lines[2].strip("|").split("|")] == ["one", "❌", "⚠️", "✅ bridge"]
    assert [cell.strip() for cell in lines[3].strip("|").split("|")] == ["two", "❌", "⚠️", "— direct_entry"]


def test_a_sale_that_is_not_as_expected_is_never_shown_as_right() -> None:
    wrong = report.table([outcome("one", sale(LINKED, right=False)), outcome("two", sale(UNLINKED, foreign=("fbp",)))])
    assert "✅" not in wrong
    assert "❌ bridge" in wrong
    assert "⚠️ direct_entry" in wrong


def test_the_figures_count_sales_and_not_journeys() -> None:
    outcomes = [outcome("one", sale(LINKED), sale(LINKED, right=False)), outcome("two", sale(UNLINKED))]
    assert report.figures(outcomes) == {
        "journeys": 2,
        "with_evidence_linked_share": 0.5,
        "invented_or_foreign": 0,
        "right_reason_share": 1.0,
    }


def test_a_journey_that_broke_off_counts_as_lost() -> None:
    broken = [outcome("one", broke="no redirect")]
    assert report.figures(broken)["with_evidence_linked_share"] == 0
    assert report.problems(broken) == ["one: no redirect"]


def test_every_journey_has_a_name_and_funnels_of_its_own() -> None:
    assert len({journey.id for journey in JOURNEYS}) == len(JOURNEYS)
    slugs = [funnel.slug for funnel in funnels_of(list(enumerate(JOURNEYS)))]
    assert len(set(slugs)) == len(slugs)


def test_journeys_that_disturb_the_cache_are_played_apart() -> None:
    waves = {journey.name: wave_of(journey) for journey in JOURNEYS}
    assert waves["Redis down throughout"] is Wave.WITHOUT_CACHE
    assert waves["Redis emptied between click and /start"] is Wave.EMPTIES_CACHE
    assert waves["forged token"] is Wave.LEAVES_CACHE


def test_the_page_of_the_documentation_shows_every_journey() -> None:
    rows = [line.split("|")[1].strip() for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    assert rows[1:] == [journey.name for journey in JOURNEYS]
