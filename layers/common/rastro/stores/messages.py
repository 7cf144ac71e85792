"""The messages of the queue: an event to send, or a click to restore."""

from __future__ import annotations

import json

from rastro.errors import InvalidInput
from rastro.model import Click, ConversionEvent
from rastro.stores.items import click_item, click_of, envelope_item, enveloped

EVENT = "event"
LOST_CLICK = "lost_click"


def event_message(event: ConversionEvent) -> str:
    """Return the body of a message that carries an event."""
    return _dump({"kind": EVENT} | envelope_item(event) | {"payload": event.payload})


def lost_click_message(click: Click) -> str:
    """Return the body of a message that carries a click which its table refused."""
    return _dump({"kind": LOST_CLICK, "click": click_item(click)})


def parse_message(body: str) -> ConversionEvent | Click:
    """Return what a message carries; raises ``InvalidInput`` for anything else."""
    try:
        document = json.loads(body)
        if document["kind"] == LOST_CLICK:
            return click_of(document["click"])
        if document["kind"] == EVENT:
            return enveloped(document, document["payload"])
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise InvalidInput("the message is none of ours") from exc
    raise InvalidInput("the message is of an unknown kind")


def _dump(document: object) -> str:
    # ASCII only: SQS refuses a message for a character such as U+FFFF, and anybody can put one into a URL.
    return json.dumps(document, separators=(",", ":"))
