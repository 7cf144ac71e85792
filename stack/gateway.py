"""What stands before the emulator's HTTP API, as API Gateway stands before the functions: ``python -m stack.gateway``.

It gives the API a base of its own (``{api}/go/demo``), passes requests and answers byte for byte, and says in a header that it
alone sets who the visitor is. Requests wait for their turn here: the emulator would start a process for each at once.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator, Iterable

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, web
from multidict import CIMultiDict
from yarl import URL

from stack.ports import LOOPBACK

ADDRESS_HEADER = "x-rastro-client-ip"
"""Names the visitor's address to the functions (their ``TRUSTED_ADDRESS_HEADER``)."""
HEALTH_PATH = "/_stack/health"
BODY_MAX_BYTES = 10 * 1024 * 1024
"""What an HTTP API takes (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html)."""
PATIENCE_SECONDS = 30
"""How long an HTTP API waits for a function."""
MOST_AT_ONCE = 10

# Of one connection, not of the message (RFC 9110, section 7.6.1); the lengths are set anew by whoever sends the body.
_HOP_BY_HOP = frozenset(
    (
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer"),
        *("transfer-encoding", "upgrade", "content-length"),
    )
)
_SESSION = web.AppKey("session", ClientSession)


def make_app(upstream: str, most_at_once: int = MOST_AT_ONCE) -> web.Application:
    """Return the gateway before an HTTP API at ``upstream`` (no trailing slash)."""
    app = web.Application(client_max_size=BODY_MAX_BYTES)
    turns = asyncio.Semaphore(most_at_once)

    async def session(running: web.Application) -> AsyncIterator[None]:
        running[_SESSION] = ClientSession(
            connector=TCPConnector(limit=most_at_once),
            timeout=ClientTimeout(total=PATIENCE_SECONDS),
            auto_decompress=False,
            cookie_jar=DummyCookieJar(),
        )
        yield
        await running[_SESSION].close()

    async def forward(request: web.Request) -> web.Response:
        body = await request.read()
        async with turns:
            return await _forward(request, body, upstream)

    async def health(_request: web.Request) -> web.Response:
        return web.Response(text="ok")

    app.cleanup_ctx.append(session)
    app.router.add_get(HEALTH_PATH, health)
    app.router.add_route("*", "/{path:.*}", forward)
    return app


def visitor_address(forwarded_for: str | None, peer: str | None) -> str:
    """Return whose request it is: locally a caller may play a visitor by ``X-Forwarded-For``, else it is the caller itself."""
    first = (forwarded_for or "").partition(",")[0].strip()
    return first or peer or ""


async def _forward(request: web.Request, body: bytes, upstream: str) -> web.Response:
    headers = _end_to_end(request.headers.items(), but=("host", ADDRESS_HEADER))
    headers[ADDRESS_HEADER] = visitor_address(request.headers.get("X-Forwarded-For"), request.remote)
    try:
        async with request.app[_SESSION].request(
            request.method,
            URL(upstream + request.raw_path, encoded=True),
            headers=headers,
            data=body or None,
            allow_redirects=False,
            skip_auto_headers=("User-Agent", "Content-Type", "Accept", "Accept-Encoding"),
        ) as answer:
            content = await answer.read()
            return web.Response(status=answer.status, headers=_end_to_end(answer.headers.items()), body=content)
    except TimeoutError:
        return web.json_response({"message": "Endpoint request timed out"}, status=504)
    except ClientError as exc:
        return web.json_response({"message": f"the emulator did not answer: {type(exc).__name__}"}, status=503)


def _end_to_end(headers: Iterable[tuple[str, str]], but: tuple[str, ...] = ()) -> CIMultiDict[str]:
    return CIMultiDict((name, value) for name, value in headers if name.lower() not in _HOP_BY_HOP and name.lower() not in but)


def main() -> None:
    """Run the gateway until it is told to end."""
    parser = argparse.ArgumentParser(prog="python -m stack.gateway", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--upstream", required=True, help="base of the emulator's HTTP API")
    arguments = parser.parse_args()
    web.run_app(make_app(arguments.upstream), host=LOOPBACK, port=arguments.port, print=None, access_log=None, shutdown_timeout=1)


if __name__ == "__main__":
    main()
