"""The tab Microsoft 365 support on the form of an incident."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from connector.sandbox import people, support_app
from connector.sandbox.schema import TABLES
from connector.sandbox.server import serve
from connector.sandbox.writing import Writer
from tests.sandbox.connector_stub import NOTHING, Stub
from tests.sandbox.support_cases import (
    NOT_COMPLETE,
    NOT_LINKED,
    NOT_SAVED,
    NOT_SET_UP,
    SERVICE_ERROR,
    refused,
)
from tests.sandbox.support_world import log_lines, set_up, signed_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.sandbox.server import Running
    from tests.sandbox.wire import Browser

TAB = "/x_mioms_m365_assis_incident.do"
SOLUTION = {
    "id": "kb/1",
    "title": "Turn the <mailbox> on",
    "snippet": "Mail does not arrive.",
    "source": "library",
    "source_label": "Library",
    "url": "https://portal.example/library/1",
    "score": 80,
    "html": "<script>alert(1)</script>",
}
ISSUE = {
    "id": "EX100",
    "title": "Mail is late",
    "service": "Exchange Online",
    "status": "serviceDegradation",
    "status_label": "Service degradation",
    "user_impact": "Mail arrives late.",
    "scope": "Some users",
    "updated_at": "2026-11-20T10:00:00Z",
    "next_update_at": "2026-11-20T12:00:00Z",
    "url": "javascript:alert(1)",
    "latest_update": "We are looking.",
}
REQUEST = {
    "reference": "SR-1",
    "title": "Mail is lost",
    "description": "Since noon.",
    "severity": "high",
    "state": "open",
    "state_label": "Open",
    "case_number": "2611200001",
    "transport": "mail",
    "transport_note": "Sent by mail: Microsoft has no interface for it.",
    "is_test": False,
    "created_at": "2026-11-20T10:00:00Z",
    "updated_at": "2026-11-20T11:00:00Z",
    "updates": [
        {
            "id": "u1",
            "at": "2026-11-20T11:00:00Z",
            "author": "Kim",
            "from": "microsoft",
            "text": "Which users?",
        }
    ],
}


@pytest.fixture(scope="module")
def instance() -> Iterator[Running]:
    with serve() as running:
        yield running


@pytest.fixture
def sys_id(instance: Running) -> str:
    row = instance.store.first("sys_user", user_name="it.agent")
    user = people.load(instance.store, row["sys_id"]) if row else None
    assert user is not None
    values = {"short_description": "Mail is lost", "impact": "1", "urgency": "2"}
    return Writer(instance.store, user).insert(TABLES["incident"], values)["sys_id"]


@pytest.fixture
def stub(instance: Running, sys_id: str) -> Iterator[Stub]:
    instance.store.execute("DELETE FROM syslog")
    stub = Stub(
        routes={
            f"GET /solutions?incident={sys_id}": ok({"search_id": "", "solutions": []}),
            "POST /solutions/search": ok({"search_id": "s1", "solutions": [SOLUTION]}),
            "POST /health-incidents/search": ok({"incidents": [ISSUE]}),
            f"GET /service-requests?incident={sys_id}": ok({"service_requests": []}),
        }
    )
    set_up(instance, stub)
    yield stub
    stub.close()


@pytest.fixture
def agent(instance: Running, stub: Stub) -> Iterator[Browser]:
    browser = signed_in(instance, "it.agent")
    yield browser
    browser.close()


def ok(body: dict[str, Any], status: int = 200) -> dict[str, Any]:
    return {"status": status, "body": body}


def problems(page: str) -> list[str]:
    found = re.findall(r'<p class="problem" role="alert">(.*?)</p>', page)
    return [unescape(one) for one in found]


def show(browser: Browser, sys_id: str, more: str = "") -> str:
    answer = browser.get(f"{TAB}?sys_id={sys_id}{more}")
    assert answer.status_code == 200, answer.text
    return answer.text


def test_the_form_leads_to_the_tab_and_back(agent: Browser, sys_id: str) -> None:
    page = agent.get(f"/incident.do?sys_id={sys_id}").text
    assert f'href="{TAB}?sys_id={sys_id}"' in page
    page = show(agent, sys_id)
    assert f'href="/incident.do?sys_id={sys_id}"' in page
    assert 'aria-current="page">Microsoft 365 support<' in page


@pytest.mark.parametrize(
    ("app", "view", "is_there"),
    [
        ({}, "", True),
        ({"script_include": "missing"}, "", False),
        ({"script_include": "inactive"}, "", False),
        ({"ui_action": "missing"}, "", False),
        ({"ui_action": "inactive"}, "", False),
        ({"excluded_views": ["ess"]}, "", True),
        ({"excluded_views": ["ess"]}, "ess", False),
        ({"excluded_views": [""]}, "", False),
        ({"included_views": ["ess"]}, "", False),
        ({"included_views": ["ess"]}, "ess", True),
    ],
)
def test_the_tab_is_missing_without_its_parts_or_in_the_view(
    instance: Running,
    agent: Browser,
    sys_id: str,
    app: dict[str, Any],
    view: str,
    is_there: bool,
) -> None:
    support_app.apply(instance.store, {"app": app})
    query = f"?sys_id={sys_id}&sysparm_view={view}"
    assert (TAB in agent.get(f"/incident.do{query}").text) == is_there
    assert agent.get(f"{TAB}{query}").status_code == (200 if is_there else 404)


def test_who_has_no_role_of_the_app_has_no_tab(
    instance: Running, stub: Stub, sys_id: str
) -> None:
    browser = signed_in(instance, "megan.bowen")
    assert TAB not in browser.get(f"/incident.do?sys_id={sys_id}").text
    assert browser.get(f"{TAB}?sys_id={sys_id}").status_code == 404
    browser.close()


def test_a_change_request_has_no_tab(instance: Running, agent: Browser) -> None:
    row = instance.store.first("change_request")
    assert row is not None
    assert TAB not in agent.get(f"/change_request.do?sys_id={row['sys_id']}").text


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("", "solutions_again"),
        ("&show=solutions", "recommended"),
        ("&search=mail", "search"),
        ("&show=contact", "contact"),
    ],
)
def test_the_connector_is_told_what_the_agent_did(
    more: str, said: str, agent: Browser, stub: Stub, sys_id: str
) -> None:
    show(agent, sys_id, more)
    heads = [
        {name.lower(): it for name, it in one.headers.items()} for one in stub.requests
    ]
    assert {head["x-servicenow-occasion"] for head in heads} == {said}


def test_opening_asks_for_what_this_incident_had(
    agent: Browser, stub: Stub, sys_id: str
) -> None:
    stub.routes[f"GET /solutions?incident={sys_id}"] = ok(
        {
            "search_id": "s0",
            "solutions": [SOLUTION],
            "searched_at": "2026-11-20T09:30:00Z",
        }
    )
    stub.routes[f"GET /service-requests?incident={sys_id}"] = ok(
        {"service_requests": [REQUEST]}
    )
    page = unescape(show(agent, sys_id))
    assert "POST /solutions/search" not in stub.called()
    for words in (
        "Turn the <mailbox> on",
        "Searched 2026-11-20 09:30 UTC",
        "Mail is late",
        "Next expected update",
        "SR-1: Mail is lost",
        "2611200001",
        "Which users?",
        "Kim, Microsoft",
        "Microsoft has no interface for it.",
    ):
        assert words in page


def test_what_the_connector_sends_is_text(
    agent: Browser, stub: Stub, sys_id: str
) -> None:
    page = show(agent, sys_id, "&show=solutions")
    assert "<script" not in page
    assert "<mailbox>" not in page
    assert "javascript:" not in page


def test_recommended_solutions_are_searched_by_the_text_of_the_incident(
    agent: Browser, stub: Stub, sys_id: str
) -> None:
    page = show(agent, sys_id, "&show=solutions")
    sent = stub.sent("POST /solutions/search").body
    assert sent["short_description"] == "Mail is lost"
    assert sent["incident"]["sys_id"] == sys_id
    assert 'href="https://portal.example/library/1"' in page


def test_the_search_box_searches_for_what_was_typed(
    agent: Browser, stub: Stub, sys_id: str
) -> None:
    page = show(agent, sys_id, f"&search={quote('late & lost')}")
    assert stub.sent("POST /solutions/search").body["text"] == "late & lost"
    assert 'value="late &amp; lost"' in page


def test_a_solution_is_rated(agent: Browser, stub: Stub, sys_id: str) -> None:
    stub.routes["POST /solutions/kb%2F1/feedback"] = {"status": 204}
    show(agent, sys_id, "&show=solutions")
    form = {"solution": "kb/1", "search_id": "s1", "helpful": "false"}
    answer = agent.post(f"{TAB}?sys_id={sys_id}", act="rate", **form)
    assert answer.status_code == 302
    sent = stub.sent("POST /solutions/kb%2F1/feedback").body
    assert sent == {"helpful": False, "search_id": "s1"}


def test_a_service_request_is_opened_with_what_is_prefilled(
    agent: Browser, stub: Stub, sys_id: str
) -> None:
    stub.routes["POST /service-requests"] = ok(REQUEST, 201)
    page = show(agent, sys_id, "&show=contact")
    form = fields_of(page)
    assert form["title"] == "Mail is lost"
    assert form["email"] == "it.agent@example.com"
    assert '<option value="high" selected>High' in page
    answer = agent.post(f"{TAB}?sys_id={sys_id}", **form, severity="critical")
    assert answer.status_code == 302
    sent = stub.sent("POST /service-requests").body
    assert sent["id"] == form["id"]
    assert sent["severity"] == "critical"
    assert sent["contact"] == {"name": "Robin Fields", "email": "it.agent@example.com"}
    assert sent["incident"]["sys_id"] == sys_id
    assert sent["incident"]["number"].startswith("INC")


def fields_of(page: str) -> dict[str, str]:
    """Return what the form of a service request would send, but its severity."""
    form = page.partition('id="contact">')[2].partition("</form>")[0]
    found = re.findall(r'name="(\w+)" [^>]*?value="([^"]*)"', form)
    found += re.findall(r'name="(\w+)" value="([^"]*)"', form)
    text = re.search(r'name="description"[^>]*>(.*?)</textarea>', form, re.DOTALL)
    assert text is not None
    known = {name: unescape(value) for name, value in found}
    del known["sysparm_ck"]
    return known | {"description": unescape(text[1])}


def test_an_update_is_added_and_closes_the_request(
    agent: Browser, stub: Stub, sys_id: str
) -> None:
    stub.routes[f"GET /service-requests?incident={sys_id}"] = ok(
        {"service_requests": [REQUEST]}
    )
    stub.routes["POST /service-requests/SR-1/updates"] = ok(REQUEST, 201)
    show(agent, sys_id)
    form = {"act": "update", "reference": "SR-1", "id": "u2", "text": "All of them."}
    agent.post(f"{TAB}?sys_id={sys_id}", **form)
    sent = stub.sent("POST /service-requests/SR-1/updates").body
    assert sent == {"id": "u2", "text": "All of them."}
    show(agent, sys_id)
    agent.post(f"{TAB}?sys_id={sys_id}", **form, close="true")
    assert stub.sent("POST /service-requests/SR-1/updates").body["close"] is True


def test_who_has_insights_only_sees_no_service_requests(
    instance: Running, stub: Stub, sys_id: str
) -> None:
    browser = signed_in(instance, "lee.gu")
    page = show(browser, sys_id, "&show=contact")
    assert "Mail is late" in page
    assert "Contact Microsoft support" not in page
    assert not any("service-requests" in call for call in stub.called())
    browser.close()


MORE = ("", "&show=solutions", "&search=mail", "&show=contact")


@pytest.mark.parametrize("more", MORE)
@pytest.mark.parametrize(
    ("state", "message"), [("", NOT_SET_UP), ("agreed", NOT_COMPLETE)]
)
def test_rows_2_to_7_an_app_that_is_not_set_up_says_so(
    instance: Running,
    agent: Browser,
    stub: Stub,
    sys_id: str,
    state: str,
    message: str,
    more: str,
) -> None:
    set_up(instance, stub, state)
    page = show(agent, sys_id, more)
    assert problems(page) == [message]
    assert stub.called() == []
    assert 'id="contact"' not in page


def test_row_8_an_account_that_is_not_linked(
    agent: Browser, stub: Stub, sys_id: str
) -> None:
    stub.routes["POST /service-requests"] = refused(
        403, "account_not_linked", NOT_LINKED
    )
    form = fields_of(show(agent, sys_id, "&show=contact"))
    form["title"] = "Typed by hand"
    answer = agent.post(f"{TAB}?sys_id={sys_id}", **form, severity="high")
    assert answer.status_code == 422
    assert problems(answer.text) == [NOT_LINKED]
    kept = fields_of(answer.text)
    assert (kept["title"], kept["id"]) == ("Typed by hand", form["id"])


@pytest.mark.parametrize("more", MORE)
@pytest.mark.parametrize(
    "failure", [NOTHING, refused(401, "token_audience"), refused(503, "unavailable")]
)
def test_rows_9_11_13_nothing_shows_up_but_the_log_says_why(
    instance: Running,
    agent: Browser,
    stub: Stub,
    sys_id: str,
    failure: dict[str, Any],
    more: str,
) -> None:
    stub.routes = dict.fromkeys(stub.routes, failure)
    page = show(agent, sys_id, more)
    assert problems(page) == []
    assert 'class="results"' not in page
    assert 'id="contact"' not in page
    # One line for solutions, service health, service requests.
    assert len(log_lines(instance)) == 3


def test_rows_10_and_12_a_service_error_says_so(
    agent: Browser, stub: Stub, sys_id: str
) -> None:
    failure = refused(500, "unexpected_error", SERVICE_ERROR)
    stub.routes["POST /solutions/search"] = failure
    for more in ("&show=solutions", "&search=mail"):
        page = show(agent, sys_id, more)
        assert problems(page) == [SERVICE_ERROR]
        assert "Mail is late" in page


def test_row_16_a_request_that_is_not_saved_keeps_what_was_typed(
    agent: Browser, stub: Stub, sys_id: str
) -> None:
    stub.routes["POST /service-requests"] = refused(500, "save_failed", NOT_SAVED)
    form = fields_of(show(agent, sys_id, "&show=contact"))
    form["description"] = "Typed\nby hand"
    answer = agent.post(f"{TAB}?sys_id={sys_id}", **form, severity="critical")
    assert problems(answer.text) == [NOT_SAVED]
    assert fields_of(answer.text)["description"] == "Typed\nby hand"
    assert '<option value="critical" selected>' in answer.text


def test_an_update_that_is_not_saved_stays_in_its_form(
    agent: Browser, stub: Stub, sys_id: str
) -> None:
    stub.routes[f"GET /service-requests?incident={sys_id}"] = ok(
        {"service_requests": [REQUEST]}
    )
    stub.routes["POST /service-requests/SR-1/updates"] = refused(
        500, "save_failed", NOT_SAVED
    )
    show(agent, sys_id)
    form = {"act": "update", "reference": "SR-1", "id": "u9", "text": "Typed"}
    answer = agent.post(f"{TAB}?sys_id={sys_id}", **form)
    assert problems(answer.text) == [NOT_SAVED]
    assert ">Typed</textarea>" in answer.text
    assert 'name="id" value="u9"' in answer.text


def test_a_forged_form_sends_nothing(agent: Browser, stub: Stub, sys_id: str) -> None:
    form = {"act": "update", "reference": "SR-1", "id": "u9", "text": "Typed"}
    answer = agent.post(f"{TAB}?sys_id={sys_id}", **form, sysparm_ck="forged")
    assert answer.status_code == 403
    assert stub.called() == []
