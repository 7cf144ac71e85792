"""``python -m lab --port N``: serve the lab on 127.0.0.1 until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import signal
import socket
import sys

from aiohttp import web

from lab.server import HOST, Lab, Settings, make_app
from lab.webhooks import RETRY_BASE_SECONDS

SHUTDOWN_SECONDS = 0.5


def main(arguments: list[str] | None = None) -> int:
    """Run the lab; return 1 with a plain message where the port is taken."""
    parser = argparse.ArgumentParser(prog="lab", description="Local counterparts of Meta, Telegram and a PIX provider.")
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one")
    parser.add_argument(
        "--retry-base-seconds",
        type=float,
        default=RETRY_BASE_SECONDS,
        help="the second retry's wait; all other retry times scale with it (Telegram's own is %(default)s)",
    )
    options = parser.parse_args(arguments)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, options.port))
    except OSError as exc:
        listener.close()
        print(f"lab: cannot listen on {HOST}:{options.port}: {exc.strerror}", file=sys.stderr)
        return 1
    asyncio.run(_serve(listener, options.retry_base_seconds))
    return 0


async def _serve(listener: socket.socket, retry_base_seconds: float) -> None:
    lab = Lab(Settings(port=listener.getsockname()[1], retry_base_seconds=retry_base_seconds))
    runner = web.AppRunner(make_app(lab), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    print(f"lab: listening on {lab.url()}", flush=True)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    await runner.cleanup()


if __name__ == "__main__":
    sys.exit(main())
