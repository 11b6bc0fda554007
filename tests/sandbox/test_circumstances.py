"""What the knobs do beside faults: rules, rights, rows, the clock."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import pytest
import requests

from connector.sandbox import circumstances, policies
from connector.sandbox.__main__ import _parser, _set_up
from connector.sandbox.circumstances import WrongAct
from connector.sandbox.policies import WrongPolicy
from connector.sandbox.schema import TABLES
from connector.sandbox.server import Installation, serve
from tests.sandbox.wire import INTEGRATION_WORD, Api, Browser, error_of, mark, token_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.sandbox.server import Running

RULE = {
    "kind": "business_rule",
    "table": "incident",
    "name": "No mail",
    "condition": "short_descriptionLIKEmail^ORdescriptionLIKEmail^EQ",
}
POLICY = {"kind": "data_policy", "table": "incident", "fields": "caller_id category"}
MANDATORY = {
    "kind": "mandatory",
    "table": "change_request",
    "fields": "justification location",
}


@pytest.fixture
def own() -> Iterator[Running]:
    with serve(Installation(password=INTEGRATION_WORD)) as running:
        yield running


@pytest.fixture
def own_api(own: Running) -> Api:
    return Api(own.url, token_of(own, "m365.integration", INTEGRATION_WORD))


def knob(running: Running, method: str, name: str, body: Any = None) -> Any:
    url = f"{running.url}/_sandbox/{name}"
    return requests.request(method, url, json=body, timeout=10)


def create(api: Api, table: str = "incident", **values: str) -> requests.Response:
    return api.send("POST", f"table/{table}", json=values)


def test_rules_are_set_up_and_removed_over_http(own: Running, own_api: Api) -> None:
    made = knob(own, "PUT", "policies", [RULE, POLICY, MANDATORY]).json()
    assert {one["kind"] for one in made} == set(policies.KINDS)
    status, _, detail = error_of(create(own_api, description="a mail", caller_id="x"))
    assert status == 403
    assert str(detail).endswith("Business Rule Stack:No mail")
    assert "mandatory: Caller" in str(error_of(create(own_api))[2])
    assert create(own_api, caller_id="x").status_code == 201
    assert "Justification" in str(error_of(create(own_api, "change_request"))[2])
    assert knob(own, "PUT", "policies", []).json() == []
    made = own.store.find(TABLES["sys_dictionary"], sys_created_by="sandbox")
    assert made == []
    assert create(own_api, description="mail").status_code == 201
    assert create(own_api, "change_request").status_code == 201


def test_a_refused_row_leaves_nothing_behind(own: Running, own_api: Api) -> None:
    before = own_api.create("incident")["number"]
    knob(own, "PUT", "policies", [RULE])
    same = mark()
    assert create(own_api, description="mail", correlation_id=same).status_code == 403
    assert own_api.list("task", f"correlation_id={same}") == []
    row = own_api.create("incident", correlation_id=same, work_notes="first")
    assert int(row["number"][3:]) == int(before[3:]) + 1
    changed = {"description": "mail", "work_notes": "second"}
    assert own_api.update(row, **changed).status_code == 403
    entries = own_api.list("sys_journal_field", f"element_id={row['sys_id']}")
    assert [entry["value"] for entry in entries] == ["first"]


def test_an_admin_sets_rules_up_as_rows(own: Running, own_api: Api) -> None:
    """As PySNC's own tests do."""
    admin = Api(own.url, token_of(own, "admin", own.store.note("password:admin")))
    rule = {"name": "EICAR", "collection": "problem", "active": True}
    rule |= {"abort_action": True, "action_insert": True, "action_update": True}
    rule["filter_condition"] = "short_descriptionLIKEEICAR^ORdescriptionLIKEEICAR^EQ"
    made = admin.create("sys_script", **rule)
    refused = admin.send("POST", "table/problem", json={"description": "EICAR"})
    assert "aborted by Business Rule 'EICAR^" in str(error_of(refused)[2])
    assert create(own_api, description="EICAR").status_code == 201
    admin.send("PATCH", f"table/sys_script/{made['sys_id']}", json={"active": False})
    assert admin.create("problem", description="EICAR")


