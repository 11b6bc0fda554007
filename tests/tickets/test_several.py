"""Tickets of several instances: where they go, what they show, tests marked as such."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connector import connections
from connector.models import AuditEvent, Connection
from connector.sandbox.schema import TABLES
from tests.factories import ConnectionFactory, SyncCursorFactory, TicketFactory
from tests.tickets.conftest import stored
from tickets import mapping, outbox, sync
from tickets.models import Delivery, Kind, Ticket, TicketEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.test import Client

    from connector.models import Tenant
    from connector.sandbox.server import Running

    SignIn = Callable[[User], Client]

pytestmark = pytest.mark.django_db
NEW = "/tickets/new/?kind=incident"


@pytest.fixture
def production(tenant: Tenant) -> Connection:
    return ConnectionFactory(tenant=tenant, name="Production")


@pytest.fixture
def trial(tenant: Tenant, production: Connection) -> Connection:
    """A second, test instance of the organisation."""
    return ConnectionFactory(
        tenant=tenant, name="Trial", is_default=False, is_test=True
    )


@pytest.fixture
def browser(operator: User, client_for: SignIn) -> Client:
    return client_for(operator)


def _text(client: Client, address: str) -> str:
    return html.unescape(client.get(address).content.decode())


def _form(page: str, **values: Any) -> dict[str, Any]:
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found
    return {
        "name": "Require MFA",
        "priority": "high",
        "category": "Identity",
        "intent": "send",
        "token": found[1],
        **values,
    }


def test_with_one_connection_nothing_is_asked(
    browser: Client, production: Connection
) -> None:
    page = _text(browser, NEW)

    assert "ServiceNow instance" not in page
    browser.post(NEW, _form(page))
    assert Ticket.objects.get().connection == production


def test_the_default_is_chosen_until_somebody_chooses(
    browser: Client, production: Connection, trial: Connection
) -> None:
    page = _text(browser, NEW)
    checked = re.search(r'<input type="radio" name="connection"[^>]*checked', page)
    assert checked
    assert f'value="{production.pk}"' in checked[0]
    assert trial.host in page

    browser.post(NEW, _form(page))
    assert Ticket.objects.get().connection == production


def test_a_chosen_test_instance_gets_marked_tickets(
    browser: Client, production: Connection, trial: Connection
) -> None:
    page = _text(browser, NEW)
    form = _form(page, connection=trial.pk)

    preview = browser.post(NEW, form | {"intent": "preview"}).content.decode()
    assert "Goes to <strong>Trial</strong>" in preview
    assert "[TEST] Require MFA" in preview
    assert Ticket.objects.count() == 0
    browser.post(NEW, form)

    ticket = Ticket.objects.get()
    assert (ticket.connection, ticket.name) == (trial, "Require MFA")
    assert ticket.is_test
    payload = Delivery.objects.get().payload
    assert payload["short_description"] == "[TEST] Require MFA"
    for address in ("/", "/tickets/", ticket.get_absolute_url()):
        assert '<span class="badge badge--warning">' in _text(browser, address)


def test_the_same_ticket_may_go_to_both(
    browser: Client, production: Connection, trial: Connection
) -> None:
    connections.update(trial, is_test=False)
    form = _form(_text(browser, NEW))
    first = browser.post(NEW, form | {"connection": production.pk})
    again = browser.post(NEW, form | {"connection": production.pk})
    other = browser.post(NEW, form | {"connection": trial.pk})

    assert first.url == again.url
    assert other.status_code == 422, "the form's token stands for the first ticket"
    page = html.unescape(other.content.decode())
    assert "This form was sent before" in page
    browser.post(NEW, _form(page, connection=trial.pk))
    assert set(Ticket.objects.values_list("connection", flat=True)) == {
        production.pk,
        trial.pk,
    }


def test_a_choice_that_went_away_is_not_replaced_silently(
    browser: Client, production: Connection, trial: Connection, admin: User
) -> None:
    form = _form(_text(browser, NEW), connection=trial.pk)
    connections.remove(trial, actor=admin)

    answer = browser.post(NEW, form)

    assert answer.status_code == 422
    page = html.unescape(answer.content.decode())
    assert "takes no tickets any more" in page
    assert 'value="Require MFA"' in page
    assert Ticket.objects.count() == 0
    hidden = re.search(r'name="connection" value="(\d+)"', page)
    assert hidden
    browser.post(NEW, _form(page, connection=hidden[1]))
    assert Ticket.objects.get().connection == production


def test_a_connection_of_another_organisation_is_no_choice(
    browser: Client, production: Connection, other_tenant: Tenant
) -> None:
    foreign = ConnectionFactory(tenant=other_tenant)

    answer = browser.post(NEW, _form(_text(browser, NEW), connection=foreign.pk))

    assert answer.status_code == 422
    assert Ticket.objects.count() == 0


def test_a_default_that_takes_no_tickets_hides_no_other(
    browser: Client, production: Connection, trial: Connection
) -> None:
    connections.update(production, cards_enabled=False)

    assert "Goes to <strong>Trial</strong>" in _text(browser, NEW)
    assert "ServiceNow change management tickets" in _text(browser, "/")


def test_cards_and_list_tell_the_instances_apart(
    browser: Client, production: Connection, trial: Connection, admin: User
) -> None:
    one = TicketFactory(connection=production, delivered=True)
    two = TicketFactory(connection=trial, delivered=True)

    home = _text(browser, "/")
    assert one.name in home
    assert two.name in home
    for connection in (production, trial):
        assert f'href="{connection.base_url}/nav_to.do' in home
    everything = _text(browser, "/tickets/")
    assert '<th scope="col">Instance</th>' in everything
    narrowed = _text(browser, f"/tickets/?connection={trial.pk}")
    assert two.name in narrowed
    assert one.name not in narrowed
    assert "Instance: Trial" in narrowed

    connections.remove(trial, actor=admin)
    assert two.name not in _text(browser, "/")
    everything = _text(browser, "/tickets/")
    assert two.name in everything
    assert "Trial (removed)" in everything


def test_one_instance_needs_no_column(browser: Client, production: Connection) -> None:
    TicketFactory(connection=production, delivered=True)

    assert '<th scope="col">Instance</th>' not in _text(browser, "/tickets/")
    assert 'name="connection"' not in _text(browser, "/tickets/")


@pytest.mark.parametrize("address", ["/", "/tickets/", "/audit/"])
def test_more_connections_cost_no_more_queries(
    address: str, admin: User, client_for: SignIn, production: Connection
) -> None:
    def count() -> int:
        client.get(address)
        with CaptureQueriesContext(
            database,
        ) as asked:
            client.get(address)
        return len(asked)

    client = client_for(admin)
    TicketFactory(connection=production, delivered=True)
    SyncCursorFactory(connection=production)
    few = count()
    for number in range(3):
        one = ConnectionFactory(
            tenant=production.tenant, is_default=False, broken=number == 0
        )
        TicketFactory(connection=one, delivered=True)
        SyncCursorFactory(connection=one)

    assert count() <= few


def test_the_freshness_is_that_of_the_one_asked_longest_ago(
    browser: Client, production: Connection, trial: Connection
) -> None:
    now = timezone.now()
    SyncCursorFactory(connection=production, polled_at=now)
    SyncCursorFactory(
        connection=trial,
        polled_at=now - timedelta(days=2),
        error_code="maintenance",
    )

    page = _text(browser, "/tickets/")

    assert "2\xa0days ago" in page
    assert "Trial: The instance is under maintenance" in page


def test_sync_now_asks_every_instance(
    browser: Client, production: Connection, trial: Connection
) -> None:
    browser.post("/tickets/sync/")

    asked = AuditEvent.objects.filter(action="tickets.sync_requested")
    assert set(asked.values_list("target", flat=True)) == {"Production", "Trial"}


@pytest.mark.parametrize("length", [5, 152, 153, 154, 160])
def test_a_marked_name_fits_and_comes_back_as_it_was(
    length: int, trial: Connection
) -> None:
    ticket = TicketFactory.build(connection=trial, name="x" * length, is_test=True)

    shown = mapping.wire_name(ticket)

    assert shown.startswith("[TEST] x")
    assert len(shown) <= 160
    assert mapping.portal_name(ticket, shown) == ticket.name
    assert mapping.portal_name(ticket, "[TEST] Renamed") == "Renamed"
    assert mapping.portal_name(ticket, "Renamed") == "Renamed"


def test_a_name_of_a_real_ticket_is_never_touched(production: Connection) -> None:
    ticket = TicketFactory.build(connection=production, name="[TEST] of the alarm")

    assert mapping.wire_name(ticket) == ticket.name
    assert mapping.portal_name(ticket, ticket.name) == ticket.name
    assert mapping.portal_name(ticket, "[TEST] of the bell") == "[TEST] of the bell"


def test_a_mark_is_no_rename_but_a_rename_comes_through(
    linked: Connection, instance: Running
) -> None:
    connections.update(linked, is_test=True)
    name = "A long name " * 13
    ticket = TicketFactory(connection=linked, kind=Kind.INCIDENT, name=name.strip())
    outbox.deliver(outbox.enqueue(ticket).pk)
    [row] = stored(instance, ticket)
    assert row["short_description"].startswith("[TEST] A long name")
    # The mark stays with the ticket, whatever the connection is called later.
    connections.update(linked, is_test=False)

    sync.pull(linked, forced=True)

    ticket.refresh_from_db()
    assert ticket.name == name.strip()
    assert not ticket.events.filter(action=TicketEvent.Action.CHANGED).exists()
    renamed = {"short_description": "[TEST] Short now", "sys_mod_count": "9"}
    instance.store.update(TABLES["incident"], ticket.sys_id, renamed)
    sync.pull(linked, forced=True)
    ticket.refresh_from_db()
    assert ticket.name == "Short now"
