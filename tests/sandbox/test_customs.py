"""An instance that was customised: columns, policies, choices, groups, templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from connector.sandbox.seed import password_of
from connector.sandbox.server import Installation, serve
from tests.sandbox.wire import INTEGRATION_WORD, REDIRECT, Api, error_of, token_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connector.sandbox.server import Running

CUSTOMS = {
    "columns": {
        "incident": ["u_source string:10! Security source"],
        "task": ["u_owner ref:sys_user Risk owner"],
    },
    "mandatory": {"incident": ["u_source"]},
    "choices": [
        {"name": "incident", "element": "category", "value": "sec", "label": "Security"}
    ],
    "groups": [{"name": "Cyber Defence"}],
    "templates": [{"name": "Rotate keys"}, {"name": "Rotate keys"}],
}


@pytest.fixture
def fresh() -> Iterator[Running]:
    """An instance of its own: what is customised stays."""
    wanted = Installation(password=INTEGRATION_WORD, redirect_url=REDIRECT)
    with serve(wanted) as running:
        yield running


def _customise(instance: Running, wish: Any) -> requests.Response:
    return requests.post(f"{instance.url}/_sandbox/customs", json=wish, timeout=10)


def _api(instance: Running, name: str = "m365.integration") -> Api:
    word = INTEGRATION_WORD
    if name != "m365.integration":
        word = password_of(instance.store, name)
    return Api(instance.url, token_of(instance, name, word))


def test_an_added_column_is_written_read_and_cut_to_its_length(fresh: Running) -> None:
    assert _customise(fresh, CUSTOMS).status_code == 200
    api = _api(fresh)

    row = api.create("incident", u_source="123456789012", u_owner="abc")

    assert (row["u_source"], api.read(row)["u_owner"]["value"]) == ("1234567890", "abc")
    [found] = api.list("incident", "u_source=1234567890", fields="sys_id")
    assert found["sys_id"] == row["sys_id"]
    [parent] = api.list("task", f"sys_id={row['sys_id']}")
    assert "u_owner" in parent
    assert "u_source" not in parent


def test_a_data_policy_demands_its_column_by_label(fresh: Running) -> None:
    _customise(fresh, CUSTOMS)
    api = _api(fresh)

    refused = api.send("POST", "table/incident", json={"short_description": "x"})

    words = "Data Policy Exception: The following fields are mandatory: Security source"
    assert error_of(refused) == (403, "Operation Failed", words)
    row = api.create("incident", u_source="portal")
    assert api.update(row, u_source="").status_code == 403
    assert api.create("change_request")["number"]


def test_the_dictionary_lists_a_column_once_where_it_was_defined(
    fresh: Running,
) -> None:
    _customise(fresh, CUSTOMS)
    admin = _api(fresh, "admin")

    [source] = admin.list("sys_dictionary", "name=incident^element=u_source")
    assert (source["internal_type"], source["mandatory"]) == ("string", "true")
    [owner] = admin.list("sys_dictionary", "element=u_owner")
    assert (owner["name"], owner["reference"]) == ("task", "sys_user")
    assert not admin.list("sys_dictionary", "name=incident^element=due_date")
    [due] = admin.list("sys_dictionary", "name=task^element=due_date")
    assert due["internal_type"] == "due_date"


def test_groups_choices_and_versions_of_templates_are_rows(fresh: Running) -> None:
    _customise(fresh, CUSTOMS)
    api = _api(fresh)

    assert api.list("sys_user_group", "name=Cyber Defence")[0]["active"] == "true"
    row = api.create("incident", u_source="x", category="sec")
    assert api.read(row, display_value="true")["category"] == "Security"
    versions = api.list(
        "std_change_producer_version", "std_change_producer.name=Rotate keys"
    )
    assert sorted(one["version"] for one in versions) == ["1", "2"]


@pytest.mark.parametrize(
    "wish",
    [
        {"colums": {}},
        {"columns": {"nothing": ["u_a string A"]}},
        {"columns": {"incident": ["no line"]}},
        {"columns": {"incident": ["state code State"]}},
        {"mandatory": {"incident": ["u_none"]}},
    ],
)
def test_a_wish_that_cannot_be_read_is_refused(fresh: Running, wish: Any) -> None:
    answer = _customise(fresh, wish)

    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_restart_keeps_the_columns_and_a_reset_takes_them_away(
    tmp_path: Path,
) -> None:
    data = str(tmp_path / "data.sqlite3")
    wanted = Installation(password=INTEGRATION_WORD, redirect_url=REDIRECT)
    with serve(wanted, data=data) as running:
        _customise(running, CUSTOMS)
    with serve(wanted, data=data) as running:
        assert "u_source" in _api(running).create("incident", u_source="x")
        running.app.control.reset()
        assert "u_source" not in _api(running).create("incident", u_source="x")
