"""The Change Management API, approvals, and the knowledge interface."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
import requests

from connector.sandbox.seed import password_of
from connector.sandbox.server import serve
from tests.sandbox.wire import Api, token_of

if TYPE_CHECKING:
    from pathlib import Path

    from connector.sandbox.server import Running


@pytest.fixture
def rest(api: Api) -> Any:
    def call(method: str, path: str, who: Api = api, **body: Any) -> Any:
        return requests.request(
            method,
            f"{who.url}/api/{path}",
            json=body or None,
            headers={"Authorization": f"Bearer {who.token}"},
            timeout=10,
        )

    return call


@pytest.fixture
def megan(instance: Running) -> Api:
    """The one member of the board."""
    word = password_of(instance.store, "megan.bowen")
    return Api(instance.url, token_of(instance, "megan.bowen", word))


def test_changes_of_one_type_are_listed(rest: Any) -> None:
    rest("POST", "sn_chg_rest/change/standard")
    query = "sysparm_query=active=true"
    found = rest("GET", f"sn_chg_rest/change/standard?{query}").json()["result"]
    assert {row["type"]["value"] for row in found} == {"standard"}


def test_approvals_move_a_change(rest: Any, api: Api, megan: Api) -> None:
    row = api.create("change_request", type="emergency")
    api.update(row, state="-3")
    path = f"sn_chg_rest/change/{row['sys_id']}"
    [asked] = api.list(
        "sysapproval_approver", f"sysapproval={row['sys_id']}", display_value="true"
    )
    assert asked["approver"]["display_value"] == "Megan Bowen"
    assert rest("PATCH", f"{path}/approvals", state="approved").status_code == 400
    assert rest("PATCH", f"{path}/approvals", megan, state="x").status_code == 400
    answer = rest("PATCH", f"{path}/approvals", megan, state="approved", comments="ok")
    assert answer.json()["result"]["state"]["value"] == "-2"
    again = rest("PATCH", f"{path}/approvals", megan, state="rejected")
    assert again.status_code == 400


def test_the_members_of_the_group_are_asked_first(api: Api) -> None:
    [desk] = api.list("sys_user_group", "name=Identity and Access")
    row = api.create("change_request", assignment_group=desk["sys_id"])
    api.update(row, state="-4")
    query = f"sysapproval={row['sys_id']}"
    [asked] = api.list("sysapproval_approver", f"{query}^state=requested")
    api.send(
        "PATCH",
        f"table/sysapproval_approver/{asked['sys_id']}",
        json={"state": "approved"},
    )
    assert api.read(row)["state"] == "-3"
    states = api.list("sysapproval_approver", f"{query}^ORDERBYstate")
    assert [one["state"] for one in states] == ["approved", "requested"]
    api.update(row, on_hold="true", on_hold_reason="Wait")
    states = api.list("sysapproval_approver", f"{query}^ORDERBYstate")
    assert [one["state"] for one in states] == ["approved", "not_required"]


def test_a_change_has_tasks(rest: Any, api: Api) -> None:
    row = api.create("change_request")
    path = f"sn_chg_rest/change/{row['sys_id']}/task"
    made = rest("POST", path, short_description="Prepare").json()["result"]
    assert made["number"]["value"].startswith("CTASK")
    found = rest("GET", path).json()["result"]
    assert [one["short_description"]["value"] for one in found] == ["Prepare"]
    by_number = api.send("GET", f"table/change_task?change_request={row['number']}")
    assert len(by_number.json()["result"]) == 1


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", "change", 405),
        ("GET", "change/" + "0" * 32, 404),
        ("GET", "change/" + "0" * 32 + "/nonsense", 405),
        ("DELETE", "change/{id}", 403),
    ],
)
def test_what_does_not_fit_is_refused(
    rest: Any, api: Api, method: str, path: str, status: int
) -> None:
    row = api.create("change_request")
    answer = rest(method, f"sn_chg_rest/{path.format(id=row['sys_id'])}")
    assert answer.status_code == status
    assert answer.json()["status"] == "failure"


def test_nobody_reads_changes_without_a_role(rest: Any, nobody_api: Api) -> None:
    assert rest("GET", "sn_chg_rest/change", nobody_api).status_code == 403


def test_an_article_is_read_by_number_or_id(rest: Any) -> None:
    path = "sn_km_api/knowledge/articles"
    one = rest("GET", f"{path}/KB0000101").json()["result"]
    assert "security info" in one["content"]
    assert rest("GET", f"{path}/{one['sys_id']}").json()["result"] == one
    assert rest("GET", f"{path}/KB0000103").status_code == 404


def test_an_older_file_gets_the_new_columns(tmp_path: Path) -> None:
    data = tmp_path / "data.sqlite3"
    serve(data=str(data)).close()
    with sqlite3.connect(data) as database:
        database.execute("ALTER TABLE task DROP COLUMN cause_notes")
    database.close()
    with serve(data=str(data)) as running:
        assert running.store.execute("SELECT cause_notes FROM task LIMIT 1")
