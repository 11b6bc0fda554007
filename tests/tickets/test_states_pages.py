"""Changing the states of a kind: typed, previewed, saved, undone, and by two at once."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

import pytest

from connector.models import AuditEvent
from portal import audit_sentences
from tests.factories import (
    ConnectionFactory,
    DeliveryFactory,
    StateRevisionFactory,
    TicketFactory,
    TicketStateFactory,
)
from tickets import states
from tickets.models import Kind, StateRevision, Ticket, TicketState

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.test import Client
    from pytest_django import DjangoAssertNumQueries

    from connector.models import Connection, Tenant

    SignIn = Callable[[User], Client]

CHANGES = "/tickets/states/change_request/"


@pytest.fixture
def connection(tenant: Tenant) -> Connection:
    connection: Connection = ConnectionFactory(tenant=tenant)
    states.add_defaults(connection)
    return connection


@pytest.fixture
def office(helpdesk: User, client_for: SignIn, connection: Connection) -> Client:
    return client_for(helpdesk)


def _state(value: str, kind: str = Kind.CHANGE_REQUEST, **more: Any) -> TicketState:
    state: TicketState = TicketState.objects.get(value=value, kind=kind, **more)
    return state


def _tickets(connection: Connection, number: int, **values: Any) -> None:
    for _ in range(number):
        ticket = TicketFactory(connection=connection, delivered=True, **values)
        DeliveryFactory(ticket=ticket, status="delivered")


def _newest(kind: str = Kind.CHANGE_REQUEST) -> int:
    newest = StateRevision.objects.filter(kind=kind).first()
    return newest.pk if newest else 0


def _form(action: str = "save", /, **fields: dict[str, Any]) -> dict[str, Any]:
    """Return what the form sends: `label={"-4": "Ours"}` by the code of a change."""
    typed = {
        f"{name}-{_state(value).pk}": text
        for name, values in fields.items()
        for value, text in values.items()
    }
    return {"action": action, "revision": _newest(), **typed}


def _text(answer: Any) -> str:
    return html.unescape(answer.content.decode())


def _hidden(page: str) -> dict[str, str]:
    """Return what the preview's form would send."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page)
    return {name: html.unescape(value) for name, value in found}


def _order(connection: Connection) -> list[str]:
    return [str(s) for s in TicketState.objects.of(connection, Kind.CHANGE_REQUEST)]


def test_a_change_is_previewed_with_the_tickets_it_touches(
    office: Client, connection: Connection
) -> None:
    _tickets(connection, 12, remote_state="-5")
    _tickets(connection, 1, remote_state="-4")
    typed = {
        "label": {"-5": "Waiting for us", "-4": "Looked at"},
        "category": {"-4": "in_progress"},
        "colour": {"-3": "red"},
    }

    page = _text(office.post(CHANGES, _form("preview", **typed)))

    assert "12 tickets will change from “New” to “Waiting for us”" in page
    assert "1 ticket will change from “Assess” to “Looked at”" in page
    assert "1 ticket in “Looked at” will count as “In progress”, not as “Open”" in page
    assert "0 tickets in “Authorize” will be shown in Red instead of Blue" in page
    assert "13 tickets will look or count differently." in page
    assert not StateRevision.objects.exists()
    office.post(CHANGES, {**_hidden(page), "action": "save"})
    assert _state("-5").label == "Waiting for us"
    assert _state("-4").category == "in_progress"
    assert _state("-3").colour == "red"


def test_a_renamed_state_shows_everywhere_at_once(
    office: Client, connection: Connection, operator: User, client_for: SignIn
) -> None:
    _tickets(connection, 1, remote_state="-4")
    ticket = Ticket.objects.get()
    ticket.events.create(action="changed", field="state", old="-5", new="-4")

    answer = office.post(CHANGES, _form(label={"-4": "Under review"}))

    assert answer.status_code == 302
    browser = client_for(operator)
    for url in ("/", "/tickets/", ticket.get_absolute_url()):
        assert "Under review" in _text(browser.get(url))
    history = _text(browser.get(ticket.get_absolute_url()))
    assert "Status changed from New to Under review" in history
    filtered = _text(browser.get("/tickets/?state=change_request:-4"))
    assert "Status: Under review" in filtered


