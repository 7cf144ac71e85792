"""Mutual TLS for real: a server on this machine that asks every caller for a certificate of its own authority."""

from __future__ import annotations

import json
import ssl
import stat
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme

from rastro.errors import ProviderUnavailable, SecretMissing
from rastro.model import PaymentId
from rastro.pix.efi import Efi
from rastro.pix.mtls import session_with_certificate
from rastro.pix.provider import ChargeReference, ChargeRequest, NoticeKind, ProviderContext

pytestmark = pytest.mark.integration

PAYMENT = PaymentId("01K9ZV3M5T7QW8E2R4Y6X0ABCD")
COB = {"txid": PAYMENT, "status": "CONCLUIDA", "pixCopiaECola": "000201", "pix": [{"valor": "0.50", "endToEndId": "E1"}]}


@dataclass
class Bank:
    """The server's address, its authority, and the certificates that it saw."""

    url: str
    authority: trustme.CA
    trusted: Path
    seen: list[str] = field(default_factory=list)

    def pem(self, authority: trustme.CA | None = None) -> str:
        """Return a client's certificate with its key."""
        return (authority or self.authority).issue_cert("loja@example.com").private_key_and_cert_chain_pem.bytes().decode()

    def session(self, pem: str | None) -> requests.Session:
        session = requests.Session() if pem is None else session_with_certificate(pem)
        # The authority of the test alone, whatever the environment says.
        session.trust_env = False
        session.verify = str(self.trusted)
        return session


class Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A refused handshake is what some of these tests want."""


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    authority = trustme.CA()
    trusted = tmp_path_factory.mktemp("tls") / "authority.pem"
    authority.cert_pem.write_to_path(str(trusted))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    context.load_verify_locations(trusted)
    context.verify_mode = ssl.CERT_REQUIRED
    found = Bank(url="", authority=authority, trusted=trusted)

    class Handler(BaseHTTPRequestHandler):
        def setup(self) -> None:
            # Here, in the connection's own thread, so that a refused handshake holds up nobody.
            self.request = context.wrap_socket(self.request, server_side=True)
            super().setup()

        def finish(self) -> None:
            super().finish()
            self.request.close()

        def do_PUT(self) -> None:
            self._answer()

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            found.seen.append(str((self.request.getpeercert() or {}).get("subjectAltName")))
            body = {"access_token": "jwt", "expires_in": 3600} if self.path == "/oauth/token" else COB
            content = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_args: object) -> None:
            pass

    with Quiet(("127.0.0.1", 0), Handler) as server:
        found.url = f"https://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield found
        server.shutdown()
        thread.join()


def _account(bank: Bank, session: requests.Session) -> Efi:
    credentials = {"client_id": "id", "client_secret": "secret", "pix_key": "key", "api_url": bank.url}
    return Efi(ProviderContext(credentials=credentials, now_ms=lambda: 0), session)


def test_every_call_shows_the_certificate(bank: Bank) -> None:
    bank.seen.clear()
    with bank.session(bank.pem()) as session:
        account = _account(bank, session)
        order = ChargeRequest(payment_id=PAYMENT, amount_cents=50, description="", expires_in_seconds=60)
        assert account.create_charge(order).brcode == "000201"
        (paid,) = account.query(ChargeReference(payment_id=PAYMENT))
    assert (paid.kind, paid.amount_cents) == (NoticeKind.PAID, 50)
    assert bank.seen == ["(('email', 'loja@example.com'),)"] * 3


def test_a_caller_without_the_right_certificate_gets_no_answer(bank: Bank) -> None:
    bank.seen.clear()
    for pem in (None, bank.pem(trustme.CA())):
        with bank.session(pem) as session, pytest.raises(ProviderUnavailable):
            _account(bank, session).check()
    assert bank.seen == []


def test_a_server_of_an_unknown_authority_is_not_trusted(bank: Bank) -> None:
    bank.seen.clear()
    with bank.session(bank.pem()) as session:
        session.verify = True
        with pytest.raises(ProviderUnavailable, match="SSLError"):
            _account(bank, session).check()
    assert bank.seen == []


def test_the_key_leaves_no_file_behind(bank: Bank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes: list[int] = []
    load = ssl.SSLContext.load_cert_chain

    def watched(self: ssl.SSLContext, certfile: str, *args: Any, **kwargs: Any) -> None:
        modes.append(stat.S_IMODE(Path(certfile).stat().st_mode))
        load(self, certfile, *args, **kwargs)

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", watched)
    session_with_certificate(bank.pem()).close()
    assert modes == [0o600]
    assert list(tmp_path.iterdir()) == []


def test_key_and_certificate_come_in_any_order_with_words_between(bank: Bank) -> None:
    key, mark, certificate = bank.pem().partition("-----BEGIN CERTIFICATE-----")
    pem = f"Bag Attributes\n    friendlyName: loja\n{mark}{certificate}\nKey Attributes: <No Attributes>\n{key}"
    with bank.session(pem) as session:
        _account(bank, session).check()


def test_an_encrypted_key_is_refused_and_nobody_is_asked_for_its_password(bank: Bank) -> None:
    key, mark, certificate = bank.pem().partition("-----BEGIN CERTIFICATE-----")
    command = ["openssl", "pkey", "-aes256", "-passout", "pass:hush"]
    done = subprocess.run(command, input=key, capture_output=True, text=True, check=True)
    assert "ENCRYPTED" in done.stdout
    with pytest.raises(SecretMissing, match="unencrypted"):
        session_with_certificate(done.stdout + mark + certificate)


def test_a_certificate_without_its_key_is_refused(bank: Bank) -> None:
    _, mark, certificate = bank.pem().partition("-----BEGIN CERTIFICATE-----")
    with pytest.raises(SecretMissing):
        session_with_certificate(mark + certificate)
