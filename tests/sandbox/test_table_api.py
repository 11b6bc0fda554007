from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from tests.sandbox.wire import error_of, mark

if TYPE_CHECKING:
    from connector.sandbox.server import Running
    from tests.sandbox.wire import Api


@pytest.mark.parametrize(
    ("display", "exclude", "state", "reference"),
    [
        ("false", "false", "1", {"link", "value"}),
        ("false", "true", "1", "value"),
        ("true", "false", "New", {"display_value", "link"}),
        ("true", "true", "New", "display"),
        (
            "all",
            "false",
            {"display_value": "New", "value": "1"},
            {"display_value", "link", "value"},
        ),
        (
            "all",
            "true",
            {"display_value": "New", "value": "1"},
            {"display_value", "value"},
        ),
    ],
)
def test_values_take_the_shape_that_was_asked_for(
    api: Api, display: str, exclude: str, state: object, reference: object
) -> None:
    row = api.create("incident")
    shown = api.read(row, display_value=display, exclude_reference_link=exclude)
    assert shown["state"] == state
    if isinstance(reference, set):
        assert set(shown["opened_by"]) == reference
    elif reference == "display":
        assert shown["opened_by"] == "Microsoft 365 Integration"
    else:
        assert len(shown["opened_by"]) == 32


def test_an_empty_incident_has_the_defaults_of_an_instance(api: Api) -> None:
    row = api.create("incident")
    expected = {
        "state": "1",
        "incident_state": "1",
        "impact": "3",
        "urgency": "3",
        "priority": "5",
        "severity": "3",
        "active": "true",
        "made_sla": "true",
        "notify": "1",
        "escalation": "0",
        "approval": "not requested",
        "category": "inquiry",
        "contact_type": "",
        "reopen_count": "0",
        "sys_mod_count": "0",
        "sys_class_name": "incident",
        "caller_id": "",
        "due_date": "",
        "sys_created_by": "m365.integration",
    }
    assert {name: row[name] for name in expected} == expected
    assert row["task_effective_number"] == row["number"]
    assert row["opened_at"] == row["sys_created_on"] == row["sys_updated_on"]


def test_a_create_answers_with_the_address_of_the_row(api: Api) -> None:
    answer = api.send("POST", "v2/table/incident", json={})
    sys_id = answer.json()["result"]["sys_id"]
    place = f"{api.url}/api/now/v2/table/incident/{sys_id}"
    assert (answer.status_code, answer.headers["Location"]) == (201, place)


def test_unknown_fields_and_most_sys_fields_are_ignored(api: Api) -> None:
    row = api.create(
        "incident", u_nothing="x", sys_created_by="eve", number="INC1", bunk=1
    )
    assert row["sys_created_by"] == "m365.integration"
    assert row["number"] != "INC1"
    assert "u_nothing" not in row


def test_a_chosen_sys_id_is_kept_and_works_only_once(api: Api) -> None:
    chosen = mark()
    assert api.create("incident", sys_id=chosen)["sys_id"] == chosen
    again = api.send("POST", "table/incident", json={"sys_id": chosen})
    assert again.status_code == 403


def test_only_what_changes_is_written_and_counted(api: Api) -> None:
    row = api.create("incident", short_description="first")
    same = api.update(row, short_description="first").json()["result"]
    other = api.update(row, short_description="second").json()["result"]
    assert (same["sys_mod_count"], other["sys_mod_count"]) == ("0", "1")


def test_put_is_a_patch(api: Api) -> None:
    row = api.create("incident", short_description="stays")
    path = f"table/incident/{row['sys_id']}"
    changed = api.send("PUT", path, json={"urgency": "1"}).json()["result"]
    assert (changed["short_description"], changed["urgency"]) == ("stays", "1")