@pytest.mark.parametrize("label", ["", "   ", "Assess"])
def test_without_a_name_of_its_own_a_state_has_servicenows(
    office: Client, connection: Connection, label: str
) -> None:
    office.post(CHANGES, _form(label={"-4": "Ours"}))

    office.post(CHANGES, _form(label={"-4": label}))

    state = _state("-4")
    assert (state.label, str(state)) == ("", "Assess")


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("label", "two\nlines"),
        ("label", "x" * 101),
        ("colour", "pink"),
        ("category", "finished"),
        ("position", "-1"),
        ("position", "first"),
    ],
)
def test_what_cannot_be_used_is_refused_and_nothing_typed_is_lost(
    office: Client, connection: Connection, field: str, text: str
) -> None:
    typed = {"label": {"-5": "Typed"}} | {field: {"-4": text}}
    if field == "label":
        typed["label"] = {"-5": "Typed", "-4": text}

    answer = office.post(CHANGES, _form(**typed))

    assert answer.status_code == 422
    page = _text(answer)
    assert "There is a problem" in page
    assert 'value="Typed"' in page
    assert not StateRevision.objects.exists()


def test_the_revision_and_the_audit_trail_say_who_changed_what(
    office: Client, connection: Connection, helpdesk: User
) -> None:
    office.post(CHANGES, _form(label={"-4": "Ours"}, colour={"-4": "red"}))

    revision = StateRevision.objects.get()
    assert (revision.actor, revision.actor_name) == (helpdesk, "helpdesk.admin")
    assert (revision.source, revision.kind) == ("edit", "change_request")
    changed = {
        "value": "-4",
        "label": "Ours",
        "colour": "red",
        "category": "open",
        "position": None,
    }
    assert changed in revision.after
    assert changed not in revision.before
    event = AuditEvent.objects.get(action="ticketstate.changed")
    assert event.facts == {
        "kind": "change_request",
        "source": "edit",
        "changes": ["Assess (-4): label - → Ours", "Assess (-4): colour blue → red"],
    }
    sentence = audit_sentences.row(event).sentence
    assert sentence == (
        f"helpdesk.admin changed how the ticket states of {connection.host} are shown"
    )


def test_nothing_different_writes_nothing(
    office: Client, connection: Connection
) -> None:
    for action in ("preview", "save"):
        answer = office.post(CHANGES, _form(action, label={"-4": ""}), follow=True)
        assert "Noth" in _text(answer)
    assert not StateRevision.objects.exists()
    assert not AuditEvent.objects.filter(action__startswith="ticketstate").exists()


def test_states_are_moved_without_being_saved(
    office: Client, connection: Connection
) -> None:
    new, assess = _state("-5"), _state("-4")
    form = _form("", label={"-4": "Typed"})

    page = _text(office.post(CHANGES, {**form, "move": f"down-{new.pk}"}))

    assert "Not saved yet." in page
    assert 'value="Typed"' in page
    assert page.index(f'id="up-{assess.pk}"') < page.index(f'id="up-{new.pk}"')
    assert _order(connection)[:2] == ["New", "Assess"]


def _positions(page: str) -> dict[str, str]:
    found = re.findall(r'name="(position-\d+)"(?: value="(\d+)")?', page)
    return dict(found)


def test_an_order_is_saved_and_goes_back_to_servicenows(
    office: Client, connection: Connection
) -> None:
    last = _state("4")
    page = _text(office.post(CHANGES, {"revision": 0, "move": f"up-{last.pk}"}))
    moved = _positions(page)
    preview = _text(office.post(CHANGES, _form("preview") | moved))
    assert "New order" in preview

    office.post(CHANGES, _form() | moved)

    assert _order(connection)[-2:] == ["Canceled", "Closed"]
    typed = {"move": f"down-{last.pk}", "revision": _newest()}
    back = _positions(_text(office.post(CHANGES, typed)))
    assert set(back.values()) == {""}
    office.post(CHANGES, _form() | back)
    assert _order(connection)[-2:] == ["Closed", "Canceled"]
    assert _state("4").position is None


def test_a_state_at_the_end_stays_there(office: Client, connection: Connection) -> None:
    first = _state("-5")
    for wish in (f"up-{first.pk}", "up-999999", "up", "nonsense"):
        answer = office.post(CHANGES, {"revision": 0, "move": wish})
        assert answer.status_code == 200
        page = _text(answer)
        ids = re.findall(r'id="up-(\d+)"', page)
        assert ids[0] == str(first.pk)


