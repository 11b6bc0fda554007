"""Tokens of an OIDC provider that runs beside the sandbox."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from connector.sandbox.server import Installation, serve
from tests.sandbox.wire import CLIENT, token_answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.sandbox.server import Running

AUDIENCE = "api://security-center"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@contextmanager
def provider() -> Iterator[str]:
    """Publish metadata and one key; yield the issuer."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer = f"http://127.0.0.1:{self.server.server_address[1]}"
            key = {**json.loads(RSAAlgorithm.to_jwk(KEY.public_key())), "kid": "k1"}
            bodies = {
                "/metadata": {"issuer": issuer, "jwks_uri": f"{issuer}/keys"},
                "/keys": {"keys": [key]},
            }
            body = json.dumps(bodies[self.path]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with provider() as issuer:
        yield issuer


@pytest.fixture
def own(issuer: str) -> Iterator[Running]:
    wanted = Installation(
        password="word",
        oidc_metadata_url=f"{issuer}/metadata",
        oidc_audience=AUDIENCE,
    )
    with serve(wanted) as running:
        yield running


def token(issuer: str, key: Any = KEY, alg: str = "RS256", **changed: Any) -> str:
    claims = {
        "iss": issuer,
        "aud": AUDIENCE,
        "exp": int(time.time()) + 60,
        "appid": "m365.integration",
        **changed,
    }
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, key, alg, headers={"kid": "k1"})


def status(running: Running, bearer: str) -> int:
    headers = {"Authorization": f"Bearer {bearer}"}
    url = f"{running.url}/api/now/table/incident?sysparm_limit=1"
    return requests.get(url, headers=headers, timeout=10).status_code


@pytest.mark.parametrize("alg", ["RS256", "RS384", "RS512"])
def test_a_token_of_the_provider_stands_for_its_user(
    own: Running, issuer: str, alg: str
) -> None:
    assert status(own, token(issuer, alg=alg)) == 200
    assert status(own, token(issuer, alg=alg, aud=["other", AUDIENCE])) == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"key": OTHER_KEY},
        {"aud": "api://another"},
        {"aud": None},
        {"iss": "https://elsewhere.example"},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"nbf": 9_000_000_000},
        {"appid": "nobody"},
        {"appid": None},
        {"appid": ""},
        {"key": "shared-secret" * 4, "alg": "HS256"},
        {"key": None, "alg": "none"},
    ],
)
def test_other_tokens_are_refused(
    own: Running, issuer: str, changed: dict[str, Any]
) -> None:
    assert status(own, token(issuer, **changed)) == 401


def test_a_token_that_was_touched_is_refused(own: Running, issuer: str) -> None:
    good = token(issuer, appid="alex.personal").split(".")
    other = token(issuer).split(".")
    assert status(own, f"{good[0]}.{other[1]}.{good[2]}") == 401
    assert status(own, "a.b.c") == 401


def test_the_clocks_may_differ_by_five_minutes(own: Running, issuer: str) -> None:
    bearer = token(issuer)
    own.store.clock = lambda: time.time() + 60 + 290
    assert status(own, bearer) == 200
    own.store.clock = lambda: time.time() + 60 + 310
    assert status(own, bearer) == 401


def test_a_token_works_once_if_its_number_is_checked(own: Running, issuer: str) -> None:
    sql = "UPDATE oidc_provider_configuration SET enable_jti_verification = 'true'"
    own.store.execute(sql)
    bearer = token(issuer, jti="one")
    assert [status(own, bearer), status(own, bearer)] == [200, 401]
    assert status(own, token(issuer)) == 401


def test_a_locked_user_is_refused(own: Running, issuer: str) -> None:
    own.store.execute("UPDATE sys_user SET locked_out = 'true'")
    assert status(own, token(issuer)) == 401


def test_an_assertion_is_exchanged_for_a_token(own: Running, issuer: str) -> None:
    grant = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", **CLIENT}
    body = token_answer(own, **grant, assertion=token(issuer)).json()
    assert status(own, body["access_token"]) == 200
    in_header = requests.post(
        f"{own.url}/oauth_token.do",
        data=grant,
        headers={"Authentication": f"Bearer {token(issuer)}"},
        timeout=10,
    )
    assert in_header.json()["access_token"] == body["access_token"]
    assert token_answer(own, **grant, assertion="a.b.c").status_code == 401