def test_a_rule_may_keep_rows_from_being_deleted(own: Running, own_api: Api) -> None:
    admin = Api(own.url, token_of(own, "admin", own.store.note("password:admin")))
    rule = {"collection": "incident", "abort_action": "true", "action_delete": "true"}
    admin.create("sys_script", name="Keep all", **rule)
    row = own_api.create("incident")
    path = f"table/incident/{row['sys_id']}"
    assert "Keep all" in str(error_of(admin.send("DELETE", path))[2])
    assert admin.send("GET", path).status_code == 200
    act = {"kind": "delete", "table": "incident"}
    assert "Keep all" in knob(own, "POST", "rows", act).json()["error"]
    browser = Browser(own)
    browser.sign_in("admin", own.store.note("password:admin"))
    page = f"/incident.do?sys_id={row['sys_id']}"
    browser.get(page)
    refused = browser.post(page, answer="delete")
    assert (refused.status_code, "Keep all" in refused.text) == (422, True)
    browser.close()


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "nothing", "table": "incident"},
        {"kind": "business_rule", "table": "nothing"},
        {"kind": "data_policy", "table": "incident"},
        {"kind": "data_policy", "table": "incident", "fields": "nothing"},
        {"kind": "business_rule", "table": "incident", "more": "x"},
    ],
)
def test_a_wrong_rule_is_refused(own: Running, wrong: dict[str, str]) -> None:
    assert knob(own, "PUT", "policies", [RULE, wrong]).status_code == 400
    assert policies.listed(own.store) == []


def test_rules_about_what_is_not_there_do_no_harm(own: Running, own_api: Api) -> None:
    admin = Api(own.url, token_of(own, "admin", own.store.note("password:admin")))
    admin.create("sys_script", collection="nothing", abort_action="true")
    policy = admin.create("sys_data_policy2", model_table="incident")
    rule = {"sys_data_policy": policy["sys_id"], "field": "nothing"}
    admin.create("sys_data_policy_rule", **rule)
    assert knob(own, "GET", "policies").json() == []
    assert create(own_api).status_code == 201
    assert knob(own, "PUT", "restrictions", {"tables": 5}).status_code == 400


def test_the_clock_is_set_over_http(own: Running, own_api: Api) -> None:
    body = knob(own, "PUT", "clock", {"skew": -3600, "grain": 60}).json()
    assert (body["skew"], body["grain"]) == (-3600, 60)
    answer = create(own_api)
    shown = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    assert 3600 - 5 <= time.time() - shown <= 3600 + 65
    assert answer.json()["result"]["sys_updated_on"].endswith(":00")
    knob(own, "PUT", "clock", {})
    assert own.store.clock is time.time
    assert knob(own, "PUT", "clock", {"skew": "soon"}).status_code == 400
    assert knob(own, "PUT", "clock", []).status_code == 400


def test_many_rows_change_within_one_second(own: Running, own_api: Api) -> None:
    rows = [own_api.create("incident") for _ in range(5)]
    own.store.clock = lambda: time.time() + 100
    act = {"kind": "touch", "table": "incident", "count": 4, "query": "ORDERBYnumber"}
    assert knob(own, "POST", "rows", act).json() == {"rows": 4}
    found = own_api.list("incident", "ORDERBYnumber")
    assert len({row["sys_updated_on"] for row in found[:4]}) == 1
    assert [row["sys_mod_count"] for row in found] == ["1", "1", "1", "1", "0"]
    assert found[4]["sys_updated_on"] == rows[4]["sys_updated_on"]
    assert found[0]["sys_updated_by"] == "admin"


def test_rows_are_hidden_and_shown(own: Running, own_api: Api) -> None:
    one, other = (own_api.create("incident", urgency=urgency) for urgency in "12")
    act = {"kind": "hide", "table": "incident", "query": "urgency=1", "count": 9}
    assert knob(own, "POST", "rows", act).json() == {"rows": 1}
    found = own_api.list("incident")
    assert [row["sys_id"] for row in found] == [other["sys_id"]]
    knob(own, "POST", "rows", {"kind": "show", "table": "incident", "count": "9"})
    assert own_api.read(one)["urgency"] == "1"


def test_rows_are_deleted(own: Running, own_api: Api) -> None:
    row = own_api.create("change_request")
    act = {"kind": "delete", "table": "change_request"}
    assert knob(own, "POST", "rows", act).json() == {"rows": 1}
    assert own_api.send("GET", f"table/task/{row['sys_id']}").status_code == 404
    [trace] = own.store.execute("SELECT * FROM sys_audit_delete")
    assert trace["documentkey"] == row["sys_id"]


