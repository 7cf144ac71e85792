"""The cache over TLS (``rediss://``): the certificate is checked, and what does not prove itself is a cache that failed."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from rastro.errors import StoreUnavailable
from rastro.stores.clicks_redis import RedisClickCache, connect
from tests.contracts.records import CLICK

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    certificate, secret = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    unencrypted = serialization.NoEncryption()
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, unencrypted))
    return certificate, secret


@pytest.fixture
def tls_port(valkey_url: str, certificate: tuple[Path, Path]) -> Iterator[int]:
    """The port of a TLS terminator in front of the cache, as ElastiCache has one (the embedded server has no TLS of its own)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    behind = urlsplit(valkey_url)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_serve, args=(listener, context, (behind.hostname, behind.port)), daemon=True).start()
        yield listener.getsockname()[1]


def _serve(listener: socket.socket, context: ssl.SSLContext, behind: tuple[str, int]) -> None:
    with suppress(OSError):
        while True:
            plain, _ = listener.accept()
            threading.Thread(target=_relay, args=(plain, context, behind), daemon=True).start()


def _relay(plain: socket.socket, context: ssl.SSLContext, behind: tuple[str, int]) -> None:
    """Pass one connection on, each way in a thread."""
    with (
        closing(plain),
        suppress(OSError),
        context.wrap_socket(plain, server_side=True) as client,
        socket.create_connection(behind, timeout=5) as server,
    ):
        threading.Thread(target=_copy, args=(server, client), daemon=True).start()
        _copy(client, server)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(65_536):
            target.sendall(chunk)


def _cache(url: str) -> RedisClickCache:
    return RedisClickCache(lambda: connect(url, cluster=False), ttl_seconds=60, now_ms=lambda: 0)


def test_a_cache_over_tls_keeps_clicks(tls_port: int, certificate: tuple[Path, Path]) -> None:
    cache = _cache(f"rediss://127.0.0.1:{tls_port}/0?ssl_ca_certs={certificate[0]}")
    cache.put(CLICK)
    assert cache.get(CLICK.tracking_token) == CLICK
    cache._client.close()  # type: ignore[union-attr] # it has connected


def test_a_cache_whose_certificate_nobody_vouches_for_is_not_trusted(tls_port: int) -> None:
    with pytest.raises(StoreUnavailable):
        _cache(f"rediss://127.0.0.1:{tls_port}/0").put(CLICK)
