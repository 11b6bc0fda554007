"""The app Microsoft 365 support integration on the instance, in any state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from connector.sandbox import support_app
from connector.sandbox.server import serve
from tests.sandbox.wire import Api

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.sandbox.server import Running

SCOPE = support_app.SCOPE
ARTEFACTS = ("sys_script_include", "sys_ui_action", "sys_ui_view")


@pytest.fixture
def own() -> Iterator[Running]:
    with serve() as running:
        yield running


def put(running: Running, wishes: Any) -> requests.Response:
    return requests.put(f"{running.url}/_sandbox/support", json=wishes, timeout=10)


def as_user(running: Running, **user: Any) -> Api:
    wish = {"user_name": "integration.user", "password": "word", "roles": ["admin"]}
    assert put(running, {"user": wish | user}).status_code == 200

    class Basic(Api):
        def send(self, method: str, path: str, **options: Any) -> requests.Response:
            url = f"{self.url}/api/now/{path}"
            who = ("integration.user", "word")
            return requests.request(method, url, auth=who, timeout=10, **options)

    return Basic(running.url, "")


def test_the_app_is_there_with_its_roles_and_records(own: Running) -> None:
    api = as_user(own)
    roles = api.list("sys_user_role", f"nameSTARTSWITH{SCOPE}")
    assert {role["name"] for role in roles} == set(support_app.ROLES)
    fields = "target_name,status,source_scope.scope"
    found = api.list("sys_scope_privilege", fields=fields)
    assert {row["target_name"] for row in found} == {
        "oauth_entity",
        "oauth_entity_profile",
    }
    assert {row["source_scope.scope"] for row in found} == {SCOPE}


def test_registries_and_roles_are_brought_into_a_state(own: Running) -> None:
    outbound = {"client_id": "app", "token_url": "https://login.example/token"}
    wishes = {
        "outbound": outbound,
        "oidc": {"client_id": "rest", "oidc_config_url": "https://login.example/"},
        "roles": {"it.agent": ["administrator"]},
        "cross_scope": "closed",
    }
    assert put(own, wishes).json() == {"applied": True}
    assert put(own, {"outbound": {**outbound, "active": "false"}}).status_code == 200
    api = as_user(own)
    [entity] = api.list("oauth_entity", "client_id=app")
    assert (entity["type"], entity["active"]) == ("oauth_provider", "false")
    [profile] = api.list("oauth_entity_profile", "oauth_entity.client_id=app")
    assert profile["grant_type"] == "client_credentials"
    [oidc] = api.list(
        "oauth_oidc_entity", "client_id=rest", fields="oidc_provider.oidc_config_url"
    )
    assert oidc["oidc_provider.oidc_config_url"] == "https://login.example/"
    [table] = api.list("sys_db_object", "name=oauth_entity")
    assert (table["access"], table["read_access"]) == ("package_private", "false")
    held = api.list(
        "sys_user_has_role", f"role.nameSTARTSWITH{SCOPE}", fields="user.user_name"
    )
    assert held == [{"user.user_name": "it.agent"}]


def test_other_roles_of_a_person_stay(own: Running) -> None:
    put(own, {"roles": {"it.agent": ["insights_user"]}})
    put(own, {"roles": {"it.agent": []}})
    api = as_user(own)
    query = "user.user_name=it.agent"
    held = api.list("sys_user_has_role", query, fields="role.name")
    assert {row["role.name"] for row in held} == {"itil", "itil_admin"}


@pytest.mark.parametrize(
    "wishes",
    [
        {"something": {}},
        {"cross_scope": "ajar"},
        {"roles": {"nobody.here": ["administrator"]}},
        {"roles": {"it.agent": ["king"]}},
        {"outbound": {"client_id": "a", "colour": "red"}},
        {"outbound": {}},
        {"app": {"colour": "red"}},
        {"app": {"script_include": "asleep"}},
        {"app": {"excluded_views": "ess"}},
        {"app": {"properties": {"colour": "red"}}},
        {"app": {"properties": {"setup_state": "nearly"}}},
        {"app": {"accounts": {"nobody.here": "a@example.com"}}},
    ],
)
def test_what_it_does_not_know_is_refused_as_a_whole(
    own: Running, wishes: dict[str, Any]
) -> None:
    answer = put(own, {"inbound": {"client_id": "kept-out"}, **wishes})
    assert answer.status_code == 400
    assert own.store.first("oauth_entity", client_id="kept-out") is None


def test_the_registries_show_for_nobody_else(own: Running) -> None:
    put(own, {"outbound": {"client_id": "app"}})
    api = as_user(own, roles=["itil"])
    hidden = ("oauth_entity", "oauth_entity_profile", "sys_scope_privilege")
    for table in (*hidden, *ARTEFACTS, "sys_properties"):
        answer = api.send("GET", f"table/{table}")
        assert answer.json()["result"] == []
        assert answer.headers["X-Total-Count"] != "0"


def test_cross_scope_access_is_refused_in_its_words(own: Running) -> None:
    own.faults.add("cross_scope", table="oauth_entity", rule="x_mioms_m365_assis")
    answer = as_user(own).send("GET", "table/oauth_entity")
    assert answer.status_code == 403
    assert answer.json()["error"]["detail"] == (
        "Read operation on table 'oauth_entity' from scope 'x_mioms_m365_assis' was "
        "denied because of the table's cross-scope access policy"
    )


def test_the_app_brings_its_script_its_tab_and_its_properties(own: Running) -> None:
    api = as_user(own)
    [script] = api.list("sys_script_include", "name=M365SupportConnector")
    assert (script["active"], script["api_name"][:18]) == ("true", SCOPE)
    [tab] = api.list("sys_ui_action", "name=Microsoft 365 support^table=incident")
    assert tab["active"] == "true"
    found = api.list("sys_properties", f"nameSTARTSWITH{SCOPE}.")
    assert {row["value"] for row in found} == {""}
    assert f"{SCOPE}.connector_url" in {row["name"] for row in found}


def test_the_app_is_brought_into_any_state(own: Running) -> None:
    app = {
        "script_include": "missing",
        "ui_action": "inactive",
        "excluded_views": ["ess", "own_view"],
        "properties": {"setup_state": "agreed", "is_test": True},
    }
    assert put(own, {"app": app}).status_code == 200
    api = as_user(own)
    assert api.list("sys_script_include", "nameSTARTSWITHM365") == []
    [tab] = api.list("sys_ui_action", "table=incident")
    assert tab["active"] == "false"
    fields = "sys_ui_view.name,sys_ui_action.name,visibility"
    rows = api.list("sys_ui_action_view", fields=fields)
    assert {row["sys_ui_view.name"] for row in rows} == {"ess", "own_view"}
    assert {row["visibility"] for row in rows} == {"exclude"}
    query = f"name={SCOPE}.is_test^ORname={SCOPE}.setup_state^ORDERBYname"
    values = [row["value"] for row in api.list("sys_properties", query)]
    assert values == ["true", "agreed"]


def test_an_app_that_was_removed_leaves_nothing(own: Running) -> None:
    put(own, {"roles": {"it.agent": ["administrator"]}, "app": {"installed": False}})
    put(own, {"inbound": {"client_id": "another"}})
    api = as_user(own)
    assert api.list("sys_scope", f"scope={SCOPE}") == []
    assert api.list("sys_properties", f"nameSTARTSWITH{SCOPE}") == []
    for table in ("sys_script_include", "sys_ui_action"):
        assert api.list(table, "nameSTARTSWITHM") == []
    assert api.list("sys_scope_privilege") == []
    put(own, {"app": {"installed": True}})
    assert len(api.list("sys_user_role", f"nameSTARTSWITH{SCOPE}")) == 2
    assert len(api.list("sys_ui_action", "table=incident")) == 1


def test_an_instance_of_an_older_version_gets_the_new_parts_once(own: Running) -> None:
    put(own, {"app": {"installed": False}})
    for name in ("support_app", "support_app:removed"):
        own.store.keep_note(name, "")
    support_app.install(own.store)
    assert own.store.first("sys_ui_action", name="Microsoft 365 support")
    put(own, {"app": {"ui_action": "missing"}})
    support_app.install(own.store)
    assert own.store.first("sys_ui_action", name="Microsoft 365 support") is None
