"""The embedded AWS emulator (MiniStack): its own environment, and how it is started."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import requests

from stack.aws import REGION
from stack.errors import StackError
from stack.ports import LOOPBACK
from stack.processes import Process, Registry, wait_until_ready

REQUIREMENTS = Path(__file__).with_name("requirements-emulator.txt")
_WARM_SECONDS = 60
_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class EmulatorEnvironment:
    """``.tools/emulator``: the emulator's interpreter, of this interpreter's version, since the functions run on it too."""

    def __init__(self, root: Path) -> None:
        """Take the project's folder."""
        self._folder = root / ".tools" / "emulator"
        self._mark = self._folder / ".installed"
        self._uv = _uv(root)

    @property
    def python(self) -> Path:
        """The interpreter."""
        return self._folder / "bin" / "python"

    @property
    def installed(self) -> bool:
        """Say whether what is installed is what the requirements and this interpreter ask for."""
        return self.python.exists() and self._mark.exists() and self._mark.read_text(encoding="utf-8") == self._wanted()

    def install(self) -> None:
        """Install it from PyPI; two stacks that start at once do not get into each other's way."""
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        with self._folder.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self.installed:
                return
            shutil.rmtree(self._folder, ignore_errors=True)
            self._run("venv", "--quiet", "--python", sys.executable, str(self._folder))
            self._run("pip", "install", "--quiet", "--python", str(self.python), "--requirement", str(REQUIREMENTS))
            self._mark.write_text(self._wanted(), encoding="utf-8")

    def _wanted(self) -> str:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        return f"{version} {hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()}"

    def _run(self, *arguments: str) -> None:
        told = subprocess.run([self._uv, *arguments], capture_output=True, text=True, check=False)
        if told.returncode != 0:
            raise StackError(f"The AWS emulator could not be installed (uv {arguments[0]}): is PyPI reachable?\n{told.stderr}")


def start_emulator(registry: Registry, python: Path, *, port: int, scratch: Path, log: Path) -> Process:
    """Start the emulator on the loopback address and wait for its first answer; whatever it writes stays in ``scratch``."""
    scratch.mkdir(parents=True, exist_ok=True)
    environ = emulator_environment(os.environ, port=port, scratch=scratch)
    process = registry.start("AWS emulator", [str(python), "-m", "ministack"], log=log, environ=environ, folder=scratch)
    wait_until_ready(process, lambda: answers(f"http://{LOOPBACK}:{port}/_ministack/health"), log=log)
    return process


def emulator_environment(environ: Mapping[str, str], *, port: int, scratch: Path) -> dict[str, str]:
    """Return the environment of the emulator, which its functions inherit: nothing of the person's own AWS settings."""
    kept = {name: environ[name] for name in _KEPT if name in environ}
    return kept | {
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "PYTHONUNBUFFERED": "1",
        # It listens on every interface and opens a port for MQTT unless it is told not to.
        "BIND_HOST": LOOPBACK,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": LOOPBACK,  # the host in the URLs of queues
        "MINISTACK_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "S3_DATA_DIR": str(scratch / "s3"),
        "STATE_DIR": str(scratch / "state"),
        "LAMBDA_WARM_TTL_SECONDS": str(_WARM_SECONDS),
        "LOG_LEVEL": "WARNING",
    }


def answers(url: str) -> bool:
    """Say whether a server answers at a URL with a success."""
    try:
        with requests.Session() as session:
            session.trust_env = False
            return session.get(url, timeout=2).ok
    except requests.RequestException:
        return False


def _uv(root: Path) -> str:
    own = root / ".tools" / "uv" / "bin" / "uv"
    found = os.environ.get("UV") or (str(own) if own.exists() else shutil.which("uv"))
    if not found:
        raise StackError("uv is missing: `make setup` installs it into .tools/uv.")
    return found
