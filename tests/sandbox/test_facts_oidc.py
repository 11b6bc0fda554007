"""Tokens of an OIDC provider that runs beside the sandbox: facts 1.4."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from connector.sandbox.server import Installation, serve
from tests.sandbox.wire import CLIENT, error_of, token_answer

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


class Bearer(NamedTuple):
    """Which token of the provider is let in: what is changed in a good one."""

    id: str
    source: str
    changed: dict[str, Any]
    status: int


ENTITY = "[D:add-OIDC-entity.md]"
# fmt: off
FACTS = [
    Bearer("application", "[MicrosoftDocs ServiceNow-guide] appid", {}, 200),
    Bearer("rs384", ENTITY, {"alg": "RS384"}, 200),
    Bearer("rs512", ENTITY, {"alg": "RS512"}, 200),
    Bearer("one_of_several_audiences", "(unverified)", {"aud": ["other", AUDIENCE]}, 200),
    Bearer("within_the_skew", ENTITY + " 300 s", {"exp": -290}, 200),
    Bearer("not_yet_within_the_skew", ENTITY + " 300 s", {"nbf": 290}, 200),
    Bearer("expired", "[K:KB0720547]", {"exp": -310}, 401),
    Bearer("not_yet", "[K:KB0720547]", {"nbf": 310}, 401),
    Bearer("without_an_end", "(unverified)", {"exp": None}, 401),
    Bearer("another_key", "[K:KB0720547]", {"key": OTHER_KEY}, 401),
    Bearer("another_audience", ENTITY, {"aud": "api://another"}, 401),
    Bearer("no_audience", ENTITY, {"aud": None}, 401),
    Bearer("another_issuer", "(unverified)", {"iss": "https://elsewhere.example"}, 401),
    Bearer("nobody_known", "[K:KB0720547]", {"appid": "nobody"}, 401),
    Bearer("no_claim", "[K:KB0720547]", {"appid": None}, 401),
    Bearer("an_empty_claim", "(unverified)", {"appid": ""}, 401),
    Bearer("a_shared_secret", "(unverified)", {"key": "shared-secret" * 4, "alg": "HS256"}, 401),
    Bearer("unsigned", "(unverified)", {"key": None, "alg": "none"}, 401),
]
# fmt: on


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.id)
def test_tokens_of_a_provider(own: Running, issuer: str, fact: Bearer) -> None:
    times = {
        name: fact.changed[name] for name in ("exp", "nbf") if fact.changed.get(name)
    }
    now = int(time.time())
    changed = fact.changed | {name: now + seconds for name, seconds in times.items()}
    assert status(own, token(issuer, **changed)) == fact.status, fact.source


def test_refused_tokens_get_the_body_of_every_401(own: Running) -> None:
    """[K:KB0720547]"""
    headers = {"Authorization": "Bearer a.b.c"}
    url = f"{own.url}/api/now/table/incident"
    answer = requests.get(url, headers=headers, timeout=10)
    assert error_of(answer) == (
        401,
        "User is not authenticated",
        "Required to provide Auth information",
    )


@pytest.mark.parametrize("claim", ["appid", "upn"])
def test_a_claim_stands_for_a_field(own: Running, issuer: str, claim: str) -> None:
    """[MicrosoftDocs] appid of an application, upn of a person, to the user's ID"""
    sql = "UPDATE oidc_provider_configuration SET user_claim = ?"
    own.store.execute(sql, [claim])
    bearer = token(issuer, **({"appid": None} | {claim: "m365.integration"}))
    assert status(own, bearer) == 200


def test_a_token_that_was_touched_is_refused(own: Running, issuer: str) -> None:
    good = token(issuer, appid="alex.personal").split(".")
    other = token(issuer).split(".")
    assert status(own, f"{good[0]}.{other[1]}.{good[2]}") == 401
    assert status(own, "a.b.c") == 401


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
