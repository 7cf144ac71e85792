"""The gateway before an upstream that tells what reached it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import ClientSession, DummyCookieJar, web
from yarl import URL

from stack.gateway import make_app

pytestmark = pytest.mark.integration

BYTES = bytes(range(256))


async def echo(request: web.Request) -> web.Response:
    said = {
        "method": request.method,
        "path": request.raw_path,
        "headers": {name.lower(): value for name, value in request.headers.items()},
        "body": (await request.read()).hex(),
    }
    answer = web.Response(status=302, text=json.dumps(said), headers={"Location": "https://t.me/bot?start=T", "X-Kept": "é"})
    answer.headers.add("Set-Cookie", "_fbp=1; Path=/; Secure; SameSite=Lax")
    answer.headers.add("Set-Cookie", "_fbc=2; Path=/; Secure; SameSite=Lax")
    return answer


async def gzipped(_request: web.Request) -> web.Response:
    return web.Response(body=BYTES, headers={"Content-Encoding": "gzip", "Content-Type": "image/png"})


def through(use: Callable[[ClientSession, str], Awaitable[None]], *, upstream_answers: bool = True) -> None:
    async def play() -> None:
        upstream = web.Application()
        upstream.router.add_get("/base/gzipped", gzipped)
        upstream.router.add_route("*", "/base/{path:.*}", echo)
        runners = []
        ports: list[int] = []
        for app in (upstream, None):
            made = app or make_app(f"http://127.0.0.1:{ports[0]}/base")
            runner = web.AppRunner(made)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            runners.append(runner)
            ports.append(runner.addresses[0][1])
        if not upstream_answers:
            await runners[0].cleanup()
        async with ClientSession(cookie_jar=DummyCookieJar(), auto_decompress=False) as session:
            await use(session, f"http://127.0.0.1:{ports[1]}")
        for runner in reversed(runners):
            await runner.cleanup()

    asyncio.run(play())


def test_a_request_arrives_byte_for_byte_and_its_answer_too() -> None:
    async def use(session: ClientSession, base: str) -> None:
        url = URL(f"{base}/go/a%20b?fbclid=A%2fb+c%C3%A3&&utm_source=", encoded=True)
        headers = {"Content-Type": "application/x-custom", "X-Telegram-Bot-Api-Secret-Token": "s", "Cookie": "a=1; b=2"}
        async with session.post(url, data=BYTES, headers=headers, allow_redirects=False) as answer:
            said = json.loads(await answer.text())
            assert answer.status == 302
            assert answer.headers["Location"] == "https://t.me/bot?start=T"
            assert [cookie.partition("=")[0] for cookie in answer.headers.getall("Set-Cookie")] == ["_fbp", "_fbc"]
        assert said["method"] == "POST"
        assert said["path"] == "/base/go/a%20b?fbclid=A%2fb+c%C3%A3&&utm_source="
        assert bytes.fromhex(said["body"]) == BYTES
        assert said["headers"]["content-type"] == "application/x-custom"
        assert said["headers"]["x-telegram-bot-api-secret-token"] == "s"
        assert said["headers"]["cookie"] == "a=1; b=2"

    through(use)


def test_the_visitors_address_is_the_gateways_word_alone() -> None:
    async def use(session: ClientSession, base: str) -> None:
        for headers, address in (
            ({"x-rastro-client-ip": "8.8.8.8"}, "127.0.0.1"),
            ({"X-Forwarded-For": "177.10.20.30, 10.0.0.1", "X-Rastro-Client-Ip": "8.8.8.8"}, "177.10.20.30"),
        ):
            async with session.get(f"{base}/go/demo", headers=headers, allow_redirects=False) as answer:
                assert json.loads(await answer.text())["headers"]["x-rastro-client-ip"] == address

    through(use)


def test_a_compressed_body_is_not_touched() -> None:
    async def use(session: ClientSession, base: str) -> None:
        async with session.get(f"{base}/gzipped") as answer:
            assert await answer.read() == BYTES
            assert answer.headers["Content-Encoding"] == "gzip"

    through(use)


def test_an_upstream_that_is_gone_is_a_503() -> None:
    async def use(session: ClientSession, base: str) -> None:
        async with session.get(f"{base}/go/demo") as answer:
            assert answer.status == 503

    through(use, upstream_answers=False)