def test_only_an_admin_deletes(api: Api, admin_api: Api) -> None:
    row = api.create("incident")
    path = f"table/incident/{row['sys_id']}"
    assert error_of(api.send("DELETE", path)) == (
        403,
        "Operation Failed",
        "ACL Exception Delete Failed due to security constraints",
    )
    gone = admin_api.send("DELETE", path)
    assert (gone.status_code, gone.content) == (204, b"")
    assert error_of(api.send("GET", path)) == (
        404,
        "No Record found",
        "Record doesn't exist or ACL restricts the record retrieval",
    )


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "message"),
    [
        ("GET", "table/no_such", {}, 400, "Invalid table no_such"),
        ("GET", "nothing/here", {}, 400, "Requested URI does not represent any"),
        ("PATCH", f"table/incident/{'0' * 32}", {"json": {}}, 404, "No Record found"),
        ("POST", "table/incident", {"data": "{"}, 400, "Exception while reading"),
        ("DELETE", "table/incident", {}, 405, "Method Not Allowed"),
        (
            "POST",
            "table/incident",
            {"data": "a", "headers": {"Content-Type": "text/plain"}},
            415,
            "Invalid content-type. Supported request media types",
        ),
        (
            "GET",
            "table/incident",
            {"headers": {"Accept": "image/png"}},
            406,
            "Requested media type",
        ),
        ("GET", "table/sys_choice?name=incident", {}, 403, "Insufficient rights"),
    ],
)
def test_refusals_have_their_status_and_words(
    api: Api,
    method: str,
    path: str,
    options: dict[str, object],
    status: int,
    message: str,
) -> None:
    found, words, _detail = error_of(api.send(method, path, **options))
    assert (found, words[: len(message)]) == (status, message)


def test_a_request_without_a_token_is_refused(instance: Running) -> None:
    answer = requests.get(f"{instance.url}/api/now/table/incident", timeout=10)
    assert error_of(answer) == (
        401,
        "User is not authenticated",
        "Required to provide Auth information",
    )
    assert answer.headers["X-Is-Logged-In"] == "false"


def test_basic_authentication_is_blocked_even_for_an_admin(
    instance: Running, admin_api: Api
) -> None:
    word = instance.store.note("password:admin")
    url = f"{instance.url}/api/now/table/incident"
    answer = requests.get(url, auth=("admin", word), timeout=10)
    wrong = requests.get(url, auth=("admin", "wrong"), timeout=10)
    assert (answer.status_code, answer.text) == (401, wrong.text)
    assert admin_api.list("incident", limit=1) is not None


def test_the_parent_table_shows_both_classes_without_their_own_fields(
    api: Api,
) -> None:
    same = mark()
    api.create("incident", correlation_id=same)
    api.create("change_request", correlation_id=same)
    rows = api.list("task", f"correlation_id={same}")
    assert {row["sys_class_name"] for row in rows} == {"incident", "change_request"}
    assert all("close_code" not in row and "type" not in row for row in rows)
    one = api.list("task", f"correlation_id={same}^sys_class_nameINchange_request")
    assert [row["state"] for row in one] == ["-5"]


def test_choices_of_a_class_are_shown_through_the_parent(api: Api) -> None:
    same = mark()
    api.create("change_request", correlation_id=same)
    [row] = api.list("task", f"correlation_id={same}", display_value="true")
    assert (row["state"], row["sys_class_name"]) == ("New", "Change Request")


def test_only_the_wanted_fields_come_in_their_order(api: Api) -> None:
    row = api.create("incident")
    shown = api.read(row, fields="state,sys_id,nothing,opened_by.user_name")
    assert list(shown) == ["state", "sys_id", "opened_by.user_name"]
    assert shown["opened_by.user_name"] == "m365.integration"


def test_pages_are_linked_and_counted(api: Api) -> None:
    same = mark()
    for _ in range(5):
        api.create("incident", correlation_id=same)
    params = {
        "sysparm_query": f"correlation_id={same}^ORDERBYsys_id",
        "sysparm_limit": "2",
        "sysparm_offset": "2",
    }
    answer = api.send("GET", "table/incident", params=params)
    assert answer.headers["X-Total-Count"] == "5"
    assert set(answer.links) == {"first", "prev", "next", "last"}
    assert "sysparm_offset=4" in answer.links["last"]["url"]
    last = api.send("GET", answer.links["last"]["url"].split("/api/now/")[1])
    assert len(last.json()["result"]) == 1
    params |= {"sysparm_suppress_pagination_header": "True", "sysparm_no_count": "TRUE"}
    bare = api.send("GET", "table/incident", params=params)
    assert not {"Link", "X-Total-Count"} & set(bare.headers)


