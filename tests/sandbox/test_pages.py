from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import requests

from connector.sandbox import people
from connector.sandbox.schema import TABLES
from connector.sandbox.seed import password_of
from connector.sandbox.server import serve
from tests.sandbox.wire import Api, Browser, mark, token_answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.sandbox.server import Running


@pytest.fixture
def new_instance() -> Iterator[Running]:
    """An instance on which the connector app is not installed yet."""
    with serve(portal="http://portal.example") as running:
        yield running


def signed_in(instance: Running, user_name: str) -> Browser:
    browser = Browser(instance)
    browser.sign_in(user_name, password_of(instance.store, user_name))
    return browser


@pytest.fixture
def agent(instance: Running) -> Iterator[Browser]:
    browser = signed_in(instance, "it.agent")
    yield browser
    browser.close()


def value_of(page: str, field: str) -> str:
    match = re.search(rf'id="{field}"[^>]* value="([^"]*)"', page)
    assert match is not None, field
    return match[1]


def options_of(page: str, field: str) -> list[str]:
    match = re.search(rf'<select id="{field}".*?</select>', page, re.DOTALL)
    assert match is not None, field
    return re.findall(r">([^<>]+)</option>", match[0])


def test_a_wrong_password_is_refused(browser: Browser) -> None:
    answer = browser.sign_in("admin", "wrong")
    assert answer.status_code == 401
    assert browser.get("/").headers["Location"].startswith("/login.do")


def test_signing_in_never_leads_to_another_site(
    instance: Running, browser: Browser
) -> None:
    word = password_of(instance.store, "it.agent")
    for target in ("//elsewhere.example", "https://elsewhere.example", "/\\elsewhere"):
        browser.get("/login.do")
        answer = browser.post(
            f"/login.do?next={target}", user_name="it.agent", user_password=word
        )
        assert answer.headers["Location"] == "/"


def test_signing_out_ends_the_visit(agent: Browser) -> None:
    agent.get("/")
    agent.post("/logout.do")
    assert agent.get("/").status_code == 302


def test_an_agent_works_on_an_incident(agent: Browser, api: Api) -> None:
    row = api.create("incident", short_description="<b>Bold</b>", urgency="2")
    path = f"/incident.do?sys_id={row['sys_id']}"
    page = agent.get(path).text
    assert "&lt;b&gt;Bold&lt;/b&gt;" in page
    assert options_of(page, "state") == [
        *("New", "In Progress", "On Hold", "Resolved", "Canceled")
    ]
    form = {"state": "2", "was.state": "1", "urgency": "1", "was.urgency": "2"}
    form |= {"due_date": "2026-12-01T12:00", "was.due_date": "", "work_notes": "Seen."}
    assert agent.post(path, answer="save", **form).status_code == 302
    found = api.read(row)
    assert (found["state"], found["priority"]) == ("2", "3")
    assert found["due_date"] == "2026-12-01 20:00:00"
    assert found["sys_updated_by"] == "it.agent"
    assert "Robin Fields (Work notes)" in agent.get(path).text


def test_only_what_was_changed_on_the_page_is_written(agent: Browser, api: Api) -> None:
    row = api.create("incident", short_description="old")
    path = f"/incident.do?sys_id={row['sys_id']}"
    agent.get(path)
    api.update(row, short_description="new")
    form = {"short_description": "old", "was.short_description": "old"}
    agent.post(path, answer="save", urgency="1", **{"was.urgency": "3"}, **form)
    found = api.read(row)
    assert (found["short_description"], found["urgency"]) == ("new", "1")


def test_a_refused_form_keeps_what_was_typed(agent: Browser, api: Api) -> None:
    row = api.create("incident")
    path = f"/incident.do?sys_id={row['sys_id']}"
    agent.get(path)
    form = {"state": "6", "was.state": "1", "short_description": "typed"}
    answer = agent.post(path, answer="save", **form)
    assert answer.status_code == 422
    assert "The following fields are mandatory: Resolution code" in answer.text
    assert value_of(answer.text, "short_description") == "typed"


