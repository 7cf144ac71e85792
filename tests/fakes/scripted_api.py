"""A provider's API that answers as it is told, behind ``requests`` without a socket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests

Reply = tuple[int, Any] | Exception
"""A status with a JSON document or raw bytes, or what the connection fails with."""


class ScriptedApi(requests.adapters.BaseAdapter):
    """Answers each request by ``METHOD /path``, a request that nobody wrote an answer for with 404; keeps what was sent."""

    def __init__(self, replies: Mapping[str, Reply] | None = None, *, always: Reply | None = None) -> None:
        super().__init__()
        self.replies = dict(replies or {})
        self.always = always
        self.sent: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, *_args: Any, **_kwargs: Any) -> requests.Response:
        self.sent.append(request)
        reply = self.always or self.replies.get(f"{request.method} {urlsplit(request.url or '').path}", (404, {}))
        if isinstance(reply, Exception):
            raise reply
        response = requests.Response()
        response.status_code, document = reply
        response._content = document if isinstance(document, bytes) else json.dumps(document).encode()
        response.request, response.url = request, request.url or ""
        return response

    def close(self) -> None:
        pass

    def calls(self) -> list[str]:
        """Return what was asked for, in order."""
        return [f"{request.method} {urlsplit(request.url or '').path}" for request in self.sent]

    def body(self, call: str) -> Any:
        """Return the JSON that a call sent."""
        (sent,) = [request for request, name in zip(self.sent, self.calls(), strict=True) if name == call]
        return json.loads(sent.body or b"null")

    def session(self) -> requests.Session:
        """Return a session that reaches nothing but this API."""
        session = requests.Session()
        session.trust_env = False
        session.mount("https://", self)
        session.mount("http://", self)
        return session
