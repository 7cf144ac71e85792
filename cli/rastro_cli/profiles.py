"""Which deployment a command works on: named by the operator, never guessed.

``local`` is the running local stack, described by its stack file. Every other name is a table ``[profiles.NAME]`` of a TOML file.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rastro_cli.exits import CommandError, Exit
from rastro_cli.texts import Texts

LOCAL = "local"
PROFILE_VARIABLE = "RASTRO_PROFILE"
STACK_FILE_VARIABLE = "RASTRO_STACK_FILE"
PROFILES_FILE_VARIABLE = "RASTRO_PROFILES_FILE"
_STACK_FILE = Path(".rastro/stack.json")
_PROFILES_FILE = Path(".config/rastro/profiles.toml")
_REQUIRED = ("aws_profile", "region", "stack")


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalProfile:
    """The local stack, as its stack file describes it."""

    stack: Mapping[str, Any]
    name: str = LOCAL


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsProfile:
    """A deployment in an AWS account."""

    name: str
    aws_profile: str
    """The profile of the AWS configuration whose credentials are used."""
    region: str
    stack: str
    """The name of the CloudFormation stack."""
    redis_url: str = ""
    """Where the cache can be reached from here; empty reads the record alone, which has everything."""


Profile = LocalProfile | AwsProfile


def choose(name: str | None, environ: Mapping[str, str], texts: Texts) -> Profile:
    """Return the profile of this name, else the one that the environment names.

    Raises ``CommandError`` when none is named, and for one that is not there or not whole.
    """
    chosen = name or environ.get(PROFILE_VARIABLE)
    if not chosen:
        raise CommandError(texts("profile.none", choice=_choice(environ, texts)), Exit.USAGE)
    if chosen == LOCAL:
        return _local(environ, texts)
    path = profiles_file(environ)
    described = _profiles(path, texts).get(chosen)
    if not isinstance(described, Mapping):
        raise CommandError(texts("profile.unknown", name=chosen, choice=_choice(environ, texts)), Exit.USAGE)
    missing = [key for key in _REQUIRED if not isinstance(described.get(key), str) or not described[key]]
    if missing:
        raise CommandError(texts("profile.incomplete", name=chosen, path=str(path), missing=", ".join(missing)), Exit.USAGE)
    return AwsProfile(
        name=chosen,
        aws_profile=described["aws_profile"],
        region=described["region"],
        stack=described["stack"],
        redis_url=str(described.get("redis_url", "")),
    )


def profiles_file(environ: Mapping[str, str]) -> Path:
    """Return where the profiles are described."""
    given = environ.get(PROFILES_FILE_VARIABLE)
    return Path(given) if given else Path(environ.get("HOME", "~")).expanduser() / _PROFILES_FILE


def _stack_file(environ: Mapping[str, str]) -> Path:
    given = environ.get(STACK_FILE_VARIABLE)
    return Path(given) if given else _STACK_FILE


def _local(environ: Mapping[str, str], texts: Texts) -> LocalProfile:
    path = _stack_file(environ)
    try:
        stack = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise CommandError(texts("profile.no_stack", path=str(path)), Exit.USAGE) from exc
    except (OSError, ValueError) as exc:
        raise CommandError(texts("profile.unreadable", path=str(path)), Exit.USAGE) from exc
    if not isinstance(stack, Mapping) or not {"aws", "tables", "functions", "redis_url"} <= set(stack):
        raise CommandError(texts("profile.unreadable", path=str(path)), Exit.USAGE)
    return LocalProfile(stack=stack)


def _profiles(path: Path, texts: Texts) -> Mapping[str, Any]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as exc:
        raise CommandError(texts("profile.unreadable", path=str(path)), Exit.USAGE) from exc
    profiles = content.get("profiles", {})
    return profiles if isinstance(profiles, Mapping) else {}


def _choice(environ: Mapping[str, str], texts: Texts) -> str:
    """Return the profiles that there are, one a line."""
    path, stack_file = profiles_file(environ), _stack_file(environ)
    state = "profile.local_runs" if stack_file.exists() else "profile.local_stopped"
    lines = [f"  {LOCAL}  {texts(state, path=str(stack_file))}"]
    lines += [f"  {name}  ({path})" for name in sorted(_profiles(path, texts))]
    return "\n".join([*lines, "", texts("profile.where", path=str(path))])
