"""Secrets are compared in constant time: a comparison that ends at the first wrong letter tells how many were right."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path for folder in ("functions", "layers/common/rastro", "cli/rastro_cli") for path in (ROOT / folder).rglob("*.py")
)
_SECRET = re.compile(
    r"secret|signature|password|passwd|authorization|digest|\bmac\b|hmac|api_key|access_token|webhook_token|bearer|nonce"
)
_HARMLESS = re.compile(r"missing|_name\b|_header\b|names?\b|prefix|is_secret|\.secret\b")
"""Names of secrets, absences of them, and whether a field is one."""
ALLOWED: Mapping[str, str] = {
    "known[0] == secret": "our own secret against the one that we read before: is the account still opened with it",
    "hook.get('authorization') == secret": "what the provider's own API says of a webhook of ours, at the operator's command",
}
"""Comparisons in which nobody from outside holds either side, with the reason."""


def comparisons(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the comparisons for equality in a file that have a secret on a side."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Compare) or not any(isinstance(each, ast.Eq | ast.NotEq) for each in node.ops):
            continue
        sides = [ast.unparse(side) for side in (node.left, *node.comparators)]
        constants = [isinstance(side, ast.Constant) for side in (node.left, *node.comparators)]
        if not any(constants) and any(_SECRET.search(side.lower()) and not _HARMLESS.search(side.lower()) for side in sides):
            yield node.lineno, ast.unparse(node)


def test_no_secret_is_compared_by_equality() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text}" for path in SOURCES for line, text in comparisons(path) if text not in ALLOWED
    ]
    assert found == []


def test_the_test_finds_what_it_looks_for(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text("if webhook_secret != given: pass\nif a == request.headers['x-signature']: pass\nif secret == '': pass\n")
    assert [line for line, _ in comparisons(wrong)] == [1, 2]


def test_every_allowed_comparison_is_still_there() -> None:
    there = {text for path in SOURCES for _, text in comparisons(path)}
    assert set(ALLOWED) <= there


AUTHENTICATE = sorted(
    path.stem for path in (ROOT / "layers/common/rastro/pix").glob("*.py") if "def authenticate" in path.read_text()
)


@pytest.mark.parametrize("module", [name for name in AUTHENTICATE if name not in ("provider", "bacen")])
def test_every_provider_proves_its_callbacks_in_constant_time(module: str) -> None:
    """The port has no body, and BACEN's standard leaves the proof to each PSP."""
    tree = ast.parse((ROOT / "layers/common/rastro/pix" / f"{module}.py").read_text(encoding="utf-8"))
    (method,) = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "authenticate")
    called = {ast.unparse(node.func) for node in ast.walk(method) if isinstance(node, ast.Call)}
    assert "hmac.compare_digest" in called


@pytest.mark.parametrize("path", ["functions/telegram_webhook/app.py", "layers/common/rastro/tracking/signing.py"])
def test_the_doors_of_our_own_compare_in_constant_time(path: str) -> None:
    assert "hmac.compare_digest(" in (ROOT / path).read_text(encoding="utf-8")
