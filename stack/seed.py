"""What a fresh stack is given: its secrets, and the funnel ``demo`` with a bot, a product, a pixel and a PIX account."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

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


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSecrets:
    """The secrets of a stack, new for each."""

    signing_key: str = field(default_factory=lambda: _base64url(secrets.token_bytes(32)), repr=False)
    bot_token: str = field(default_factory=lambda: f"{BOT.bot_id}:{secrets.token_urlsafe(26)}", repr=False)
    bot_webhook_secret: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    pixel_token: str = field(default_factory=lambda: f"EAA{secrets.token_hex(24)}", repr=False)
    provider_app_id: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    provider_webhook_secret: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    def parameters(self) -> Mapping[str, str]:
        """Return the values of Parameter Store by their names below ``/rastro/{stage}/``."""
        return {
            "signing-keys": json.dumps({"current": self.signing_key, "previous": None}),
            f"bots/{BOT.bot_id}/token": self.bot_token,
            f"bots/{BOT.bot_id}/webhook-secret": self.bot_webhook_secret,
            f"pixels/{PIXEL.pixel_id}/token": self.pixel_token,
            f"providers/{PROVIDER}/{BOT.bot_id}": json.dumps(
                {"app_id": self.provider_app_id, "webhook_secret": self.provider_webhook_secret}
            ),
        }

    def lab_config(self, api: str) -> dict[str, Any]:
        """Return what the lab has to know to be the other side of the demo."""
        account = {"app_id": self.provider_app_id, "webhook_secret": self.provider_webhook_secret}
        bot = {
            "bot_id": BOT.bot_id,
            "username": BOT.username,
            "token": self.bot_token,
            "webhook_secret": self.bot_webhook_secret,
        }
        return {
            "api": api,
            "bots": [bot],
            "providers": {PROVIDER: {BOT.bot_id: account}},
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
    DynamoFunnelStore(Table(aws.client("dynamodb"), funnel_table)).put(DEMO)


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
