"""What a fresh stack is given: its secrets, and the funnel ``demo`` with a bot, a product, a pixel and a PIX account.

Beside it stands one funnel for each other PIX provider, ``demo-{provider}``, and one that shows a page, ``demo-page``.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from lab.pix.registry import SPEAKERS
from rastro.model import BotId, Funnel, FunnelBot, FunnelMode, Pixel, PixelId, Product, Slug
from rastro.stores.dynamodb import Table
from rastro.stores.funnels import DynamoFunnelStore
from stack.aws import Aws

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

STAGE = "local"
BOT = FunnelBot(bot_id=BotId("7000000001"), username="rastro_demo_bot")
PIXEL = Pixel(pixel_id=PixelId("1000000000000001"))
PROVIDER = "openpix"
DEMO = Funnel(
    slug=Slug("demo"),
    name="Curso de demonstração",
    mode=FunnelMode.DIRECT,
    bots=(BOT,),
    products=(
        Product(
            sku="curso",
            name="Curso de Confeitaria",
            price_cents=4990,
            delivery_url="https://entrega.example.com/curso-de-confeitaria",
            description="Acesso imediato a todas as aulas.",
        ),
    ),
    pixels=(PIXEL,),
    provider=PROVIDER,
)
PROVIDER_FUNNELS = tuple(
    replace(DEMO, slug=Slug(f"demo-{speaker.provider}"), provider=speaker.provider)
    for speaker in SPEAKERS
    if speaker.provider != PROVIDER
)
"""The same offer, sold through each of the other providers that the lab plays."""
PAGE_FUNNEL = replace(DEMO, slug=Slug("demo-page"), mode=FunnelMode.PAGE)
"""The same offer behind a page with a button."""
SEEDED = (DEMO, *PROVIDER_FUNNELS, PAGE_FUNNEL)
NOT_RANDOM: Mapping[str, Mapping[str, str]] = {
    "efi": {"source_ips": "127.0.0.1", "pix_key": "d65032a3-0c0c-4a6f-9b7e-2f5f3f0a5d11"},
    "mercadopago": {"payer_email": "loja@example.com"},
    "pagbank": {
        "customer_name": "Loja de Teste",
        "customer_email": "loja@example.com",
        "customer_tax_id": "44720743000101",
    },
}
"""What of an account's credentials has to be more than a random text."""


def new_accounts() -> dict[str, Mapping[str, str]]:
    """Return the credentials of an account at each provider that the lab plays, new for each call."""
    return {
        speaker.provider: {name: secrets.token_urlsafe(24) for name in speaker.credentials}
        | dict(NOT_RANDOM.get(speaker.provider, {}))
        for speaker in SPEAKERS
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSecrets:
    """The secrets of a stack, new for each; ``lab`` is where the other side of the demo is."""

    lab: str = ""
    signing_key: str = field(default_factory=lambda: _base64url(secrets.token_bytes(32)), repr=False)
    bot_token: str = field(default_factory=lambda: f"{BOT.bot_id}:{secrets.token_urlsafe(26)}", repr=False)
    bot_webhook_secret: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    pixel_token: str = field(default_factory=lambda: f"EAA{secrets.token_hex(24)}", repr=False)
    accounts: Mapping[str, Mapping[str, str]] = field(default_factory=new_accounts, repr=False)
    """The credentials of the bot's account at each provider."""

    def parameters(self) -> Mapping[str, str]:
        """Return the values of Parameter Store by their names below ``/rastro/{stage}/``."""
        return {
            "signing-keys": json.dumps({"current": self.signing_key, "previous": None}),
            f"bots/{BOT.bot_id}/token": self.bot_token,
            f"bots/{BOT.bot_id}/webhook-secret": self.bot_webhook_secret,
            f"pixels/{PIXEL.pixel_id}/token": self.pixel_token,
        } | {
            f"providers/{provider}/{BOT.bot_id}": json.dumps({**credentials, "api_url": f"{self.lab}/{provider}"})
            for provider, credentials in self.accounts.items()
        }

    def lab_config(self, api: str) -> dict[str, Any]:
        """Return what the lab has to know to be the other side of the demo."""
        bot = {
            "bot_id": BOT.bot_id,
            "username": BOT.username,
            "token": self.bot_token,
            "webhook_secret": self.bot_webhook_secret,
        }
        return {
            "api": api,
            "bots": [bot],
            "providers": {provider: {BOT.bot_id: credentials} for provider, credentials in self.accounts.items()},
            "pixels": {PIXEL.pixel_id: self.pixel_token},
        }

    def demo(self) -> dict[str, Any]:
        """Return the part ``demo`` of the stack file."""
        product = DEMO.products[0]
        return {
            "slug": DEMO.slug,
            "bot_id": BOT.bot_id,
            "bot_username": BOT.username,
            "webhook_secret": self.bot_webhook_secret,
            "sku": product.sku,
            "price_cents": product.price_cents,
            "pixel_id": PIXEL.pixel_id,
            "provider": PROVIDER,
        }


def seed(aws: Aws, demo_secrets: DemoSecrets, funnel_table: str) -> None:
    """Store the secrets and the funnel."""
    ssm: SSMClient = aws.client("ssm")
    for name, value in demo_secrets.parameters().items():
        ssm.put_parameter(Name=f"/rastro/{STAGE}/{name}", Value=value, Type="SecureString", Overwrite=True)
    funnels = DynamoFunnelStore(Table(aws.client("dynamodb"), funnel_table))
    for funnel in SEEDED:
        funnels.put(funnel)


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
