"""The app's own pages: the Onboarding Assistant, Link Account, Contact Support, logs."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest

from connector.sandbox import support_app, support_settings
from connector.sandbox.server import serve
from tests.sandbox.connector_stub import NOTHING, TOKEN, Stub
from tests.sandbox.support_cases import refused
from tests.sandbox.support_world import (
    OUTBOUND,
    PROFILE,
    log_lines,
    outbound_rows,
    set_up,
    signed_in,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.sandbox.server import Running
    from tests.sandbox.wire import Browser

SETUP = "/x_mioms_m365_assis/setup"
LINK = "/x_mioms_m365_assis/link_account"
CONTACT = "/x_mioms_m365_assis/contact_support"
WHO = {
    "repository_id": "CONTOSO",
    "organization": "Contoso",
    "setup": "basic",
    "is_complete": True,
}


@pytest.fixture(scope="module")
def instance() -> Iterator[Running]:
    with serve() as running:
        yield running


@pytest.fixture
def stub(instance: Running) -> Iterator[Stub]:
    stub = Stub(routes={"GET /": {"status": 200, "body": WHO}})
    set_up(instance, stub, "agreed")
    wishes = {
        "inbound": {"client_id": "inbound-client"},
        "oidc": {"client_id": "oidc-client", "oidc_config_url": "https://x.example"},
        "user": {"user_name": "m365.rest", "password": "word"},
        "cross_scope": "open",
    }
    support_app.apply(instance.store, wishes)
    instance.store.execute("DELETE FROM syslog")
    instance.store.execute("DELETE FROM sys_outbound_http_log")
    yield stub
    stub.close()


@pytest.fixture
def admin(instance: Running, stub: Stub) -> Iterator[Browser]:
    browser = signed_in(instance, "admin")
    yield browser
    browser.close()


def forget(instance: Running) -> None:
    values = dict.fromkeys(support_settings.PROPERTIES, "")
    support_settings.write(instance.store, values)


def send(browser: Browser, act: str, **form: str) -> str:
    """Send a step; return where it leads, or what is in the way."""
    browser.get(f"{SETUP}?step={act}" if act.isdecimal() else SETUP)
    answer = browser.post(SETUP, act=act, **form)
    if answer.status_code == 302:
        return str(answer.headers["Location"])
    assert answer.status_code == 422
    found = re.search(r'role="alert">(.*?)</p>', answer.text)
    assert found is not None
    return unescape(found[1])


def walk(browser: Browser, stub: Stub, **changes: dict[str, str]) -> str:
    """Take all six steps; return what the last one leads to."""
    steps: dict[str, dict[str, str]] = {
        "agree": {},
        "1": {"oauth_profile": PROFILE},
        "2": {"client": "inbound-client"},
        "3": {"integration_user": "m365.rest"},
        "4": {"repository_id": "CONTOSO", "connector_url": f"{stub.base}/"},
        "5": {"has_sso": "true", "admin_email": "a@contoso.com", "is_test": "true"},
        "6": {},
    }
    where = ""
    for act, form in (steps | changes).items():
        where = send(browser, act, **form)
    return where


def test_nothing_is_asked_before_the_consent(instance: Running, admin: Browser) -> None:
    forget(instance)
    page = admin.get(f"{SETUP}?step=4").text
    assert ">Agree<" in page
    assert "Connector address" not in page
    assert send(admin, "agree") == SETUP
    assert "Step 1 - OAuth profile" in admin.get(SETUP).text


def test_the_steps_lead_to_a_completed_integration(
    instance: Running, admin: Browser, stub: Stub
) -> None:
    forget(instance)
    walk(admin, stub)
    kept = support_settings.read(instance.store)
    assert kept == support_settings.Settings(
        connector_url=stub.base,
        oauth_profile=PROFILE,
        repository_id="CONTOSO",
        setup_state="complete",
        has_sso="true",
        admin_email="a@contoso.com",
        is_test="true",
        inbound_skipped="false",
        inbound_external="false",
        inbound_client="inbound-client",
        user_skipped="false",
        integration_user="m365.rest",
    )
    [call] = stub.requests
    assert (call.method, call.path) == ("GET", stub.base.removeprefix(stub.url) + "/")
    assert "The integration is complete." in admin.get(SETUP).text


def test_the_steps_of_the_token_set_up_and_of_insights_only(
    instance: Running, admin: Browser, stub: Stub
) -> None:
    external = {"external": "true", "external_client": "oidc-client"}
    forget(instance)
    walk(admin, stub, **{"2": external})
    kept = support_settings.read(instance.store)
    assert (kept.inbound_external, kept.inbound_client) == ("true", "oidc-client")
    assert "AAD Auth" in admin.get(f"{SETUP}?step=6").text
    forget(instance)
    walk(admin, stub, **{"2": {"skipped": "true"}, "3": {"skipped": "true"}})
    kept = support_settings.read(instance.store)
    assert (kept.inbound_skipped, kept.user_skipped) == ("true", "true")
    assert kept.setup_state == "complete"
    assert admin.get(f"{SETUP}?step=6").text.count(">ignored<") == 3


def test_the_last_step_shows_what_to_enter_in_the_portal(
    instance: Running, admin: Browser, stub: Stub
) -> None:
    forget(instance)
    walk(admin, stub)
    page = admin.get(f"{SETUP}?step=6").text
    assert "Step 6 - Complete the integration" in page
    shown = (OUTBOUND, "CONTOSO", instance.url, "inbound-client", "864000", "m365.rest")
    for value in shown:
        assert f"<dd>{value}</dd>" in page


def test_a_later_step_waits_for_the_ones_before(
    instance: Running, admin: Browser
) -> None:
    forget(instance)
    send(admin, "agree")
    assert "Step 1 - OAuth profile" in admin.get(f"{SETUP}?step=6").text
    assert "steps before this one" in send(admin, "6")


@pytest.mark.parametrize(
    ("act", "form", "words"),
    [
        ("1", {"oauth_profile": "another"}, "Choose the OAuth profile"),
        ("2", {"external": "true", "client": "x"}, "Choose the OAuth client"),
        ("3", {"integration_user": "nobody"}, "Choose the integration user"),
        ("4", {"connector_url": "https://x.example"}, "Repository ID is mandatory"),
        ("4", {"repository_id": "X", "connector_url": "portal"}, "connector address"),
        ("7", {}, "Unknown step"),
    ],
)
def test_a_step_says_what_it_lacks(
    instance: Running, admin: Browser, act: str, form: dict[str, str], words: str
) -> None:
    before = support_settings.read(instance.store)
    assert words in send(admin, act, **form)
    assert support_settings.read(instance.store) == before


def test_what_was_typed_stays(admin: Browser) -> None:
    for number in ("2", "3"):
        send(admin, number, skipped="true")
    admin.get(f"{SETUP}?step=4")
    form = {"repository_id": "TYPED", "connector_url": "portal"}
    page = admin.post(f"{SETUP}?step=4", act="4", **form).text
    assert 'value="TYPED"' in page
    assert 'value="portal"' in page


@pytest.mark.parametrize(
    ("token", "answer", "words"),
    [
        (TOKEN, refused(404, "repository_unknown"), "cause of repository_unknown"),
        (TOKEN, refused(401, "token_audience"), "repair of token_audience"),
        (TOKEN, refused(409, "integration_incomplete", "Message"), "Message"),
        (TOKEN, NOTHING, "the connector does not answer"),
        (
            {"status": 401, "body": {"error_description": "AADSTS7000215: Wrong."}},
            NOTHING,
            "AADSTS7000215",
        ),
        (
            TOKEN,
            {"status": 200, "body": {"repository_id": "OTHER"}},
            "that of the repository OTHER, not CONTOSO",
        ),
        (
            TOKEN,
            {"status": 200, "body": WHO | {"is_complete": False}},
            "is not complete",
        ),
    ],
)
def test_the_last_step_says_why_the_connector_refuses(
    instance: Running,
    admin: Browser,
    stub: Stub,
    token: dict[str, Any],
    answer: dict[str, Any],
    words: str,
) -> None:
    stub.tokens = [token]
    stub.routes["GET /"] = answer
    instance.store.keep_note("support:token", "")
    forget(instance)
    assert words in walk(admin, stub)
    assert support_settings.read(instance.store).setup_state == "agreed"


def test_whoever_changes_a_step_completes_it_anew(
    instance: Running, admin: Browser, stub: Stub
) -> None:
    forget(instance)
    walk(admin, stub)
    send(admin, "5", admin_email="b@contoso.com")
    assert support_settings.read(instance.store).setup_state == "agreed"
    send(admin, "6")
    assert support_settings.read(instance.store).is_complete


def test_a_closed_table_is_said_in_the_words_of_the_instance(
    instance: Running, admin: Browser
) -> None:
    support_app.apply(instance.store, {"cross_scope": "closed"})
    page = unescape(admin.get(SETUP).text)
    assert "Read operation on table 'oauth_entity' from scope" in page
    assert "All application scopes" in page
    assert "Agree" not in page
    assert "denied because" in send(admin, "agree")


def test_only_an_admin_sets_the_app_up(instance: Running, stub: Stub) -> None:
    agent = signed_in(instance, "it.agent")
    assert agent.get(SETUP).status_code == 403
    assert agent.post(SETUP, act="agree").status_code == 403
    agent.close()


def test_the_navigation_is_for_the_roles_of_the_app(
    instance: Running, admin: Browser
) -> None:
    home = admin.get("/").text
    assert all(path in home for path in (SETUP, LINK, CONTACT))
    agent, insights = signed_in(instance, "it.agent"), signed_in(instance, "lee.gu")
    home = agent.get("/").text
    assert (LINK in home, CONTACT in home, SETUP in home) == (True, True, False)
    assert "x_mioms_m365_assis" not in insights.get("/").text
    assert insights.get(LINK).status_code == 403
    assert insights.get(CONTACT).status_code == 403
    agent.close()
    insights.close()


def test_somebody_links_an_account(instance: Running, stub: Stub) -> None:
    agent = signed_in(instance, "it.agent")
    row = instance.store.first("sys_user", user_name="it.agent")
    assert row is not None
    agent.get(LINK)
    assert agent.post(LINK, email="nonsense").status_code == 422
    agent.post(LINK, email="robin.admin@contoso.com")
    linked = support_settings.linked_account(instance.store, row["sys_id"])
    assert linked == "robin.admin@contoso.com"
    assert "robin.admin@contoso.com" in agent.get(LINK).text
    agent.post(LINK, email="")
    assert support_settings.linked_account(instance.store, row["sys_id"]) == ""
    agent.close()


def test_support_is_contacted_from_an_incident(instance: Running, stub: Stub) -> None:
    agent = signed_in(instance, "it.agent")
    page = agent.get(CONTACT).text
    path = re.findall(r'href="(/x_mioms_m365_assis_incident\.do[^"]+)"', page)[0]
    assert "show=contact" in path
    assert agent.get(unescape(path)).status_code == 200
    agent.close()


def test_an_admin_reads_the_logs(instance: Running, admin: Browser, stub: Stub) -> None:
    stub.routes["GET /"] = refused(401, "token_audience")
    instance.store.keep_note("support:token", "")
    forget(instance)
    walk(admin, stub)
    assert "token_audience" in log_lines(instance)[0]
    query = "?sysparm_query=source=x_mioms_m365_assis"
    page = admin.get(f"/syslog_list.do{query}").text
    assert "token_audience" in page
    assert ">Error<" in page
    assert "Nothing here" in admin.get("/syslog_list.do?sysparm_query=source=x").text
    page = admin.get("/sys_outbound_http_log_list.do").text
    assert page.count(">401<") == len(outbound_rows(instance)) / 2
    agent = signed_in(instance, "it.agent")
    assert agent.get("/syslog_list.do").status_code == 403
    agent.close()
