"""The way to an instance: private certificates, proxies, IPv6."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from connector import http
from connector.exceptions import ConnectorError
from connector.servicenow.client import ServiceNow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _fresh_sessions(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("HTTPS_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    http.session.cache_clear()
    yield
    for private_ok in (True, False):
        http.session(private_ok=private_ok).close()
    http.session.cache_clear()


class _Instance(BaseHTTPRequestHandler):
    """An instance without rows, or a proxy that lets nobody through."""

    def do_GET(self) -> None:
        body = b'{"result": []}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_CONNECT(self) -> None:
        self.server.wanted.append(self.path)  # type: ignore[attr-defined]
        self.send_error(403)

    def log_message(self, *_: Any) -> None:
        pass


class _IPv6(ThreadingHTTPServer):
    address_family = socket.AF_INET6


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[ThreadingHTTPServer]:
    server.daemon_threads = True
    server.wanted = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def certificate(folder: Path) -> tuple[Path, Path]:
    """Return a certificate for 127.0.0.1 that no public authority knows, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "instance")])
    now = datetime.now(UTC)
    address = x509.IPAddress(IPv4Address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, secret = folder / "instance.pem", folder / "instance.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return pem, secret


def ask(base_url: str, *, private_ok: bool = True) -> int | None:
    client = ServiceNow(base_url, lambda _: "token", private_ok=private_ok)
    return len(client.list("incident", fields=["number"]).records)


def code_of(base_url: str, **options: bool) -> str:
    with pytest.raises(ConnectorError) as caught:
        ask(base_url, **options)
    return caught.value.code


def test_a_private_authority_is_trusted_when_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem, key = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Instance)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with serving(server):
        url = f"https://127.0.0.1:{server.server_port}"
        assert code_of(url) == "certificate"

        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(pem))
        http.session.cache_clear()
        assert ask(url) == 0
        # The guard comes before the certificate.
        assert code_of(url, private_ok=False) == "private_address"


def test_instances_are_asked_for_through_the_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), _Instance)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.server_port}")
        code = code_of("https://acme.service-now.com", private_ok=False)

    assert code == "proxy"
    # The proxy resolves the name: the portal needs no DNS of the outside.
    assert set(proxy.wanted) == {"acme.service-now.com:443"}  # type: ignore[attr-defined]


def test_the_sandbox_is_reached_without_the_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), _Instance)) as server:
        assert ask(f"http://127.0.0.1:{server.server_port}") == 0


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_an_instance_may_have_an_ipv6_address() -> None:
    try:
        server = _IPv6(("::1", 0), _Instance)
    except OSError:
        pytest.skip("no IPv6 loopback here")
    with serving(server):
        url = f"http://[::1]:{server.server_port}"
        assert ask(url) == 0
        assert code_of(url, private_ok=False) == "private_address"
