"""What states count as: open, in progress, done, cancelled, or not mapped yet."""

from __future__ import annotations

import html
import importlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.apps import apps
from django.db import IntegrityError
from django.utils import timezone

from tests.factories import (
    ConnectionFactory,
    DeliveryFactory,
    TicketFactory,
    TicketStateFactory,
)
from tickets import builtin_states, states
from tickets.models import Kind, Ticket, TicketState

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.test import Client
    from pytest_django import DjangoAssertNumQueries

    from connector.models import Connection, Tenant

    SignIn = Callable[[User], Client]

YESTERDAY = timezone.localdate() - timedelta(days=1)


@pytest.fixture
def connection(tenant: Tenant) -> Connection:
    connection: Connection = ConnectionFactory(tenant=tenant)
    states.add_defaults(connection)
    return connection


def _ticket(connection: Connection, **values: Any) -> Ticket:
    values = {"delivered": True, "kind": Kind.INCIDENT, **values}
    ticket: Ticket = TicketFactory(connection=connection, **values)
    DeliveryFactory(ticket=ticket, status="delivered")
    return ticket


@pytest.mark.parametrize(
    ("kind", "labels"),
    [
        (
            "change_request",
            {
                "open": ["New", "Assess", "Authorize", "Scheduled"],
                "in_progress": ["Implement", "Review"],
                "done": ["Closed"],
                "cancelled": ["Canceled"],
            },
        ),
        (
            "incident",
            {
                "open": ["New"],
                "in_progress": ["In Progress", "On Hold"],
                "done": ["Resolved", "Closed"],
                "cancelled": ["Canceled"],
            },
        ),
    ],
)
def test_the_states_of_every_instance_count_as_servicenow_means_them(
    connection: Connection, kind: str, labels: dict[str, list[str]]
) -> None:
    found: dict[str, list[str]] = {}
    for state in TicketState.objects.of(connection, kind):
        found.setdefault(state.category, []).append(str(state))
    assert found == labels


@pytest.mark.parametrize(
    ("label", "category"),
    [
        ("Awaiting security review", "in_progress"),
        ("Closed Incomplete", "done"),
        ("Closed - Canceled by caller", "cancelled"),
        ("Re-opened", "open"),
        ("In arrivo", ""),
        ("Zebra", ""),
    ],
)
def test_a_names_words_suggest_a_category(label: str, category: str) -> None:
    assert builtin_states.suggested(label) == category


@pytest.mark.parametrize(
    ("value", "label", "category"),
    [
        ("6", "Resolved", "done"),
        # A translated name says nothing against the code.
        ("6", "Gelöst", "done"),
        # A code an instance uses for something else is for people to map.
        ("6", "Awaiting vendor", ""),
        ("20", "Resolved by robot", ""),
    ],
)
def test_a_code_under_another_name_is_not_guessed(
    value: str, label: str, category: str
) -> None:
    assert builtin_states.category_of("incident", value, label) == category


@pytest.mark.parametrize(
    ("kind", "state", "is_overdue"),
    [
        (Kind.INCIDENT, "2", True),
        (Kind.INCIDENT, "6", False),
        (Kind.INCIDENT, "8", False),
        (Kind.CHANGE_REQUEST, "3", False),
        (Kind.CHANGE_REQUEST, "", True),
    ],
)
@pytest.mark.parametrize("are_known", [True, False])
def test_what_is_done_is_never_overdue(
    connection: Connection, kind: str, state: str, is_overdue: bool, are_known: bool
) -> None:
    if not are_known:
        TicketState.objects.all().delete()
    ticket = _ticket(connection, kind=kind, remote_state=state, due_date=YESTERDAY)
    assert ticket.is_overdue is is_overdue
    assert Ticket.objects.with_state().get().is_overdue is is_overdue
    assert Ticket.objects.overdue().exists() is is_overdue


