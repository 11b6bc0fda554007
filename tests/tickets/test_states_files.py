"""The settings of states leave as a JSON file and come back, whole or not at all."""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories import ConnectionFactory, TicketFactory
from tickets import state_files, state_forms, state_settings, states
from tickets.choices import Colour, StateCategory
from tickets.models import Kind, StateRevision, TicketState
from tickets.state_settings import Setting

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from django.contrib.auth.models import User
    from django.test import Client

    from connector.models import Connection, Tenant

    SignIn = Callable[[User], Client]

GOOD = {"value": "2", "label": "Ours", "colour": "red", "category": "done"}


@pytest.fixture
def connection(tenant: Tenant) -> Connection:
    connection: Connection = ConnectionFactory(tenant=tenant)
    states.add_defaults(connection)
    return connection


@pytest.fixture
def office(helpdesk: User, client_for: SignIn, connection: Connection) -> Client:
    return client_for(helpdesk)


def _file(*rows: dict[str, Any], **more: Any) -> bytes:
    """Write a file with a state per line; the first one stands in line 5."""
    lines = ",\n".join(json.dumps({"position": None, **row}) for row in rows)
    head = {"version": 1, "kind": "incident", **more}
    begin = f'"version": {json.dumps(head["version"])},\n"kind": "{head["kind"]}",\n'
    return f'{{\n{begin}"states": [\n{lines}\n]}}'.encode()


def _upload(office: Client, content: bytes, kind: str = "incident") -> Any:
    file = SimpleUploadedFile("states.json", content)
    return office.post(f"/tickets/states/{kind}/file/", {"file": file})


def _fields(page: str) -> dict[str, str]:
    """Return what the preview's form would send."""
    found = {}
    for part in page.split('<input type="hidden" name="')[1:]:
        name, _quote, rest = part.partition('" value="')
        found[name] = html.unescape(rest.partition('"')[0])
    return found


@pytest.mark.parametrize("kind", Kind.values)
def test_a_file_lists_the_states_in_their_order(
    office: Client, connection: Connection, kind: str
) -> None:
    last = TicketState.objects.of(connection, kind).last()
    assert last
    TicketState.objects.filter(pk=last.pk).update(position=0, label="Über „alles“")

    answer = office.get(f"/tickets/states/{kind}/export/")

    assert f'"ticket-states-{kind}.json"' in answer["Content-Disposition"]
    found = json.loads(answer.content)
    assert (found["version"], found["kind"]) == (1, kind)
    assert found["states"][0] == {
        "value": last.value,
        "label": "Über „alles“",
        "colour": "neutral",
        "category": "cancelled",
        "position": 0,
    }
    assert len(found["states"]) == TicketState.objects.of(connection, kind).count()
    assert answer.content.count(b"\n") == len(found["states"]) + 6


SETTINGS = st.builds(
    Setting,
    label=st.text(
        st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=100
    ).map(str.strip),
    colour=st.sampled_from(Colour.values),
    category=st.sampled_from(["", *StateCategory.values]),
    position=st.none() | st.integers(0, 32_767),
)


@settings(max_examples=60, deadline=None)
@given(decided=st.lists(SETTINGS, min_size=1, max_size=8))
def test_what_was_exported_comes_back_as_it_was(decided: list[Setting]) -> None:
    rows = [
        TicketState(
            pk=number, value=str(number), default_label=f"State {number}", **vars(one)
        )
        for number, one in enumerate(decided)
    ]
    text = state_files.export("incident", rows)

    entries = state_files.parse(text.encode(), "incident")
    data = state_forms.data_of_file(rows, entries, 0)
    form = state_forms.StatesForm(data, states=rows)

    assert form.is_valid(), form.errors
    assert form.settings == state_settings.settings_of(rows)
    assert state_files.export("incident", rows) == text


def test_a_file_is_previewed_and_then_saved(
    office: Client, connection: Connection
) -> None:
    for number in range(12):
        TicketFactory(
            connection=connection,
            kind="incident",
            remote_state="2",
            number=f"INC{number}",
        )

    page = html.unescape(_upload(office, _file(GOOD)).content.decode())

    assert "12 tickets will change from “In Progress” to “Ours”" in page
    assert "12 tickets in “Ours” will be shown in Red instead of Teal" in page
    assert "12 tickets in “Ours” will count as “Done”, not as “In progress”" in page
    assert not StateRevision.objects.exists()
    sent = _fields(page) | {"action": "save"}
    office.post("/tickets/states/incident/", sent)
    state = TicketState.objects.get(kind="incident", value="2")
    assert (str(state), state.colour, state.category) == ("Ours", "red", "done")
    assert StateRevision.objects.get().source == "json"
    untouched = TicketState.objects.get(kind="incident", value="1")
    assert (untouched.colour, untouched.category) == ("blue", "open")


