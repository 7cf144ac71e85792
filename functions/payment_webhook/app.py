"""The payment webhook: ``POST /pix/{provider}/{bot_id}``, for Efí with ``/pix`` appended."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from functions.payment_webhook.settings import Settings
from rastro.composition import open_sales
from rastro.errors import Conflict, InvalidInput, NotAuthentic, ProviderError, SecretMissing, StoreUnavailable
from rastro.gateway import HttpRequest, HttpResponse, json_response
from rastro.model import BotId
from rastro.observability import count, logger, observed
from rastro.pix.provider import PROVIDERS, CallbackRequest, PixProvider
from rastro.sales.enquire import Enquirer
from rastro.sales.settle import Settled, Settlement

_BOT_ID = re.compile(r"[0-9]{1,20}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """What the handler works with."""

    provider: Callable[[str, BotId], PixProvider]
    enquirer: Enquirer
    trusted_address_header: str = ""


@cache
def dependencies() -> Dependencies:
    """Wire the settler and the accounts, once a container."""
    settings = Settings.from_environment()
    sales = open_sales(settings)
    return Dependencies(provider=sales.accounts, enquirer=sales.enquirer, trusted_address_header=settings.trusted_address_header)


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
        callback = CallbackRequest(
            body=request.body(),
            headers=request.headers,
            raw_query=request.raw_query,
            source_ip=request.client_address(wired.trusted_address_header),
        )
    except InvalidInput as exc:
        return json_response(413, {"error": str(exc)})
    return _take(wired, name, bot_id, callback)


def _take(wired: Dependencies, name: str, bot_id: BotId, callback: CallbackRequest) -> HttpResponse:
    """Do what a callback says, if it proves who sent it."""
    try:
        provider = wired.provider(name, bot_id)
        provider.authenticate(callback)
        count("notice_authentic")
        for notice in provider.parse_notices(callback):
            for settled in wired.enquirer.take(name, bot_id, notice):
                _tell(name, bot_id, settled)
    except (NotAuthentic, SecretMissing) as exc:
        logger.warning("notice_refused", provider=name, bot_id=bot_id, reason=str(exc))
        count("notice_refused")
        return json_response(401, {"error": "not authentic"})
    except InvalidInput as exc:
        logger.error("notice_unreadable", provider=name, bot_id=bot_id, reason=str(exc))
        count("notice_unreadable")
        return json_response(200, {"ok": True, "ignored": str(exc)})
    except ProviderError as exc:
        # What a notice says could not be checked; it comes again, and the reconciler asks as well.
        logger.error("notice_not_confirmed", provider=name, bot_id=bot_id, reason=str(exc))
        count("notice_not_confirmed")
        return json_response(500, {"error": "try again"})
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
    if settled.settlement is Settlement.DISPUTED and payment:
        logger.error("payment_disputed", payment_id=payment.payment_id, provider=provider, paid_cents=payment.amount_paid_cents)
    if settled.settlement is Settlement.UNKNOWN_CHARGE:
        logger.error("notice_for_unknown_charge", provider=provider, bot_id=bot_id)
    if settled.settlement is Settlement.PAID and payment and payment.erased_at_ms:
        # Somebody who asked to be erased paid all the same: there is nobody to deliver to, and the seller owes an answer.
        logger.error("paid_after_erasure", payment_id=payment.payment_id, provider=provider)
        count("paid_after_erasure")
    if settled.amount_differs and payment:
        logger.error(
            "amount_differs",
            payment_id=payment.payment_id,
            asked_cents=payment.amount_cents,
            paid_cents=payment.amount_paid_cents,
        )
        count("amount_differs")
