"""The states an instance really uses arrive, from wherever they may be read."""

from __future__ import annotations

import html
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
from django.utils import timezone

from connector.models import AuditEvent, Connection
from tests.factories import ConnectionFactory, TicketStateFactory
from tickets import state_import, state_pages, states, sync, tasks
from tickets.models import Kind, StateImport, StateRevision, TicketState

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.test import Client

    from connector.models import Tenant
    from connector.sandbox.server import Running
    from tests.tickets.conftest import Person
    from tickets.models import Ticket

    SignIn = Callable[[User], Client]

REVIEW = "Awaiting security review"


def give(instance: Running, *wishes: dict[str, Any]) -> None:
    """Give the instance's incidents states of their own."""
    wanted = [{"table": "incident", **wish} for wish in wishes]
    answer = requests.put(f"{instance.url}/_sandbox/states", json=wanted, timeout=5)
    assert answer.status_code == 200, answer.text


@pytest.fixture
def by_admin(
    linked: Connection, sign_in: Callable[[str], dict[str, Any]]
) -> Connection:
    """The connection as a user who may read the instance's list of choices."""
    linked.access_token = sign_in("admin")["access_token"]
    linked.save(update_fields=["access_token"])
    return linked


def _labels(connection: Connection, kind: str = Kind.INCIDENT) -> list[str]:
    return [s.default_label for s in TicketState.objects.of(connection, kind)]


def test_an_administrators_connection_reads_the_list_of_choices(
    by_admin: Connection, instance: Running
) -> None:
    give(instance, {"value": "20", "label": REVIEW})

    state_import.run(by_admin)

    assert _labels(by_admin, Kind.CHANGE_REQUEST)[:3] == ["New", "Assess", "Authorize"]
    assert _labels(by_admin)[-1] == REVIEW
    state = TicketState.objects.get(value="20")
    assert (state.category, state.is_new, state.colour) == ("", True, "neutral")
    row = StateImport.objects.get()
    assert (row.via, row.found, row.error_code) == ("choices", 1, "")


def test_others_read_the_states_of_all_records(
    linked: Connection, instance: Running, agent: Person
) -> None:
    give(instance, {"value": "20", "label": REVIEW})
    agent.call("POST", "incident", short_description="x", state="20")

    state_import.run(linked)

    assert TicketState.objects.get(value="20").default_label == REVIEW
    row = StateImport.objects.get()
    assert (row.via, row.found) == ("records", 1)
    assert "Insufficient rights" in row.error_words
    linked.refresh_from_db()
    assert linked.status == Connection.Status.CONNECTED


def test_without_either_the_usual_states_are_there_and_tickets_bring_the_rest(
    linked: Connection, instance: Running, agent: Person, sent: Callable[..., Ticket]
) -> None:
    give(instance, {"value": "20", "label": REVIEW})
    ticket = sent()
    agent.write(ticket, state="20")
    instance.faults.add("acl", method="GET", count=2)

    state_import.run(linked)

    assert StateImport.objects.get().via == ""
    assert len(_labels(linked)) == 6
    sync.pull(linked, forced=True)
    state = TicketState.objects.get(value="20")
    assert (state.default_label, state.is_new) == (REVIEW, True)
    assert StateRevision.objects.count() == 0


def test_importing_twice_finds_nothing_new_and_keeps_what_was_decided(
    by_admin: Connection, instance: Running, helpdesk: User
) -> None:
    give(instance, {"value": "20", "label": REVIEW})
    state_import.run(by_admin, actor=helpdesk)
    TicketState.objects.filter(value="20").update(
        label="Ours", category="done", colour="red", position=1
    )

    state_import.run(by_admin, actor=helpdesk)

    state = TicketState.objects.get(value="20")
    decided = (state.label, state.category, state.colour, state.position)
    assert decided == ("Ours", "done", "red", 1)
    assert StateImport.objects.get().found == 0
    assert StateRevision.objects.count() == 1


def test_a_state_the_instance_gives_up_is_marked_and_comes_back(
    by_admin: Connection, instance: Running
) -> None:
    give(instance, {"value": "20", "label": REVIEW})
    state_import.run(by_admin)
    give(instance, {"value": "20", "inactive": True}, {"value": "21", "inactive": True})

    state_import.run(by_admin)

    state = TicketState.objects.get(value="20")
    assert (state.is_gone, state.is_new) == (True, False)
    assert not TicketState.objects.filter(value="21").exists()
    assert not TicketState.objects.filter(is_gone=True).exclude(value="20").exists()
    give(instance, {"value": "20"})
    state_import.run(by_admin)
    state.refresh_from_db()
    assert state.is_gone is False


def test_records_alone_mark_no_state_as_gone(linked: Connection) -> None:
    TicketStateFactory(connection=linked, kind="incident", value="55")
    state_import.run(linked)
    assert not TicketState.objects.filter(is_gone=True).exists()


def test_a_table_without_states_of_its_own_has_those_of_tasks(
    by_admin: Connection, superuser: Person
) -> None:
    query = "sysparm_query=name=incident^element=state&sysparm_limit=50"
    for row in superuser.call("GET", f"sys_choice?{query}"):
        superuser.call("DELETE", f"sys_choice/{row['sys_id']}")

    state_import.run(by_admin)

    known = dict(
        TicketState.objects.of(by_admin, "incident").values_list("value", "is_gone")
    )
    assert known["4"] is False
    assert known["6"] is True