def test_htmx_gets_the_one_table(office: Client, connection: Connection) -> None:
    headers = {"HX-Request": "true", "HX-Target": "states-change_request"}
    wish = {"revision": 0, "move": f"down-{_state('-5').pk}"}

    answer = office.post(CHANGES, wish, headers=headers)

    assert b"<html" not in answer.content
    assert b'id="states-change_request"' in answer.content
    assert b'id="states-incident"' not in answer.content
    assert b"csrfmiddlewaretoken" in answer.content


def test_the_preview_leads_back_to_what_was_typed(
    office: Client, connection: Connection
) -> None:
    page = _text(office.post(CHANGES, _form("preview", label={"-4": "Typed"})))

    answer = office.post(CHANGES, {**_hidden(page), "action": "edit"})

    assert answer.status_code == 200
    assert 'value="Typed"' in _text(answer)
    assert not StateRevision.objects.exists()


def test_the_last_change_is_undone_and_redone(
    office: Client, connection: Connection
) -> None:
    office.post(CHANGES, _form(label={"-4": "Ours"}))

    for label in ("", "Ours"):
        undo = f"/tickets/states/undo/{_newest()}/"
        answer = office.post(undo, {"revision": _newest()}, follow=True)
        assert "Undone." in _text(answer)
        assert _state("-4").label == label

    sources = StateRevision.objects.values_list("source", flat=True)
    assert list(sources) == ["undo", "undo", "edit"]
    assert AuditEvent.objects.filter(action="ticketstate.undone").count() == 2


def test_an_import_that_decided_nothing_is_not_in_the_way_of_undo(
    office: Client, connection: Connection
) -> None:
    office.post(CHANGES, _form(label={"-4": "Ours"}))
    edited = StateRevision.objects.get()
    StateRevisionFactory(
        connection=connection, source="import", before=edited.after, after=edited.after
    )

    page = _text(office.get("/tickets/states/"))

    assert f'action="/tickets/states/undo/{edited.pk}/"' in page
    undo = f"/tickets/states/undo/{edited.pk}/"
    office.post(undo, {"revision": _newest()})
    assert _state("-4").label == ""


def test_one_can_go_back_further(office: Client, connection: Connection) -> None:
    office.post(CHANGES, _form(label={"-4": "First"}))
    first = _newest()
    office.post(CHANGES, _form(label={"-4": "Second"}, colour={"-3": "red"}))
    page = _text(office.get("/tickets/states/"))
    assert "“Assess”: name “First” → “Second”" in page
    assert page.count("Go back to before this change") == 1

    office.post(f"/tickets/states/undo/{first}/", {"revision": _newest()})

    assert (_state("-4").label, _state("-3").colour) == ("", "blue")


def test_a_state_that_came_later_stays_when_a_change_is_undone(
    office: Client, connection: Connection
) -> None:
    office.post(CHANGES, _form(label={"-4": "Ours"}))
    TicketStateFactory(connection=connection, value="20", category="done")

    office.post(f"/tickets/states/undo/{_newest()}/", {"revision": _newest()})

    assert _state("-4").label == ""
    assert _state("20").category == "done"


def test_nothing_is_undone_if_somebody_was_faster(
    office: Client, connection: Connection
) -> None:
    office.post(CHANGES, _form(label={"-4": "First"}))
    seen = _newest()
    office.post(CHANGES, _form(label={"-4": "Second"}))

    for old in (str(seen), "", "x", "9" * 5000):
        answer = office.post(
            f"/tickets/states/undo/{seen}/", {"revision": old}, follow=True
        )
        assert "nothing was undone" in _text(answer)

    assert _state("-4").label == "Second"


def _open_form(office: Client) -> dict[str, str]:
    """Return what the page's form holds when nothing is typed."""
    fields = {
        f"{name}-{state.pk}": getattr(state, name)
        for state in TicketState.objects.filter(kind=Kind.CHANGE_REQUEST)
        for name in ("label", "colour", "category")
    }
    return {**fields, "revision": str(_newest())}


