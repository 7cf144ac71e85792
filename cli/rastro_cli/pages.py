"""Answers as pages for people: plain with and without a terminal, nothing cut off that somebody may want to copy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rastro.model import BotUser, Payment, Reason
from rastro.sales.diagnosis import BotUserDiagnosis, ClickDiagnosis, Flaw, PaymentDiagnosis, TokenDiagnosis, TokenKind
from rastro.sales.evidence import Check, Finding, Hop
from rastro.sales.repair import PurchaseRepair, RepairPlan
from rastro.telegram.texts import reais
from rastro.tracking.reasons import explain
from rastro.tracking.token import TOKEN_LENGTH
from rastro_cli.documents import at, changes
from rastro_cli.texts import TEXTS, Texts

VALUE_SHOWN = 60
"""How much of a value a page shows: an fbclid has up to 2,048 characters, and JSON has it whole."""


class Pages:
    """Prints diagnoses and repairs."""

    def __init__(self, console: Console, texts: Texts, profile: str) -> None:
        """Take where to print, the texts, and the profile to name in advice."""
        self._console = console
        self._texts = texts
        self._profile = profile

    def payment(self, diagnosis: PaymentDiagnosis) -> None:
        """Print a payment's diagnosis."""
        payment = diagnosis.payment
        self._title("heading.payment", payment.payment_id, *self._payment_facts(payment))
        self._fields(diagnosis.fields)
        self._timeline(diagnosis.timeline)
        self._checks("heading.checks", diagnosis.checks)
        found = diagnosis.plan.link.click is not None
        remedy = self._texts("plan.links", id=payment.payment_id, profile=self._profile) if found else None
        attribution = payment.attribution
        self._cause(diagnosis.reason, attribution.link_source, attribution.link_confidence, remedy=remedy)
        self._heading("heading.plan")
        self._plan(diagnosis.plan)
        if diagnosis.plan.changes and diagnosis.plan.link.click is None:
            self._say(self._texts("plan.run", id=payment.payment_id, profile=self._profile))

    def repaired(self, plan: RepairPlan, *, dry_run: bool) -> None:
        """Print what a repair changed, or would."""
        payment = plan.after
        self._title("heading.payment", payment.payment_id, *self._payment_facts(payment))
        self._heading("heading.plan" if dry_run else "heading.done")
        self._plan(plan)
        attribution = payment.attribution
        self._cause(None if attribution.certain else attribution.reason, attribution.link_source, attribution.link_confidence)
        if dry_run:
            self._say(self._texts("dry_run"), style="yellow")

    def bot_user(self, diagnosis: BotUserDiagnosis) -> None:
        """Print a person's diagnosis."""
        bot_user, link = diagnosis.bot_user, diagnosis.link
        self._title("heading.bot_user", bot_user.key, *self._person_facts(bot_user))
        self._fields(diagnosis.fields)
        self._timeline(diagnosis.timeline)
        self._checks("heading.checks_now", diagnosis.checks)
        self._cause(diagnosis.reason, bot_user.link_source, bot_user.link_confidence)
        if link.click is not None and link.click.tracking_token != bot_user.tracking_session_id:
            when = at(link.click.clicked_at_ms)
            self._say(self._texts("linked.now", source=link.source, confidence=link.confidence, at=when), style="green")
        self._payments(diagnosis.payments)

    def click(self, diagnosis: ClickDiagnosis) -> None:
        """Print a click's diagnosis."""
        self._title("heading.click", diagnosis.token.text)
        self._token_lines(diagnosis.token)
        self._fields(diagnosis.fields)
        self._timeline(diagnosis.timeline)
        self._heading("heading.people")
        for bot_user in diagnosis.bot_users:
            self._say(" · ".join((bot_user.key, *self._person_facts(bot_user))))
        if not diagnosis.bot_users:
            self._say(self._texts("nothing"))
        self._payments(diagnosis.payments)

    def token(self, diagnosis: TokenDiagnosis) -> None:
        """Print what a token says."""
        self._title("heading.token", shortened(diagnosis.text))
        self._token_lines(diagnosis)

    def _token_lines(self, diagnosis: TokenDiagnosis) -> None:
        token, reference = diagnosis.token, diagnosis.reference
        if token is not None and diagnosis.key is not None:
            self._say(self._texts("token.valid", key=self._texts(f"token.key.{diagnosis.key}")))
            campaign = diagnosis.campaign
            self._facts(
                {
                    "click_id": token.click_id.hex(),
                    "minute": at(token.clicked_at_ms),
                    "slug": diagnosis.slug or f"? ({token.funnel_ref})",
                    "utm_source": campaign.utm_source if campaign else None,
                    "utm_campaign": campaign.utm_campaign if campaign else None,
                    "campaign_code": campaign.campaign_code if campaign else None,
                    "pageview_event_id": token.pageview_event_id,
                    self._texts("token.click_stored"): self._texts("token.yes" if diagnosis.click else "token.no"),
                }
            )
        elif diagnosis.kind is TokenKind.REFERENCE and reference is not None:
            state = self._texts("token.reference.expired" if diagnosis.reference_expired else "token.reference.valid")
            self._say(self._texts("token.reference", state=state))
            self._facts({"bot_id": reference.bot_id, "chat_id": reference.chat_id})
        else:
            flaw = diagnosis.flaw or Flaw.SIGNATURE
            self._say(self._texts(f"token.flaw.{flaw}", length=len(diagnosis.text), expected=TOKEN_LENGTH))
            if diagnosis.click is not None:
                self._say(self._texts("token.foreign_click", slug=diagnosis.click.slug))

    def _title(self, heading: str, name: str, *facts: str) -> None:
        title = Text(self._texts(heading, id=name), style="bold")
        title.append("".join(f" · {fact}" for fact in facts), style="dim")
        self._console.print(title)

    def _heading(self, heading: str) -> None:
        self._console.print()
        self._console.print(Text(self._texts(heading), style="bold"))

    def _say(self, text: str, *, style: str = "") -> None:
        self._console.print(Padding(Text(text, style=style), (0, 0, 0, 2), expand=False))

    def _fields(self, fields: Mapping[str, str | None]) -> None:
        table = _grid()
        for name, value in fields.items():
            shown = self._texts("none") if value is None else shortened(value)
            table.add_row("❌" if value is None else "✅", name, Text(shown, style="red" if value is None else "green"))
        self._console.print()
        self._print(table)

    def _facts(self, facts: Mapping[str, str | None]) -> None:
        table = _grid(2)
        for name, value in facts.items():
            table.add_row(Text(name, style="dim"), Text(self._texts("none") if value is None else value))
        self._print(table)

    def _timeline(self, hops: Iterable[Hop]) -> None:
        table = _grid()
        for hop in hops:
            facts = "  ".join(_fact(name, value) for name, value in hop.facts.items())
            table.add_row(Text(_clock(hop.at_ms), style="dim"), self._texts(f"hop.{hop.kind}"), Text(facts))
        self._heading("heading.timeline")
        self._print(table, or_nothing=True)

    def _checks(self, heading: str, checks: Iterable[Check]) -> None:
        table = _grid()
        for check in checks:
            own = f"finding.{check.trace}.{check.finding}"
            found = self._texts(own if own in TEXTS else f"finding.{check.finding}")
            when = "" if check.at_ms is None else f" ({_clock(check.at_ms)})"
            usable = check.finding is Finding.USABLE
            table.add_row("•", self._texts(f"trace.{check.trace}"), Text(found + when, style="green" if usable else ""))
        self._heading(heading)
        self._print(table, or_nothing=True)

    def _cause(self, reason: Reason | None, source: str, confidence: str, *, remedy: str | None = None) -> None:
        if reason is None:
            self._console.print()
            self._say("✅ " + self._texts("linked", source=source, confidence=confidence), style="green")
            return
        explanation = explain(reason, self._texts.language)
        self._console.print()
        self._console.print(Text(f"{self._texts('heading.cause')}: ", style="bold").append(reason, style="red"))
        self._say(explanation.text)
        self._heading("heading.remedy")
        self._say(remedy or explanation.remedy, style="green" if remedy else "")

    def _plan(self, plan: RepairPlan) -> None:
        table = _grid(4)
        for change in changes(plan):
            before = self._texts("none") if change.before is None else shortened(change.before)
            after = self._texts("none") if change.after is None else shortened(change.after)
            table.add_row(change.name, Text(before, style="red"), "→", Text(after, style="green"))
        if table.row_count:
            self._print(table)
        else:
            self._say(self._texts("plan.nothing"))
        for line in purchase_lines(plan.purchase, self._texts):
            self._say(line)

    def _payments(self, payments: Iterable[Payment]) -> None:
        self._heading("heading.payments")
        table = _grid(6)
        for payment in payments:
            link = payment.attribution
            state = link.link_source if link.reason is None else link.reason
            table.add_row(
                "✅" if link.certain else "❌",
                payment.payment_id,
                *self._payment_facts(payment)[:2],
                _clock(payment.created_at_ms),
                state,
            )
        self._print(table, or_nothing=True)

    def _print(self, table: Table, *, or_nothing: bool = False) -> None:
        if table.row_count:
            self._console.print(Padding(table, (0, 0, 0, 2), expand=False))
        elif or_nothing:
            self._say(self._texts("nothing"))

    def _payment_facts(self, payment: Payment) -> tuple[str, ...]:
        paid = payment.amount_cents if payment.amount_paid_cents is None else payment.amount_paid_cents
        person = f"bot {payment.bot_id} · chat {payment.chat_id}"
        return (payment.status.value, reais(paid), self._texts("in_funnel", slug=payment.slug), person)

    def _person_facts(self, bot_user: BotUser) -> tuple[str, ...]:
        return (bot_user.status.value, self._texts("in_funnel", slug=bot_user.slug or "?"))


def purchase_lines(purchase: PurchaseRepair, texts: Texts) -> list[str]:
    """Return what becomes of a Purchase, a line a pixel, and what stands in its way."""
    lines = [texts("purchase", pixel=pixel, what=texts(f"sending.{sending}")) for pixel, sending in purchase.by_pixel]
    # Where every pixel has its copy there was no way to stand in.
    if purchase.obstacle is not None and not purchase.by_pixel:
        lines.append(texts("purchase.obstacle", what=texts(f"obstacle.{purchase.obstacle}")))
    return lines


def shortened(value: str) -> str:
    """Return a value, of a long one its beginning."""
    return value if len(value) <= VALUE_SHOWN else f"{value[:VALUE_SHOWN]}… ({len(value)})"


def _fact(name: str, value: str | int) -> str:
    return f"amount={reais(int(value))}" if name == "amount_cents" else f"{name}={shortened(str(value))}"


def _clock(moment_ms: int) -> str:
    return at(moment_ms).replace("T", " ").removesuffix("Z")


def _grid(columns: int = 3) -> Table:
    table = Table.grid(padding=(0, 2))
    for _ in range(columns):
        table.add_column(overflow="fold")
    return table
