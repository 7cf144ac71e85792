"""The options that every command takes, before it or after it, and what a command works with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated

import typer
from rich.console import Console

from rastro.explanation import Language
from rastro_cli.composition import Deployment
from rastro_cli.profiles import Profile, choose
from rastro_cli.questions import Answers, Questions
from rastro_cli.texts import Texts

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
LangOption = Annotated[Language | None, typer.Option("--lang", help="pt or en; by default RASTRO_LANG, else pt.")]
ProfileOption = Annotated[
    str | None,
    typer.Option(
        "--profile",
        metavar="NAME",
        help="The deployment: local, or a profile of profiles.toml; by default RASTRO_PROFILE.",
    ),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and write nothing.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a run of the command is given from outside."""

    environ: Mapping[str, str]
    open_deployment: Callable[[Profile], Deployment]
    console: Console
    """Where the answer goes."""
    notes: Console
    """Where progress, questions and errors go."""
    answers: Answers
    """Where the operator's answers come from."""
    language: Language = Language.PT
    """The language that the command line asks for; it is read before everything else."""
    json: bool = False
    profile: str | None = None

    def with_options(self, *, json: bool, lang: Language | None, profile: str | None) -> Surroundings:
        """Return the surroundings with options that were given ahead of a command."""
        return replace(self, json=json or self.json, language=lang or self.language, profile=profile or self.profile)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One command's surroundings: the deployment opened, the language known."""

    deployment: Deployment
    texts: Texts
    json: bool
    console: Console
    notes: Console
    questions: Questions

    def close(self) -> None:
        """Tell what failed on the way without harm."""
        for fault in self.deployment.on_faults():
            self.notes.print(self.texts("fault", message=fault), markup=False)


def begin(context: typer.Context, *, json: bool, lang: Language | None, profile: str | None) -> Session:
    """Open the deployment that the options name, those of the command before those given ahead of it.

    Raises ``CommandError`` for a profile that is not there, and what opening a deployment raises.
    """
    surroundings: Surroundings = context.obj
    texts = Texts(lang or surroundings.language)
    chosen = choose(profile or surroundings.profile, surroundings.environ, texts)
    return Session(
        deployment=surroundings.open_deployment(chosen),
        texts=texts,
        json=json or surroundings.json,
        console=surroundings.console,
        notes=surroundings.notes,
        questions=Questions(surroundings.answers, surroundings.notes, texts),
    )