@pytest.mark.parametrize("action", ["preview", "save"])
def test_two_people_at_once_overwrite_nothing(
    office: Client,
    connection: Connection,
    admin: User,
    client_for: SignIn,
    action: str,
) -> None:
    mine = _open_form(office)
    client_for(admin).post(
        CHANGES, _form(label={"-4": "Theirs"}, colour={"-5": "purple"})
    )
    mine[f"label-{_state('-3').pk}"] = "Mine"

    answer = office.post(CHANGES, {**mine, "action": action})

    page = _text(answer)
    assert answer.status_code == 409
    assert "security.admin changed these states while you had them open" in page
    assert "“Assess”: name “Assess” → “Theirs”" in page
    assert "“New”: colour Blue → Purple" in page
    assert 'value="Mine"' in page
    assert _state("-3").label == ""
    # What was not typed follows the others; what was typed is previewed alone.
    kept = _fields_of(page)
    preview = _text(office.post(CHANGES, {**kept, "action": "preview"}))
    assert "to “Mine”" in preview
    assert "“Theirs”" not in preview
    office.post(CHANGES, {**_hidden(preview), "action": "save"})
    labels = {s.value: s.label for s in TicketState.objects.exclude(label="")}
    assert labels == {"-4": "Theirs", "-3": "Mine"}
    assert _state("-5").colour == "purple"


def _fields_of(page: str) -> dict[str, str]:
    """Return the fields of the table of changes as a browser would send them."""
    [table] = re.findall(
        r'<section[^>]*id="states-change_request".*?</form>', page, re.S
    )
    inputs = re.findall(r'<input[^>]*name="([\w-]+)"(?: value="([^"]*)")?', table)
    selects = re.findall(r'<select name="([\w-]+)".*?</select>', table, re.S)
    chosen = {
        name: re.findall(rf'name="{name}".*?value="(\w*)" selected', table, re.S)[0]
        for name in selects
    }
    return {**dict(inputs), **chosen}


def test_what_both_changed_stays_as_typed_and_is_named(
    office: Client, connection: Connection, admin: User, client_for: SignIn
) -> None:
    mine = _open_form(office)
    client_for(admin).post(CHANGES, _form(label={"-4": "Theirs"}))
    mine[f"label-{_state('-4').pk}"] = "Mine"

    page = _text(office.post(CHANGES, {**mine, "action": "save"}))

    assert "“Assess”: name “Assess” → “Theirs”" in page
    assert 'value="Mine"' in page
    preview = _text(office.post(CHANGES, {**_fields_of(page), "action": "preview"}))
    assert "from “Theirs” to “Mine”" in preview


def test_a_change_nobody_knows_is_stale(office: Client, connection: Connection) -> None:
    foreign = StateRevisionFactory()
    form = _form("save", label={"-4": "Mine"}) | {"revision": foreign.pk}

    answer = office.post(CHANGES, form)

    assert answer.status_code == 409
    assert 'value="Mine"' in _text(answer)
    assert _state("-4", connection=connection).label == ""


def test_the_inbox_proposes_and_maps_new_states(
    office: Client, connection: Connection
) -> None:
    for value, label in (("20", "Awaiting security review"), ("21", "Zebra")):
        TicketStateFactory(
            connection=connection, value=value, category="", default_label=label
        )
    _tickets(connection, 3, remote_state="20")
    review, zebra = _state("20"), _state("21")

    page = _text(office.get("/tickets/states/"))

    assert "2 new states" in page
    inbox = page[page.index('id="inbox"') : page.index('id="states-change_request"')]
    assert 'value="in_progress" selected' in inbox
    assert inbox.count('value="" selected') == 1
    form = _form("preview", category={"20": "in_progress", "21": ""})
    preview = _text(office.post(CHANGES, form))
    assert (
        "3 tickets in “Awaiting security review” will count as “In progress”" in preview
    )
    assert "will be shown in Teal instead of Neutral" in preview
    assert "Zebra" not in preview
    office.post(CHANGES, {**_hidden(preview), "action": "save"})
    review.refresh_from_db()
    zebra.refresh_from_db()
    assert (review.category, review.colour) == ("in_progress", "teal")
    assert (zebra.category, zebra.is_new) == ("", True)
    assert "1 new state" in _text(office.get("/tickets/states/"))


def test_a_chosen_colour_is_not_replaced_by_mapping(
    office: Client, connection: Connection
) -> None:
    TicketStateFactory(connection=connection, value="20", category="", colour="red")

    office.post(CHANGES, _form(category={"20": "done"}))

    assert _state("20").colour == "red"


