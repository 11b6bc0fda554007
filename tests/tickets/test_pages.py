"""List, ticket, cards and state names as people see them."""

from __future__ import annotations

import html
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.utils import timezone
from kombu.exceptions import OperationalError

from connector.models import AuditEvent, Connection
from tests.factories import (
    ConnectionFactory,
    DeliveryFactory,
    StateRevisionFactory,
    SyncCursorFactory,
    TicketFactory,
    TicketStateFactory,
)
from tickets import cards, mapping, progress, states, waking
from tickets.models import Delivery, Kind, SyncCursor, Ticket, TicketEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from pytest_django import DjangoAssertNumQueries

    from connector.models import Tenant

    SignIn = Callable[[User], Client]


@pytest.fixture
def connection(tenant: Tenant) -> Connection:
    connection = ConnectionFactory(tenant=tenant)
    states.add_defaults(connection)
    SyncCursorFactory(connection=connection, polled_at=timezone.now())
    return connection


@pytest.fixture
def browser(operator: User, connection: Connection, client_for: SignIn) -> Client:
    return client_for(operator)


def _ticket(connection: Connection, **values: Any) -> Ticket:
    values.setdefault("delivered", True)
    ticket: Ticket = TicketFactory(connection=connection, **values)
    status = "delivered" if ticket.sys_id else "queued"
    DeliveryFactory(ticket=ticket, status=status, payload=mapping.payload(ticket))
    return ticket


def _text(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, answer.status_code
    return html.unescape(answer.content.decode())


PAGES = {
    "/tickets/": "tickets.view_ticket",
    "/tickets/{pk}/": "tickets.view_ticket",
    "/tickets/{pk}/progress/": "tickets.view_ticket",
    "/tickets/{reference}/": "tickets.view_ticket",
    "/tickets/new/": "tickets.share_ticket",
    "/tickets/states/": "tickets.rename_ticketstate",
}
POSTS = {
    "/tickets/{pk}/retry/": "tickets.share_ticket",
    "/tickets/sync/": "tickets.view_ticket",
    "/tickets/states/undo/{revision}/": "tickets.rename_ticketstate",
}


@pytest.mark.parametrize("url", [*PAGES, *POSTS])
@pytest.mark.parametrize(
    "who", ["anonymous", "reader", "operator", "helpdesk", "admin", "outsider"]
)
def test_everybody_gets_what_their_role_allows(
    request: pytest.FixtureRequest,
    connection: Connection,
    client_for: SignIn,
    url: str,
    who: str,
) -> None:
    ticket = _ticket(connection)
    revision = StateRevisionFactory(connection=connection)
    names = {"pk": ticket.pk, "reference": ticket.correlation_id}
    address = url.format(revision=revision.pk, **names)
    if who == "anonymous":
        answer = Client().get(address) if url in PAGES else Client().post(address)
        assert "/accounts/login/" in answer["Location"]
        return
    user = request.getfixturevalue(who)
    client = client_for(user)
    if url in PAGES:
        answer, permission = client.get(address), PAGES[url]
    else:
        answer, permission = client.post(address), POSTS[url]
    if not user.has_perm(permission):
        assert answer.status_code == 403
    elif who == "outsider" and "{" in url:
        assert answer.status_code == 404
    else:
        assert answer.status_code in {200, 302}


def test_the_list_shows_each_ticket_with_its_status(
    browser: Client, connection: Connection
) -> None:
    _ticket(connection, name="In there", remote_state="-4")
    _ticket(connection, name="On its way", delivered=False)

    text = _text(browser, "/tickets/")

    assert "2 tickets" in text
    assert "In there" in text
    assert "Assess" in text
    assert "Queued" in text


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("kind=incident", {"Incident B"}),
        ("state=change_request:-4", {"Change A"}),
        ("priority=high", {"Incident B"}),
        ("delivery=queued", {"Waiting C"}),
        ("q=incident", {"Incident B"}),
        ("q=CHG0000007", {"Change A"}),
        ("overdue=on", {"Incident B"}),
        ("category=Data", {"Waiting C"}),
        ("status_category=open", {"Change A", "Waiting C"}),
        ("status_category=in_progress", {"Incident B"}),
        ("status_category=done", set()),
        ("status_category=cancelled", set()),
        ("status_category=open&state=change_request:-4", {"Change A"}),
        ("kind=change_request&priority=low", {"Waiting C"}),
        ("kind=nonsense", {"Change A", "Incident B", "Waiting C"}),
    ],
)
def test_filters_live_in_the_address(
    browser: Client, connection: Connection, query: str, names: set[str]
) -> None:
    _ticket(connection, name="Change A", remote_state="-4", number="CHG0000007")
    _ticket(
        connection,
        name="Incident B",
        kind=Kind.INCIDENT,
        remote_state="2",
        priority="high",
        due_date=timezone.localdate() - timedelta(days=1),
    )
    _ticket(
        connection,
        name="Waiting C",
        delivered=False,
        priority="low",
        category="Data",
        due_date=timezone.localdate(),
    )

    text = _text(browser, f"/tickets/?{query}")

    shown = {n for n in ("Change A", "Incident B", "Waiting C") if f">{n}</a>" in text}
    assert shown == names