def test_the_count_is_blind_to_rights(api: Api, nobody_api: Api) -> None:
    same = mark()
    row = api.create("incident", correlation_id=same)
    answer = nobody_api.send(
        "GET", "table/task", params={"sysparm_query": f"correlation_id={same}"}
    )
    assert (answer.status_code, answer.json()["result"]) == (200, [])
    assert answer.headers["X-Total-Count"] == "1"
    hidden = nobody_api.send("GET", f"table/incident/{row['sys_id']}")
    assert hidden.status_code == 404


def test_the_limit_comes_before_the_rights(instance: Running, api: Api) -> None:
    same = mark()
    rows = [api.create("incident", correlation_id=same) for _ in range(3)]
    first = min(row["sys_id"] for row in rows)
    instance.restrictions.rows.add(first)
    query = f"correlation_id={same}^ORDERBYsys_id"
    assert api.list("incident", query, limit=1) == []
    assert len(api.list("incident", query, limit=1, offset=1)) == 1


def test_a_field_without_the_right_is_left_out_and_not_asked_for(
    instance: Running, api: Api
) -> None:
    instance.restrictions.fields.add("incident.due_date")
    row = api.create("incident", due_date="2026-12-01 10:00:00")
    assert "due_date" not in row
    refused = api.send("GET", "table/incident?sysparm_query=due_dateISNOTEMPTY")
    assert error_of(refused)[:2] == (403, "Insufficient rights to query records")
    instance.restrictions.clear()
    assert api.read(row)["due_date"] == ""


def test_an_empty_list_is_not_found_in_version_1_only(api: Api) -> None:
    nothing = {"sysparm_query": f"correlation_id={mark()}"}
    old = api.send("GET", "v1/table/incident", params=nothing)
    new = api.send("GET", "v2/table/incident", params=nothing)
    assert error_of(old)[0] == 404
    assert new.json() == {"result": []}


@pytest.mark.parametrize(
    ("table", "status", "expected"),
    [
        ("sys_properties", 200, []),
        ("sys_dictionary", 200, []),
        ("oauth_entity", 200, []),
        ("sys_db_object", 403, None),
    ],
)
def test_platform_tables_are_closed_to_people_without_roles(
    nobody_api: Api, table: str, status: int, expected: object
) -> None:
    answer = nobody_api.send("GET", f"table/{table}")
    assert (answer.status_code, answer.json().get("result")) == (status, expected)


def test_choices_show_only_labels_to_people_who_are_no_admin(
    api: Api, admin_api: Api
) -> None:
    assert {name for row in api.list("sys_choice", limit=5) for name in row} == {
        "label"
    }
    rows = admin_api.list("sys_choice", "name=change_request^element=state")
    assert {row["value"]: row["label"] for row in rows}["-4"] == "Assess"


def test_a_user_learns_who_it_is(api: Api) -> None:
    query = "user_name=javascript:gs.getUserName()"
    [me] = api.list("sys_user", query, fields="sys_id,user_name,user_password")
    assert (me["user_name"], set(me)) == (
        "m365.integration",
        {"sys_id", "user_name"},
    )
    assert api.list("sys_user", "sys_id=javascript:gs.getUserID()")[0]["name"]


def test_times_show_in_the_zone_of_the_user_and_are_stored_in_utc(api: Api) -> None:
    row = api.create("incident", due_date="2026-12-01 20:00:00")
    shown = api.read(row, display_value="all")["due_date"]
    assert shown == {
        "value": "2026-12-01 20:00:00",
        "display_value": "2026-12-01 12:00:00",
    }


def test_display_values_are_read_when_announced(api: Api) -> None:
    path = "table/incident?sysparm_input_display_value=true"
    wish = {
        "urgency": "1 - High",
        "assignment_group": "Service Desk",
        "due_date": "2026-12-01 12:00:00",
    }
    row = api.send("POST", path, json=wish).json()["result"]
    assert (row["urgency"], row["due_date"]) == ("1", "2026-12-01 20:00:00")
    shown = api.read(row, display_value="true", exclude_reference_link="true")
    assert shown["assignment_group"] == "Service Desk"
