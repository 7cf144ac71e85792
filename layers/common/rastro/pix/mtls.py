"""HTTPS with a client certificate that is not a file: what BACEN asks of every call to a PSP.

Python loads a certificate's key from a path only. The PEM is written to a file of this user alone (mode 0600, in the folder for
temporary files, which is ``/tmp`` on Lambda), loaded, and deleted before the first call.
"""

from __future__ import annotations

import ssl
import tempfile
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from rastro.errors import SecretMissing


class ClientCertificateAdapter(HTTPAdapter):
    """Speaks HTTPS with one TLS context; requests adds the authorities that it trusts."""

    def __init__(self, context: ssl.SSLContext) -> None:
        """Take the context with the certificate."""
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - the signature of requests
        """Open the connections with the context."""
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context)


def session_with_certificate(pem: str) -> requests.Session:
    """Return a session that shows a certificate to every HTTPS server.

    ``pem`` holds the certificate and its private key, unencrypted, in any order; raises ``SecretMissing`` for one that cannot be
    read, without a word of it.
    """
    session = requests.Session()
    session.mount("https://", ClientCertificateAdapter(_context(pem)))
    return session


def _context(pem: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".pem") as file:
        try:
            file.write(pem)
            file.flush()
            # An encrypted key would ask the terminal for its password; this one is always wrong.
            context.load_cert_chain(file.name, password="")
        except (ssl.SSLError, OSError, ValueError):
            raise SecretMissing("the client certificate is no PEM of a certificate with its unencrypted key") from None
    return context
