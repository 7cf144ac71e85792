"""Real requests, broken in every way that a sender, a proxy or a stranger could break them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import cycle, islice
from typing import Any

from hypothesis import strategies as st

NESTING = 3_000
"""Deeper than any parser goes."""

ABSURD = (
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1.5",
    "1e999999",
    "-1e400",
    "1" * 4_000,
    "1" * 5_000,
    "NaN",
    "Infinity",
    "9007199254740993",
    '""',
    '" "',
    '"0"',
    '"-1"',
    '"1e5"',
    '"1,99"',
    '"0x10"',
    '"\\u0663"',
    '"\\u0000"',
    '"\\ud800"',
    '"\\udfff\\ud800"',
    '"../../../etc"',
    '"a/b?c=d#e"',
    '"%2e%2e%2f"',
    '"\\r\\nx: y"',
    '"<script>&amp;"',
    '"9999-12-31T23:59:59.999999999+99:99"',
    '"0001-01-01T00:00:00+23:59"',
    '"2024-02-30"',
    f'"{"x" * 257}"',
    f'"{"ç" * 50_000}"',
    "[]",
    "{}",
    "[null]",
    '{"id": {"id": []}}',
    "[" * NESTING + "]" * NESTING,
    '{"a":' * NESTING + "1" + "}" * NESTING,
)
"""Values, as JSON or as something that only looks like it."""

MARK = "@@@"

Path = tuple[str | int, ...]


def paths(document: object, above: Path = ()) -> Iterator[Path]:
    """Yield where every value of a document stands."""
    if above:
        yield above
    if isinstance(document, dict):
        for name, value in document.items():
            yield from paths(value, (*above, name))
    elif isinstance(document, list):
        for number, value in enumerate(document):
            yield from paths(value, (*above, number))


def _changed(document: Any, path: Path, change: Callable[[Any, str | int], object]) -> Any:
    copy = json.loads(json.dumps(document))
    parent = copy
    for name in path[:-1]:
        parent = parent[name]
    change(parent, path[-1])
    return copy


@st.composite
def json_mutations(draw: st.DrawFn, body: bytes) -> bytes:
    """Return a JSON body with one value gone, replaced, or there twice; any other body as it is."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return body
    places = sorted(paths(document), key=str)
    absurd = draw(st.sampled_from(ABSURD))
    if not places:
        return absurd.encode()
    path = draw(st.sampled_from(places))
    how = draw(st.sampled_from(["gone", "replaced", "replaced", "replaced", "twice"]))
    if how == "gone":
        return json.dumps(_changed(document, path, lambda parent, name: parent.pop(name))).encode()
    marked = json.dumps(_changed(document, path, lambda parent, name: parent.__setitem__(name, MARK)))
    if how == "twice" and isinstance(path[-1], str):
        absurd = f"{absurd}, {json.dumps(path[-1])}: {absurd}"
    return marked.replace(f'"{MARK}"', absurd).encode()


def broken_everywhere(body: bytes) -> Iterator[bytes]:
    """Yield a JSON body or a form with each value replaced by an absurd one; the values take turns from place to place."""
    if not body.startswith(b"{"):
        fields = body.split(b"&")
        for number, place in enumerate(fields):
            name = place.partition(b"=")[0]
            for value in (b"", b"%00", b"%ff", b"%ED%A0%80", b"9" * 5_000, b"-1", b"1e9"):
                yield b"&".join([*fields[:number], name + b"=" + value, *fields[number + 1 :]])
        return
    document = json.loads(body)
    turns = cycle(ABSURD)
    for path in paths(document):
        marked = json.dumps(_changed(document, path, lambda parent, name: parent.__setitem__(name, MARK)))
        for absurd in islice(turns, 7):
            yield marked.replace(f'"{MARK}"', absurd).encode()
        yield marked.replace(f'"{MARK}"', '"\\ud800"').encode()


