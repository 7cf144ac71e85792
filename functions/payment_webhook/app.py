"""The payment webhook: ``POST /pix/{provider}/{bot_id}``, for Efí with ``/pix`` appended."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import requests

from functions.payment_webhook.settings import Settings
from rastro.clock import now_ms
from rastro.errors import Conflict, InvalidInput, NotAuthentic, SecretMissing, StoreUnavailable
from rastro.gateway import HttpRequest, HttpResponse, json_response
from rastro.model import BotId
from rastro.observability import cache_failed, count, logger, observed
from rastro.pix.accounts import PixAccounts
from rastro.pix.provider import PROVIDERS, CallbackRequest, PixProvider
from rastro.sales.deliver import Courier
from rastro.sales.settle import Settled, Settlement, Settler
from rastro.stores.aws import AwsClients
from rastro.stores.bot_users import DynamoBotUserStore
from rastro.stores.clicks_tiered import open_click_store
from rastro.stores.funnels import CachedFunnelStore, DynamoFunnelStore
from rastro.stores.payments import DynamoPaymentStore
from rastro.stores.secrets import SsmSecrets
from rastro.telegram.client import TelegramBots
from rastro.tracking.linking import Linker
from rastro.tracking.signing import KeyRing

_BOT_ID = re.compile(r"[0-9]{1,20}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """What the handler works with."""

    provider: Callable[[str, BotId], PixProvider]
    settler: Settler


@cache
def dependencies() -> Dependencies:
    """Wire the settler and the accounts, once a container."""
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
    funnels = CachedFunnelStore(DynamoFunnelStore(aws.table(settings.funnel_table)), now_ms)
    payments = DynamoPaymentStore(aws.table(settings.payment_table), aws.table(settings.event_table))
    bots = TelegramBots(requests.Session(), secret_store, settings.telegram_api_url)
    courier = Courier(payments=payments, funnels=funnels, bots=bots, now_ms=now_ms)
    settler = Settler(
        payments=payments,
        bot_users=DynamoBotUserStore(aws.table(settings.bot_user_table)),
        funnels=funnels,
        linker=Linker(
            clicks=clicks,
            funnels=funnels,
            keys=KeyRing(secret_store),
            attribution_window_days=settings.attribution_window_days,
        ),
        courier=courier,
        repair_window_ms=settings.repair_window_seconds * 1000,
        now_ms=now_ms,
    )
    accounts = PixAccounts(secret_store, {"openpix": settings.openpix_api_url}, now_ms)
    return Dependencies(provider=accounts, settler=settler)


@observed
def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer one notice: 200 when it is dealt with, 401 for a stranger, 500 for what the provider's next try can mend."""
    return handle(dependencies(), HttpRequest(event)).to_event()


def handle(wired: Dependencies, request: HttpRequest) -> HttpResponse:
    """Answer one callback, by what it proves and what became of it."""
    name, bot_id = request.parameter("provider"), BotId(request.parameter("bot_id"))
    if name not in PROVIDERS or not _BOT_ID.fullmatch(bot_id):
        return json_response(404, {"error": "no such provider or bot"})
    try:
        callback = CallbackRequest(body=request.body(), headers=request.headers, raw_query=request.raw_query)
    except InvalidInput as exc:
        return json_response(413, {"error": str(exc)})
    try:
        provider = wired.provider(name, bot_id)
        provider.authenticate(callback)
        for notice in provider.parse_notices(callback):
            _tell(name, bot_id, wired.settler.take_notice(name, bot_id, notice))
    except (NotAuthentic, SecretMissing) as exc:
        logger.warning("notice_refused", provider=name, bot_id=bot_id, reason=str(exc))
        count("notice_refused")
        return json_response(401, {"error": "not authentic"})
    except InvalidInput as exc:
        logger.error("notice_unreadable", provider=name, bot_id=bot_id, reason=str(exc))
        count("notice_unreadable")
        return json_response(200, {"ok": True, "ignored": str(exc)})
    except (StoreUnavailable, Conflict):
        logger.exception("notice_not_handled", provider=name, bot_id=bot_id)
        count("notice_not_handled")
        return json_response(500, {"error": "try again"})
    return json_response(200, {"ok": True})


def _tell(provider: str, bot_id: BotId, settled: Settled) -> None:
    payment = settled.payment
    logger.info(
        f"notice_{settled.settlement}",
        provider=provider,
        bot_id=bot_id,
        payment_id=payment.payment_id if payment else None,
        link_source=payment.attribution.link_source if payment else None,
        reason=payment.attribution.reason if payment else None,
    )
    count(f"notice_{settled.settlement}")
    if settled.settlement is Settlement.UNKNOWN_CHARGE:
        logger.error("notice_for_unknown_charge", provider=provider, bot_id=bot_id)
    if settled.amount_differs and payment:
        logger.error(
            "amount_differs",
            payment_id=payment.payment_id,
            asked_cents=payment.amount_cents,
            paid_cents=payment.amount_paid_cents,
        )
        count("amount_differs")
