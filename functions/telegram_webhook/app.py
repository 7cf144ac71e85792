"""The Telegram webhook: ``POST /telegram/{bot_id}``."""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass
from functools import cache
from typing import Any

import requests

from functions.telegram_webhook.settings import Settings
from rastro.clock import now_ms
from rastro.errors import Conflict, InvalidInput, SecretMissing, StoreUnavailable
from rastro.gateway import HttpRequest, HttpResponse, json_response
from rastro.model import BotId, BotUser, LinkSource, StartPayload
from rastro.observability import cache_failed, count, count_by, logger, observed
from rastro.pix.accounts import PixAccounts
from rastro.sales.charge import Cashier
from rastro.sales.people import People
from rastro.sales.shop import Outcome, Shop, Step
from rastro.stores.aws import AwsClients
from rastro.stores.bot_users import DynamoBotUserStore
from rastro.stores.clicks_tiered import open_click_store
from rastro.stores.funnels import CachedFunnelStore, DynamoFunnelStore
from rastro.stores.payments import DynamoPaymentStore
from rastro.stores.ports import Secrets
from rastro.stores.secrets import SsmSecrets
from rastro.telegram.client import TelegramBots
from rastro.telegram.updates import parse_update
from rastro.tracking.linking import Link, Linker
from rastro.tracking.signing import KeyRing
from rastro.tracking.traffic import client_of

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - the name of a header
_BOT_ID = re.compile(r"[0-9]{1,20}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """What the handler works with."""

    public_url: str
    secrets: Secrets
    shop: Shop


@cache
def dependencies() -> Dependencies:
    """Wire the shop, once a container."""
    settings = Settings.from_environment()
    aws = AwsClients()
    secret_store = SsmSecrets(aws.ssm, settings.secrets_prefix)
    clicks = open_click_store(
        aws.table(settings.click_table),
        redis_url=settings.redis_url,
        redis_cluster=settings.redis_cluster,
        ttl_seconds=settings.click_cache_ttl_seconds,
        now_ms=now_ms,
        on_cache_error=cache_failed,
    )
    keys = KeyRing(secret_store)
    funnels = CachedFunnelStore(DynamoFunnelStore(aws.table(settings.funnel_table)), now_ms)
    linker = Linker(
        clicks=clicks,
        funnels=funnels,
        keys=keys,
        attribution_window_days=settings.attribution_window_days,
        recent_click_minutes=settings.recent_click_minutes,
    )
    people = People(
        bot_users=DynamoBotUserStore(aws.table(settings.bot_user_table)),
        clicks=clicks,
        funnels=funnels,
        linker=linker,
        now_ms=now_ms,
    )
    cashier = Cashier(
        people=people,
        payments=DynamoPaymentStore(aws.table(settings.payment_table)),
        providers=PixAccounts(secret_store, {"openpix": settings.openpix_api_url}, now_ms),
        randomness=secrets,
        now_ms=now_ms,
    )
    bots = TelegramBots(requests.Session(), secret_store, settings.telegram_api_url)
    shop = Shop(people=people, funnels=funnels, cashier=cashier, bots=bots, keys=keys, now_ms=now_ms)
    return Dependencies(public_url=settings.public_url, secrets=secret_store, shop=shop)


@observed
def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer one update: 200 when it is dealt with, 401 for a stranger, 500 for what Telegram's next try can mend."""
    return handle(dependencies(), HttpRequest(event)).to_event()


def handle(wired: Dependencies, request: HttpRequest) -> HttpResponse:
    """Answer one update, by what it is and what became of it."""
    bot_id = BotId(request.parameter("bot_id"))
    try:
        if not _is_authentic(wired.secrets, bot_id, request):
            count("telegram_refused")
            return json_response(401, {"error": "wrong secret token"})
        update_id, update = parse_update(request.body())
        outcome = wired.shop.handle(bot_id, update, request.base_url(wired.public_url))
    except InvalidInput as exc:
        # It comes from Telegram and stays as it is however often it is sent.
        logger.warning("update_unreadable", reason=str(exc))
        return json_response(200, {"ok": True, "ignored": str(exc)})
    except (StoreUnavailable, Conflict, SecretMissing):
        logger.exception("update_not_handled")
        count("update_not_handled")
        return json_response(500, {"error": "try again"})
    _tell(update_id, outcome)
    return json_response(200, {"ok": True})


def _is_authentic(secret_store: Secrets, bot_id: BotId, request: HttpRequest) -> bool:
    """Compare the secret of the webhook in constant time; a bot without one takes nothing."""
    if not _BOT_ID.fullmatch(bot_id):
        return False
    try:
        expected = secret_store.get(f"bots/{bot_id}/webhook-secret")
    except SecretMissing:
        logger.warning("webhook_secret_missing", bot_id=bot_id)
        return False
    return hmac.compare_digest(expected.encode(), request.headers.get(SECRET_HEADER, "").encode())


def _tell(update_id: int, outcome: Outcome) -> None:
    link = outcome.link
    logger.info(
        f"update_{outcome.step}",
        update_id=update_id,
        link_source=link.source if link else None,
        reason=link.reason if link else None,
        payment_id=outcome.payment.payment_id if outcome.payment else None,
        unreachable=outcome.unreachable,
    )
    count(f"update_{outcome.step}")
    if outcome.step is Step.STARTED and link is not None:
        count("start_linked" if link.click else "start_unlinked")
        _tell_payload(outcome.bot_user, link)


def _tell_payload(bot_user: BotUser | None, link: Link) -> None:
    """Count by client whether the start parameter arrived: a click that the redirect saved, and no payload, is a loss."""
    if bot_user is None or link.click is None:
        return
    client = client_of(link.click.click_user_agent)
    if bot_user.last_start_payload is StartPayload.TOKEN:
        count_by("payload_arrived", "client", client)
    elif link.source is LinkSource.REDIRECT:
        count_by("payload_lost", "client", client)