def _flipped(draw: st.DrawFn, body: bytes, start: int, end: int) -> bytes:
    return body[:start] + bytes(byte ^ draw(st.integers(1, 255)) for byte in body[start:end]) + body[end:]


BYTE_MUTATIONS: Sequence[Callable[[st.DrawFn, bytes, int, int], bytes]] = (
    _flipped,
    lambda _draw, body, start, end: body[:start] + body[end:],
    lambda _draw, body, start, end: body[:end] + body[start:],
    lambda draw, body, start, _end: body[:start] + draw(st.binary(max_size=40)) + body[start:],
    lambda _draw, body, _start, _end: b"\xef\xbb\xbf" + body,
    lambda _draw, body, _start, _end: body.decode("utf-8", "replace").encode("utf-16"),
    lambda _draw, body, _start, _end: body.decode("utf-8", "replace").encode("latin-1", "replace"),
    lambda draw, _body, _start, _end: draw(st.binary(max_size=200)),
)


@st.composite
def byte_mutations(draw: st.DrawFn, body: bytes) -> bytes:
    """Return a body with bytes changed, cut out, doubled or put in, or in another encoding."""
    start = draw(st.integers(0, max(len(body) - 1, 0)))
    end = min(start + draw(st.integers(1, 12)), len(body))
    return draw(st.sampled_from(BYTE_MUTATIONS))(draw, body, start, end)


@st.composite
def mutated(draw: st.DrawFn, bodies: Sequence[bytes]) -> bytes:
    """Return one of the bodies, broken once or several times."""
    body = draw(st.sampled_from(bodies))
    for _ in range(draw(st.integers(1, 3))):
        body = draw(draw(st.sampled_from([json_mutations, json_mutations, byte_mutations]))(body))
    return body


GARBAGE = ("%", "=&=&", "%ff%fe", ";a=b", "data.id[]=1", "%ED%A0%80=%ED%A0%80", "?", "#", "id=1&id=2", "é=ü")
ODD_VALUES = ("", "0", "-1", "9" * 5_000, "%00", "../x", "a%2fb", "é", "%ff")
_VALUES = st.sampled_from(
    ["", " ", "0", "null", "x" * 10_000, "é", "ÿ\u20ac😀", "a=b,c=d", "ts=,v1=", "ts=1,v1=0", "%", "\x00", "\ud800"]
)


@st.composite
def mutated_headers(draw: st.DrawFn, headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers with some gone, some changed, and some that mean nothing."""
    changed = dict(headers)
    for name in draw(st.lists(st.sampled_from(sorted(headers) or ["x"]), max_size=2)):
        if draw(st.booleans()):
            changed.pop(name, None)
        else:
            changed[name] = draw(_VALUES)
    for name in draw(st.lists(st.sampled_from(["content-type", "x-forwarded-for", "authorization", "x-absurd", ""]), max_size=2)):
        changed[name] = draw(_VALUES)
    return changed


QUERY_MUTATIONS: Sequence[Callable[[st.DrawFn, Sequence[str]], str]] = (
    lambda _draw, parts: "&".join(parts),
    lambda _draw, parts: "&".join(parts),
    lambda _draw, _parts: "",
    lambda _draw, parts: "&".join([*parts, *parts]),
    lambda draw, parts: "&".join(parts)[: draw(st.integers(0, 80))],
    lambda _draw, parts: "&".join([*parts, *(f"a{number}=b" for number in range(2_000))]),
    lambda draw, parts: "&".join([*parts, draw(st.sampled_from(GARBAGE))]),
    lambda draw, parts: "&".join(f"{part.partition('=')[0]}={draw(st.sampled_from(ODD_VALUES))}" for part in parts),
)


@st.composite
def mutated_query(draw: st.DrawFn, query: str) -> str:
    """Return a query with parts gone, doubled, changed, or far too many."""
    return draw(st.sampled_from(QUERY_MUTATIONS))(draw, query.split("&") if query else [])
