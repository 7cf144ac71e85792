"""The webhooks that an Asaas account registers (https://docs.asaas.com/docs/create-new-webhook-via-api), and its lists."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from lab.pix.dialect import Refused
from lab.state import Account, JsonObject
from lab.wire import Call

WEBHOOKS_MAX = 10
PAGE_MAX_LENGTH = 100
PAGE_LENGTH = 10

_API_VERSION = 3
_TOKEN = re.compile(r"\S{32,255}")
_NOT_FOUND = 404
_SEND_TYPES = ("SEQUENTIALLY", "NON_SEQUENTIALLY")


class Webhooks:
    """The webhooks of every account, by its key."""

    def __init__(self, new_id: Callable[[], str]) -> None:
        """Take a source of unique ids."""
        self._new_id = new_id
        self._of_key: dict[str, dict[str, JsonObject]] = {}

    def token_of(self, account: Account) -> str | None:
        """Return the token that the notices of an account's bot carry, where a webhook is registered for it."""
        path = f"/pix/{account.provider}/{account.bot_id}"
        webhooks = self._of_key.get(account.credentials["api_key"], {}).values()
        return next((str(webhook["authToken"]) for webhook in webhooks if str(webhook["url"]).endswith(path)), None)

    def answer(self, call: Call, account: Account, name: str) -> JsonObject:
        """List, create or change webhooks."""
        known = self._of_key.setdefault(account.credentials["api_key"], {})
        if (call.method, name) == ("GET", ""):
            return page(call, [_shown(webhook) for webhook in known.values()])
        if (call.method, name) == ("POST", ""):
            if len(known) >= WEBHOOKS_MAX:
                raise Refused(f"É possível cadastrar até {WEBHOOKS_MAX} webhooks.")
            name = str(self._new_id())
        elif call.method != "PUT" or name not in known:
            raise Refused("Webhook não encontrado", _NOT_FOUND)
        known[name] = {"id": name, **known.get(name, {}), **_checked(call)}
        return _shown(known[name])


def page(call: Call, entries: Sequence[JsonObject]) -> JsonObject:
    """Return a part of a list as the provider writes it."""
    offset, limit = _number(call.query, "offset", 0), _number(call.query, "limit", PAGE_LENGTH)
    if limit > PAGE_MAX_LENGTH:
        raise Refused(f"O limite máximo é {PAGE_MAX_LENGTH}.")
    return {
        "object": "list",
        "hasMore": len(entries) > offset + limit,
        "totalCount": len(entries),
        "limit": limit,
        "offset": offset,
        "data": list(entries[offset : offset + limit]),
    }


def _checked(call: Call) -> JsonObject:
    fields = call.fields
    token, events = fields.get("authToken"), fields.get("events")
    if not str(fields.get("url", "")).startswith(("https://", "http://")):
        raise Refused("A URL informada é inválida.")
    if not fields.get("name") or not isinstance(fields["name"], str):
        raise Refused("O campo name deve ser informado.")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise Refused("O authToken deve ter entre 32 e 255 caracteres e não pode conter espaços.")
    if fields.get("sendType") not in _SEND_TYPES:
        raise Refused("O campo sendType deve ser informado.")
    if fields.get("apiVersion", _API_VERSION) != _API_VERSION:
        raise Refused("A versão da API é inválida.")
    if not isinstance(events, list) or not events or not all(isinstance(event, str) for event in events):
        raise Refused("Informe ao menos um evento.")
    if not isinstance(fields.get("enabled"), bool) or not isinstance(fields.get("interrupted"), bool):
        raise Refused("Os campos enabled e interrupted devem ser informados.")
    return dict(fields)


def _shown(webhook: Mapping[str, object]) -> JsonObject:
    """Return a webhook without its token, which is never told again."""
    return {name: value for name, value in webhook.items() if name != "authToken"} | {"hasAuthToken": True}


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isdecimal():
        raise Refused(f"O parâmetro {name} é inválido.")
    return int(text)
