"""What may be turned on the instance: clock, rate rule, single sign-on, data policies."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
import requests

from connector.sandbox.seed import password_of
from connector.sandbox.server import Installation, Running, serve
from tests.sandbox.wire import INTEGRATION_WORD, REDIRECT, Api, token_of

if TYPE_CHECKING:
    from collections.abc import Iterator

OFF = {"rate_limit": 0, "single_sign_on": ""}
IDP = "https://idp.example.com/saml"


@pytest.fixture
def sandbox() -> Iterator[Running]:
    """An instance of its own, to be spoilt."""
    wanted = Installation(password=INTEGRATION_WORD, redirect_url=REDIRECT)
    with serve(wanted) as running:
        yield running


@pytest.fixture
def api(sandbox: Running) -> Api:
    return Api(sandbox.url, token_of(sandbox, "m365.integration", INTEGRATION_WORD))


@pytest.fixture
def admin(sandbox: Running) -> Api:
    word = password_of(sandbox.store, "admin")
    return Api(sandbox.url, token_of(sandbox, "admin", word))


def turn(sandbox: Running, **switches: Any) -> requests.Response:
    return requests.put(f"{sandbox.url}/_sandbox/switches", json=switches, timeout=5)


def test_switches_are_set_shown_and_reset(sandbox: Running) -> None:
    address = f"{sandbox.url}/_sandbox/switches"
    assert requests.get(address, timeout=5).json() == OFF
    assert turn(sandbox, rate_limit=100).json() == OFF | {"rate_limit": 100}
    requests.post(f"{sandbox.url}/_sandbox/reset", timeout=5)
    assert requests.get(address, timeout=5).json() == OFF


@pytest.mark.parametrize("wrong", [{"none": 1}, {"rate_limit": "many"}])
def test_an_unknown_switch_is_refused(sandbox: Running, wrong: dict[str, Any]) -> None:
    assert turn(sandbox, **wrong).status_code == 400
    assert sandbox.app.switches.as_json() == OFF


def test_a_rate_rule_is_named_in_every_answer(sandbox: Running, api: Api) -> None:
    assert "X-RateLimit-Limit" not in api.send("GET", "table/incident").headers
    turn(sandbox, rate_limit=100)
    answer = api.send("GET", "table/incident")
    assert answer.headers["X-RateLimit-Limit"] == "100"
    assert int(answer.headers["X-RateLimit-Reset"]) > time.time()
    assert len(answer.headers["X-RateLimit-Rule"]) == 32


def test_single_sign_on_leads_strangers_away_and_has_a_side_door(
    sandbox: Running,
) -> None:
    turn(sandbox, single_sign_on=IDP)
    address = f"{sandbox.url}/oauth_auth.do?client_id=x&response_type=code&state=s"
    answer = requests.get(address, allow_redirects=False, timeout=5)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(f"{IDP}?SAMLRequest=")
    door = requests.get(f"{sandbox.url}/side_door.do", timeout=5)
    assert "user_password" in door.text


def test_policies_show_for_administrators_alone(api: Api, admin: Api) -> None:
    path = "table/sys_data_policy_rule?sysparm_fields=field,sys_data_policy.active"
    assert api.send("GET", path).json()["result"] == []
    assert {"field": "close_code", "sys_data_policy.active": "true"} in admin.send(
        "GET", path
    ).json()["result"]


def test_the_cross_scope_policy_speaks_in_its_own_words(
    sandbox: Running, api: Api
) -> None:
    sandbox.faults.add("cross_scope", table="oauth_entity")
    answer = api.send("GET", "table/oauth_entity")
    assert answer.status_code == 403
    assert answer.json()["error"]["detail"] == (
        "Read operation against 'oauth_entity' from scope 'x_mioms_m365ticket' has been "
        "refused due to the table's cross-scope access policy"
    )