def test_an_agent_creates_and_moves_a_change(agent: Browser, api: Api) -> None:
    agent.get("/change_request.do?sys_id=-1")
    answer = agent.post(
        "/change_request.do?sys_id=-1", answer="save", short_description="New disks"
    )
    path = answer.headers["Location"]
    assert options_of(agent.get(path).text, "state") == ["New", "Assess", "Canceled"]
    without_group = agent.post(path, answer="save", state="-4", **{"was.state": "-5"})
    assert "Assignment group is mandatory." in without_group.text
    [group] = api.list("sys_user_group", "name=Change Advisory Board")
    form = {"state": "-4", "was.state": "-5", "assignment_group": group["sys_id"]}
    agent.post(path, answer="save", **form)
    agent.get(path)
    form = {"approval": "approved", "was.approval": "requested"}
    agent.post(path, answer="save", **form)
    assert options_of(agent.get(path).text, "state") == ["Authorize", "Canceled"]


def test_lists_are_searched_and_newest_comes_first(agent: Browser, api: Api) -> None:
    word = mark()
    first = api.create("incident", short_description=f"one {word}")
    second = api.create("incident", short_description=f"two {word}")
    page = agent.get(f"/incident_list.do?search={word}").text
    assert "2 in all" in page
    assert page.index(second["number"]) < page.index(first["number"])
    page = agent.get(f"/incident_list.do?sysparm_query=number={first['number']}").text
    assert "1 in all" in page


def test_links_of_the_classic_frame_lead_to_the_page(agent: Browser, api: Api) -> None:
    row = api.create("incident")
    target = f"incident.do?sys_id={row['sys_id']}"
    answer = agent.session.get(
        f"{agent.url}/nav_to.do", params={"uri": target}, timeout=10
    )
    assert row["number"] in answer.text


def test_a_person_without_roles_sees_no_tickets(instance: Running, api: Api) -> None:
    row = api.create("incident")
    browser = signed_in(instance, "alex.personal")
    assert "0 in all" in browser.get("/incident_list.do").text
    assert browser.get(f"/incident.do?sys_id={row['sys_id']}").status_code == 404
    assert browser.get("/incident.do?sys_id=-1").status_code == 403
    assert browser.get("/x_mioms_m365ticket/status").status_code == 403
    browser.close()


def test_only_an_admin_deletes_a_record(
    instance: Running, agent: Browser, api: Api
) -> None:
    row = api.create("incident")
    path = f"/incident.do?sys_id={row['sys_id']}"
    agent.get(path)
    assert agent.post(path, answer="delete").status_code == 403
    admin = signed_in(instance, "admin")
    admin.get(path)
    assert admin.post(path, answer="delete").status_code == 302
    assert admin.get(path).status_code == 404
    admin.close()


def test_a_forged_form_changes_nothing(agent: Browser, api: Api) -> None:
    row = api.create("incident")
    path = f"/incident.do?sys_id={row['sys_id']}"
    answer = agent.post(path, answer="save", state="2", sysparm_ck="forged")
    assert answer.status_code == 403
    assert api.read(row)["state"] == "1"


def test_the_checklist_makes_what_the_portal_needs(new_instance: Running) -> None:
    admin = signed_in(new_instance, "admin")
    path = "/x_mioms_m365ticket/checklist"
    page = admin.get(path).text
    assert value_of(page, "name") == "Security + Compliance Connector"
    redirect_url = "http://portal.example/oauth/complete/servicenow/"
    assert value_of(page, "redirect_url") == redirect_url
    admin.post(path, step="entity", name="Connector", redirect_url=redirect_url)
    assert value_of(admin.get(path).text, "new_user_name") == "m365.integration"
    admin.post(path, step="user", user_name="m365.integration")
    page = admin.get(path).text
    body = token_answer(
        new_instance,
        grant_type="password",
        username=value_of(page, "integration_user"),
        password=value_of(page, "integration_password"),
        client_id=value_of(page, "client_id"),
        client_secret=value_of(page, "client_secret"),
    ).json()
    Api(new_instance.url, body["access_token"]).create("change_request")
    status = admin.get("/x_mioms_m365ticket/status").text
    assert ">Connected<" in status
    assert "m365.integration" in status
    admin.post("/x_mioms_m365ticket/status")
    status = admin.get("/x_mioms_m365ticket/status").text
    assert ">Not connected<" in status
    assert "Revoked" in status
    admin.close()