def test_a_ticket_with_changes_and_notes_is_one_row(
    browser: Client, connection: Connection
) -> None:
    ticket = _ticket(connection, name="Change A", number="CHG0000007")
    DeliveryFactory(ticket=ticket, operation="update", status="delivered")
    DeliveryFactory(ticket=ticket, operation="note", status="stopped")

    delivered = _text(browser, "/tickets/?delivery=delivered")

    assert delivered.count(">Change A</a>") == 1
    assert ">Change A</a>" not in _text(browser, "/tickets/?delivery=stopped")


def test_a_filter_shows_as_a_chip_that_takes_it_away(
    browser: Client, connection: Connection
) -> None:
    _ticket(connection, remote_state="-4")

    text = _text(browser, "/tickets/?state=change_request:-4&sort=name&page=1")

    assert "Status: Assess (Change request)" in text
    assert 'href="?sort=name"' in text


@pytest.mark.parametrize(
    ("sort", "first"), [("priority", "Low"), ("-priority", "High"), ("name", "A")]
)
def test_the_list_can_be_sorted(
    browser: Client, connection: Connection, sort: str, first: str
) -> None:
    names = {"Low": "low", "High": "high", "A": "medium"}
    for name, priority in names.items():
        _ticket(connection, name=name, priority=priority)

    text = _text(browser, f"/tickets/?sort={sort}")

    assert min(names, key=lambda name: text.index(f">{name}</a>")) == first


def test_pages_hold_25_50_or_100_rows(browser: Client, connection: Connection) -> None:
    for number in range(30):
        _ticket(connection, name=f"Ticket {number:02}")

    assert _text(browser, "/tickets/").count('scope="row"') == 25
    assert _text(browser, "/tickets/?page=2").count('scope="row"') == 5
    assert _text(browser, "/tickets/?size=50").count('scope="row"') == 30
    assert _text(browser, "/tickets/?size=7&page=99").count('scope="row"') == 5


def test_htmx_gets_the_list_alone(browser: Client, connection: Connection) -> None:
    _ticket(connection, name="Only this")
    headers = {"HX-Request": "true", "HX-Target": "list"}

    answer = browser.get("/tickets/", headers=headers)

    assert b"<html" not in answer.content
    assert b"Only this" in answer.content
    assert "HX-Request" in answer["Vary"]


def test_empty_lists_say_why(
    browser: Client, connection: Connection, reader: User, client_for: SignIn
) -> None:
    assert "No tickets yet" in _text(browser, "/tickets/")
    assert "No ticket matches" in _text(browser, "/tickets/?q=nothing")
    Connection.objects.all().delete()
    assert "ServiceNow is not connected" in _text(browser, "/tickets/")


