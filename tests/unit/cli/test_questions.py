"""Where answers come from."""

from __future__ import annotations

import io
import stat
import sys
from pathlib import Path

import pytest

from rastro_cli.questions import TerminalAnswers


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _answers(text: str, environ: dict[str, str] | None = None) -> TerminalAnswers:
    return TerminalAnswers(io.StringIO(text), io.StringIO(), environ or {})


def test_a_pipe_gives_line_by_line_and_then_nothing() -> None:
    answers = _answers("a\r\n\nb")
    assert [answers.line(), answers.hidden(), answers.line(), answers.line(), answers.hidden()] == ["a", "", "b", None, None]


def test_the_rest_of_a_pipe_is_read_whole() -> None:
    answers = _answers("a\nb\nc")
    assert (answers.line(), answers.rest()) == ("a", "b\nc")


def test_a_terminal_hides_what_is_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getpass", lambda _prompt, stream: "secret")
    assert TerminalAnswers(Terminal(), io.StringIO(), {}).hidden() == "secret"


def _editor(folder: Path, code: str) -> dict[str, str]:
    script = folder / "editor.py"
    script.write_text(f"import sys, pathlib, os\npath = pathlib.Path(sys.argv[-1])\n{code}\n")
    return {"EDITOR": f"'{sys.executable}' '{script}' --wait"}


def test_an_editor_changes_a_text_in_a_file_of_its_own(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    environ = _editor(
        tmp_path,
        f"pathlib.Path({str(seen)!r}).write_text(str(path) + ' ' + oct(path.stat().st_mode))\npath.write_text('b')",
    )
    assert _answers("", environ).edit("a") == "b"
    path, mode = seen.read_text().split()
    assert not Path(path).exists()
    assert stat.S_IMODE(int(mode, 8)) == 0o600


@pytest.mark.parametrize("code", ["pass", "path.write_text('b'); sys.exit(1)"])
def test_an_editor_that_saved_nothing_or_failed_changes_nothing(tmp_path: Path, code: str) -> None:
    assert _answers("", _editor(tmp_path, code)).edit("a") is None


@pytest.mark.parametrize("environ", [{}, {"EDITOR": "/nowhere/editor"}])
def test_without_an_editor_nothing_is_changed(environ: dict[str, str]) -> None:
    assert _answers("", environ).edit("a") is None
