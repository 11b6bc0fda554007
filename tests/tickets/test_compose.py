"""The task form: shown before it is sent, sent once, nothing lost."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from connector.models import AuditEvent, Connection
from tests.factories import ConnectionFactory
from tickets import mapping
from tickets.composing import compose
from tickets.drafts import Draft
from tickets.models import Category, Delivery, Kind, Priority, Source, Ticket

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.http import HttpResponse

    from connector.models import Tenant

NEW = "/tickets/new/?kind=incident"


@pytest.fixture
def connection(tenant: Tenant) -> Connection:
    return ConnectionFactory(tenant=tenant)


@pytest.fixture
def browser(
    operator: User, connection: Connection, client_for: Callable[[User], Client]
) -> Client:
    return client_for(operator)


def _token(page: Any) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page.content.decode())
    assert found
    return html.unescape(found[1])


def _form(token: str, **values: str) -> dict[str, str]:
    filled = {
        "name": "Require MFA",
        "description": "For everybody.",
        "priority": "high",
        "due_date": (timezone.localdate() + timedelta(days=3)).isoformat(),
        "category": "Identity",
        "intent": "send",
        "token": token,
    }
    return filled | values


def test_a_card_makes_a_ticket_of_its_own_kind(browser: Client, operator: User) -> None:
    page = browser.get(NEW)
    answer = browser.post(NEW, _form(_token(page)))

    ticket = Ticket.objects.get()
    assert answer.status_code == 302
    assert answer.url == ticket.get_absolute_url()
    assert (ticket.kind, ticket.source) == (Kind.INCIDENT, Source.USER)
    assert (ticket.created_by, ticket.created_by_name) == (
        operator,
        operator.get_username(),
    )
    assert ticket.priority == Priority.HIGH
    assert Delivery.objects.get().payload == mapping.payload(ticket)
    assert AuditEvent.objects.filter(action="ticket.shared", actor=operator).exists()


def test_the_preview_is_exactly_what_is_sent(browser: Client) -> None:
    token = _token(browser.get(NEW))
    form = _form(token, name='<b>5 > 4</b> & "quotes" ^ caret', description="a\r\nb")

    page = browser.post(NEW, form | {"intent": "preview"})
    assert Ticket.objects.count() == 0
    browser.post(NEW, form | {"token": _token(page)})

    payload = Delivery.objects.get().payload
    text = html.unescape(page.content.decode())
    assert "<b>5 > 4</b>" in payload["short_description"]
    assert '<b>5 > 4</b> & "quotes"' not in page.content.decode()
    for field, value in payload.items():
        assert f">{field}</code>" in text
        assert value in text


def test_a_preview_by_htmx_is_only_the_table(browser: Client) -> None:
    token = _token(browser.get(NEW))

    full = browser.post(
        NEW, _form(token, intent="preview"), headers={"HX-Request": "true"}
    )
    gap = browser.post(
        NEW, _form(token, intent="preview", name=""), headers={"HX-Request": "true"}
    )

    assert full.status_code == gap.status_code == 200
    assert b"<html" not in full.content
    assert b"Require MFA" in full.content
    assert b"Enter a name for the ticket." in gap.content


def test_back_and_send_again_sends_nothing_twice(browser: Client) -> None:
    browser.post(NEW, _form(_token(browser.get(NEW))))

    # Going back loads the form anew, with a token of its own.
    second = browser.post(NEW, _form(_token(browser.get(NEW))))

    assert second.url == Ticket.objects.get().get_absolute_url()


def test_the_same_ticket_may_be_sent_again_later(browser: Client) -> None:
    browser.post(NEW, _form(_token(browser.get(NEW))))
    Ticket.objects.update(created_at=timezone.now() - timedelta(minutes=11))

    browser.post(NEW, _form(_token(browser.get(NEW))))

    assert Ticket.objects.count() == 2


def test_a_second_submit_leads_to_the_first_ticket(browser: Client) -> None:
    form = _form(_token(browser.get(NEW)))

    first = browser.post(NEW, form)
    second = browser.post(NEW, form)

    assert first.url == second.url
    assert Ticket.objects.count() == Delivery.objects.count() == 1


def test_a_used_form_with_other_content_asks_before_it_makes_another(
    browser: Client,
) -> None:
    form = _form(_token(browser.get(NEW)))
    browser.post(NEW, form)

    again = browser.post(NEW, form | {"name": "Something else"})

    assert again.status_code == 422
    assert b"Something else" in again.content
    assert Ticket.objects.count() == 1
    browser.post(NEW, form | {"name": "Something else", "token": _token(again)})
    assert Ticket.objects.count() == 2


def test_somebody_elses_token_is_not_taken(
    browser: Client, admin: User, client_for: Callable[[User], Client]
) -> None:
    token = _token(client_for(admin).get(NEW))

    answer = browser.post(NEW, _form(token))

    assert answer.status_code == 422
    assert Ticket.objects.count() == 0
    assert browser.post(NEW, _form(_token(answer))).status_code == 302


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"name": ""}, "Enter a name for the ticket."),
        ({"name": "two\nlines"}, "Write one line"),
        ({"name": "bell\x07"}, "Write one line"),
        ({"name": "n" * 161}, "at most 160 characters"),
        ({"description": "d\x1b[31m"}, "Remove the control characters"),
        ({"description": "d" * 2801}, "at most 2800 characters"),
        ({"priority": ""}, "Choose a priority."),
        ({"priority": "urgent"}, "urgent is not one of the available choices"),
        ({"due_date": "2020-01-01"}, "The due date is in the past."),
        ({"due_date": "soon"}, "Enter a date"),
        ({"category": ""}, "Choose a recommendation category."),
    ],
)
def test_an_error_is_said_and_nothing_is_lost(
    browser: Client, wrong: dict[str, str], message: str
) -> None:
    form = _form(_token(browser.get(NEW)), **wrong)

    answer = browser.post(NEW, form)

    text = html.unescape(answer.content.decode())
    assert answer.status_code == 422
    assert message in text
    assert "There is a problem" in text
    assert "<title>Error:" in text
    for name in ("name", "description", "due_date"):
        assert form[name].replace("\n", " ").strip() in text.replace("\n", " ")
    assert Ticket.objects.count() == 0


@pytest.mark.parametrize("day", [0, 1])
def test_a_due_date_may_be_today_or_missing(browser: Client, day: int) -> None:
    due = timezone.localdate().isoformat() if day else ""

    browser.post(NEW, _form(_token(browser.get(NEW)), due_date=due))

    assert ("due_date" in Delivery.objects.get().payload) == bool(due)


def test_a_kind_that_does_not_exist_is_not_found(browser: Client) -> None:
    assert browser.get("/tickets/new/?kind=problem").status_code == 404


def test_without_a_connection_the_page_says_why(
    operator: User, client_for: Callable[[User], Client]
) -> None:
    browser = client_for(operator)

    page = browser.get(NEW)
    assert page.status_code == 200
    assert b"ServiceNow is not connected" in page.content
    assert reverse("connector:setup").encode() in page.content
    assert browser.post(NEW, _form("x")).status_code == 409


def test_a_broken_connection_takes_tickets_and_says_that_they_wait(
    browser: Client, connection: Connection
) -> None:
    Connection.objects.update(status=Connection.Status.BROKEN)

    page = browser.get(NEW)

    assert b"You can still send the ticket" in page.content
    assert browser.post(NEW, _form(_token(page))).status_code == 302


DRAFT = Draft(
    name="Turn on\nMFA " + "x" * 200,
    description="d" * 4000,
    source=Source.MICROSOFT,
    category=Category.IDENTITY,
    due_date=None,
    control_id="scid_1",
)


def _share(client: Client, form: dict[str, str] | None = None) -> HttpResponse:
    """Call compose() as the Secure Score's share view does."""
    method = "post" if form else "get"
    request: Any = getattr(RequestFactory(), method)("/share/", form or {})
    real = client.get("/tickets/").wsgi_request
    request.user, request.session = real.user, real.session
    request.tenant, request.htmx = real.tenant, False
    request.unsent = None
    request._messages = real._messages
    request.csrf_processing_done = True
    response = compose(request, DRAFT)
    request.session.save()
    return response


def test_a_shared_action_is_a_change_request_that_may_become_an_incident(
    browser: Client,
) -> None:
    page = _share(browser)

    text = page.content.decode()
    assert 'value="change_request"' in text
    assert "Data that will be sent" in text
    assert mapping.TEMPLATE in text
    form = _form(_token(page), kind="incident")
    assert _share(browser, form).status_code == 302
    ticket = Ticket.objects.get()
    assert (ticket.kind, ticket.control_id) == (Kind.INCIDENT, "scid_1")
    assert ticket.source == Source.MICROSOFT


def test_the_same_action_in_two_tabs_makes_one_ticket(browser: Client) -> None:
    first, second = _token(_share(browser)), _token(_share(browser))
    form = _form(first, kind="change_request")

    _share(browser, form)
    _share(browser, form | {"token": second})

    assert Ticket.objects.count() == 1
    third = _share(browser)
    assert b"was shared before" in third.content
    _share(browser, form | {"token": _token(third), "priority": "low"})
    assert Ticket.objects.count() == 2
