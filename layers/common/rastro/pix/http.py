"""Calls to a provider's JSON API: what each kind of answer means, said once for every provider.

No answer, a 5xx, a 408, 425 or 429, and an answer that is not JSON can be mended by another try; any other 4xx cannot.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import requests

from rastro.errors import ProviderError, ProviderUnavailable

CONNECT_TIMEOUT_SECONDS = 3.05
READ_TIMEOUT_SECONDS = 10

_SERVER_ERROR = 500
_CLIENT_ERROR = 400
_NOT_FOUND = 404
_RETRYABLE = (408, 425, 429)


class CallRefused(ProviderError):
    """Say that a provider refused one call, to the adapter that made it; others see a ``ProviderError``.

    ``answer`` is the provider's own JSON, ``{}`` where it is none; it may hold people, so it never goes into a message or a log.
    """

    def __init__(self, message: str, *, status: int, answer: Mapping[str, Any]) -> None:
        """Keep the status and what the provider said."""
        super().__init__(message)
        self.status = status
        self.answer = answer


class JsonApi:
    """The API of one account, over a session that keeps connections."""

    def __init__(self, session: requests.Session, *, provider: str, base_url: str) -> None:
        """Take the session, the provider's name for messages, and where its API is."""
        self._session = session
        self._provider = provider
        self._base_url = base_url.rstrip("/")

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        headers: Mapping[str, str],
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        cert: tuple[str, str] | str | None = None,
    ) -> Any:  # noqa: ANN401 - JSON
        """Return the JSON of an answer, ``{}`` for one without a body, ``None`` for a 404 to a GET.

        Raises ``ProviderUnavailable`` for what another try can mend and ``CallRefused``, a ``ProviderError``, for a refusal; the
        message of neither carries a URL, a header or a body: they hold credentials and people.
        """
        try:
            response = self._session.request(
                method,
                self._base_url + path,
                json=body,
                data=form,
                params=query,
                headers=dict(headers),
                timeout=(CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS),
                allow_redirects=False,
                cert=cert,
            )
        except requests.RequestException as exc:
            raise ProviderUnavailable(f"{self._provider} gave no answer: {type(exc).__name__}") from None
        status = response.status_code
        if status >= _SERVER_ERROR or status in _RETRYABLE:
            raise ProviderUnavailable(f"{self._provider} answered {status}")
        if status == _NOT_FOUND and method == "GET":
            return None
        if status >= _CLIENT_ERROR:
            raise CallRefused(f"{self._provider} refused the call with {status}", status=status, answer=_said(response))
        if not response.content.strip():
            return {}
        try:
            return response.json(parse_float=Decimal)
        except (ValueError, ArithmeticError, RecursionError) as exc:
            raise ProviderUnavailable(f"{self._provider} answered with something that is not JSON") from exc


def _said(response: requests.Response) -> Mapping[str, Any]:
    """Return the JSON object of a refusal."""
    try:
        answer = response.json(parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}
