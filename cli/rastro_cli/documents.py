"""Answers as JSON documents, under the records' own names. No address, user agent or payer stands in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from rastro.explanation import Language
from rastro.model import BotUser, Campaign, Payment, Reason
from rastro.sales.diagnosis import BotUserDiagnosis, ClickDiagnosis, PaymentDiagnosis, TokenDiagnosis, seed_fields
from rastro.sales.evidence import Check, Hop
from rastro.sales.repair import PurchaseRepair, RepairPlan
from rastro.tracking.reasons import explain

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """A field that a repair changes."""

    name: str
    before: str | None
    after: str | None


def changes(plan: RepairPlan) -> tuple[Change, ...]:
    """Return the fields that a repair changes: the six of the seller's report, then how the sale is linked."""
    before, after = _plan_fields(plan.before, plan.bot_user_before), _plan_fields(plan.after, plan.bot_user_after)
    return tuple(Change(name, before[name], after[name]) for name in before if before[name] != after[name])


def _plan_fields(payment: Payment, bot_user: BotUser | None) -> Mapping[str, str | None]:
    attribution = payment.attribution
    return {
        **seed_fields(payment, bot_user),
        "fbclid": attribution.fbclid,
        "fbc": attribution.fbc,
        "link_source": attribution.link_source.value,
        "link_confidence": attribution.link_confidence.value,
        "reason": attribution.reason,
        "purchase_state": payment.purchase_state.value,
        "bot_user.link_source": bot_user.link_source.value if bot_user else None,
        "bot_user.reason": bot_user.reason if bot_user else None,
    }


def payment_document(diagnosis: PaymentDiagnosis, language: Language) -> Document:
    """Return a payment's diagnosis."""
    return {
        "payment": payment_summary(diagnosis.payment),
        "fields": dict(diagnosis.fields),
        "root_cause": root_cause(diagnosis.reason, language),
        "checks": [_check(check) for check in diagnosis.checks],
        "timeline": _timeline(diagnosis.timeline),
        "repair": plan_document(diagnosis.plan),
    }


def bot_user_document(diagnosis: BotUserDiagnosis, language: Language) -> Document:
    """Return a person's diagnosis."""
    bot_user, link = diagnosis.bot_user, diagnosis.link
    return {
        "bot_user": _bot_user(bot_user),
        "fields": dict(diagnosis.fields),
        "root_cause": root_cause(diagnosis.reason, language),
        "checks": [_check(check) for check in diagnosis.checks],
        "timeline": _timeline(diagnosis.timeline),
        "link_now": {
            "link_source": link.source.value,
            "link_confidence": link.confidence.value,
            "tracking_token": link.click.tracking_token if link.click else None,
            "reason": link.reason,
        },
        "payments": [payment_summary(payment) for payment in diagnosis.payments],
    }


def click_document(diagnosis: ClickDiagnosis) -> Document:
    """Return a click's diagnosis."""
    return {
        "token": token_document(diagnosis.token),
        "stored": diagnosis.click is not None,
        "fields": dict(diagnosis.fields),
        "timeline": _timeline(diagnosis.timeline),
        "bot_users": [_bot_user(bot_user) for bot_user in diagnosis.bot_users],
        "payments": [payment_summary(payment) for payment in diagnosis.payments],
    }


def token_document(diagnosis: TokenDiagnosis) -> Document:
    """Return what a token says."""
    token, reference = diagnosis.token, diagnosis.reference
    document: Document = {"text": diagnosis.text, "kind": diagnosis.kind.value, "valid": token is not None}
    if token is not None:
        document |= {
            "key": diagnosis.key,
            "click_id": token.click_id.hex(),
            "minute": at(token.clicked_at_ms),
            "funnel_ref": token.funnel_ref,
            "slug": diagnosis.slug,
            "campaign_ref": token.campaign_ref,
            "campaign": _campaign(diagnosis.campaign),
            "pageview_event_id": token.pageview_event_id,
        }
    elif reference is not None:
        document |= {
            "bot_id": reference.bot_id,
            "chat_id": reference.chat_id,
            "expired": diagnosis.reference_expired,
        }
    else:
        document |= {"flaw": diagnosis.flaw}
    return document | {"click_stored": diagnosis.click is not None}


def plan_document(plan: RepairPlan) -> Document:
    """Return what a repair changes."""
    return {
        "changes": [asdict(change) for change in changes(plan)],
        "link_source": plan.link.source.value,
        "reason": plan.link.reason,
        "purchase": purchase_document(plan.purchase),
    }


def purchase_document(purchase: PurchaseRepair) -> Document:
    """Return what becomes of a Purchase."""
    by_pixel = [{"pixel_id": pixel_id, "sending": sending.value} for pixel_id, sending in purchase.by_pixel]
    return {"by_pixel": by_pixel, "obstacle": purchase.obstacle}


def root_cause(reason: Reason | None, language: Language) -> Document | None:
    """Return a reason with its text and remedy."""
    if reason is None:
        return None
    explanation = explain(reason, language)
    return {"reason": reason.value, "text": explanation.text, "remedy": explanation.remedy}


def payment_summary(payment: Payment) -> Document:
    """Return a payment in short."""
    return {
        "payment_id": payment.payment_id,
        "bot_id": payment.bot_id,
        "chat_id": payment.chat_id,
        "slug": payment.slug,
        "sku": payment.sku,
        "status": payment.status.value,
        "amount_cents": payment.amount_cents,
        "amount_paid_cents": payment.amount_paid_cents,
        "created_at": at(payment.created_at_ms),
        "paid_at": None if payment.paid_at_ms is None else at(payment.paid_at_ms),
        "tracking_token": payment.attribution.tracking_token,
        "link_source": payment.attribution.link_source.value,
        "link_confidence": payment.attribution.link_confidence.value,
        "reason": payment.attribution.reason,
        "purchase_state": payment.purchase_state.value,
    }


def at(moment_ms: int) -> str:
    """Return a moment in ISO 8601, UTC, to the second."""
    return datetime.fromtimestamp(moment_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _bot_user(bot_user: BotUser) -> Document:
    return {
        "bot_id": bot_user.bot_id,
        "chat_id": bot_user.chat_id,
        "slug": bot_user.slug,
        "status": bot_user.status.value,
        "tracking_session_id": bot_user.tracking_session_id,
        "link_source": bot_user.link_source.value,
        "link_confidence": bot_user.link_confidence.value,
        "reason": bot_user.reason,
    }


def _campaign(campaign: Campaign | None) -> Document | None:
    return None if campaign is None else {name: value for name, value in asdict(campaign).items() if value is not None}


def _check(check: Check) -> Document:
    return {
        "trace": check.trace.value,
        "finding": check.finding.value,
        "at": None if check.at_ms is None else at(check.at_ms),
    }


def _timeline(hops: Iterable[Hop]) -> list[Document]:
    return [{"at": at(hop.at_ms), "kind": hop.kind.value, **hop.facts} for hop in hops]
