"""The parts of pages that are made from the code: each stands between two markers, and a test holds it to what the code says.

``python -m tests.unit.docs`` writes them anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rastro.explanation import Explanation, Language
from rastro.meta import meanings
from rastro.meta.answer import Action, GraphAnswer, judge
from rastro.meta.meanings import Fate, meaning_of_error, meaning_of_fate
from rastro.model import DAY_MS, Reason
from rastro.pix.onboarding import API_URL_FIELD, CredentialField, onboarding
from rastro.pix.provider import PROVIDERS
from rastro.stores import keys
from rastro.tracking.reasons import explain
from tests.template.cloudformation import ROOT, Template, read

DOCS = ROOT / "docs"
PROVIDER_NAMES: Mapping[str, str] = {
    "openpix": "OpenPix / Woovi",
    "mercadopago": "Mercado Pago",
    "efi": "Efí",
    "asaas": "Asaas",
    "pushinpay": "PushinPay",
    "abacatepay": "AbacatePay",
    "pagbank": "PagBank",
}
"""The providers as their customers call them."""

_NEVER_SEEN = 999
"""A code that Meta does not document."""
_RANGES: Mapping[int, str] = {201: "200-299", 80_001: "80000-80014"}
"""A code of each of Meta's ranges, with what the range is called."""
_DOES: Mapping[Action, tuple[str, str]] = {
    Action.RETRY: ("tenta de novo", "tries again"),
    Action.RETRY_SLOWLY: ("espera e tenta de novo", "waits, then tries again"),
    Action.PARK: ("estaciona o pixel", "parks the pixel"),
    Action.REJECT: ("não envia mais", "sends it no more"),
}
_HEADS: Mapping[Language, Mapping[str, tuple[str, ...]]] = {
    Language.PT: {
        "errors": ("código", "o que significa", "o Rastro", "o que fazer"),
        "fates": ("situação", "o que significa", "o que fazer"),
    },
    Language.EN: {
        "errors": ("code", "what it means", "Rastro", "what to do"),
        "fates": ("state", "what it means", "what to do"),
    },
}
_REMEDY: Mapping[Language, str] = {Language.PT: "O que fazer", Language.EN: "What to do"}
_STREAM = {"StreamViewType": "NEW_AND_OLD_IMAGES"}


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [f"| {' | '.join(line)} |" for line in (head, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]])


def reasons(language: Language) -> str:
    """Return every reason with its meaning and its remedy, each under a heading that can be linked to."""
    told = ((reason, explain(reason, language)) for reason in Reason)
    return "\n\n".join(
        f"### `{reason.value}`\n\n{meaning.text}\n\n**{_REMEDY[language]}:** {meaning.remedy}" for reason, meaning in told
    )


def errors(language: Language) -> str:
    """Return every code of Meta that the product knows, with what it does about it."""
    known: list[tuple[str, int, int | None]] = [(str(code), code, None) for code in meanings._CODES]
    known += [(f"{code}/{subcode}", code, subcode) for code, subcode in meanings._SUBCODES if subcode is not None]
    known += [(name, code, None) for code, name in _RANGES.items()]
    ordered = sorted(known, key=lambda one: (one[1], one[2] or 0))
    rows = [_error(name, code, subcode, language) for name, code, subcode in ordered]
    other = ("outro" if language is Language.PT else "other", _NEVER_SEEN, None)
    return table(_HEADS[language]["errors"], [*rows, _error(*other, language)])


def _error(name: str, code: int, subcode: int | None, language: Language) -> tuple[str, ...]:
    meaning = meaning_of_error(code, subcode, language)
    body = f'{{"error": {{"code": {code}, "error_subcode": {subcode or 0}}}}}'.encode()
    action = judge(GraphAnswer(status=400, body=body), 1).action
    return f"`{name}`", meaning.text, _DOES[action][0 if language is Language.PT else 1], meaning.remedy


def fates(language: Language) -> str:
    """Return how an event can stand at a pixel."""
    told: list[tuple[Fate, Explanation]] = [(fate, meaning_of_fate(fate, language)) for fate in Fate]
    rows = [(f"`{fate.value}`", meaning.text, meaning.remedy) for fate, meaning in told]
    return table(_HEADS[language]["fates"], rows)


def provider_index() -> str:
    """Return links to the providers of the page."""
    return "\n".join(f"- [{name}](#{provider})" for provider, name in _providers())


def providers() -> str:
    """Return what each provider asks for, and the steps in its panel, in Portuguese as both are."""
    return "\n\n".join(_provider(provider, name) for provider, name in _providers())


def _providers() -> Iterator[tuple[str, str]]:
    return ((provider, PROVIDER_NAMES[provider]) for provider in PROVIDERS)


def _provider(provider: str, name: str) -> str:
    known = onboarding(provider)
    rows = [(f"**{field.label}**", _kind(field), _told(field)) for field in known.fields if field != API_URL_FIELD]
    steps = "\n".join(f"{number}. {_in_page(step)}" for number, step in enumerate(known.steps("`ENDEREÇO`"), 1))
    return (
        f'<a id="{provider}"></a>\n\n### {name}\n\n'
        f"O comando: `rastro provider add {provider} --bot BOT_ID`\n\n"
        f"{table(('o que é pedido', '', 'onde está'), rows)}\n\nNo painel, onde o comando o pedir:\n\n{steps}"
    )