def test_a_state_that_came_while_the_form_lay_open_is_left_alone(
    office: Client, connection: Connection
) -> None:
    form = _open_form(office)
    TicketStateFactory(connection=connection, value="20", category="", label="Kept")
    form[f"label-{_state('-4').pk}"] = "x" * 101

    assert office.post(CHANGES, {**form, "action": "preview"}).status_code == 422
    form[f"label-{_state('-4').pk}"] = "Ours"
    office.post(CHANGES, {**form, "action": "save"})

    assert (_state("-4").label, _state("20").label) == ("Ours", "Kept")


def test_each_instance_has_states_of_its_own(
    office: Client, connection: Connection
) -> None:
    test = ConnectionFactory(tenant=connection.tenant, is_default=False, name="Test")
    states.add_defaults(test)
    TicketStateFactory(connection=test, value="20", category="")
    there = _state("-4", connection=test)
    form = {"connection": test.pk, "revision": 0, f"label-{there.pk}": "Over there"}

    answer = office.post(CHANGES, {**form, "action": "save"}, follow=True)

    page = _text(answer)
    assert f'value="{test.pk}" selected>Test (1 new)</option>' in page
    assert 'value="Over there"' in page
    assert 'value="Over there"' not in _text(office.get("/tickets/states/"))
    assert _state("-4", connection=connection).label == ""


def test_fields_of_another_instances_states_do_nothing(
    office: Client, connection: Connection
) -> None:
    theirs = TicketStateFactory(value="-4", kind=Kind.CHANGE_REQUEST)
    form = {"revision": 0, f"label-{theirs.pk}": "Stolen", "action": "save"}

    office.post(CHANGES, form)

    theirs.refresh_from_db()
    assert theirs.label == ""


def test_another_organisation_neither_sees_nor_undoes(
    connection: Connection,
    office: Client,
    outsider: User,
    other_tenant: Tenant,
    client_for: SignIn,
) -> None:
    office.post(CHANGES, _form(label={"-4": "Ours"}))
    states.add_defaults(ConnectionFactory(tenant=other_tenant))
    stranger = client_for(outsider)

    undo = f"/tickets/states/undo/{_newest()}/"
    assert stranger.post(undo, {"revision": _newest()}).status_code == 404
    query = f"?connection={connection.pk}"
    for url in ("", "import/status/", "change_request/export/"):
        assert stranger.get(f"/tickets/states/{url}{query}").status_code == 404
    assert stranger.post(f"{CHANGES}{query}").status_code == 404
    assert "Ours" not in _text(stranger.get("/tickets/states/"))
    assert _state("-4", connection=connection).label == "Ours"


def test_a_removed_connections_changes_cannot_be_undone(
    office: Client, connection: Connection
) -> None:
    office.post(CHANGES, _form(label={"-4": "Ours"}))
    type(connection).objects.update(status="removed", removed_at="2026-01-01T00:00Z")

    undo = f"/tickets/states/undo/{_newest()}/"
    assert office.post(undo, {"revision": _newest()}).status_code == 404
    assert "ServiceNow is not connected" in _text(office.get("/tickets/states/"))


def test_what_was_typed_survives_the_end_of_the_session(
    connection: Connection, helpdesk: User, client_for: SignIn
) -> None:
    test = ConnectionFactory(tenant=connection.tenant, is_default=False)
    states.add_defaults(test)
    client = client_for(helpdesk)
    page = _text(client.get(f"/tickets/states/?connection={test.pk}"))
    owner = re.findall(r'name="opened_by" value="([^"]+)"', page)[0]
    address = re.findall(rf'action="({CHANGES}[^"]*)"', page)[0]
    client.logout()
    field = f"label-{_state('-4', connection=test).pk}"
    typed = {"revision": 0, field: "Typed before", "opened_by": owner}

    client.post(address, {**typed, "action": "save"})

    client.force_login(helpdesk)
    back = client.get(address)
    assert 'value="Typed before"' in _text(back)
    assert not StateRevision.objects.exists()


def test_the_page_asks_the_database_little(
    office: Client,
    connection: Connection,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(15):
        _tickets(connection, 1, remote_state=str(number))
        office.post(CHANGES, _form(label={"-4": f"Ours {number}"}))
    office.get("/tickets/states/")

    with django_assert_max_num_queries(14):
        office.get("/tickets/states/")
