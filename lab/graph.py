"""The Graph API's ``POST /{version}/{pixel_id}/events``.

Two server events with the same event_id are both kept, as Meta does: it promises to discard only a server's copy of a browser's.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lab.faults import Fault, FaultBoard, Service
from lab.graph_rules import UNNAMED_FAULT, Refused, check_request, read_events
from lab.state import JsonObject, State
from lab.wire import Answer, Call

_PATH = re.compile(r"(v\d+\.\d+)/([^/]+)/events")
_RECORDED_HEADERS = ("content-type", "user-agent", "content-encoding")
_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    version: str = ""
    pixel_id: str = ""


class Graph:
    """Meta's side: accepts or refuses, and remembers both."""

    service: Service = "graph"

    def __init__(self, state: State, board: FaultBoard, *, now_ms: Callable[[], int], new_id: Callable[[], str]) -> None:
        """Take the clock and a source of unique hexadecimal ids."""
        self._state = state
        self._board = board
        self._now_ms = now_ms
        self._new_id = new_id
        self.events: list[JsonObject] = []
        self.requests: list[JsonObject] = []

    def reset(self) -> None:
        """Forget every event and request."""
        self.events.clear()
        self.requests.clear()

    def work(self, call: Call) -> Answer:
        """Accept all events of a request, or refuse them all."""
        fbtrace_id = f"A{self._new_id()[:22]}"
        target = _target(call)
        try:
            events = self._checked(call, target)
        except Refused as refusal:
            return Answer(status=refusal.status, body=refusal.body(fbtrace_id), headers={"x-fb-trace-id": fbtrace_id})
        self._accept(target, events, call.fields.get("test_event_code"), fbtrace_id)
        body = {"events_received": len(events), "messages": [], "fbtrace_id": fbtrace_id}
        return Answer(status=200, body=body, headers={"x-fb-trace-id": fbtrace_id, "facebook-api-version": target.version})

    def touches(self, mode: str, call: Call) -> bool:  # noqa: ARG002 - the port's signature
        """Every request can be hit."""
        return True

    def faulty(self, fault: Fault, call: Call) -> Answer:  # noqa: ARG002 - the port's signature
        """Word an outage, throttling per business use case (HTTP 400, minutes to wait), or a token that has ended."""
        fbtrace_id = f"A{self._new_id()[:22]}"
        if fault.mode == "throttle":
            minutes = max(1, -(-(fault.delay_ms or 0) // _MINUTE_MS))
            usage = {
                "type": "ads_management",
                "call_count": 100,
                "total_cputime": 25,
                "total_time": 25,
                "estimated_time_to_regain_access": minutes,
            }
            message = "(#80004) There have been too many calls to this ad-account. Wait a bit and try again."
            refusal = Refused(message, code=80004, subcode=2446079)
            header = {"X-Business-Use-Case-Usage": json.dumps({"1000000000000000": [usage]})}
            return Answer(status=refusal.status, body=refusal.body(fbtrace_id), headers=header)
        if fault.mode == "token_error":
            message = "Error validating access token: The session has been invalidated."
            refusal = Refused(message, code=190, subcode=460, status=401)
            challenge = {"WWW-Authenticate": 'OAuth "Facebook Platform" "invalid_token"'}
            return Answer(status=refusal.status, body=refusal.body(fbtrace_id), headers=challenge)
        body = Refused("An unknown error has occurred.", code=1).body(fbtrace_id)
        body["error"]["is_transient"] = True
        return Answer(status=500, body=body)

    def record(self, call: Call, answer: Answer | None, fault: Fault | None) -> None:
        """Keep a request with its answer, never with its token."""
        target = _target(call)
        try:
            events = [event for event in read_events(call.fields) if isinstance(event, dict)]
        except Refused:
            events = []
        entry: JsonObject = {
            "at_ms": self._now_ms(),
            "version": target.version,
            "pixel_id": target.pixel_id,
            "events": len(events),
            "event_ids": [event.get("event_id") for event in events],
            "status": answer.status if answer else None,
            "body": answer.body if answer else None,
            "headers": {name: call.headers[name] for name in _RECORDED_HEADERS if name in call.headers},
            "token_in_query": "access_token" in call.query,
        }
        if code := call.fields.get("test_event_code"):
            entry["test_event_code"] = code
        if fault:
            entry["fault"] = fault.mode
        self.requests.append(entry)

    def _checked(self, call: Call, target: _Target) -> list[JsonObject]:
        self._authorise(call, target)
        if call.unreadable:
            raise Refused(f"(#100) {call.unreadable}")
        events = check_request(call.fields, self._now_ms() / 1000)
        # Every event is asked about, so that each has its lot before the batch is split.
        invalid = [event for event in events if self._board.makes_invalid(_event_key(event))]
        if invalid:
            raise Refused("Invalid parameter", subcode=UNNAMED_FAULT)
        return events

    def _authorise(self, call: Call, target: _Target) -> None:
        if not target.pixel_id or call.method != "POST":
            raise Refused(f"Unknown path components: /{call.path}", code=2500)
        token = _token(call)
        if not token:
            raise Refused("An access token is required to request this resource.", code=104)
        expected = self._state.config.pixels.get(target.pixel_id)
        if expected is None:
            raise Refused(
                f"Unsupported post request. Object with ID '{target.pixel_id}' does not exist, cannot be loaded due to missing "
                "permissions, or does not support this operation.",
                subcode=33,
            )
        if token != expected:
            raise Refused("Invalid OAuth access token - Cannot parse access token", code=190, status=401)

    def _accept(self, target: _Target, events: list[JsonObject], test_event_code: object, batch_id: str) -> None:
        received_at_ms = self._now_ms()
        for event in events:
            entry = {"pixel_id": target.pixel_id, "event": event, "received_at_ms": received_at_ms, "batch_id": batch_id}
            if test_event_code:
                entry["test_event_code"] = test_event_code
            self.events.append(entry)


def _target(call: Call) -> _Target:
    match = _PATH.fullmatch(call.path)
    return _Target(version=match[1], pixel_id=match[2]) if match else _Target()


def _token(call: Call) -> str:
    scheme, _, credentials = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and credentials:
        return credentials.strip()
    return str(call.fields.get("access_token") or call.query.get("access_token") or "")


def _event_key(event: Mapping[str, object]) -> str:
    if event_id := event.get("event_id"):
        return f"{event.get('event_name')}#{event_id}"
    return hashlib.sha256(json.dumps(event, sort_keys=True).encode()).hexdigest()
