"""The script for a real instance, with stand-ins of the ServiceNow classes in Chromium."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.connector_stub import TOKEN
from tests.sandbox.support_cases import CASES, NOT_LINKED, NOT_SET_UP, Case, refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

FOLDER = Path(__file__).parents[2] / "tickets/support/api/paste"
SCRIPT = (FOLDER / "M365SupportConnector.js").read_text(encoding="utf-8")
SHOW = (FOLDER / "UIAction_Microsoft365Support.js").read_text(encoding="utf-8")
CONTACT = (FOLDER / "UIAction_ContactMicrosoftSupport.js").read_text(encoding="utf-8")
README = (FOLDER / "README.txt").read_text(encoding="utf-8")
GLIDE = Path(__file__).with_name("glide.js").read_text(encoding="utf-8")

SCOPE = "x_mioms_m365_assis"
BASE = "https://portal.example/api/support/v1/repositories/key"
OUTBOUND = "7595e20f-39a8-4fcb-b865-f64d6663fc5f"
SYS_ID = "46f09e75a9fe198100f4ffd8d366d17b"
INCIDENT = {
    "sys_id": SYS_ID,
    "number": "INC0010001",
    "short_description": "Mail <is> lost",
    "description": "Since noon.",
    "priority": "2",
}
SEARCH = ["solutions.search", "POST", "solutions/search", {}]
FILES = [path.name for path in sorted(FOLDER.glob("*.js"))]

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """One page for all: every call makes a world of its own in it."""
    context = browser.new_context()
    page = context.new_page()
    page.add_script_tag(content=GLIDE)
    yield page
    context.close()


def given(**more: Any) -> dict[str, Any]:
    """Return an instance on which everything is set up; `more` makes it another."""
    properties = {
        "connector_url": BASE,
        "oauth_profile": "p",
        "setup_state": "complete",
    }
    properties |= more.pop("properties", {})
    provider = {
        "sys_id": "provider",
        "client_id": OUTBOUND,
        "token_url": more.pop("token_url", "https://login.example/t/oauth2/token"),
    }
    profile = {"sys_id": "profile", "name": "p", "oauth_entity": "provider"}
    return {
        "base": BASE,
        "script": SCRIPT,
        "properties": {f"{SCOPE}.{name}": v for name, v in properties.items()},
        "tables": {"oauth_entity_profile": [profile], "oauth_entity": [provider]},
        "tokens": [TOKEN],
        "calls": [{"status": 200, "body": {"ok": True}}],
        "roles": [f"{SCOPE}.administrator"],
        "incident": INCIDENT,
        "method": "ask",
        "args": SEARCH,
        **copy.deepcopy(more),
    }


def call(page: Page, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate("(g) => callConnector(g)", given(**more))
    return found


def act(page: Page, action: str, **more: Any) -> dict[str, Any]:
    wish = given(action=action, **more)
    found: dict[str, Any] = page.evaluate("(g) => runAction(g)", wish)
    return found


@pytest.mark.parametrize("name", FILES)
def test_a_script_is_one_that_rhino_runs(page: Page, name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    page.evaluate("(code) => { new Function(code); }", text)
    code = re.sub(r"/\*.*?\*/|//[^\n]*|'[^'\n]*'", "", text, flags=re.DOTALL)
    # Nothing that came after ECMAScript 5, and nothing that only browsers have.
    newer = (
        r"=>|`|\b(let|const|class|async|await|of)\b|\.\.\.|\b(window|fetch|console)\b"
    )
    assert re.findall(newer, code) == []
    assert text.isascii()


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("throws", [True, False])
def test_a_call_comes_to_what_the_table_says(
    page: Page, case: Case, throws: bool
) -> None:
    seen = call(
        page,
        properties={"setup_state": case.state},
        tokens=case.tokens,
        calls=case.calls,
        args=[case.purpose, *SEARCH[1:]],
        throws=throws,
    )
    result = seen["result"]
    assert (result["message"], result["body"]) == (case.message or "", case.body)
    assert (len(seen["tokenRequests"]), len(seen["calls"])) == case.asked
    assert seen["waits"] == case.waits
    lines = [case.logged in line["message"] for line in seen["lines"]]
    assert lines == ([True] if case.logged else [])
    assert all(line["source"] == SCOPE for line in seen["lines"])


def test_the_connector_says_what_to_repair(page: Page) -> None:
    answers = [refused(401, "token_audience")]
    result = call(page, calls=answers, method="selfTest", args=[])["result"]
    assert result["detail"] == "401 token_audience (r1): cause of token_audience"
    assert result["repair"] == "repair of token_audience"


def test_a_call_says_who_asks(page: Page) -> None:
    [sent] = call(page)["calls"]
    assert sent["url"] == f"{BASE}/solutions/search"
    assert sent["headers"] == {
        "Authorization": "Bearer token",
        "Accept": "application/json",
        "Content-Type": "application/json",
        "X-ServiceNow-User": "it.agent",
        "X-ServiceNow-User-Email": "it.agent@example.com",
        "X-ServiceNow-User-Roles": "administrator",
    }
    [sent] = call(page, roles=[f"{SCOPE}.insights_user"])["calls"]
    assert sent["headers"]["X-ServiceNow-User-Roles"] == "insights_user"


@pytest.mark.parametrize(
    ("url", "name", "value"),
    [
        ("https://login.example/t/oauth2/token", "resource", OUTBOUND),
        ("https://login.example/t/oauth2/v2.0/token", "scope", f"{OUTBOUND}/.default"),
    ],
)
def test_a_token_is_asked_for_the_outbound_application(
    page: Page, url: str, name: str, value: str
) -> None:
    [sent] = call(page, token_url=url)["tokenRequests"]
    assert sent == {
        "grant_type": "client_credentials",
        "oauth_requestor_context": "M365SupportConnector",
        "oauth_requestor": "profile",
        "oauth_provider_profile": "profile",
        name: value,
    }


@pytest.mark.parametrize(("seconds", "asked"), [("3599", 0), ("60", 1)])
def test_a_kept_token_is_used_while_it_lasts(
    page: Page, seconds: str, asked: int
) -> None:
    code = """([g, seconds]) => {
      const world = makeWorld(g);
      world.kept = {getAccessToken: () => 'kept', getExpiresIn: () => Number(seconds)};
      const made = runIn(world, g.script + '\\nreturn new M365SupportConnector();');
      made.ask(...g.args);
      return [world.tokenRequests.length, world.calls[0].headers.Authorization];
    }"""
    found = page.evaluate(code, [given(), seconds])
    assert found == [asked, "Bearer token" if asked else "Bearer kept"]


def test_the_log_says_that_there_is_no_profile(page: Page) -> None:
    seen = call(page, tables={})
    assert seen["result"]["message"] == ""
    assert "no OAuth entity profile p" in seen["lines"][0]["message"]
    assert seen["calls"] == []


IDENTITY = {"sys_id": SYS_ID, "number": "INC0010001"}
TEXTS = {"short_description": "Mail <is> lost", "description": "Since noon."}
WISH = {
    "id": "u1",
    "title": "T",
    "description": "D",
    "severity": "high",
    "contact": {"name": "N", "email": "n@example.com"},
}


@pytest.mark.parametrize(
    ("method", "args", "ask", "body"),
    [
        ("selfTest", [], "get ", None),
        ("health", ["$incident"], "post health-incidents/search", TEXTS),
        (
            "solutions",
            ["$incident", ""],
            "post solutions/search",
            {**TEXTS, "incident": IDENTITY},
        ),
        (
            "solutions",
            ["$incident", "lost"],
            "post solutions/search",
            {"text": "lost", "incident": IDENTITY},
        ),
        ("lastSolutions", ["$incident"], f"get solutions?incident={SYS_ID}", None),
        (
            "rate",
            ["kb/1", "s1", True],
            "post solutions/kb%2F1/feedback",
            {"helpful": True, "search_id": "s1"},
        ),
        ("requests", ["$incident"], f"get service-requests?incident={SYS_ID}", None),
        (
            "open",
            ["$incident", WISH],
            "post service-requests",
            {
                **WISH,
                "incident": {**IDENTITY, "short_description": "Mail <is> lost"},
            },
        ),
        (
            "update",
            ["SR-1", {"id": "u2", "text": "All.", "close": True}],
            "post service-requests/SR-1/updates",
            {"id": "u2", "text": "All.", "close": True},
        ),
    ],
)
def test_each_operation_sends_what_the_interface_takes(
    page: Page, method: str, args: list[Any], ask: str, body: Any
) -> None:
    [sent] = call(page, method=method, args=args)["calls"]
    verb, _, path = ask.partition(" ")
    assert (sent["method"], sent["url"]) == (verb, f"{BASE}/{path}")
    assert sent.get("body") == body


def test_ids_are_uuids(page: Page) -> None:
    made = call(page, method="newId", args=[])["result"]
    assert made == "01234567-89ab-cdef-0123-456789abcdef"
    ids = [
        call(page, method="nextId", args=["$incident", count])["result"]
        for count in (0, 0, 1)
    ]
    assert ids[0] == ids[1] == "46f09e75-a9fe-1981-00f4-ffd8d3660000"
    assert ids[2] == "46f09e75-a9fe-1981-00f4-ffd8d3660001"


ROUTES = {
    "POST /solutions/search": {
        "status": 200,
        "body": {
            "solutions": [
                {
                    "title": "Turn <it> on",
                    "url": "https://portal.example/1",
                    "source_label": "Library",
                },
                {
                    "title": "Odd",
                    "url": "javascript:alert(1)",
                    "source_label": "Library",
                },
            ]
        },
    },
    "POST /health-incidents/search": {
        "status": 200,
        "body": {
            "incidents": [{"id": "EX1", "title": "Late", "status_label": "Degraded"}]
        },
    },
    f"GET /service-requests?incident={SYS_ID}": {
        "status": 200,
        "body": {"service_requests": []},
    },
}


def test_the_action_shows_what_there_is_as_text(page: Page) -> None:
    seen = act(page, SHOW, routes=ROUTES)
    solutions, health, requests = seen["infos"]
    assert '<a href="https://portal.example/1"' in solutions
    assert "Turn &lt;it&gt; on</a> (Library)" in solutions
    assert "javascript:" not in solutions
    assert "EX1 Late: Degraded" in health
    assert "Nothing to show." in requests
    assert (seen["errors"], seen["redirected"]) == ([], True)


def test_the_action_asks_for_requests_only_with_the_role(page: Page) -> None:
    seen = act(page, SHOW, routes=ROUTES, roles=[f"{SCOPE}.insights_user"])
    assert len(seen["infos"]) == 2
    assert not any("service-requests" in sent["url"] for sent in seen["calls"])


def test_the_action_says_what_is_wrong_once(page: Page) -> None:
    seen = act(page, SHOW, properties={"setup_state": ""})
    assert (seen["errors"], seen["infos"]) == ([NOT_SET_UP], [])
    seen = act(page, SHOW, calls=[refused(401, "token_audience")])
    assert (seen["errors"], seen["infos"]) == ([], [])


OPENED = {"status": 201, "body": {"reference": "SR-1", "state_label": "New"}}


def test_the_second_action_opens_a_service_request(page: Page) -> None:
    seen = act(page, CONTACT, routes=ROUTES | {"POST /service-requests": OPENED})
    sent = seen["calls"][-1]["body"]
    assert sent["severity"] == "high"
    assert sent["contact"] == {"name": "Robin Fields", "email": "it.agent@example.com"}
    assert sent["id"] == "46f09e75-a9fe-1981-00f4-ffd8d3660000"
    assert seen["infos"] == ["Microsoft service request SR-1: New"]


def test_an_incident_with_an_open_request_gets_no_second_one(page: Page) -> None:
    path = f"GET /service-requests?incident={SYS_ID}"
    rows = [
        {"reference": "SR-2", "state": "open", "state_label": "Open at Microsoft"},
        {"reference": "SR-1", "state": "closed", "state_label": "Closed"},
    ]
    routes = {path: {"status": 200, "body": {"service_requests": rows}}}
    seen = act(page, CONTACT, routes=routes)
    assert [sent["method"] for sent in seen["calls"]] == ["get"]
    assert seen["infos"] == ["Microsoft service request SR-2: Open at Microsoft"]
    routes[path]["body"]["service_requests"] = rows[1:]
    routes |= {"POST /service-requests": OPENED}
    seen = act(page, CONTACT, routes=routes)
    assert seen["calls"][-1]["body"]["id"].endswith("0001")


def test_the_second_action_says_that_no_account_is_linked(page: Page) -> None:
    refusal = refused(403, "account_not_linked", NOT_LINKED)
    seen = act(page, CONTACT, routes=ROUTES | {"POST /service-requests": refusal})
    assert (seen["errors"], seen["infos"]) == ([NOT_LINKED], [])
    seen = act(page, CONTACT, calls=[{"status": 0}])
    assert (seen["errors"], seen["infos"], len(seen["lines"])) == ([], [], 1)


def test_the_instructions_name_what_the_scripts_use(page: Page) -> None:
    for name in FILES:
        assert name in README
    used = set(re.findall(r"SCOPE \+ '\.(\w+)'", SCRIPT + SHOW + CONTACT))
    roles = {"insights_user", "administrator"}
    assert all(f"{SCOPE}.{name}" in README for name in used | roles)