def test_the_list_asks_the_database_little_however_long_it_is(
    browser: Client,
    connection: Connection,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(30):
        _ticket(connection)
    browser.get("/tickets/")

    with django_assert_max_num_queries(15):
        browser.get("/tickets/")


def test_the_home_page_asks_the_database_little(
    browser: Client,
    connection: Connection,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for kind in Kind.values:
        for _ in range(12):
            _ticket(connection, kind=kind)
    browser.get("/")

    with django_assert_max_num_queries(15):
        browser.get("/")


# A ticket itself is never discarded, only changes of it.
@pytest.mark.parametrize("status", sorted({*Delivery.Status.values} - {"discarded"}))
def test_a_ticket_says_what_happens_next(
    browser: Client, connection: Connection, status: str
) -> None:
    ticket = _ticket(connection, delivered=status == "delivered")
    ticket.deliveries.update(
        status=status,
        error_code="business_rule",
        error_words="Aborted by <Rule> & co",
        error_request_id="abc123",
        due_at=timezone.now() + timedelta(hours=1),
    )

    text = _text(browser, ticket.get_absolute_url())

    said = {
        "queued": "Next attempt:",
        "sending": "Being sent to ServiceNow",
        "delivered": f"In ServiceNow as {ticket.number}",
        "stopped": "Try again",
        "waiting": "as soon as the connection works again",
    }
    assert said[status] in text
    live = 'hx-trigger="every' in text
    assert live == (status in {"queued", "sending", "waiting"})
    assert ('http-equiv="refresh"' in text) == live
    if status in {"queued", "stopped", "waiting"}:
        assert "Aborted by <Rule> & co" in text
        assert "abc123" in text


def test_a_ticket_that_arrives_while_it_is_read_is_looked_at_again(
    connection: Connection,
) -> None:
    read_before = _ticket(connection, delivered=False)
    delivery = read_before.deliveries.get()
    delivery.status = "delivered"

    state = progress.of(read_before, delivery)

    assert state.title == "Being sent to ServiceNow"
    assert state.refresh


def test_the_page_reloads_once_when_the_ticket_has_arrived(
    browser: Client, connection: Connection
) -> None:
    ticket = _ticket(connection, delivered=False)
    url = f"/tickets/{ticket.pk}/progress/"

    assert "HX-Refresh" not in browser.get(url)
    ticket.deliveries.update(status="stopped", error_code="acl")
    assert browser.get(url)["HX-Refresh"] == "true"


def test_the_history_is_told_in_sentences(
    browser: Client, connection: Connection
) -> None:
    ticket = _ticket(connection, name="<script>alert(1)</script>")
    tell = ticket.events.create
    tell(action="created", actor_name="security.operator")
    tell(action="failed", facts={"code": "timeout", "attempt": 1, "duration_ms": 900})
    tell(
        action="delivered", facts={"number": "CHG1", "status": 201, "request_id": "r1"}
    )
    tell(action="changed", field="state", old="-5", new="-4", actor_name="it.agent")
    tell(action="changed", field="priority", old="4", new="2")
    tell(action="changed", field="due_date", old="", new="2030-01-31")
    tell(action="changed", field="assigned_to", old="", new="Robin Fields")
    tell(action="commented", field="comments", text="On <b>it</b>", key="k")
    tell(action="missing", facts={"hidden": False})

    answer = browser.get(ticket.get_absolute_url())

    text = html.unescape(answer.content.decode())
    for sentence in (
        "Created in the portal",
        "Attempt failed: ServiceNow did not answer in time",
        "Created in ServiceNow as CHG1",
        "HTTP 201 · request r1",
        "Status changed from New to Assess",
        "Priority changed from 4 - Low to 2 - High",
        "Due date set to Jan 31, 2030",
        "Assigned to set to Robin Fields",
        "Comment in ServiceNow",
        "No longer in ServiceNow",
    ):
        assert sentence in text
    assert b"<script>alert" not in answer.content
    assert b"On <b>it" not in answer.content


def test_the_reference_that_was_sent_leads_to_the_ticket(
    browser: Client, connection: Connection
) -> None:
    ticket = _ticket(connection)

    answer = browser.get(f"/tickets/{ticket.correlation_id}/")

    assert answer["Location"] == ticket.get_absolute_url()


def test_try_again_queues_a_stopped_ticket(
    browser: Client, connection: Connection
) -> None:
    ticket = _ticket(connection, delivered=False)
    ticket.deliveries.update(status="stopped")

    answer = browser.post(f"/tickets/{ticket.pk}/retry/", follow=True)

    assert b"The ticket is queued again." in answer.content
    assert Delivery.objects.get().status == "queued"
    assert ticket.events.filter(action=TicketEvent.Action.RETRIED).exists()


def test_sync_now_returns_to_where_it_was_asked_for(
    browser: Client, connection: Connection
) -> None:
    there = browser.post("/tickets/sync/", {"next": "/"})
    elsewhere = browser.post("/tickets/sync/", {"next": "https://evil.example/"})

    assert there["Location"] == "/"
    assert elsewhere["Location"] == "/tickets/"
    assert AuditEvent.objects.filter(action="tickets.sync_requested").count() == 2


def test_the_cards_show_the_ten_newest_of_each_kind(
    connection: Connection, operator: User
) -> None:
    for kind in Kind.values:
        for number in range(12):
            _ticket(
                connection,
                kind=kind,
                name=f"{kind} {number}",
                created_at=timezone.now() - timedelta(days=number),
            )

    change, incident = cards.ticket_cards(connection.tenant, [connection], operator)

    assert change.title == "ServiceNow change management tickets"
    assert incident.title == "ServiceNow incident management tickets"
    names = [ticket.name for ticket in change.tickets]
    assert names == [f"change_request {number}" for number in range(10)]
    assert incident.create_url == "/tickets/new/?kind=incident"
    assert incident.remote_url == (
        f"{connection.base_url}/nav_to.do?uri=incident_list.do%3Fsysparm_query%3D"
        "correlation_display%253DSecurity%2520center%2520portal"
    )


def test_who_may_not_share_gets_no_button(
    connection: Connection, reader: User, client_for: SignIn
) -> None:
    text = _text(client_for(reader), "/")

    assert "ServiceNow change management tickets" in text
    assert "Create ticket" not in text
    assert "Manage ServiceNow configuration" in text


def test_a_card_warns_when_it_may_be_out_of_date(
    browser: Client, connection: Connection
) -> None:
    assert "may be out of date" not in _text(browser, "/")
    SyncCursor.objects.update(polled_at=timezone.now() - timedelta(minutes=10))
    assert "may be out of date" in _text(browser, "/")
    SyncCursor.objects.update(error_code="hibernating", error_words="asleep")
    text = _text(browser, "/")
    assert "cannot be fetched at the moment" in text
    assert "The instance is asleep. Developer instances hibernate" in text


def test_what_the_banner_says_is_not_said_again(
    browser: Client, connection: Connection
) -> None:
    SyncCursor.objects.update(error_code="token_rejected", error_words="no entry")
    ticket = _ticket(connection, delivered=False)
    ticket.deliveries.update(
        status="waiting", error_code="token_rejected", error_words="no entry"
    )
    Connection.objects.update(
        status="broken", last_error_code="token_rejected", last_error_words="no entry"
    )

    text = _text(browser, ticket.get_absolute_url())

    assert "Waiting for the connection to ServiceNow" in text
    assert text.count("no entry") == 1
    assert text.count("no longer accepts the authorization") == 1
    assert "cannot be fetched" not in text


def test_the_words_of_a_library_are_not_called_servicenows(
    browser: Client, connection: Connection
) -> None:
    ticket = _ticket(connection, delivered=False)
    ticket.deliveries.update(
        status="queued", error_code="timeout", error_words="timed out"
    )

    text = _text(browser, ticket.get_absolute_url())

    assert "What the network reported:" in text
    assert "ServiceNow's own words:" not in text


def test_tickets_of_another_organisation_show_nowhere(
    browser: Client, other_tenant: Tenant
) -> None:
    theirs = ConnectionFactory(tenant=other_tenant)
    TicketStateFactory(connection=theirs, kind=Kind.INCIDENT, default_label="Foreign")
    _ticket(theirs, name="Not yours")

    for url in ("/", "/tickets/"):
        text = _text(browser, url)
        assert "Not yours" not in text
        assert "Foreign" not in text


def test_without_a_broker_the_ticket_is_kept_and_the_page_answers(
    transactional_db: None,
    connection: Connection,
    operator: User,
    client_for: SignIn,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def no_broker(*_args: Any, **_options: Any) -> None:
        raise OperationalError("no broker")

    monkeypatch.setattr(waking.current_app, "send_task", no_broker)
    ticket = _ticket(connection, delivered=False)
    ticket.deliveries.update(status="stopped")

    answer = client_for(operator).post(f"/tickets/{ticket.pk}/retry/")

    assert answer.status_code == 302
    assert Delivery.objects.due().count() == 1
    assert "no broker" in caplog.text


@pytest.mark.parametrize("status", ["broken", "authorizing", "removed"])
def test_a_connection_that_is_not_asked_blames_no_worker(
    connection: Connection, status: str
) -> None:
    SyncCursor.objects.update(polled_at=timezone.now() - timedelta(days=1))
    assert cards.freshness([connection]).is_stale
    connection.status = status
    assert not cards.freshness([connection]).is_stale
