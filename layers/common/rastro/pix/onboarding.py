"""How an account at a PIX provider is moved in: what the seller is asked for, and what they do in the provider's panel.

Each provider module says it in a constant ``ONBOARDING``; its account may also check its credentials and register its callback
(``Onboards``). Labels, helps and steps are read by Brazilian sellers, in Portuguese.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Protocol, cast, runtime_checkable

from rastro.errors import InvalidInput
from rastro.pix.provider import PROVIDERS


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialField:
    """One credential of an account, under the name that the provider module reads it by."""

    name: str
    label: str
    """What the seller's panel calls it, in Portuguese."""
    secret: bool = True
    """Typed hidden, never shown again."""
    required: bool = True
    help: str = ""
    """Where it is found, in Portuguese."""
    multiline: bool = False
    """A text of many lines (a PEM certificate): read from a file."""
    generated: bool = False
    """A secret of our own choice: made when it is left empty."""


API_URL_FIELD = CredentialField(
    name="api_url",
    label="Endereço da API",
    secret=False,
    required=False,
    help="Só para o ambiente de testes (sandbox) do provedor; vazio é a produção.",
)
"""Part of every provider's fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Onboarding:
    """What it takes to move an account in."""

    fields: tuple[CredentialField, ...]
    panel_steps: tuple[str, ...]
    """What the seller does in the panel where the API cannot register the callback; ``{callback_url}`` stands for its URL."""

    def steps(self, callback_url: str) -> tuple[str, ...]:
        """Return the steps with the URL in place; nothing else in braces is touched."""
        return tuple(step.replace("{callback_url}", callback_url) for step in self.panel_steps)


@runtime_checkable
class Onboards(Protocol):
    """An account that can tell whether it is right, and register where its notices go."""

    def check(self) -> None:
        """Ask the provider anything that needs the credentials.

        Raises ``ProviderError`` with a plain reason where they are refused, ``ProviderUnavailable`` where nobody answers.
        """

    def register_callback(self, url: str) -> bool:
        """Have notices sent to this URL, once however often it is asked; ``True`` when the API did it.

        ``False`` where the provider has no way but its panel. Raises ``ProviderError`` or ``ProviderUnavailable``.
        """


class _OnboardingModule(Protocol):
    ONBOARDING: Onboarding


def onboarding(name: str) -> Onboarding:
    """Return how an account at a provider is moved in; raises ``InvalidInput`` for a name that is not in the registry."""
    if name not in PROVIDERS:
        raise InvalidInput(f"there is no PIX provider {name!r}; known: {', '.join(PROVIDERS)}")
    module = cast("_OnboardingModule", importlib.import_module(PROVIDERS[name]))
    return module.ONBOARDING
