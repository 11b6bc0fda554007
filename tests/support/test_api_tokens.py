"""Who gets into the connector API: tokens of the right kind alone, each refusal named."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.utils import timezone

from connector.entra import keys, tokens
from connector.entra.tokens import Expectation, TokenError
from tests.support.calling import know_the_keys
from tests.support.entra import DIRECTORY, KEY, LOGIN, OUTBOUND, REST, public
from tickets.support.call_models import ConnectorCall

if TYPE_CHECKING:
    from tests.support.calling import Instance
    from tickets.support.models import SupportIntegration

pytestmark = pytest.mark.django_db
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
ELSEWHERE = "9188040d-6c67-4c5b-b112-36a304b66dad"
V2 = {"iss": f"{LOGIN}/v2.0", "ver": "2.0", "azp": OUTBOUND, "appid": None}


def code_of(calling: Instance, token: str) -> str:
    answer = calling.get(token=token)
    assert answer.status_code == 401, answer.content
    assert answer["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    error = answer.json()["error"]
    assert error["situations"] == [9, 11, 13]
    assert ConnectorCall.objects.get().code == error["code"]
    return str(error["code"])


def now(seconds: int) -> int:
    return int(time.time()) + seconds


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"aud": f"api://{OUTBOUND}"},
        {"aud": OUTBOUND.upper()},
        V2,
        {**V2, "aud": f"api://{OUTBOUND}"},
        {"exp": -280},
        {"nbf": 280},
        {"iat": 280},
        {"idtyp": "app"},
        {"nbf": None, "iat": None},
    ],
    ids=str,
)
def test_an_application_token_of_either_version_gets_in(
    calling: Instance, claims: dict[str, Any]
) -> None:
    assert calling.get(token=made(calling, claims)).status_code == 200
    assert ConnectorCall.objects.get().app_id == OUTBOUND


def made(calling: Instance, claims: dict[str, Any]) -> str:
    """Return a token; times are given in seconds from now."""
    moments = {"exp", "nbf", "iat"}
    given = {
        name: now(value) if name in moments and isinstance(value, int) else value
        for name, value in claims.items()
    }
    return calling.directory.application_token(**given)


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"exp": -320}, "token_expired"),
        ({"nbf": 320}, "token_not_yet_valid"),
        ({"iat": 320}, "token_not_yet_valid"),
        ({"exp": None}, "token_malformed"),
        ({"tid": ELSEWHERE}, "token_tenant"),
        ({"tid": None}, "token_tenant"),
        ({"iss": f"https://sts.windows.net/{ELSEWHERE}/"}, "token_issuer"),
        ({"iss": f"{LOGIN}/v2.0/"}, "token_issuer"),
        ({"iss": None}, "token_issuer"),
        ({"aud": REST}, "token_audience"),
        ({"aud": "https://graph.microsoft.com"}, "token_audience"),
        ({"aud": None}, "token_audience"),
        ({"appid": REST}, "token_application"),
        ({"appid": None}, "token_application"),
        # A token of version 2 names the application in azp; appid means nothing there.
        ({**V2, "azp": REST, "appid": OUTBOUND}, "token_application"),
        ({"azp": OUTBOUND, "appid": REST}, "token_application"),
        ({"scp": "user_impersonation"}, "token_not_application"),
        ({"scp": ""}, "token_not_application"),
        ({"idtyp": "user"}, "token_not_application"),
    ],
    ids=str,
)
def test_each_wrong_claim_has_its_code(
    calling: Instance, claims: dict[str, Any], code: str
) -> None:
    assert code_of(calling, made(calling, claims)) == code


@pytest.mark.parametrize("value", [True, "1", float("nan"), float("inf"), -1, 1e30])
@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
def test_a_time_that_is_none_is_malformed(
    calling: Instance, name: str, value: object
) -> None:
    token = calling.directory.application_token(**{name: value})
    assert code_of(calling, token) == "token_malformed"


def test_a_forged_signature_is_refused(calling: Instance) -> None:
    calling.directory.key = OTHER_KEY
    assert code_of(calling, calling.directory.application_token()) == "token_signature"


def test_a_changed_claim_is_refused(calling: Instance) -> None:
    header, body, signature = calling.directory.application_token().split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims["tid"] = DIRECTORY.upper()
    forged = encoded(claims)
    token = f"{header}.{forged}.{signature}"
    assert code_of(calling, token) == "token_signature"


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def claims_of(calling: Instance) -> dict[str, Any]:
    token = calling.directory.application_token()
    return jwt.decode(token, options={"verify_signature": False})


@pytest.mark.parametrize("alg", ["none", "None", "NONE"])
def test_a_token_without_a_signature_is_refused(calling: Instance, alg: str) -> None:
    header = encoded({"alg": alg, "typ": "JWT", "kid": "k1"})
    token = f"{header}.{encoded(claims_of(calling))}."
    assert code_of(calling, token) == "token_algorithm"
    assert f"signed with {alg}" in ConnectorCall.objects.get().words


@pytest.mark.parametrize("shape", ["PEM", "DER"])
def test_the_public_key_is_no_secret_to_sign_with(
    calling: Instance, shape: str
) -> None:
    secret = KEY.public_key().public_bytes(
        getattr(serialization.Encoding, shape),
        serialization.PublicFormat.SubjectPublicKeyInfo,
    )
    head = encoded({"alg": "HS256", "typ": "JWT", "kid": "k1"})
    signed = f"{head}.{encoded(claims_of(calling))}"
    digest = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    signature = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert code_of(calling, f"{signed}.{signature}") == "token_algorithm"


@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256"])
def test_other_algorithms_of_the_same_key_are_refused(
    calling: Instance, algorithm: str
) -> None:
    headers = {"kid": "k1"}
    token = jwt.encode(claims_of(calling), KEY, algorithm, headers=headers)
    assert code_of(calling, token) == "token_algorithm"


@pytest.mark.parametrize(
    "token",
    ["x", "a.b.c", "a.b.c.d.e", f"{encoded([])}.e30.x", "x" * 16_001],
    ids=lambda token: token[:20],
)
def test_what_is_no_token_is_malformed(calling: Instance, token: str) -> None:
    assert code_of(calling, token) == "token_malformed"


@pytest.mark.parametrize("body", ["[]", '"text"', "nothing"])
def test_a_signed_body_that_is_no_object_is_malformed(
    calling: Instance, body: str
) -> None:
    token = jwt.api_jws.encode(body.encode(), KEY, "RS256", headers={"kid": "k1"})
    assert code_of(calling, token) == "token_malformed"


@pytest.mark.parametrize("kid", [None, 7, ["k1"]])
def test_a_key_without_a_name_is_not_looked_for(calling: Instance, kid: object) -> None:
    # So long ago that an unknown key might be a new one.
    know_the_keys(calling.directory, timezone.now() - timedelta(hours=1))
    head = encoded(
        {"alg": "RS256", "typ": "JWT", "kid": kid} if kid else {"alg": "RS256"}
    )
    token = calling.directory.application_token().split(".")
    code = code_of(calling, ".".join([head, *token[1:]]))
    assert code == ("token_malformed" if kid else "token_signature")


@pytest.mark.parametrize("value", ["", "Basic dXNlcjpwYXNz", "Bearer", "Bearer  "])
def test_a_call_without_a_token_is_told_so(calling: Instance, value: str) -> None:
    answer = calling.client.get(f"{calling.base}/", headers={"Authorization": value})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "token_missing"


def test_a_stranger_does_not_learn_what_was_expected(calling: Instance) -> None:
    answer = calling.get(token=made(calling, {"aud": REST}))
    assert REST in answer.json()["error"]["cause"]
    assert OUTBOUND not in answer.content.decode()
    assert f"expected: {OUTBOUND}" in ConnectorCall.objects.get().words


def test_only_a_token_of_the_own_directory_and_application_gets_in(
    calling: Instance, integration: SupportIntegration
) -> None:
    integration.outbound_app_id = REST
    integration.save()
    assert code_of(calling, calling.directory.application_token()) == "token_audience"


@pytest.mark.parametrize("missing", ["outbound_app_id", "directory_id"])
def test_an_integration_without_its_ids_asks_for_the_final_step(
    calling: Instance, integration: SupportIntegration, missing: str
) -> None:
    setattr(integration, missing, "")
    integration.save()
    answer = calling.get()
    assert answer.status_code == 409
    error = answer.json()["error"]
    assert error["code"] == "integration_incomplete"
    assert "complete the final set up step for the app." in error["message"]
    assert error["situations"] == [3, 5, 7]


@pytest.mark.parametrize(
    ("expected", "code"),
    [
        (Expectation("", ("issuer",), OUTBOUND), "token_tenant"),
        (Expectation(DIRECTORY, (), OUTBOUND), "token_issuer"),
        (Expectation(DIRECTORY, ("issuer",), ""), "token_application"),
    ],
    ids=["no directory", "no issuer", "no application"],
)
def test_what_is_not_known_fits_no_token(expected: Expectation, code: str) -> None:
    app, tenant = expected.app_id, expected.tenant_id
    issuer = expected.issuers[0] if expected.issuers else ""
    claims = {"iss": issuer, "tid": tenant, "aud": app, "appid": app, "exp": now(60)}
    token = jwt.encode(claims, KEY, "RS256", headers={"kid": "k1"})
    known = keys.usable([public(KEY, "k1")])
    with pytest.raises(TokenError, match=code):
        tokens.verify(token, known, expected, time.time())


@pytest.mark.parametrize(
    ("claim", "seconds", "code"),
    [
        ("exp", 300, ""),
        ("exp", 301, "token_expired"),
        ("nbf", -300, ""),
        ("nbf", -301, "token_not_yet_valid"),
        ("iat", -300, ""),
        ("iat", -301, "token_not_yet_valid"),
    ],
)
def test_clocks_may_differ_by_five_minutes_and_not_by_a_second_more(
    claim: str, seconds: int, code: str
) -> None:
    moment = 1_790_000_000
    issuer = f"https://sts.windows.net/{DIRECTORY}/"
    claims = {"iss": issuer, "aud": OUTBOUND, "tid": DIRECTORY, "appid": OUTBOUND}
    claims |= {"exp": moment + 86_400, claim: moment}
    token = jwt.encode(claims, KEY, "RS256", headers={"kid": "k1"})
    known = keys.usable([public(KEY, "k1")])
    expected = Expectation(DIRECTORY, (issuer,), OUTBOUND)
    if not code:
        assert tokens.verify(token, known, expected, moment + seconds)
        return
    with pytest.raises(TokenError, match=code):
        tokens.verify(token, known, expected, moment + seconds)
