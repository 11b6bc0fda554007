"""The instance calls the connector, and says or hides what it must."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector.sandbox import people, support_app, support_client
from connector.sandbox.server import serve
from connector.sandbox.support_client import Client, Failed
from tests.sandbox.connector_stub import BASE, Stub
from tests.sandbox.support_cases import CASES, FOUND, SECRET, Case
from tests.sandbox.support_world import OUTBOUND, log_lines, outbound_rows, set_up

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.sandbox.server import Running


@pytest.fixture(scope="module")
def instance() -> Iterator[Running]:
    with serve() as running:
        yield running


@pytest.fixture
def stub(instance: Running) -> Iterator[Stub]:
    instance.store.execute("DELETE FROM syslog")
    instance.store.execute("DELETE FROM sys_outbound_http_log")
    stub = Stub(calls=[{"status": 200, "body": FOUND}])
    yield stub
    stub.close()


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds: list[float] = []
    monkeypatch.setattr(support_client, "pause", seconds.append)
    return seconds


def client(instance: Running, user_name: str = "it.agent") -> Client:
    row = instance.store.first("sys_user", user_name=user_name)
    assert row is not None
    user = people.load(instance.store, row["sys_id"])
    assert user is not None
    return Client(instance.store, user)


def search(instance: Running, user_name: str = "it.agent") -> object:
    body = {"text": "mail"}
    who = client(instance, user_name)
    return who.ask("solutions.search", "POST", "solutions/search", body)


def outcome(who: Client, purpose: str) -> tuple[str | None, object]:
    """Return what the agent is told, None if nothing failed, and what came back."""
    try:
        return None, who.ask(purpose, "POST", "solutions/search", {})
    except Failed as failure:
        return failure.message, None


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_call_comes_to_what_the_table_says(
    instance: Running, stub: Stub, waits: list[float], case: Case
) -> None:
    set_up(instance, stub, case.state)
    stub.tokens, stub.calls = list(case.tokens), list(case.calls)
    assert outcome(client(instance), case.purpose) == (case.message, case.body)
    assert (len(stub.token_requests), len(stub.requests)) == case.asked
    assert waits == case.waits
    lines = log_lines(instance)
    assert [case.logged in line for line in lines] == ([True] if case.logged else [])
    assert len(outbound_rows(instance)) == sum(case.asked)
    assert not any(SECRET in line or "Bearer" in line for line in lines)


def test_a_call_says_who_asks(instance: Running, stub: Stub) -> None:
    set_up(instance, stub)
    search(instance)
    head = stub.sent("POST /solutions/search").headers
    assert head["authorization"] == "Bearer token"
    assert head["x-servicenow-user"] == "it.agent"
    assert head["x-servicenow-user-email"] == "it.agent@example.com"
    assert head["x-servicenow-user-roles"] == "administrator"
    search(instance, "lee.gu")
    head = stub.sent("POST /solutions/search").headers
    assert head["x-servicenow-user-roles"] == "insights_user"


def test_a_linked_account_stands_for_the_user(instance: Running, stub: Stub) -> None:
    set_up(instance, stub)
    accounts = {"it.agent": "robin.admin@contoso.com"}
    support_app.apply(instance.store, {"app": {"accounts": accounts}})
    search(instance)
    head = stub.sent("POST /solutions/search").headers
    assert head["x-servicenow-user-email"] == "robin.admin@contoso.com"


@pytest.mark.parametrize(
    ("version", "name", "value"),
    [("", "resource", OUTBOUND), ("/v2.0", "scope", f"{OUTBOUND}/.default")],
)
def test_a_token_is_asked_for_the_outbound_application(
    instance: Running, stub: Stub, version: str, name: str, value: str
) -> None:
    set_up(instance, stub, version=version)
    search(instance)
    [request] = stub.token_requests
    assert request.body == {
        "grant_type": ["client_credentials"],
        "client_id": [OUTBOUND],
        "client_secret": [SECRET],
        name: [value],
    }


def test_a_token_is_kept_until_shortly_before_its_end(
    instance: Running, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(instance, stub)
    now = instance.store.clock()
    for seconds, count in ((0, 1), (3500, 1), (3560, 2)):
        monkeypatch.setattr(instance.store, "clock", lambda s=seconds: now + s)
        search(instance)
        assert len(stub.token_requests) == count


def test_a_changed_provider_gets_a_token_of_its_own(
    instance: Running, stub: Stub
) -> None:
    set_up(instance, stub)
    search(instance)
    changed = {"client_id": OUTBOUND, "token_url": stub.token_url("/v2.0")}
    support_app.apply(instance.store, {"outbound": changed})
    search(instance)
    assert len(stub.token_requests) == 2


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"cross_scope": "closed"}, "denied because of the table's cross-scope"),
        ({"outbound": {"client_id": OUTBOUND, "active": "false"}}, "is inactive"),
        ({"app": {"properties": {"oauth_profile": "gone"}}}, "no OAuth entity profile"),
    ],
)
def test_the_log_says_why_there_is_no_token(
    instance: Running, stub: Stub, wishes: dict[str, object], words: str
) -> None:
    set_up(instance, stub)
    support_app.apply(instance.store, wishes)
    with pytest.raises(Failed) as failure:
        search(instance)
    assert failure.value.message == ""
    assert words in log_lines(instance)[0]
    assert stub.token_requests == []
    back = {"client_id": OUTBOUND, "active": "true"}
    support_app.apply(instance.store, {"cross_scope": "open", "outbound": back})


def test_the_outbound_log_has_addresses_and_figures_only(
    instance: Running, stub: Stub
) -> None:
    set_up(instance, stub)
    client(instance).ask("requests.list", "GET", "service-requests?incident=abc")
    token, call = outbound_rows(instance)
    assert (token["hostname"], token["response_status"]) == ("127.0.0.1", "200")
    assert token["url"] == stub.token_url()
    assert (call["http_method"], call["path"]) == ("GET", f"{BASE}/service-requests")
    assert call["url"] == f"{stub.base}/service-requests"
    assert call["app_scope"] == support_app.SCOPE
    assert call["user"] == "it.agent"