def _kind(field: CredentialField) -> str:
    if field.generated:
        return "vazio: o Rastro cria"
    return "obrigatório" if field.required else "opcional"


def _told(field: CredentialField) -> str:
    return _in_page(field.help)


def _in_page(text: str) -> str:
    """Return a text of the command as Markdown: what it quotes with ``<`` or ``|`` would be read as something else."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("«", "“").replace("»", "”").replace("$aact_", "`$aact_`")


def tables() -> str:
    """Return the tables of the template with their keys and indexes."""
    template = read()
    rows = []
    for name, properties in template.of_type("AWS::DynamoDB::Table").items():
        key = ", ".join(f"`{part}`" for part in _key(properties))
        indexes = "; ".join(
            f"`{index['IndexName']}` ({', '.join(f'`{part}`' for part in _key(index))})"
            for index in properties.get("GlobalSecondaryIndexes", ())
        )
        stream = "yes" if properties.get("StreamSpecification") == _STREAM else "no"
        rows.append((f"`{name}`", f"`{_variable(template, name)}`", key, indexes or "none", stream))
    return table(("table", "variable", "key", "indexes (keys only)", "stream"), rows)


def _key(schema: Mapping[str, Any]) -> list[str]:
    return [part["AttributeName"] for part in schema["KeySchema"]]


def _variable(template: Template, name: str) -> str:
    """Return the variable by which the functions know a table."""
    (variable,) = {
        variable
        for function in template.functions
        for variable, value in template.environment(function).items()
        if value == {"Ref": name}
    }
    return str(variable)


def lifetimes() -> str:
    """Return for how long records are kept."""
    kept = (
        ("click", keys.CLICK_LIFETIME_MS, "the click"),
        ("ledger row of a Purchase", keys.PURCHASE_LIFETIME_MS, "the row"),
        ("ledger row of another event", keys.FUNNEL_EVENT_LIFETIME_MS, "the row"),
        ("names behind a campaign's short id", keys.CAMPAIGN_LIFETIME_MS, "the first click of the campaign"),
        ("notice about no charge of ours", keys.NOTICE_LIFETIME_MS, "the notice"),
        ("a person's turn", keys.TURN_LIFETIME_MS, "the last update"),
        ("who was seen in an hour", keys.SEEN_LIFETIME_MS, "the hour"),
        ("how many were seen in an hour", keys.COUNTS_LIFETIME_MS, "the hour"),
    )
    rows = [(what, f"{lifetime // DAY_MS} days", since) for what, lifetime, since in kept]
    return table(("record", "is kept for", "from"), rows)


def routes() -> str:
    """Return the routes of the template, with their function and the parameter that limits them."""
    template = read()
    properties = template.resources["HttpApi"]["Properties"]
    limits, other = properties["RouteSettings"], properties["DefaultRouteSettings"]
    rows = []
    for function, _, event in template.events("HttpApi"):
        route = f"{event['Method']} {event['Path']}"
        limit = limits.get(route, other)["ThrottlingRateLimit"]["Ref"]
        rows.append((f"`{route}`", f"`{function}`", f"`{limit}`"))
    return table(("route", "function", "requests a second at most"), rows)


BLOCKS: Mapping[tuple[str, str], Callable[[], str]] = {
    ("troubleshooting.md", "reasons"): lambda: reasons(Language.EN),
    ("troubleshooting.md", "errors"): lambda: errors(Language.EN),
    ("troubleshooting.md", "fates"): lambda: fates(Language.EN),
    ("guia/problemas.md", "reasons"): lambda: reasons(Language.PT),
    ("guia/problemas.md", "errors"): lambda: errors(Language.PT),
    ("guia/problemas.md", "fates"): lambda: fates(Language.PT),
    ("guia/pix.md", "provider index"): provider_index,
    ("guia/pix.md", "providers"): providers,
    ("reference/tables.md", "tables"): tables,
    ("reference/tables.md", "lifetimes"): lifetimes,
    ("reference/routes.md", "routes"): routes,
}
"""By page and name, what stands between the markers of that name."""


def stands(page: str, name: str) -> str:
    """Return what stands on a page between the markers of a name."""
    found = _between(name).findall((DOCS / page).read_text(encoding="utf-8"))
    assert len(found) == 1, f"{page} has the markers of {name!r} {len(found)} times"
    return str(found[0])


def write(page: str, name: str, content: str) -> None:
    """Put something between the markers of a name."""
    path: Path = DOCS / page
    text = path.read_text(encoding="utf-8")
    path.write_text(_between(name).sub(lambda _: _marked(name, content), text), encoding="utf-8")


def _marked(name: str, content: str) -> str:
    return f"<!-- made from the code: {name} -->\n\n{content}\n\n<!-- end: {name} -->"


def _between(name: str) -> re.Pattern[str]:
    return re.compile(rf"<!-- made from the code: {name} -->\n\n(.*?)\n\n<!-- end: {name} -->", re.DOTALL)
