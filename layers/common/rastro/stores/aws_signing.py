"""AWS Signature Version 4 for the one kind of request that is made here: a POST of JSON to ``/``.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from hashlib import sha256

from rastro.stores.aws_environment import Credentials

_ALGORITHM = "AWS4-HMAC-SHA256"


class Signer:
    """Signs the requests to one service in one region."""

    def __init__(self, credentials: Callable[[], Credentials], *, region: str, service: str) -> None:
        """Take how to get the credentials that are valid now."""
        self._credentials = credentials
        self._region = region
        self._service = service
        self._key: tuple[Credentials, str, bytes] | None = None

    def sign(self, headers: dict[str, str], body: bytes, *, at_s: float) -> dict[str, str]:
        """Return a request's headers, all of them signed, with those that prove who sends it (epoch seconds).

        Names come in lower case, ``host`` among them, values without spaces at their ends.
        """
        credentials = self._credentials()
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at_s))
        day = moment[:8]
        signed = headers | {"x-amz-date": moment}
        if credentials.session_token is not None:
            signed["x-amz-security-token"] = credentials.session_token
        names = sorted(signed)
        listed = ";".join(names)
        canonical_headers = "".join([f"{name}:{signed[name]}\n" for name in names])
        canonical = f"POST\n/\n\n{canonical_headers}\n{listed}\n{sha256(body).hexdigest()}"
        scope = f"{day}/{self._region}/{self._service}/aws4_request"
        text = f"{_ALGORITHM}\n{moment}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
        signature = hmac.digest(self._key_of(credentials, day), text.encode(), "sha256").hex()
        who = f"Credential={credentials.access_key_id}/{scope}"
        signed["authorization"] = f"{_ALGORITHM} {who}, SignedHeaders={listed}, Signature={signature}"
        return signed

    def _key_of(self, credentials: Credentials, day: str) -> bytes:
        """Return the key of a day; it is the same for every request of that day."""
        if self._key is None or self._key[:2] != (credentials, day):
            key = f"AWS4{credentials.secret_access_key}".encode()
            for part in (day, self._region, self._service, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._key = (credentials, day, key)
        return self._key[2]
