"""``rastro setup``: a deployment from nothing to its first sale, question by question, and the check of all of it.

Each step looks at what is there and stores what it makes at once: a run that is broken off is taken up by the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.text import Text

from rastro.model import PixelId, Slug
from rastro.pix.provider import PROVIDERS
from rastro_cli.bots import ask_token, connect
from rastro_cli.exits import CommandError, Exit
from rastro_cli.funnel_dialogue import Dialogue, Wanted
from rastro_cli.funnel_documents import EMPTY
from rastro_cli.funnel_link import ad_link
from rastro_cli.funnels import print_link, store
from rastro_cli.inspection import Finding, everything
from rastro_cli.installation import Installation
from rastro_cli.keys import make_keys
from rastro_cli.options import JsonOption, LangOption, ProfileOption, Session, begin
from rastro_cli.output import print_findings, print_json
from rastro_cli.pixel_token import ask_pixel_token, is_pixel_id
from rastro_cli.providers import move_in, print_added
from rastro_cli.questions import AnswersEnded, Refused
from rastro_cli.vault import accounts, bot_ids, pixel_ids

HELP = "Set a deployment up, step by step, and check that everything is in place."


def setup(
    context: typer.Context,
    *,
    check: Annotated[bool, typer.Option("--check", help="Only check what is there; ask nothing.")] = False,
    json: JsonOption = False,
    lang: LangOption = None,
    profile: ProfileOption = None,
) -> None:
    """Set a deployment up."""
    session = begin(context, json=json, lang=lang, profile=profile)
    installation = session.deployment.installation()
    if not check:
        Wizard(session, installation).run()
    _report(session, installation)


class Wizard:
    """Asks for everything that a first sale needs."""

    def __init__(self, session: Session, installation: Installation) -> None:
        """Take the session and what the deployment is set up with."""
        self._session = session
        self._installation = installation
        self._texts = session.texts
        self._questions = session.questions
        self._say = session.questions.say
        self._out = session.notes if session.json else session.console
        self._made: list[Slug] = []

    def run(self) -> None:
        """Go through every step."""
        self._say(self._texts("setup.welcome", name=self._session.deployment.name, url=self._installation.api_url), "bold")
        for number, (name, step) in enumerate(
            (
                ("keys", self._keys),
                ("bot", self._bot),
                ("pixel", self._pixel),
                ("provider", self._provider),
                ("funnel", self._funnel),
                ("link", self._link),
            ),
            1,
        ):
            self._say("")
            self._say(self._texts(f"setup.step.{name}", number=number), "bold")
            step()
        self._say("")

    def _keys(self) -> None:
        self._say(self._texts("keys.created" if make_keys(self._installation) else "keys.there"))

    def _bot(self) -> None:
        while self._wanted("bot", bot_ids(self._installation.vault)):
            self._say(self._texts("setup.bot_help"), "dim")
            try:
                bot_id = connect(self._session, ask_token(self._session, None))
            except AnswersEnded:
                raise
            except CommandError as exc:
                self._say(str(exc), "red")
                continue
            self._say(self._texts("setup.bot_added", bot_id=bot_id, url=self._installation.webhook_url(bot_id)), "green")

    def _pixel(self) -> None:
        while self._wanted("pixel", pixel_ids(self._installation.vault), required=False):
            pixel_id = self._questions.ask(self._texts("funnel.ask.pixel"), self._pixel_id)
            ask_pixel_token(self._session, self._installation, PixelId(pixel_id))
            self._say(self._texts("setup.pixel_added", pixel=pixel_id), "green")

    def _provider(self) -> None:
        while self._wanted("provider", [f"{provider} ({bot_id})" for provider, bot_id in accounts(self._installation.vault)]):
            provider = self._questions.choose(self._texts("funnel.ask.provider"), [(name, "") for name in PROVIDERS])
            sold_by = {bot_id for name, bot_id in accounts(self._installation.vault) if name == provider}
            bots = bot_ids(self._installation.vault)
            try:
                added = move_in(self._session, self._installation, provider, [bot for bot in bots if bot not in sold_by] or bots)
            except AnswersEnded:
                raise
            except CommandError as exc:
                self._say(str(exc), "red")
                continue
            print_added(self._session, self._out, provider, added)

    def _funnel(self) -> None:
        while self._wanted("funnel", self._session.deployment.funnels.slugs()):
            try:
                funnel = Dialogue(self._session, self._installation).complete(EMPTY, Wanted())
                store(self._session, self._installation, funnel)
            except AnswersEnded:
                raise
            except CommandError as exc:
                self._say(str(exc), "red")
                continue
            self._made.append(funnel.slug)
            self._say(self._texts("funnel.added", slug=funnel.slug), "green")

    def _link(self) -> None:
        slugs = self._session.deployment.funnels.slugs()
        shown = self._made or (slugs if len(slugs) == 1 else [])
        for slug in shown:
            self._say(self._texts("setup.link", slug=slug))
            print_link(self._session, self._out, ad_link(self._installation.funnel_url(slug), {}))
        if len(shown) < len(slugs):
            self._say(self._texts("setup.links", profile=self._session.deployment.name))

    def _wanted(self, kind: str, there: Sequence[str], *, required: bool = True) -> bool:
        """Say whether to add one: without asking where there is none of what is needed."""
        if there:
            self._say(self._texts(f"setup.there.{kind}", names=", ".join(there)), "green")
            return self._questions.yes(self._texts(f"setup.another.{kind}"), default=False)
        return required or self._questions.yes(self._texts(f"setup.first.{kind}"), default=True)

    def _pixel_id(self, given: str) -> str:
        if not is_pixel_id(given):
            raise Refused(self._texts("check.pixel_wrong", id=given or "-"))
        return given


def _report(session: Session, installation: Installation) -> None:
    """Tell what is in place and what is not; ends with 1 where anything is not."""
    parts = list(everything(session.deployment, installation))
    findings: list[Finding] = [finding for _, _, found in parts for finding in found]
    ok = all(finding.ok for finding in findings)
    if session.json:
        checks = [
            {"of": kind, "name": name} | finding.document(session.texts) for kind, name, found in parts for finding in found
        ]
        print_json(session.console, {"ok": ok, "url": installation.api_url, "checks": checks})
    else:
        session.console.print(Text(session.texts("setup.check", url=installation.api_url), style="bold"))
        for kind, name, found in parts:
            if found:
                session.console.print(Text(session.texts(f"setup.part.{kind}", name=name)))
                print_findings(session.console, session.texts, found, "  ")
        session.console.print(
            Text(session.texts("setup.ok" if ok else "setup.not_ok", profile=session.deployment.name), style="bold")
        )
    session.close()
    if not ok:
        raise typer.Exit(Exit.UNAVAILABLE)
