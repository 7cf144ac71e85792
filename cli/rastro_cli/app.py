"""The command's tree, and how it ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import typer

from rastro.errors import Conflict, SecretMissing, StoreUnavailable
from rastro.settings import SettingsError
from rastro_cli import (
    bots,
    doctor,
    events,
    funnels,
    importing,
    keys,
    operating,
    pixel,
    privacy,
    providers,
    repairing,
    replay,
    reporting,
    wizard,
)
from rastro_cli import help as help_texts
from rastro_cli.exits import CommandError, Exit
from rastro_cli.options import JsonOption, LangOption, ProfileOption, Surroundings
from rastro_cli.texts import Texts

LANGUAGE_VARIABLE = "RASTRO_LANG"
_UNAVAILABLE: Mapping[type[Exception], str] = {
    StoreUnavailable: "error.store",
    SecretMissing: "error.secret",
    SettingsError: "error.settings",
    Conflict: "error.conflict",
}

app = typer.Typer(
    name="rastro",
    help="Rastro's operator command: set a deployment up, diagnose, repair and import sales, and follow them to Meta.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("setup", help=wizard.HELP)(wizard.setup)
app.add_typer(keys.app, name="keys")
app.add_typer(bots.app, name="bot")
app.add_typer(providers.app, name="provider")
app.add_typer(funnels.app, name="funnel")
app.add_typer(doctor.app, name="doctor")
app.add_typer(repairing.app, name="repair")
app.add_typer(importing.app, name="import")
app.add_typer(events.app, name="events")
app.add_typer(pixel.app, name="pixel")
app.add_typer(operating.app, name="operator")
app.add_typer(replay.app, name="replay")
app.command("report", help=reporting.HELP)(reporting.report)
app.command("erase", help=privacy.ERASE_HELP)(privacy.erase)
app.command("export", help=privacy.EXPORT_HELP)(privacy.export)


@app.callback()
def root(context: typer.Context, *, json: JsonOption = False, lang: LangOption = None, profile: ProfileOption = None) -> None:
    """Take the options that are given ahead of a command."""
    surroundings: Surroundings = context.obj
    context.obj = surroundings.with_options(json=json, lang=lang, profile=profile)


def run(arguments: Sequence[str], surroundings: Surroundings) -> int:
    """Run one command line and return its exit code."""
    language = help_texts.language_of(arguments, surroundings.environ.get(LANGUAGE_VARIABLE))
    texts = Texts(language)
    command = help_texts.localise(typer.main.get_command(app), language)
    try:
        command.main(args=list(arguments), prog_name="rastro", obj=replace(surroundings, language=language))
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else Exit.DONE
    except CommandError as exc:
        message, code = texts("error", message=exc), exc.code
    except (StoreUnavailable, SecretMissing, SettingsError, Conflict) as exc:
        message, code = texts(_UNAVAILABLE[type(exc)], message=exc), Exit.UNAVAILABLE
    except KeyboardInterrupt:
        message, code = texts("interrupted"), Exit.INTERRUPTED
    else:
        return Exit.DONE
    surroundings.notes.print(message, style="red", markup=False)
    return code