def test_an_export_imported_again_changes_nothing(office: Client) -> None:
    content = office.get("/tickets/states/incident/export/").content

    answer = _upload(office, content)

    assert answer.status_code == 302
    assert b"Nothing is different" in office.get(answer["Location"]).content


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "The file is empty."),
        (b"[]", "Line 1: The file must be one object in braces."),
        (b"{\n\n!}", "Line 3: This is not JSON"),
        (b'{\n"version": 1,\n"version": 1}', "the same name twice"),
        (b"\n\xff", "Line 2: This is not UTF-8 text."),
        (b"[" * 50_000, "Line 1: This is not JSON that can be read."),
        (b"9" * 5_000, "Line 1: This is not JSON that can be read."),
        (b'{"version": NaN}', "Line 1: This is not JSON that can be read."),
        (b" " * 70_000, "Line 1: The file is larger than 64 KB."),
        (b"{}", "Line 1: “kind” is missing."),
        (_file(version=2), "“version” must be 1."),
        (_file(version=True), "“version” must be 1."),
        (_file(GOOD, kind="change_request"), "“kind” must be “incident”"),
        (_file(GOOD | {"label": None}), "Line 5: “label” must be text"),
        (_file(GOOD | {"value": 2}), "Line 5: “value” must be ServiceNow's code"),
        (_file(GOOD | {"position": 1.5}), "Line 5: “position” must be a whole number"),
        (_file(GOOD | {"extra": 1}), "Line 5: “extra” is not known here."),
        (_file({"value": "1"}, GOOD), "Line 5: “label” is missing."),
        (_file(GOOD, GOOD), "Line 6: The state “2” is there twice."),
        (_file(GOOD, GOOD | {"value": "77"}), "Line 6: the state “77” is not known"),
        (_file(GOOD | {"colour": "pink"}), "Line 5: “colour”: Select a valid choice."),
        (_file(GOOD | {"category": "x"}), "Line 5: “category”: Select a valid choice."),
        (_file(GOOD | {"position": -1}), "Line 5: “position”: Ensure this value"),
        (_file(GOOD | {"position": 10**9}), "Line 5: “position”: Ensure this value"),
        (_file(GOOD | {"label": "x" * 101}), "Line 5: “label”: Ensure this value has"),
        (_file(GOOD | {"label": "two\nlines"}), "Line 5: “label”: Write one line"),
        (_file(GOOD | {"label": "\ud800"}), "Line 5: “label”: Write one line"),
        (_file(GOOD | {"label": "\x00"}), "Line 5: “label”:"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_the_line(
    office: Client, content: bytes, problem: str
) -> None:
    answer = _upload(office, content)

    assert answer.status_code == 422
    assert problem in html.unescape(answer.content.decode())
    assert not StateRevision.objects.exists()
    assert not TicketState.objects.exclude(label="").exists()


def test_all_wrong_lines_are_named_at_once_but_not_thousands(office: Client) -> None:
    wrong = [GOOD | {"value": str(n), "label": None} for n in range(300)]

    text = html.unescape(_upload(office, _file(*wrong)).content.decode())

    assert "Line 5: “label”" in text
    assert "Line 24: “label”" in text
    assert "Line 25: “label”" not in text


def test_a_file_must_be_chosen(office: Client) -> None:
    answer = office.post("/tickets/states/incident/file/")

    assert answer.status_code == 422
    assert b"Choose a file of 64 KB at most." in answer.content


def test_a_huge_file_is_written_nowhere(office: Client, tmp_path: Path) -> None:
    # Nothing can be written there.
    with override_settings(FILE_UPLOAD_TEMP_DIR=str(tmp_path / "none")):
        answer = _upload(office, b" " * 3_000_000)

    assert answer.status_code == 422
    assert b"64 KB" in answer.content


def test_no_such_kind(office: Client) -> None:
    for path in ("", "export/"):
        assert office.get(f"/tickets/states/problem/{path}").status_code == 404
    assert _upload(office, _file(GOOD), "problem").status_code == 404