@pytest.mark.parametrize(
    "text", ["burn", "hide:table=nothing", "hide:count=x", "x:y=z"]
)
def test_a_wrong_act_is_refused(own: Running, text: str) -> None:
    with pytest.raises(WrongAct):
        circumstances.parse(text)


@pytest.mark.parametrize("text", ["mandatory:table=nothing,fields=x", "x:table=task"])
def test_a_wrong_rule_in_one_line_is_refused(text: str) -> None:
    with pytest.raises(WrongPolicy):
        policies.parse(text)


def test_rules_know_the_columns_an_instance_added(own: Running, own_api: Api) -> None:
    columns = {"incident": ["u_source string:40 Security source"]}
    knob(own, "POST", "customs", {"columns": columns})
    rule = {"kind": "data_policy", "table": "incident", "fields": "u_source"}
    assert knob(own, "PUT", "policies", [rule]).status_code == 200
    assert "mandatory: Security source" in str(error_of(create(own_api))[2])
    assert create(own_api, u_source="portal").status_code == 201


def test_everything_can_be_set_up_by_options(own: Running, own_api: Api) -> None:
    rows = [own_api.create("incident") for _ in range(3)]
    words = [
        *("--policies", "mandatory:table=incident,fields=location caller_id"),
        *(
            "--rows",
            "hide:count=1;delete:table=incident,count=1,query=ORDERBYDESCnumber",
        ),
        *("--hide-fields", "incident.due_date incident.urgency"),
        *("--hide-tables", "problem"),
        *("--clock-skew", "-120", "--clock-grain", "10"),
    ]
    _set_up(own, _parser().parse_args(words))
    assert {one.fields for one in policies.listed(own.store)} == {
        "caller_id",
        "location",
    }
    found = own_api.list("incident")
    assert [row["sys_id"] for row in found] == [rows[1]["sys_id"]]
    assert "urgency" not in found[0]
    assert own.restrictions.tables == {"problem"}
    assert circumstances.clock_of(own.store) == circumstances.Clock(-120, 10)


def test_everything_can_be_set_up_on_the_page(own: Running, own_api: Api) -> None:
    rows = [own_api.create("incident") for _ in range(2)]
    browser = Browser(own)
    page = "/_sandbox/"

    def send(answer: str, **form: str) -> int:
        browser.get(page)
        return browser.post(page, answer=answer, **form).status_code

    rule = {f"policy_{name}": value for name, value in RULE.items() if name != "kind"}
    assert send("policy", policy="business_rule", **rule) == 302
    assert (
        send("rights", rights_tables="problem", rights_fields="incident.x, a.b") == 302
    )
    assert send("act", act="hide", act_table="incident", act_count="1") == 302
    assert send("clock", skew="90", grain="0") == 302
    assert create(own_api, description="mail").status_code == 403
    assert own.restrictions.fields == {"incident.x", "a.b"}
    assert [row["sys_id"] for row in own_api.list("incident")] == [rows[1]["sys_id"]]
    assert circumstances.clock_of(own.store).skew == 90
    text = browser.get(page).text
    assert "No mail" in text
    assert "hidden at present: 1" in text
    assert send("policies") == 302
    assert policies.listed(own.store) == []
    browser.close()


def test_what_was_typed_into_a_refused_form_stays(own: Running) -> None:
    browser = Browser(own)
    browser.get("/_sandbox/")
    form = {"policy": "data_policy", "policy_table": "problem", "policy_name": "Typed"}
    answer = browser.post("/_sandbox/", answer="policy", **form)
    assert answer.status_code == 422
    assert "which fields are mandatory is missing" in answer.text
    assert 'value="Typed"' in answer.text
    assert '<option value="problem" selected>' in answer.text
    browser.close()


def test_a_reset_takes_the_circumstances_back(own: Running) -> None:
    knob(own, "PUT", "policies", [RULE])
    knob(own, "PUT", "clock", {"skew": 5})
    knob(own, "PUT", "restrictions", {"tables": ["incident"]})
    assert knob(own, "POST", "reset").status_code == 200
    assert policies.listed(own.store) == []
    assert own.store.clock is time.time
    assert own.restrictions.tables == set()
