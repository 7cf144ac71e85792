"""The four ports of a stack, all on the loopback address."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Callable
from dataclasses import asdict, dataclass

from stack.errors import PortInUse

LOOPBACK = "127.0.0.1"
FIRST_PORT = 8700
"""Where ``python -m stack dev`` starts counting, unless told otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where each server of a stack listens."""

    api: int
    emulator: int
    redis: int
    lab: int

    @classmethod
    def from_first(cls, first: int) -> Ports:
        """Return four ports in a row."""
        return cls(api=first, emulator=first + 1, redis=first + 2, lab=first + 3)

    @classmethod
    def free(cls) -> Ports:
        """Return four ports that nobody uses now."""
        with contextlib.ExitStack() as sockets:
            numbers = []
            for _ in range(4):
                server = sockets.enter_context(socket.socket())
                server.bind((LOOPBACK, 0))
                numbers.append(int(server.getsockname()[1]))
            api, emulator, redis, lab = numbers
        return cls(api=api, emulator=emulator, redis=redis, lab=lab)

    def check(self, is_taken: Callable[[int], bool] | None = None) -> None:
        """Raise ``PortInUse``, naming every port that is taken and the way out."""
        taken = [f"{port} ({what})" for what, port in asdict(self).items() if (is_taken or port_is_taken)(port)]
        if taken:
            raise PortInUse(
                f"These ports are in use by another program: {', '.join(taken)}.\n"
                f"Stop that program, or choose four other ports in a row: RASTRO_PORT={self.api + 100} make dev"
            )


def port_is_taken(port: int) -> bool:
    """Say whether somebody listens on a port of the loopback address, or nobody may."""
    with socket.socket() as server:
        # As servers do: a port whose last connections are just closing is free.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((LOOPBACK, port))
        except OSError as exc:
            if exc.errno in (errno.EADDRINUSE, errno.EACCES):
                return True
            raise
    return False
