"""``rastro report`` as its operator uses it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from rastro.figures import Group, Seen, hour_of
from rastro.model import DAY_MS, Campaign, ChatId, LedgerStatus, Payment, PurchaseState, Reason
from rastro.sales.report import NO_REASON, PROBABLE, Dimension, Step
from rastro_cli.reporting_table import FIGURES
from rastro_cli.texts import TEXTS
from tests.fakes.world import NOW_MS, PERSON, World
from tests.unit.cli.conftest import Operator

ADS = Group(seen=Seen.CLICK, slug="curso", bot_id="7000000001", provider="openpix", client="instagram_ios", campaign="natal")
LINKED = replace(ADS, seen=Seen.START, link_source="start_param", link_confidence="certain")
BARE = replace(LINKED, campaign="", client="", link_source="none", link_confidence="none")
EVIL = "<script>alert(1)</script>\x1b[2J"


@pytest.fixture
def sales(operator: Operator, world: World) -> list[Payment]:
    """Have 200 clicks, 5 starts, three sales of which one has no link, and what became of them at Meta."""
    operator.rollup.add(hour_of(NOW_MS), {LINKED: list("abcd"), BARE: ["e"]})
    operator.rollup.close(hour_of(NOW_MS - DAY_MS), {ADS: 200})
    payments = []
    for number, linked in enumerate((True, True, False)):
        person = replace(PERSON, chat_id=ChatId(str(2000 + number)))
        world.start(world.click().tracking_token if linked else "", person)
        payment = world.buy(person)
        world.now_ms += 60_000
        world.notice(payment)
        payments.append(world.payment(payment.payment_id))
    for payment, status in zip(payments[:2], (LedgerStatus.ACCEPTED, LedgerStatus.PARKED), strict=True):
        for key, row in list(world.ledger.rows.items()):
            if row.event.payment_id == payment.payment_id:
                accepted_at_ms = (payment.paid_at_ms or 0) + 4_000 if status is LedgerStatus.ACCEPTED else None
                world.ledger.rows[key] = replace(row, status=status, accepted_at_ms=accepted_at_ms)
    return payments


@pytest.mark.usefixtures("sales")
class TestTable:
    def test_the_terminal_shows_the_figures_of_each_campaign_and_all(self, operator: Operator) -> None:
        assert operator("report") == 0
        lines = {line.split("  ")[0]: line.split() for line in operator.out.splitlines()}
        assert lines["natal"][1:7] == ["200", "4", "4", "2", "2", "R$"]
        assert lines["Total"][1:] == (
            ["200", "5", "4", "3", "3", "R$", "149,70", "R$", "0,00", "1", "66,7", "%", "R$", "49,90", "4,0", "s"]
        )
        assert "15/09/2026 a 21/09/2026 · dias em America/Sao_Paulo" in operator.out
        assert "R$ 49,90  33,3 %  Entrou direto no bot" in operator.out
        assert "Vendas estacionadas porque a Meta recusa o pixel: 1." in operator.out
        assert "token do /start" in operator.out

    def test_english_is_english(self, operator: Operator) -> None:
        assert operator("report", "--lang", "en") == 0
        assert "Sales report · 2026-09-15 to 2026-09-21 · days in America/Sao_Paulo" in operator.out
        assert "66.7 %" in operator.out

    def test_as_many_lines_as_asked_for(self, operator: Operator) -> None:
        assert operator("report", "--by", "campaign,day", "--top", "1") == 0
        assert "mais 2 linhas" in operator.out

    def test_what_an_ad_calls_its_campaign_steers_no_terminal(self, operator: Operator, world: World) -> None:
        world.now_ms += 1000
        payment = world.payments.payments[next(iter(world.payments.payments))]
        named = replace(payment, attribution=replace(payment.attribution, campaign=Campaign(utm_campaign="[bold]" + EVIL)))
        world.payments.payments[payment.payment_id] = named
        assert operator("report") == 0
        assert "[bold]<script>alert(1)</script>[2J" in operator.out
        assert "\x1b" not in operator.out


def test_nothing_recorded_is_said(operator: Operator) -> None:
    assert operator("report") == 0
    assert "Nada foi registrado neste período." in operator.out


@pytest.mark.usefixtures("sales")
class TestDocuments:
    def test_json_has_every_figure(self, operator: Operator) -> None:
        document = operator.json("report", "--by", "campaign")
        total = document["total"]
        assert (document["from"], document["to"], document["timezone"]) == ("2026-09-15", "2026-09-21", "America/Sao_Paulo")
        assert total["unlinked"] == [
            {"reason": "direct_entry", "text": "Entrou direto no bot", "sales": 1, "revenue_cents": 4990}
        ]
        assert total["links"][0] == {"link_source": "start_param", "link_confidence": "certain", "starts": 4}
        assert total["purchases"] == {"held": 1, "parked": 1, "accepted": 1}
        assert (total["clicks"], total["starts"], total["charges"], total["paid"]) == (200, 5, 3, 3)
        assert (total["revenue_cents"], total["unlinked_cents"], total["purchases_accepted"]) == (14970, 4990, 1)
        assert (total["coverage"], total["median_seconds_to_accepted"]) == (0.6667, 4.0)
        assert [row["campaign"] for row in document["rows"]] == ["natal", None]

    @pytest.mark.parametrize("by", [*Dimension, "campaign,day", "day, funnel,bot"])
    def test_every_dimension_can_be_told_apart(self, operator: Operator, by: str) -> None:
        document = operator.json("report", "--by", by)
        assert document["by"] == [name.strip() for name in by.split(",")]
        for figure in ("clicks", "starts", "charges", "paid", "revenue_cents", "purchases_accepted", "unlinked_cents"):
            assert sum(row[figure] for row in document["rows"]) == document["total"][figure]

    @pytest.mark.parametrize(
        ("options", "paid"),
        [
            (["--funnel", "curso"], 3),
            (["--funnel", "curso", "--funnel", "x"], 3),
            (["--funnel", "x"], 0),
            (["--campaign", "natal"], 2),
            (["--bot", "7000000001"], 3),
            (["--bot", "1"], 0),
            (["--provider", "openpix", "--campaign", "natal"], 2),
            (["--from", "2026-09-22", "--to", "2026-09-23"], 0),
            (["--to", "2026-09-21"], 3),
            (["--from", "2026-09-21"], 3),
            (["--timezone", "UTC", "--from", "2026-09-21"], 3),
        ],
    )
    def test_only_what_is_asked_for_is_told(self, operator: Operator, options: list[str], paid: int) -> None:
        if "2026-09-22" in options:
            operator.world.now_ms += 2 * DAY_MS
        assert operator.json("report", *options)["total"]["paid"] == paid

    def test_csv_has_a_line_for_each_row(self, operator: Operator) -> None:
        assert operator("report", "--csv", "--by", "campaign,day") == 0
        rows = list(csv.DictReader(io.StringIO(operator.out)))
        assert [(row["campaign"], row["day"], row["paid"], row["revenue_cents"]) for row in rows] == [
            ("natal", "2026-09-20", "0", "0"),
            ("natal", "2026-09-21", "2", "9980"),
            ("", "2026-09-21", "1", "4990"),
        ]
        assert [row["unlinked_direct_entry_cents"] for row in rows] == ["0", "0", "4990"]
        assert [row["coverage"] for row in rows] == ["", "1.0000", "0.0000"]

    def test_no_spreadsheet_takes_a_campaign_for_a_formula(self, operator: Operator) -> None:
        operator.rollup.close(hour_of(NOW_MS - DAY_MS), {replace(ADS, campaign='=HYPERLINK("http://x")'): 200})
        assert operator("report", "--csv") == 0
        assert [row["campaign"] for row in csv.DictReader(io.StringIO(operator.out))][-1] == '\'=HYPERLINK("http://x")'


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--by", "colour"], "Não há separação por colour"),
        (["--by", ""], "Não há separação por"),
        (["--from", "21/09/2026"], "21/09/2026 não é um dia"),
        (["--to", "2026-02-30"], "2026-02-30 não é um dia"),
        (["--from", "2026-09-30"], "vem depois do último"),
        (["--from", "2020-01-01"], "No máximo 400 dias"),
        (["--timezone", "America/Nowhere"], "Não há fuso horário America/Nowhere"),
        (["--json", "--csv"], "escolha um"),
        (["--csv", "--html", "x.html"], "escolha um"),
        (["--html", "/nowhere/at/all.html"], "/nowhere/at/all.html não pode ser gravado"),
    ],
)
def test_what_is_asked_wrongly_is_told(operator: Operator, options: list[str], says: str) -> None:
    assert operator("report", *options) == 2
    assert says in operator.err.replace("\n", " ")


class Page(HTMLParser):
    """Takes a page apart, and asserts that its elements are closed."""

    VOID = frozenset({"meta", "link"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, Mapping[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text.append(data)

    def of(self, tag: str) -> list[Mapping[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


class TestPage:
    """What ``--html`` writes."""

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "report.html"

    def written(self, operator: Operator, path: Path, *options: str) -> str:
        assert operator("report", "--html", str(path), *options) == 0, operator.err
        assert str(path) in operator.out
        return path.read_text(encoding="utf-8")

    @pytest.mark.usefixtures("sales")
    def test_it_says_what_the_table_says(self, operator: Operator, path: Path) -> None:
        page = Page(self.written(operator, path))
        said = " ".join(" ".join(page.text).split())
        for text in ("Relatório de vendas", "R$ 149,70", "66,7 %", "Entrou direto no bot", "natal", "Instagram, iOS", "4,0 s"):
            assert text in said
        assert page.of("html")[0]["lang"] == "pt-BR"

    @pytest.mark.usefixtures("sales")
    def test_it_loads_nothing_runs_nothing_and_asks_nobody(self, operator: Operator, path: Path) -> None:
        text = self.written(operator, path)
        page = Page(text)
        policy = next(each for each in page.of("meta") if each.get("http-equiv") == "Content-Security-Policy")
        assert policy["content"] == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
        assert not {"script", "img", "iframe", "object", "embed"} & {tag for tag, _ in page.elements}
        assert [each["href"] for each in page.of("link")] == ["data:,"]
        assert not re.search(r"@import|url\(|https?://", text)
        assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)

    @pytest.mark.usefixtures("sales")
    def test_every_plot_is_named_and_stands_there_as_text(self, operator: Operator, path: Path) -> None:
        page = Page(self.written(operator, path))
        for svg in page.of("svg"):
            assert svg.get("aria-hidden") == "true" or (svg["role"] == "img" and svg["aria-labelledby"])
        ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
        assert len(ids) == len(set(ids))
        named = {each for svg in page.of("svg") for each in (svg.get("aria-labelledby") or "").split()}
        assert named <= set(ids)
        assert {"wide-t", "wide-d", "narrow-t", "narrow-d"} <= named
        assert "Ver em tabela" in page.text

    @pytest.mark.usefixtures("sales")
    def test_the_plots_are_xml(self, operator: Operator, path: Path) -> None:
        text = self.written(operator, path)
        for svg in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
            ET.fromstring(svg)  # noqa: S314 - our own

    def test_whatever_an_ad_calls_its_campaign_is_text(self, operator: Operator, path: Path) -> None:
        operator.rollup.close(hour_of(NOW_MS - DAY_MS), {replace(ADS, campaign=EVIL, slug="\"'><b>"): 200})
        text = self.written(operator, path, "--funnel", "\"'><b>")
        assert "<script" not in text
        assert "&lt;script&gt;" in text
        assert "<b>" not in text

    def test_nothing_recorded_is_said(self, operator: Operator, path: Path) -> None:
        assert "Nada foi registrado neste período." in self.written(operator, path)

    @pytest.mark.usefixtures("sales")
    def test_english_is_english(self, operator: Operator, path: Path) -> None:
        text = self.written(operator, path, "--lang", "en")
        assert '<html lang="en">' in text
        assert "From the click to Meta" in text

    @pytest.mark.usefixtures("sales")
    @pytest.mark.parametrize("days", ["2026-09-21", "2026-05-01"])
    def test_a_day_and_a_season_are_drawn(self, operator: Operator, path: Path, days: str) -> None:
        assert "R$ 150" in self.written(operator, path, "--from", days)


@pytest.mark.parametrize(
    "name",
    [
        *(f"dimension.{each}" for each in Dimension),
        *(f"no.{each}" for each in Dimension),
        *(f"figure.{each}" for each in FIGURES),
        *(f"reason.{each}" for each in (*Reason, PROBABLE, NO_REASON)),
        *(f"remedy.{each}" for each in (PROBABLE, NO_REASON)),
        *(f"state.{each}" for each in PurchaseState),
        *(f"report.step.{each}" for each in Step),
    ],
)
def test_whatever_a_report_meets_has_words(name: str) -> None:
    assert name in TEXTS


@pytest.mark.usefixtures("sales")
def test_progress_is_for_a_terminal(operator: Operator) -> None:
    assert operator("report", "--json") == 0
    assert operator.err == ""