def test_the_checklist_says_so_when_the_table_is_closed(new_instance: Running) -> None:
    new_instance.store.execute(
        "UPDATE sys_db_object SET access = 'package_private' WHERE name = 'oauth_entity'"
    )
    admin = signed_in(new_instance, "admin")
    page = admin.get("/x_mioms_m365ticket/checklist").text
    assert "from scope &#x27;x_mioms_m365ticket&#x27; has been refused" in page
    admin.close()


def test_only_an_admin_sees_the_checklist(agent: Browser) -> None:
    assert agent.get("/x_mioms_m365ticket/checklist").status_code == 403


def test_faults_are_set_on_the_page(instance: Running, browser: Browser) -> None:
    browser.get("/_sandbox/")
    browser.post("/_sandbox/", answer="add", kind="latency", percent="50", ms="5")
    [rule] = instance.faults.rules
    assert (rule.kind, rule.share, rule.ms) == ("latency", 0.5, 5)
    assert "latency" in browser.get("/_sandbox/").text
    wrong = browser.post("/_sandbox/", answer="add", kind="latency", percent="many")
    assert wrong.status_code == 422
    browser.get("/_sandbox/")
    browser.post("/_sandbox/", answer="clear")
    assert instance.faults.rules == []


def test_the_next_request_to_graph_is_refused(
    instance: Running, browser: Browser
) -> None:
    browser.get("/_sandbox/")
    browser.post("/_sandbox/", answer="graph", status="503")
    url = f"{instance.url}/graph/v1.0/security/secureScores"
    assert requests.get(url, timeout=10).status_code == 503
    assert requests.get(url, timeout=10).status_code == 401


def test_a_reset_starts_anew(new_instance: Running) -> None:
    browser = signed_in(new_instance, "it.agent")
    browser.get("/incident.do?sys_id=-1")
    browser.post("/incident.do?sys_id=-1", answer="save", short_description=mark())
    before = new_instance.store.execute("SELECT count(*) FROM task")[0][0]
    browser.get("/_sandbox/")
    browser.post("/_sandbox/", answer="reset")
    assert new_instance.store.execute("SELECT count(*) FROM task")[0][0] == before - 1
    assert browser.get("/").status_code == 302
    browser.close()


def test_no_page_has_scripts_or_inline_styles(agent: Browser) -> None:
    for path in ("/", "/incident_list.do", "/incident.do?sys_id=-1", "/_sandbox/"):
        answer = agent.get(path)
        assert not re.search(r"<script|\sstyle=|\son\w+=", answer.text)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_an_admin_locks_the_integration_user_out(new_instance: Running) -> None:
    store = new_instance.store
    admin = signed_in(new_instance, "admin")
    row = store.first("sys_user", user_name="lee.gu")
    assert row is not None
    path = f"/sys_user.do?sys_id={row['sys_id']}"
    assert "lee.gu" in admin.get("/sys_user_list.do").text
    admin.get(path)
    form = {"locked_out": "true", "role": "sn_incident_read"}
    assert admin.post(path, **form).status_code == 302
    changed = store.get(TABLES["sys_user"], row["sys_id"])
    assert changed is not None
    assert (changed["locked_out"], changed["user_name"]) == ("true", "lee.gu")
    assert people.roles_of(store, row["sys_id"]) == {"sn_incident_read"}
    admin.close()


def test_an_admin_shortens_the_life_of_tokens(new_instance: Running) -> None:
    admin = signed_in(new_instance, "admin")
    admin.get("/x_mioms_m365ticket/checklist")
    url = "http://portal.example/back"
    admin.post(
        "/x_mioms_m365ticket/checklist", step="entity", name="C", redirect_url=url
    )
    page = admin.get("/oauth_entity_list.do").text
    path = re.findall(r'href="(/oauth_entity\.do\?sys_id=\w+)"', page)[0]
    admin.get(path)
    admin.post(path, access_token_lifespan="60")
    entity = new_instance.store.first("oauth_entity", name="C")
    assert entity is not None
    assert (entity["access_token_lifespan"], entity["redirect_url"]) == ("60", url)
    admin.close()


@pytest.mark.parametrize("name", ["sys_user", "oauth_entity", "sys_db_object"])
def test_only_an_admin_sees_the_platform_tables(agent: Browser, name: str) -> None:
    assert agent.get(f"/{name}_list.do").status_code == 403
    assert agent.get(f"/{name}.do?sys_id=x").status_code == 403
