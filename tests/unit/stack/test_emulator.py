from __future__ import annotations

from pathlib import Path

from stack.emulator import REQUIREMENTS, emulator_environment


def test_nothing_of_a_persons_own_aws_settings_reaches_the_emulator() -> None:
    person = {
        "PATH": "/usr/bin",
        "HOME": "/home/person",
        "AWS_PROFILE": "production",
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_ENDPOINT_URL": "https://elsewhere",
        "HTTPS_PROXY": "http://proxy",
    }
    environ = emulator_environment(person, port=8701, scratch=Path("/scratch"))
    assert environ["PATH"] == "/usr/bin"
    assert environ["HOME"] == environ["TMPDIR"] == "/scratch"
    assert not {"AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL", "HTTPS_PROXY"} & set(environ)


def test_the_emulator_listens_on_the_loopback_address_only() -> None:
    environ = emulator_environment({}, port=8701, scratch=Path("/scratch"))
    assert environ["BIND_HOST"] == "127.0.0.1"
    assert environ["IOT_MTLS_ENABLED"] == environ["SFTP_ENABLED"] == "0"


def test_every_package_of_the_emulator_is_pinned() -> None:
    lines = [line for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    assert lines
    assert all("==" in line.partition(";")[0] for line in lines)
