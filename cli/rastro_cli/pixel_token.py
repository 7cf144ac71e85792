"""A pixel's access token: asked for, stored, never shown."""

from __future__ import annotations

import re

from rastro.model import PixelId
from rastro_cli.exits import CommandError, Exit
from rastro_cli.installation import Installation
from rastro_cli.options import Session
from rastro_cli.questions import Refused
from rastro_cli.vault import pixel_token

_TOKEN = re.compile(r"[A-Za-z0-9_|-]{20,1000}")


def is_pixel_id(text: str) -> bool:
    """Say whether a text can be the id of a pixel."""
    return text.isascii() and text.isdigit() and len(text) <= 20  # noqa: PLR2004 - Meta's ids have 15 or 16 digits


def ask_pixel_token(session: Session, installation: Installation, pixel_id: PixelId, token_file: str | None = None) -> None:
    """Store the token of a pixel, from a file or asked for; raises ``CommandError`` for a file without one."""
    texts = session.texts

    def take(given: str) -> str:
        if _TOKEN.fullmatch(given) is None:
            raise Refused(texts("pixel.token_wrong"))
        return given

    if token_file is None:
        session.questions.say(texts("pixel.token_help"), "dim")
        token = session.questions.secret(texts("pixel.token", pixel=pixel_id), take)
    else:
        try:
            token = take(session.questions.content_of(token_file))
        except Refused as exc:
            raise CommandError(str(exc), Exit.USAGE) from exc
    installation.vault.put(pixel_token(pixel_id), token)