def test_a_tickets_category_is_that_of_its_own_connections_state(
    connection: Connection,
) -> None:
    other = ConnectionFactory(tenant=connection.tenant, is_default=False)
    TicketStateFactory(connection=other, kind="incident", value="2", category="done")
    here, there = (
        _ticket(connection, remote_state="2"),
        _ticket(other, remote_state="2"),
    )

    assert list(Ticket.objects.open()) == [here]
    assert list(Ticket.objects.done()) == [there]
    assert list(Ticket.objects.in_category("in_progress")) == [here]


def test_a_state_mapped_as_done_stops_being_overdue(connection: Connection) -> None:
    state = TicketStateFactory(
        connection=connection, kind="incident", value="20", category=""
    )
    _ticket(connection, remote_state="20", due_date=YESTERDAY)
    assert Ticket.objects.overdue().count() == 1

    TicketState.objects.filter(pk=state.pk).update(category="cancelled")

    assert not Ticket.objects.overdue().exists()
    assert Ticket.objects.done().count() == 1


def test_a_state_nobody_mapped_counts_as_open_and_shows_as_it_is(
    connection: Connection, operator: User, client_for: SignIn
) -> None:
    TicketStateFactory(
        connection=connection,
        kind="incident",
        value="20",
        category="",
        default_label="Awaiting <security> review",
    )
    _ticket(connection, name="Odd one", remote_state="20")
    _ticket(connection, name="Done one", remote_state="7")

    answer = client_for(operator).get("/tickets/?status_category=open")

    text = answer.content.decode()
    assert "Odd one" in text
    assert "Done one" not in text
    badges = text.split('<span class="badge ')[1:]
    [badge] = [part for part in badges if "security" in part]
    assert badge.startswith('badge--neutral">')
    assert "Awaiting &lt;security&gt; review" in badge
    assert "#tag" in badge


def test_every_page_shows_the_badge_with_its_colour_and_icon(
    connection: Connection, operator: User, client_for: SignIn
) -> None:
    rows = TicketState.objects.of(connection, "incident").filter(value="2")
    rows.update(label="Being mended", colour="purple")
    ticket = _ticket(connection, remote_state="2", control_id="MFA")
    client = client_for(operator)
    for url in ("/", "/tickets/", ticket.get_absolute_url()):
        text = client.get(url).content.decode()
        badge = text.split("badge--purple", 1)[1].split("</span>")[0]
        assert "#play" in badge, url
        assert "Being mended" in badge, url


def test_a_list_asks_once_however_many_tickets_are_late(
    connection: Connection,
    operator: User,
    client_for: SignIn,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for state in ("1", "2", "6", "99") * 5:
        _ticket(connection, remote_state=state, due_date=YESTERDAY)
    with django_assert_num_queries(1):
        rows = list(Ticket.objects.overdue().for_list())
        assert [row.is_overdue for row in rows] == [True] * 15
        assert {row.state_icon for row in rows} == {"circle", "play", "tag"}


def test_the_database_knows_only_these_categories(connection: Connection) -> None:
    with pytest.raises(IntegrityError):
        TicketStateFactory(connection=connection, category="finished")


def test_upgrading_keeps_what_the_codes_meant(connection: Connection) -> None:
    TicketState.objects.update(category="", colour="neutral")
    TicketStateFactory(connection=connection, kind="incident", value="20", category="")
    migration = importlib.import_module(
        "tickets.migrations.0007_categories_of_known_states"
    )

    migration.categorise(apps, None)

    for state in TicketState.objects.exclude(value="20"):
        known = builtin_states.BUILT_IN[state.kind][state.value]
        assert state.category == known.category
        assert state.colour == builtin_states.colour_of(known.category)
    assert TicketState.objects.get(value="20").category == ""


def test_the_navigation_counts_new_states_for_who_may_map_them(
    connection: Connection,
    helpdesk: User,
    reader: User,
    outsider: User,
    client_for: SignIn,
) -> None:
    for number, is_gone in enumerate((False, False, True)):
        TicketStateFactory(
            connection=connection, value=f"9{number}", category="", is_gone=is_gone
        )

    def counted(user: User) -> bool:
        text = html.unescape(client_for(user).get("/").content.decode())
        return '<span class="nav__news">2<' in text

    assert counted(helpdesk)
    assert not counted(reader)
    assert not counted(outsider)
