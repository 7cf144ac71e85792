"""A Docker engine of our own, for a machine that has none: fetched from Debian, sealed off, gone afterwards.

Debian's packages are unpacked into a folder of the project, not installed. The engine runs in namespaces of its own
(network, mounts, processes): it has a loopback interface and no other, so neither it nor a container can reach anything;
its published ports exist only in there; and when its first process ends, the kernel ends all the others and its mounts.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from stack.errors import StackError

_DEBIAN_PACKAGES = ("docker.io", "iptables")
_NEEDED_COMMANDS = ("apt-get", "dpkg-deb", "unshare", "setpriv", "mount")
_SIOCSIFFLAGS = 0x8914
_IFF_UP_AND_RUNNING = 0x1 | 0x40
_START_SECONDS = 30
_STOP_SECONDS = 15


class EngineFailure(StackError):
    """Say that the engine, or what it needs, could not be brought up; the message is for people."""


def docker_answers() -> bool:
    """Say whether a Docker engine answers the ``docker`` command as this user has set it up."""
    if shutil.which("docker") is None:
        return False
    try:
        told = subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=20)
    except subprocess.TimeoutExpired:
        return False
    return told.returncode == 0


def why_no_engine_can_start() -> str | None:
    """Return why this machine cannot run an engine of our own, or ``None`` when it can try."""
    if sys.platform != "linux":
        return "an engine can be started on Linux only"
    if os.geteuid() != 0:
        return "an engine can be started by root only"
    missing = [command for command in _NEEDED_COMMANDS if shutil.which(command) is None]
    if missing:
        return f"this machine has no {', '.join(missing)} (Debian's apt and util-linux are needed)"
    if _told(sealed_command(["true"])).returncode != 0:
        return "root may make no namespaces here (an unprivileged container?)"
    return None


def fetch(folder: Path) -> None:
    """Unpack Debian's engine into ``folder``, unless it is there or installed.

    Raises ``EngineFailure`` when apt has no such packages or cannot reach its mirror.
    """
    if shutil.which("dockerd") or (folder / "usr/sbin/dockerd").exists():
        return
    archives = folder.with_name(f"{folder.name}-archives")
    fresh = folder.with_name(f"{folder.name}-fresh")
    for scratch in (archives, fresh):
        shutil.rmtree(scratch, ignore_errors=True)
    (archives / "partial").mkdir(parents=True)
    download = [
        *("apt-get", "--yes", "--quiet", "--no-install-recommends", "--download-only"),
        *("-o", f"Dir::Cache::archives={archives}", "-o", "APT::Sandbox::User=root"),
        *("install", *_DEBIAN_PACKAGES),
    ]
    # The lists of packages may be absent (a slim image) or stale (a package was replaced): only then are they fetched.
    if _told(download).returncode != 0:
        _told(["apt-get", "--quiet", "update"])
        refused = _told(download)
        if refused.returncode != 0:
            raise EngineFailure(f"apt-get could not download {' '.join(_DEBIAN_PACKAGES)}:\n{refused.stderr.strip()}")
    for archive in sorted(archives.glob("*.deb")):
        subprocess.run(["dpkg-deb", "--extract", str(archive), str(fresh)], check=True)
    shutil.rmtree(archives)
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)


def sealed_command(command: Sequence[str]) -> list[str]:
    """Return ``command`` as the first process of namespaces that die with it, and it with this process."""
    return [
        *("setpriv", "--pdeathsig", "KILL"),
        *("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--"),
        *command,
    ]


@contextmanager
def running(folder: Path, storage: Path, environ: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Run the engine inside the sealed namespaces; yield the environment in which ``docker`` and ``sam`` find it.

    ``storage`` is the engine's own and is emptied before and after. Raises ``EngineFailure`` with the last lines of its log.
    """
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)  # its sockets stay in here, under short names
    _raise_loopback()
    shutil.rmtree(storage, ignore_errors=True)
    storage.mkdir(parents=True)
    host = "unix:///run/docker.sock"
    libraries = [str(path) for path in (folder / "usr/lib").glob("*-linux-gnu*")]
    engine_environ = {
        **environ,
        "PATH": os.pathsep.join([str(folder / "usr/bin"), str(folder / "usr/sbin"), environ["PATH"]]),
        "LD_LIBRARY_PATH": os.pathsep.join(libraries),
    }
    log = storage.with_suffix(".log")
    with log.open("wb") as written:
        engine = subprocess.Popen(
            [
                shutil.which("dockerd", path=engine_environ["PATH"]) or "dockerd",
                *("--data-root", str(storage), "--exec-root", "/run/docker", "--pidfile", "/run/docker.pid"),
                *("--host", host, "--storage-driver", "overlay2", "--bip", "172.30.99.1/24"),
                *("--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false"),
            ],
            env=engine_environ,
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    try:
        _await_answer(engine, Path("/run/docker.sock"), log)
        yield {**environ, "PATH": engine_environ["PATH"], "DOCKER_HOST": host}
    finally:
        engine.terminate()
        try:
            engine.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            engine.kill()
            engine.wait()
        shutil.rmtree(storage, ignore_errors=True)


def _await_answer(engine: subprocess.Popen[bytes], socket_path: Path, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and engine.poll() is None:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            try:
                client.connect(str(socket_path))
                client.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
                if b"200 OK" in client.recv(256):
                    return
            except OSError:
                time.sleep(0.1)
    last_lines = "\n".join(log.read_text(errors="replace").splitlines()[-8:])
    raise EngineFailure(f"the Docker engine did not come up:\n{last_lines}")


def _raise_loopback() -> None:
    """Bring ``lo`` up, as a fresh network namespace has it down; no ``ip`` command is needed for it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", _IFF_UP_AND_RUNNING))


def _told(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
