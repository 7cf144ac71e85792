"""A person's requests as JSON documents: the receipt, in which nobody stands, and the file, in which one person does."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rastro.model import BotId
from rastro.sales.erasure import Receipt
from rastro.sales.privacy import PersonalFile
from rastro.stores.items import bot_user_item, click_item, ledger_item, payment_item
from rastro_cli.documents import Document, at
from rastro_cli.privacy_fields import FIELDS


def receipt_document(receipts: Sequence[tuple[BotId, Receipt]], *, dry_run: bool, now_ms: int) -> Document:
    """Return the receipt of an erasure in one or several bots."""
    return {
        "dry_run": dry_run,
        "at": at(now_ms),
        "bots": [
            {
                "bot_id": bot_id,
                "erased": [
                    {
                        "where": each.place.value,
                        "action": each.action.value,
                        "records": each.records,
                        "fields": list(each.fields),
                        "found_by": each.found_by,
                        "ids": list(each.ids),
                    }
                    for each in receipt.erased
                ],
                "remains": [{"where": each.place.value, "until": at(each.until_ms)} for each in receipt.remaining],
                "open_sales": list(receipt.open_sales),
            }
            for bot_id, receipt in receipts
            if receipt.erased
        ],
    }


def file_document(files: Sequence[PersonalFile], now_ms: int) -> Document:
    """Return everything that is held of a person, and what each field means."""
    records: dict[str, list[Document]] = {name: [] for name in FIELDS}
    for file in files:
        if file.bot_user is not None:
            records["bot_user"].append(bot_user_item(file.bot_user))
        records["click"] += [click_item(click) for click in file.clicks]
        records["payment"] += [payment_item(payment) for payment in file.payments]
        for row in file.rows:
            item = ledger_item(row)
            records["event"].append(item | {"payload": json.loads(item["payload"])})
        if file.updates_known is not None:
            records["inbox"].append({"bot_id": file.bot_id, "updates_known": list(file.updates_known)})
        records["cache"] += [{"tracking_token": token, "entries": list(kinds)} for token, kinds in file.cached.items()]
    present = {name: entries for name, entries in records.items() if entries}
    return {
        "generated_at": at(now_ms),
        "chat_id": files[0].chat_id,
        "bots": [file.bot_id for file in files],
        "records": present,
        "fields": {name: {key: FIELDS[name][key] for key in _keys(entries)} for name, entries in present.items()},
    }


def _keys(value: object) -> list[str]:
    """Return the names of the fields below a value, in their order; ids that are keys of a map are no names of fields."""
    found: dict[str, None] = {}
    match value:
        case Mapping():
            for name, inner in value.items():
                found[name] = None
                if name not in ("open_charges", "payer_hashes", "refunds"):
                    found |= dict.fromkeys(_keys(inner))
        case list():
            for each in value:
                found |= dict.fromkeys(_keys(each))
    return list(found)


def explained(document: Mapping[str, Any]) -> bool:
    """Say whether every field of a file is explained."""
    return all(set(_keys(entries)) <= set(document["fields"][name]) for name, entries in document["records"].items())
