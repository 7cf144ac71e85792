"""The lab's page: its files, what it has to know, and the visits that it makes for the person who looks at it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from lab.browser import framed_policy, path_with_query, readable_cookie_headers
from lab.errors import ControlError
from lab.page import render

if TYPE_CHECKING:
    from lab.server import Lab

FOLDER = Path(__file__).with_name("site")
CONTENT_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_NO_ANSWER = b"<!doctype html><meta charset=utf-8><title>-</title>"


class Site:
    """The handlers of the page."""

    def __init__(self, lab: Lab) -> None:
        """Take the lab that it shows."""
        self._lab = lab

    def routes(self) -> list[web.RouteDef]:
        """Return every address of the page."""
        return [
            web.get("/", self._index),
            web.get("/registro", self._register),
            web.get("/site/{name}", self._file),
            web.get("/_/config", self._config),
            web.post("/_/visits", self._visit),
            web.get("/visits/{visit_id}", self._visited_page),
            web.route("*", "/go/{slug}/{step:seen|status}", self._pass_on),
        ]

    async def _index(self, _request: web.Request) -> web.Response:
        return self._answer("index.html")

    async def _file(self, request: web.Request) -> web.Response:
        return self._answer(request.match_info["name"])

    def _answer(self, name: str) -> web.Response:
        path = FOLDER / name
        content_type = CONTENT_TYPES.get(path.suffix)
        if content_type is None or path.parent != FOLDER or not path.is_file():
            raise web.HTTPNotFound
        return web.Response(body=path.read_bytes(), content_type=content_type, charset="utf-8", headers=self._headers())

    def _headers(self) -> Mapping[str, str]:
        """Return the headers of a page that asks nobody but this server and the window."""
        window = self._lab.state.config.window
        policy = (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; frame-src 'self'; "
            f"connect-src 'self'{' ' + window if window else ''}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        return {
            "Cache-Control": "no-store",
            "Content-Security-Policy": policy,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }

    async def _register(self, _request: web.Request) -> web.Response:
        return web.Response(text=render(self._lab), content_type="text/html", headers=self._headers())

    async def _config(self, _request: web.Request) -> web.Response:
        """Tell what exists outside Rastro, without a secret."""
        config = self._lab.state.config
        return web.json_response(
            {
                "api": config.api,
                "window": config.window or None,
                "bots": [{"bot_id": bot.bot_id, "username": bot.username} for bot in config.bots],
                "pixels": list(config.pixels),
            }
        )

    async def _visit(self, request: web.Request) -> web.Response:
        try:
            body = json.loads(await request.read())
        except ValueError as exc:
            raise ControlError(f"the body is not JSON: {exc}") from exc
        person, url = (body.get(name) for name in ("person", "url")) if isinstance(body, dict) else (None, None)
        if not isinstance(person, str) or not person or not isinstance(url, str):
            raise ControlError("a visit has a person, whose browser it is, and a url")
        visit = await self._lab.browsers.visit(person, url)
        return web.json_response(visit.shown())

    async def _visited_page(self, request: web.Request) -> web.Response:
        visit = self._lab.browsers.find(request.match_info["visit_id"])
        if visit is None:
            raise web.HTTPNotFound
        answer = visit.answer
        response = web.Response(body=answer.body or _NO_ANSWER, content_type="text/html", charset="utf-8")
        response.headers["Content-Security-Policy"] = framed_policy(answer.headers.get("content-security-policy", ""))
        response.headers["Cache-Control"] = "no-store"
        for header in readable_cookie_headers(visit):
            response.headers.add("Set-Cookie", header)
        return response

    async def _pass_on(self, request: web.Request) -> web.Response:
        """Send on the beacon and the question of a framed page, which asks its own host: here that is the lab."""
        answer = await self._lab.browsers.pass_on(
            request.method, path_with_query(request.raw_path), request.content_type, await request.read()
        )
        content_type = answer.headers.get("content-type", "application/json").partition(";")[0]
        return web.Response(status=answer.status or 502, body=answer.body, content_type=content_type)
