"""The way to the instance: each probe in its good state and in every bad one."""

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
from django.utils import timezone

from connector import handshake, http
from connector.guard import PrivateAddressError
from tests.connector.asking import Case, World, ask, check, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connector.models import Connection

pytestmark = pytest.mark.django_db
IDP = "https://idp.example.com/saml"


def nothing(_world: World) -> None:
    pass


def moved(base_url: str) -> Any:
    return lambda w: w.portal(base_url=base_url)


def on_every_way(kind: str) -> Any:
    return lambda w: w.fault(kind, path="all")


def single_sign_on(world: World) -> None:
    world.instance.app.switches.single_sign_on = IDP


CASES = [
    Case("dns", "the sandbox", nothing, "ok", ("this machine",)),
    Case(
        "dns",
        "no such name",
        moved("https://no-such-instance.invalid"),
        "failed",
        ("no-such-instance.invalid", "nslookup", "set-up page"),
    ),
    Case(
        "dns",
        "a name that leads inside",
        moved("https://localhost"),
        "failed",
        ("your own network", "DNS", "HTTPS_PROXY"),
    ),
    Case("tls", "the sandbox", nothing, "ok", ("Not encrypted: sandbox",)),
    Case("awake", "it answers", nothing, "ok", ("answers",)),
    Case(
        "awake",
        "asleep",
        on_every_way("hibernating"),
        "failed",
        ("asleep", "developer.servicenow.com", "Wake instance", "hibernating"),
    ),
    Case(
        "awake",
        "taken back",
        on_every_way("bad_gateway"),
        "failed",
        ("gone or overloaded", "ten days", "snow_adc"),
    ),
    Case(
        "awake",
        "maintenance",
        on_every_way("unavailable"),
        "failed",
        ("maintenance", "Now Support"),
    ),
    Case(
        "awake",
        "a sign-in page before the API",
        on_every_way("redirect"),
        "failed",
        ("sign-in page", "/api/now/", "/oauth_token.do"),
    ),
    Case("awake", "it hangs up", on_every_way("cut"), "failed", ("broke off",)),
    Case(
        "awake",
        "the rule is used up",
        lambda w: w.fault("rate_limit", path="all", retry_after=60),
        "warning",
        ("Rate Limit Rules",),
    ),
    Case("address", "let in", nothing, "ok", ("Yes",)),
    Case(
        "address",
        "turned away",
        on_every_way("ip_filter"),
        "failed",
        (
            "saw 127.0.0.1",
            "System Security > IP Address Access Control",
            "Address the instance saw: 127.0.0.1",
        ),
    ),
    Case("single_sign_on", "its own page", nothing, "ok", ("own sign-in page",)),
    Case(
        "single_sign_on",
        "an identity provider, before the authorization",
        lambda w: (single_sign_on(w), w.portal(status="draft", refresh_token="")),
        "warning",
        (
            "idp.example.com",
            "/side_door.do",
            "security admin role",
            "same name and e-mail address",
            "may be removed afterwards",
            "Not You",
        ),
    ),
    Case(
        "single_sign_on",
        "an identity provider that was passed",
        single_sign_on,
        "ok",
        ("idp.example.com", "went past it", "/side_door.do"),
    ),
    Case(
        "single_sign_on",
        "an identity provider that is to be passed again soon",
        lambda w: (
            single_sign_on(w),
            w.portal(refresh_token_expires_at=timezone.now()),
        ),
        "warning",
        ("idp.example.com",),
    ),
    Case(
        "single_sign_on",
        "no such client",
        lambda w: w.portal(client_id="another"),
        "unknown",
        ("was refused",),
    ),
    Case(
        "single_sign_on",
        "nobody signs in",
        lambda w: w.portal(auth_type="client_credentials"),
        "ok",
        ("by itself",),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_way_to_the_instance(case: Case, world: World) -> None:
    check(case, world)


def test_what_an_identity_provider_posts_is_recognised(
    connection: Connection, settings: Any
) -> None:
    page = (
        '<html><form method="post" action="https://idp.example.com/sso">'
        '<input name="SAMLRequest" value="x"></form></html>'
    )
    from tests.connector.wire import Reply, scripted

    with scripted(Reply(200, page)) as server:
        settings.SERVICENOW_SANDBOX_URL = server.url
        connection.base_url = server.url
        connection.status = "draft"
        from connector.probes import Examination, network

        finding = network.single_sign_on(Examination(connection))
    assert (finding.verdict, finding.facts["host"]) == ("warning", "idp.example.com")


def test_a_proxy_on_the_way_is_said(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:word@proxy.example.com:3128")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    connection.base_url = "https://acme.service-now.com"
    from connector.probes import Examination, network

    e = Examination(connection)
    for finding in (network.dns(e), network.tls(e)):
        assert finding.verdict == "unknown"
        assert finding.facts == {"proxy": "proxy.example.com"}


def test_what_is_asleep_is_not_asked_further(world: World) -> None:
    world.fault("hibernating", path="all")
    findings = ask(world.connection)
    assert findings["awake"].verdict == "failed"
    blocked = findings["incident"]
    assert (blocked.verdict, blocked.code) == ("unknown", "not_asked")
    assert "awake" not in blocked.answer
    assert findings["address"].answer == (
        "Not asked: “Is the instance awake and reachable?” comes first."
    )
    assert world.instance.app.api.requests["table"] == 1
    assert world.instance.app.api.requests["oauth"] == 1


def certificate(folder: Path, days: int) -> tuple[Path, Path]:
    """Return a certificate for 127.0.0.1 that ends in so many days, and its key."""
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
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=days, hours=1))
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


class _Quiet(BaseHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """A client that does not trust the certificate hangs up."""


@contextmanager
def encrypted(pem: Path, key: Path) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)
    server = _Server(("127.0.0.1", 0), _Quiet)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    try:
        yield f"https://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("days", "is_trusted", "verdict", "words"),
    [
        (200, True, "ok", "instance by instance, for 200 more days"),
        (5, True, "warning", "Custom URL > Certificates"),
        (200, False, "failed", "REQUESTS_CA_BUNDLE"),
        (-2, True, "failed", "has ended"),
    ],
)
def test_a_certificate_is_looked_at(
    days: int,
    is_trusted: bool,
    verdict: str,
    words: str,
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pem, key = certificate(tmp_path, days)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    if is_trusted:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(pem))
    with encrypted(pem, key) as url:
        world.settings.SERVICENOW_SANDBOX_URL = url
        world.portal(base_url=url)
        finding = ask(world.connection, "tls")["tls"]
    assert finding.verdict == verdict, words_of(finding)
    assert words in words_of(finding)


def test_nobody_at_the_port_is_said(world: World) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{free.getsockname()[1]}"
        world.settings.SERVICENOW_SANDBOX_URL = url
        world.portal(base_url=url)
        finding = ask(world.connection, "tls")["tls"]
    assert (finding.verdict, finding.code) == ("failed", "connection_refused")
    assert "firewall" in words_of(finding)


def test_the_handshake_reaches_no_private_address() -> None:
    with pytest.raises(PrivateAddressError):
        handshake.certificate("127.0.0.1", 443)
    assert http.authorities()
