"""API Gateway's HTTP API events, payload format 2.0, as the functions need them.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from rastro.errors import InvalidInput

BODY_MAX_BYTES = 262_144
VALUE_MAX_LENGTH = 65_536
"""The longest query, header or cookie that is looked at, several times what an HTTP API lets through
(https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html): a longer one counts as absent."""
_HOST = re.compile(r"[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){0,8}(:[0-9]{1,5})?")


@dataclass(frozen=True)
class HttpRequest:
    """One HTTP request behind an event."""

    event: Mapping[str, Any]

    @property
    def method(self) -> str:
        """Return the HTTP method."""
        return str(self._http.get("method", ""))

    @property
    def path(self) -> str:
        """Return the path without the stage."""
        return str(self.event.get("rawPath", ""))

    @property
    def raw_query(self) -> str:
        """Return the query string, not decoded."""
        return _bounded(str(self.event.get("rawQueryString") or ""))

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """Return the headers by their names in lower case."""
        given = (self.event.get("headers") or {}).items()
        return {name.lower(): _well_formed(str(value)) for name, value in given if len(str(value)) <= VALUE_MAX_LENGTH}

    @property
    def cookies(self) -> Sequence[str]:
        """Return the cookies: AWS gives a list, some gateways only the header."""
        listed = self.event.get("cookies")
        if listed:
            return [_bounded(str(cookie)) for cookie in listed]
        header = self.headers.get("cookie")
        return [header] if header else []

    @property
    def _http(self) -> Mapping[str, Any]:
        return (self.event.get("requestContext") or {}).get("http") or {}

    def parameter(self, name: str) -> str:
        """Return a part of the path by its name in the route, ``""`` when absent."""
        return _bounded(str((self.event.get("pathParameters") or {}).get(name) or ""))

    def body(self) -> bytes:
        """Return the body as it was sent, decoded where the gateway encoded it.

        Raises ``InvalidInput`` for one over 256 KiB or with a broken encoding.
        """
        text = self.event.get("body") or ""
        if len(text) > 2 * BODY_MAX_BYTES:
            raise InvalidInput("the body is too large")
        try:
            raw = base64.b64decode(text, validate=True) if self.event.get("isBase64Encoded") else text.encode()
        except (binascii.Error, ValueError) as exc:
            raise InvalidInput("the body is not what the gateway says") from exc
        if len(raw) > BODY_MAX_BYTES:
            raise InvalidInput("the body is too large")
        return raw

    def client_address(self, trusted_header: str = "") -> str | None:
        """Return the client's IP address, or ``None`` when what is there is none.

        It is what the gateway saw, or what the operator's own proxy wrote into ``trusted_header`` (a CDN's viewer address,
        with or without a port); a header that a client can set is never looked at.
        """
        given = self.headers.get(trusted_header.lower(), "") if trusted_header else str(self._http.get("sourceIp", ""))
        for candidate in (given, given.rpartition(":")[0]):
            try:
                return str(ipaddress.ip_address(candidate.strip("[] ")))
            except ValueError:
                continue
        return None

    def base_url(self, public_url: str = "") -> str:
        """Return the public address of the API without a trailing slash, ``""`` where the gateway names no host."""
        if public_url:
            return public_url.rstrip("/")
        host = str((self.event.get("requestContext") or {}).get("domainName", ""))
        return f"https://{host}" if _HOST.fullmatch(host) else ""


def _bounded(text: str) -> str:
    return _well_formed(text) if len(text) <= VALUE_MAX_LENGTH else ""


def _well_formed(text: str) -> str:
    """Return a text with ``?`` for half a character: an event is JSON, where one can stand alone, and no encoding takes it."""
    return text if text.isascii() else text.encode(errors="replace").decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """An answer."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Sequence[str] = ()
    """The values of ``Set-Cookie`` headers."""
    body: str = ""

    def to_event(self) -> dict[str, Any]:
        """Return the answer in payload format 2.0."""
        answer: dict[str, Any] = {"statusCode": self.status, "headers": dict(self.headers), "body": self.body}
        if self.cookies:
            answer["cookies"] = list(self.cookies)
        return answer


def json_response(status: int, document: Mapping[str, object]) -> HttpResponse:
    """Return a JSON answer that nobody may keep."""
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    return HttpResponse(status=status, headers=headers, body=json.dumps(document))
