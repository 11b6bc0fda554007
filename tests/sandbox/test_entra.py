"""Microsoft Entra ID: what a directory publishes, and the tokens of its applications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jwt
import pytest
import requests

from connector.sandbox import support_app
from connector.sandbox.controls import TENANT_ID
from connector.sandbox.entra_directory import Application
from connector.sandbox.server import serve
from tests.sandbox.support_world import signed_in
from tests.sandbox.wire import Api

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connector.sandbox.server import Running

CALLER = Application("aaaaaaaa-0000-4000-8000-000000000001", "word-1", "caller")
SECOND = Application("bbbbbbbb-0000-4000-8000-000000000002", "word-2", "target", 2)
LOGIN = "https://login.microsoftonline.com"
FIRST = "https://sts.windows.net/"


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with serve() as running:
        yield running


@pytest.fixture(autouse=True)
def _as_it_comes(running: Running) -> None:
    running.app.entra.directory.reset()
    running.app.entra.directory.register(CALLER, SECOND)


def ask(running: Running, version: str = "", **form: str) -> requests.Response:
    usual = {
        "grant_type": "client_credentials",
        "client_id": CALLER.client_id,
        "client_secret": CALLER.secret,
    }
    sent = {name: value for name, value in (usual | form).items() if value}
    url = f"{running.url}/entra/{TENANT_ID}/oauth2{version}/token"
    return requests.post(url, data=sent, timeout=10)


def metadata(running: Running, part: str = "") -> dict[str, Any]:
    url = f"{running.url}/entra/{TENANT_ID}{part}/.well-known/openid-configuration"
    found: dict[str, Any] = requests.get(url, timeout=10).json()
    return found


def claims(running: Running, answer: requests.Response, part: str = "") -> Any:
    """Return what a token says, once its signature fits the published keys."""
    token = answer.json()["access_token"]
    keys = jwt.PyJWKClient(metadata(running, part)["jwks_uri"])
    key = keys.get_signing_key_from_jwt(token).key
    return jwt.decode(token, key, ["RS256"], options={"verify_aud": False})


def order(running: Running, **orders: Any) -> requests.Response:
    return requests.put(f"{running.url}/entra/_control", json=orders, timeout=10)


def test_version_1_gives_a_token_for_the_resource(running: Running) -> None:
    answer = ask(running, resource=CALLER.client_id)
    body = answer.json()
    assert body["expires_in"] == "3599"
    assert body["resource"] == CALLER.client_id
    found = claims(running, answer)
    assert found["iss"] == metadata(running)["issuer"] == f"{FIRST}{TENANT_ID}/"
    assert found["aud"] == found["appid"] == CALLER.client_id
    assert (found["tid"], found["ver"]) == (TENANT_ID, "1.0")
    assert (found["nbf"], found["exp"]) == (found["iat"], found["iat"] + 3599)
    assert "scp" not in found


def test_version_2_gives_the_version_that_the_resource_wants(running: Running) -> None:
    answer = ask(running, "/v2.0", scope=f"api://{SECOND.client_id}/.default")
    assert answer.json()["expires_in"] == 3599
    found = claims(running, answer, "/v2.0")
    issuer = metadata(running, "/v2.0")["issuer"]
    assert found["iss"] == issuer == f"{LOGIN}/{TENANT_ID}/v2.0"
    assert (found["aud"], found["azp"]) == (SECOND.client_id, CALLER.client_id)
    answer = ask(running, "/v2.0", scope=f"{CALLER.client_id}/.default")
    assert claims(running, answer)["appid"] == CALLER.client_id


def test_without_a_resource_a_token_is_meant_for_another_service(
    running: Running,
) -> None:
    aud = claims(running, ask(running))["aud"]
    assert aud == "00000002-0000-0000-c000-000000000000"


@pytest.mark.parametrize(
    ("version", "form", "status", "code", "error"),
    [
        ("", {"client_id": "cccccccc"}, 400, 700016, "unauthorized_client"),
        ("", {"client_secret": "wrong"}, 401, 7000215, "invalid_client"),
        ("", {"client_secret": ""}, 401, 7000218, "invalid_client"),
        ("", {"client_id": ""}, 400, 900144, "invalid_request"),
        ("", {"grant_type": "password"}, 400, 70003, "unsupported_grant_type"),
        ("", {"resource": "https://nobody.example"}, 400, 500011, "invalid_resource"),
        ("/v2.0", {}, 400, 900144, "invalid_request"),
        ("/v2.0", {"scope": CALLER.client_id}, 400, 1002012, "invalid_scope"),
        ("/v2.0", {"scope": "nobody/.default"}, 400, 500011, "invalid_resource"),
        (
            "/v2.0",
            {"scope": "x/.default", "resource": "x"},
            400,
            901002,
            "invalid_request",
        ),
    ],
)
def test_what_is_wrong_is_refused_in_its_words(
    running: Running,
    version: str,
    form: dict[str, str],
    status: int,
    code: int,
    error: str,
) -> None:
    answer = ask(running, version, **form)
    body = answer.json()
    assert (answer.status_code, body["error_codes"]) == (status, [code])
    assert body["error"] == error
    assert body["error_description"].startswith(f"AADSTS{code}: ")
    assert CALLER.secret not in answer.text


def test_another_directory_is_not_known(running: Running) -> None:
    tenant = "11111111-2222-3333-4444-555555555555"
    url = f"{running.url}/entra/{tenant}/.well-known/openid-configuration"
    answer = requests.get(url, timeout=10)
    assert (answer.status_code, answer.json()["error_codes"]) == (400, [90002])


def test_a_domain_names_the_directory_as_well(running: Running) -> None:
    url = f"{running.url}/entra/contoso.example/.well-known/openid-configuration"
    body = requests.get(url, timeout=10).json()
    assert body["issuer"] == f"{FIRST}{TENANT_ID}/"
    assert body["token_endpoint"] == f"{LOGIN}/contoso.example/oauth2/token"
    assert body["jwks_uri"].startswith(f"{running.url}/entra/contoso.example/")


def test_keys_roll_over(running: Running) -> None:
    before = ask(running, resource=CALLER.client_id)
    old = jwt.get_unverified_header(before.json()["access_token"])["kid"]
    kids = order(running, rollover="keep").json()["keys"]
    assert kids[0] == old
    after = ask(running, resource=CALLER.client_id).json()["access_token"]
    assert jwt.get_unverified_header(after)["kid"] == kids[1] != old
    assert claims(running, before)["appid"] == CALLER.client_id
    order(running, rollover="forget")
    with pytest.raises(jwt.PyJWKClientError):
        claims(running, before)


def test_the_directory_is_told_to_fail_and_to_say_something_else(
    running: Running,
) -> None:
    orders = {"refuse": [503], "claims": {"tid": "x", "idp": None}, "lifetime": 60}
    assert order(running, **orders).status_code == 200
    assert ask(running).status_code == 503
    found = claims(running, ask(running, resource=CALLER.client_id))
    assert (found["tid"], found["exp"] - found["iat"]) == ("x", 60)
    assert "idp" not in found
    requests.delete(f"{running.url}/entra/_control", timeout=10)
    found = claims(running, ask(running, resource=CALLER.client_id))
    assert found["tid"] == TENANT_ID


def test_an_application_is_registered_and_its_secret_expires(running: Running) -> None:
    client_id = "dddddddd-0000-4000-8000-000000000004"
    order(running, applications=[{"client_id": client_id, "secret": "new"}])
    form = {"client_id": client_id, "client_secret": "new", "resource": client_id}
    assert ask(running, **form).status_code == 200
    order(running, applications=[{"client_id": client_id, "has_expired": True}])
    assert ask(running, **form).json()["error_codes"] == [7000222]


@pytest.mark.parametrize(
    "orders",
    [
        {"colour": "red"},
        {"rollover": "perhaps"},
        {"refuse": [200]},
        {"lifetime": "long"},
        {"applications": [{"client_id": "x"}]},
    ],
)
def test_it_says_what_it_cannot_do(running: Running, orders: dict[str, Any]) -> None:
    answer = order(running, **orders)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_no_other_site_gives_orders(running: Running) -> None:
    url = f"{running.url}/entra/_control"
    head = {"Origin": "https://elsewhere.example"}
    answer = requests.get(url, headers=head, timeout=10)
    assert answer.status_code == 403
    assert CALLER.secret not in answer.text


def test_applications_come_from_the_environment(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    client_id = "eeeeeeee-0000-4000-8000-000000000005"
    text = f"outbound:{client_id}=word=with=signs"
    monkeypatch.setenv("SANDBOX_ENTRA_APPLICATIONS", text)
    form = {"client_id": client_id, "client_secret": "word=with=signs"}
    assert ask(running, **form, resource=client_id).status_code == 200


def test_without_a_word_there_are_three_and_they_stay(tmp_path: Path) -> None:
    data = str(tmp_path / "sandbox.sqlite3")
    with serve(data=data) as first:
        found = first.app.entra.directory
        known, keys = found.applications(), found.published()
    assert {one.name for one in known.values()} == {"outbound", "inbound", "rest-user"}
    with serve(data=data) as second:
        assert second.app.entra.directory.applications() == known
        assert second.app.entra.directory.published() == keys


def test_the_instance_takes_the_token_of_its_integration_user(
    running: Running,
) -> None:
    address = f"{running.url}/entra/{TENANT_ID}/.well-known/openid-configuration"
    wishes = {
        "oidc": {"client_id": CALLER.client_id, "oidc_config_url": address},
        "user": {"user_name": CALLER.client_id, "roles": ["itil"]},
    }
    requests.put(f"{running.url}/_sandbox/support", json=wishes, timeout=10)
    answer = ask(running, "/v2.0", scope=f"{CALLER.client_id}/.default")
    api = Api(running.url, answer.json()["access_token"])
    assert api.create("incident", short_description="By token")["number"]


def test_the_page_shows_what_to_copy_and_changes_it(running: Running) -> None:
    page = signed_in(running, "admin")
    path = "/_sandbox/entra"
    shown = page.get(path).text
    assert f"{running.url}/entra/{TENANT_ID}/oauth2/v2.0/token" in shown
    assert CALLER.secret in shown
    page.post(path, answer="register", name="made-here", version="2")
    known = running.app.entra.directory.applications()
    [made] = [one for one in known.values() if one.name == "made-here"]
    assert made.token_version == 2
    page.get(path)
    page.post(path, answer="expire", client_id=made.client_id)
    again = running.app.entra.directory.applications()[made.client_id]
    assert again.has_expired
    kids = [key.kid for key in running.app.entra.directory.published()]
    page.get(path)
    page.post(path, answer="forget")
    assert running.app.entra.directory.published()[-1].kid not in kids
    page.get(path)
    assert page.post(path, answer="register").status_code == 422
    page.close()


def test_the_prerequisites_of_both_set_ups_are_made_at_once() -> None:
    with serve() as own:
        page = signed_in(own, "admin")
        page.get("/_sandbox/entra")
        assert page.post("/_sandbox/entra", answer="prepare").status_code == 302
        shown = page.get("/_sandbox/entra").text
        page.get("/_sandbox/entra")
        page.post("/_sandbox/entra", answer="prepare")
        assert page.get("/_sandbox/entra").text.count("Inbound client secret") == 1
        user = "m365supportintegration_integration_user"
        word = own.store.note(f"password:{user}")
        assert word in shown
        url = f"{own.url}/api/now/table/incident?sysparm_limit=1"
        assert requests.get(url, auth=(user, word), timeout=10).status_code == 200
        store = own.store
        profile = store.first("oauth_entity_profile")
        assert profile is not None
        assert profile["name"] == "m365supportintegration_outbound default_profile"
        assert store.first("oauth_oidc_entity") is not None
        assert store.first("sys_scope", scope=support_app.SCOPE) is not None
        page.close()


def test_nothing_is_prepared_without_the_applications(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SANDBOX_ENTRA_APPLICATIONS", "other:some-id=word")
    with serve() as own:
        page = signed_in(own, "admin")
        page.get("/_sandbox/entra")
        answer = page.post("/_sandbox/entra", answer="prepare")
        assert answer.status_code == 422
        assert "application named outbound" in answer.text
        page.close()
