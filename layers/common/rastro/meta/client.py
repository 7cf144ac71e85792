"""The client of Meta's Graph API: one request, one answer, in bounded time; what it means is said elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import requests
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import ConnectTimeout, RequestException
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError

from rastro.meta.answer import VERSION_WARNING_HEADER, GraphAnswer, TransportFailure
from rastro.model import PixelId
from rastro.observability import logger

GRAPH_VERSION = "v26.0"  # of 29 Jul 2026; its end is not announced, and Meta keeps a Graph version for two years at least
GRAPH_URL = "https://graph.facebook.com"

CONNECT_SECONDS = 1.5
ANSWER_SECONDS = 5.0
"""Meta advises 1.5 s for one event, and answers most in 0.6 s. A request of ours may carry a thousand, and giving up on one that
arrived sends it twice: so three times Meta's figure, and still short enough for several in one invocation."""
_BODY_MAX_BYTES = 262_144
_CHUNK_BYTES = 8_192


class GraphClient:
    """Sends events to pixels over connections that are kept open."""

    def __init__(
        self,
        session: requests.Session,
        *,
        tokens: Callable[[PixelId], str],
        seconds: Callable[[], float],
        base_url: str = GRAPH_URL,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        """Take the session, where a pixel's token comes from, a monotonic clock, and the address of the Graph."""
        self._session = session
        self._tokens = tokens
        self._seconds = seconds
        self._base_url = base_url.rstrip("/")
        self._answer_seconds = answer_seconds

    def send(
        self, pixel_id: PixelId, events: Sequence[Mapping[str, Any]], test_event_code: str | None = None
    ) -> GraphAnswer | TransportFailure:
        """Send up to 1,000 events to one pixel and return the answer, or why there is none.

        The token goes in a header: a URL ends up in logs. Raises ``SecretMissing`` or ``StoreUnavailable`` before anything is
        sent.
        """
        document: dict[str, Any] = {"data": list(events)}
        if test_event_code:
            document["test_event_code"] = test_event_code
        headers = {"Authorization": f"Bearer {self._tokens(pixel_id)}", "Content-Type": "application/json"}
        body = json.dumps(document, separators=(",", ":")).encode()
        outcome = self._post(f"{self._base_url}/{GRAPH_VERSION}/{pixel_id}/events", body, headers)
        if isinstance(outcome, GraphAnswer) and VERSION_WARNING_HEADER in outcome.headers:
            logger.warning("graph_version_warning", version=GRAPH_VERSION, warning=outcome.headers[VERSION_WARNING_HEADER])
        return outcome

    def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> GraphAnswer | TransportFailure:
        until = self._seconds() + CONNECT_SECONDS + self._answer_seconds
        timeout = (CONNECT_SECONDS, self._answer_seconds)
        try:
            with self._session.post(
                url, data=body, headers=headers, timeout=timeout, allow_redirects=False, stream=True
            ) as response:
                return self._read(response, until)
        except ConnectTimeout:
            return TransportFailure.NOT_SENT
        except RequestsConnectionError as exc:
            return TransportFailure.NOT_SENT if _never_connected(exc) else TransportFailure.NO_ANSWER
        except (RequestException, HTTPError, OSError):
            return TransportFailure.NO_ANSWER

    def _read(self, response: requests.Response, until: float) -> GraphAnswer | TransportFailure:
        """Read the body within the time left: the time-out of a socket starts anew with every byte that drips in."""
        body = bytearray()
        while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
            body += chunk
            if self._seconds() > until or len(body) > _BODY_MAX_BYTES:
                return TransportFailure.NO_ANSWER
        headers = {name.lower(): value for name, value in response.headers.items()}
        return GraphAnswer(status=response.status_code, headers=headers, body=bytes(body))


def _never_connected(exc: RequestsConnectionError) -> bool:
    """Say whether the connection was not even made (refused, no such host), so that nothing can have arrived."""
    cause = exc.args[0] if exc.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)
