"""The metrics that the code emits, read from the code: literal names, and families whose members an enumeration or a counter has.

A family that is not resolved here fails, so that no metric is added without its line on the page.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from rastro.figures import Seen
from rastro.meta.answer import Action
from rastro.model import EventName, PaymentStatus
from rastro.sales.settle import Settlement
from rastro.sales.shop import Step
from rastro.tracking.passage import Answer
from rastro.tracking.traffic import Traffic
from tests.template.cloudformation import ROOT

EMITTERS = {"count", "count_by", "measure_seconds"}
LAYER = Path("layers/common/rastro")
COUNTERS = {"counts", "found", "outcomes"}
"""What the counters are called whose keys become names of metrics."""
EVERYWHERE = {
    LAYER / "sales/charge.py": {"telegram_webhook"},
    LAYER / "sales/settle.py": {"payment_webhook", "telegram_webhook", "reconciler"},
    LAYER / "observability.py": {"redirect", "payment_webhook", "telegram_webhook", "reconciler"},
}
"""Which functions run what the layer counts by itself."""


def _tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def _texts(node: ast.expr) -> Iterator[str]:
    """Yield the texts that an expression may have: a constant's, or those of both branches."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=one, orelse=other):
            yield from _texts(one)
            yield from _texts(other)


def _keys(path: Path) -> set[str]:
    """Return the constant keys of a module's counters: by subscript, by a display, as an argument, or what a step returns."""
    keys: set[str] = set()
    for node in ast.walk(_tree(LAYER / path)):
        match node:
            case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name), slice=key) if name in COUNTERS:
                keys |= set(_texts(key))
            case ast.Call(func=ast.Name(id="Counter"), args=[ast.Dict(keys=given)]):
                keys |= {text for key in given if key is not None for text in _texts(key)}
            case ast.Call(func=ast.Attribute(attr="_again"), args=[*_, outcome]):
                keys |= set(_texts(outcome))
            case ast.FunctionDef(returns=ast.Name(id="str"), body=body):
                for inner in (each for line in body for each in ast.walk(line)):
                    if isinstance(inner, ast.Return) and inner.value is not None:
                        keys |= set(_texts(inner.value))
    return keys


def _faults() -> set[str]:
    """Return the faults of a passage, which stand in tuples of names."""
    tuples = (node for node in ast.walk(_tree(LAYER / "tracking/passage.py")) if isinstance(node, ast.Tuple))
    named = (node.elts for node in tuples if node.elts and all(isinstance(each, ast.Constant) for each in node.elts))
    return {str(each.value) for elements in named for each in elements if isinstance(each, ast.Constant)}


def _values(members: Iterable[str]) -> set[str]:
    return {str(member) for member in members}


FAMILIES: Mapping[str, Callable[[], set[str]]] = {
    "visit_": lambda: _values(Traffic),
    "turned_away_": lambda: {Answer.PAUSED.value, Answer.ELSEWHERE.value},
    "fault": _faults,
    "notice_": lambda: _values(Settlement),
    "update_": lambda: _values(Step),
    "outbox_": lambda: (
        _keys(Path("sales/outbox.py"))
        | {f"queued_{name}" for name in EventName}
        | {f"dropped_{name}" for name in ("fbc", "fbp", "client_ip_address", "client_user_agent")}
    ),
    "capi_": lambda: _keys(Path("meta/delivery.py")) | _values(set(Action) - {Action.SPLIT}),
    "rollup_": lambda: _keys(Path("sales/rollup.py")) | {f"seen_{seen}" for seen in Seen},
    "operator_": lambda: _keys(Path("sales/operator.py")),
    "reconciled_": lambda: (
        _keys(Path("sales/reconcile.py"))
        | _keys(Path("sales/bots.py"))
        | {f"found_{settlement}" for settlement in set(Settlement) - {Settlement.UNKNOWN_CHARGE, Settlement.UNCONFIRMED}}
        | {PaymentStatus.FAILED.value, PaymentStatus.EXPIRED.value}
    ),
}
"""What comes behind a prefix; ``fault`` is the one name that is counted as it is."""


def _names(argument: ast.expr) -> set[str]:
    """Return the names that the first argument of an emitter may have."""
    match argument:
        case ast.JoinedStr(values=[ast.Constant(value=str(prefix)), ast.FormattedValue()]):
            return {prefix + each for each in FAMILIES[prefix]()}
        case ast.Name(id=name):
            return FAMILIES[name]()
    names = set(_texts(argument))
    assert names, f"a metric whose name cannot be read: {ast.unparse(argument)}"
    return names


def emitted() -> dict[str, set[str]]:
    """Return the functions, by their service names, that emit each metric."""
    found: dict[str, set[str]] = {}
    sources = [(path.relative_to(ROOT), {path.parent.name}) for path in sorted((ROOT / "functions").glob("*/app.py"))]
    for path, services in [*sources, *EVERYWHERE.items()]:
        for name in _emitted_in(path):
            found.setdefault(name, set()).update(services)
    return found


def _emitted_in(path: Path) -> Iterator[str]:
    for node in ast.walk(_tree(path)):
        match node:
            case ast.Call(func=ast.Name(id=name), args=[argument, *_]) if name in EMITTERS:
                yield from _names(argument)


def modules_that_emit() -> set[Path]:
    """Return the modules that call an emitter by its name."""
    found = set()
    for folder in ("functions", str(LAYER)):
        for path in (ROOT / folder).rglob("*.py"):
            calls = (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))
            if any(isinstance(call.func, ast.Name) and call.func.id in EMITTERS for call in calls):
                found.add(path.relative_to(ROOT))
    return found
