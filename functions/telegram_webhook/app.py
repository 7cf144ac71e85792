"""The Telegram webhook: ``POST /telegram/{bot_id}``."""

from __future__ import annotations

import hmac
import re
import time
from dataclasses import dataclass
from functools import cache
from typing import Any

from functions.telegram_webhook.settings import Settings
from rastro.clock import now_ms
from rastro.composition import open_sales
from rastro.errors import Conflict, InvalidInput, SecretMissing, StoreUnavailable
from rastro.gateway import HttpRequest, HttpResponse, json_response
from rastro.model import BotId, BotUser, LinkSource, StartPayload
from rastro.observability import count, count_by, logger, observed
from rastro.sales.shop import Outcome, Shop, Step
from rastro.sales.turns import Queue
from rastro.stores.ports import Secrets
from rastro.telegram.updates import parse_update
from rastro.tracking.linking import Link
from rastro.tracking.traffic import client_of

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - the name of a header
_BOT_ID = re.compile(r"[0-9]{1,20}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """What the handler works with."""

    public_url: str
    secrets: Secrets
    queue: Queue


@cache
def dependencies() -> Dependencies:
    """Wire the shop and the queue before it, once a container."""
    settings = Settings.from_environment()
    sales = open_sales(settings, recent_click_minutes=settings.recent_click_minutes)
    shop = Shop(
        people=sales.people,
        funnels=sales.funnels,
        cashier=sales.cashier,
        payments=sales.payments,
        enquirer=sales.enquirer,
        courier=sales.courier,
        bots=sales.bots,
        keys=sales.keys,
        now_ms=now_ms,
    )
    queue = Queue(shop=shop, inbox=sales.inbox, now_ms=now_ms, sleep=time.sleep)
    return Dependencies(public_url=settings.public_url, secrets=sales.secrets, queue=queue)


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
        count("telegram_authentic")
        update_id, update = parse_update(request.body())
        outcome = wired.queue.handle(bot_id, update_id, update, request.base_url(wired.public_url))
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