def test_one_state_per_code_whatever_the_languages(
    by_admin: Connection, superuser: Person
) -> None:
    common = {"name": "incident", "element": "state", "value": "20", "sequence": "3"}
    superuser.call("POST", "sys_choice", **common, label="Warten", language="de")
    superuser.call("POST", "sys_choice", **common, label="Waiting", language="en")

    state_import.run(by_admin)

    state = TicketState.objects.get(value="20")
    assert (state.default_label, state.sequence) == ("Waiting", 3)
    # What tickets show is the integration user's language: it is kept.
    TicketState.objects.filter(pk=state.pk).update(default_label="Warten")
    state_import.run(by_admin)
    state.refresh_from_db()
    assert state.default_label == "Warten"


def test_a_usual_code_under_a_name_that_means_something_else_is_mapped_anew(
    by_admin: Connection, instance: Running, helpdesk: User
) -> None:
    states.add_defaults(by_admin)
    give(instance, {"value": "6", "label": "Awaiting vendor"})

    state_import.run(by_admin, actor=helpdesk)

    state = TicketState.objects.get(kind="incident", value="6")
    assert (state.default_label, state.category) == ("Awaiting vendor", "")
    [revision] = StateRevision.objects.all()
    assert (revision.source, revision.actor_name) == ("import", "helpdesk.admin")


def test_the_names_tickets_show_are_followed(
    linked: Connection, instance: Running, agent: Person, sent: Callable[..., Ticket]
) -> None:
    states.add_defaults(linked)
    give(instance, {"value": "2", "label": "Being worked on"})
    ticket = sent()
    agent.write(ticket, state="2")

    sync.pull(linked, forced=True)

    state = TicketState.objects.get(kind="incident", value="2")
    assert (str(state), state.category) == ("Being worked on", "in_progress")


def test_an_outage_is_kept_in_words(linked: Connection, instance: Running) -> None:
    instance.faults.add("hibernating", method="GET", count=1)

    state_import.run(linked)

    row = StateImport.objects.get()
    assert (row.error_code, row.via) == ("hibernating", "")
    state_import.run(linked)
    row.refresh_from_db()
    assert (row.error_code, row.via) == ("", "records")


def test_the_task_records_who_asked(
    linked: Connection, instance: Running, agent: Person, helpdesk: User
) -> None:
    give(instance, {"value": "20", "label": REVIEW})
    agent.call("POST", "incident", short_description="x", state="20")

    tasks.import_states(linked.pk, helpdesk.pk)
    tasks.import_states(linked.pk)

    [event] = AuditEvent.objects.filter(action="ticketstate.imported")
    assert event.actor == helpdesk
    assert event.facts == {"via": "records", "new": [f"incident {REVIEW} (20)"]}


def test_the_task_leaves_a_broken_connection_alone(
    linked: Connection, instance: Running
) -> None:
    Connection.objects.update(status=Connection.Status.BROKEN)
    instance.app.api.requests.clear()
    tasks.import_states(linked.pk)
    assert instance.app.api.requests.total() == 0
    assert not StateImport.objects.exists()


def test_the_page_asks_for_an_import_and_says_how_it_went(
    linked: Connection, helpdesk: User, client_for: SignIn
) -> None:
    client = client_for(helpdesk)

    answer = client.post("/tickets/states/import/", follow=True)

    text = html.unescape(answer.content.decode())
    assert "The states are being fetched from ServiceNow." in text
    assert 'hx-trigger="every 2s"' in text
    state_import.run(linked, actor=helpdesk)
    part = html.unescape(client.get("/tickets/states/import/status/").content.decode())
    assert "hx-trigger" not in part
    assert "Last imported from the records of the instance" in part
    assert "Insufficient rights to query records" in part
    assert "Show the states" in part
    assert "Show the states" not in client.get("/tickets/states/").content.decode()


def test_an_import_nobody_answers_is_not_waited_for_for_ever(
    linked: Connection, helpdesk: User, client_for: SignIn
) -> None:
    hour_ago = timezone.now() - timedelta(hours=1)
    StateImport.objects.create(connection=linked, requested_at=hour_ago)

    text = client_for(helpdesk).get("/tickets/states/").content.decode()

    assert "Check that the background worker runs" in text
    assert "hx-trigger" not in text


def test_what_kept_the_instance_from_answering_shows(
    linked: Connection, instance: Running, helpdesk: User, client_for: SignIn
) -> None:
    instance.faults.add("hibernating", method="GET", count=1)
    state_import.run(linked)

    text = html.unescape(client_for(helpdesk).get("/tickets/states/").content.decode())

    assert "The states could not be imported" in text
    assert "The instance is asleep" in text


def test_nothing_is_asked_of_an_instance_that_is_not_connected(
    tenant: Tenant, helpdesk: User, client_for: SignIn
) -> None:
    connection = ConnectionFactory(tenant=tenant, broken=True)

    answer = client_for(helpdesk).post("/tickets/states/import/", follow=True)

    assert b"ServiceNow is not connected" in answer.content
    assert state_pages.import_status(connection) is None
