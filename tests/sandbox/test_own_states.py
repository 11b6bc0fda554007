"""A table of the instance may have states of its own."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
import requests

from connector.sandbox.seed import password_of
from connector.sandbox.server import Installation, serve
from tests.sandbox.wire import INTEGRATION_WORD, REDIRECT, Api, Browser, token_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.sandbox.server import Running

OWN = {"table": "incident", "value": "20", "label": "Awaiting security review"}


@pytest.fixture(scope="module")
def customised() -> Iterator[Running]:
    """An instance of its own: the states of the shared one stay as they are."""
    wanted = Installation(password=INTEGRATION_WORD, redirect_url=REDIRECT)
    with serve(wanted) as running:
        assert put(running, OWN).status_code == 200
        yield running


def put(instance: Running, *wishes: object) -> requests.Response:
    url = f"{instance.url}/_sandbox/states"
    return requests.put(url, json=wishes, timeout=10)


def test_an_incident_may_be_in_it(customised: Running) -> None:
    token = token_of(customised, "m365.integration", INTEGRATION_WORD)
    api = Api(customised.url, token)
    row = api.create("incident", correlation_id=uuid.uuid4().hex)
    assert api.update(row, state="20").status_code == 200
    found = api.read(row, display_value="all", fields="state")["state"]
    assert found == {"value": "20", "display_value": OWN["label"]}


def test_the_form_leads_into_it_and_out_again(customised: Running) -> None:
    token = token_of(customised, "m365.integration", INTEGRATION_WORD)
    row = Api(customised.url, token).create("incident", short_description="Odd")
    browser = Browser(customised)
    browser.sign_in("it.agent", password_of(customised.store, "it.agent"))
    path = f"/incident.do?sys_id={row['sys_id']}"
    assert OWN["label"] in browser.get(path).text
    form = {"state": "20", "was.state": "1", "answer": "save"}
    assert browser.post(path, **form).status_code == 302
    assert "In Progress" in browser.get(path).text
    browser.close()


def test_a_state_is_renamed_and_taken_out_of_use(customised: Running) -> None:
    other = {**OWN, "value": "21", "label": "Vendor"}
    assert put(customised, other).json()["incident"]["21"] == "Vendor"
    renamed = put(customised, {**other, "label": "Supplier"}).json()
    assert renamed["incident"]["21"] == "Supplier"
    put(customised, {"table": "incident", "value": "21", "inactive": True})
    row = customised.store.first("sys_choice", name="incident", value="21")
    assert row
    assert (row["label"], row["inactive"]) == ("Supplier", "true")


@pytest.mark.parametrize(
    "wish", [{}, {**OWN, "table": "sys_user"}, {**OWN, "value": "twenty"}]
)
def test_what_is_no_state_is_refused(customised: Running, wish: dict[str, str]) -> None:
    assert put(customised, wish).status_code == 400
