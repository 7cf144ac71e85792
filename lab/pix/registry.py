"""The dialects that the lab speaks."""

from __future__ import annotations

from collections.abc import Mapping

from lab.errors import ControlError
from lab.pix import abacatepay, asaas, efi, mercadopago, openpix, pagbank, pushinpay
from lab.pix.dialect import Dialect, Speaker, Surroundings
from lab.state import Config

SPEAKERS: tuple[Speaker, ...] = (
    openpix.SPEAKER,
    efi.SPEAKER,
    asaas.SPEAKER,
    pushinpay.SPEAKER,
    mercadopago.SPEAKER,
    abacatepay.SPEAKER,
    pagbank.SPEAKER,
)


def dialects(surroundings: Surroundings) -> Mapping[str, Dialect]:
    """Return every dialect by its provider's name, which is also its API's prefix in the lab."""
    return {speaker.provider: speaker.speak(surroundings) for speaker in SPEAKERS}


def check(config: Config) -> None:
    """Raise ``ControlError`` for an account of an unknown provider, or one that lacks a credential."""
    wanted = {speaker.provider: speaker.credentials for speaker in SPEAKERS}
    for account in config.accounts:
        if account.provider not in wanted:
            raise ControlError(f"providers: {account.provider} is not known; there is {', '.join(wanted)}")
        for name in wanted[account.provider]:
            if not account.credentials.get(name):
                raise ControlError(f"providers.{account.provider}.{account.bot_id}.{name} must be a non-empty text")
