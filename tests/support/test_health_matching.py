"""Tickets matched to issues by full-text search, and told of each update once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from connector.sandbox import graph_announcements as told
from tests.factories import (
    IssueMatchFactory,
    IssuePostFactory,
    ServiceIssueFactory,
    SupportIntegrationFactory,
    TicketFactory,
)
from tests.support.test_health import control
from tickets.models import Delivery, Ticket
from tickets.support import fulltext, health, matching, updates
from tickets.support.health_models import IssueMatch, ServiceIssue

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connector.models import Connection, Tenant
    from tests.score.conftest import GraphServer

pytestmark = pytest.mark.django_db
LATE = "Outlook: external mails are delayed"


@pytest.fixture
def late_mail(connection: Connection) -> Ticket:
    return ticket(connection, LATE, "Delivery of mails takes hours since the morning.")


def ticket(connection: Connection, name: str, text: str = "", **more: Any) -> Ticket:
    values = {"kind": "incident", "remote_state": "2", "delivered": True} | more
    return TicketFactory(connection=connection, name=name, description=text, **values)


def issue(tenant: Tenant, **more: Any) -> ServiceIssue:
    more = {"feature": "E-mail timely delivery"} | more
    return ServiceIssueFactory(tenant=tenant, **more)


def notes(ticket: Ticket) -> list[str]:
    rows = ticket.deliveries.filter(operation=Delivery.Operation.NOTE).order_by("pk")
    return [row.payload["work_notes"] for row in rows]


def test_words_are_found_in_other_forms_and_phrases_whole(
    connection: Connection,
) -> None:
    one = ticket(connection, "Mailboxes delayed", 'He said "100% broken" & left')
    two = ticket(connection, "Online exchange of gifts")
    terms = [
        "delay",
        "mailbox",
        "exchange online",
        "online exchange",
        'a"b* OR (',
        "100%",
    ]
    found = fulltext.tickets_with(terms, [one.pk, two.pk])
    assert found == {one.pk: {"delay", "mailbox", "100%"}, two.pk: {"online exchange"}}


def test_the_search_knows_what_was_changed_and_deleted(connection: Connection) -> None:
    one = ticket(connection, "Mailbox full")
    assert fulltext.tickets_with(["mailbox"], [one.pk]) == {one.pk: {"mailbox"}}
    Ticket.objects.filter(pk=one.pk).update(name="Printer jam")
    assert fulltext.tickets_with(["mailbox"], [one.pk]) == {}
    assert fulltext.tickets_with(["printer"], [one.pk + 1]) == {}


def test_an_open_ticket_about_the_same_service_and_words_is_suggested(
    tenant: Tenant, late_mail: Ticket, connection: Connection
) -> None:
    found = issue(tenant)
    ticket(connection, "Outlook signature wrong", "Logo is missing.")
    ticket(connection, "Printer on floor 3 jams")
    matching.suggest(tenant)
    [match] = found.matches.all()
    assert match.ticket == late_mail
    assert match.verdict == "suggested"
    assert match.score >= matching.THRESHOLD
    assert {"outlook", "delivery"} <= set(match.words)


def test_a_closed_ticket_and_one_of_another_organisation_are_not(
    tenant: Tenant, other_tenant: Tenant, connection: Connection, late_mail: Ticket
) -> None:
    elsewhere = issue(other_tenant)
    Ticket.objects.filter(pk=late_mail.pk).update(remote_state="7")
    mine = issue(tenant)
    matching.suggest(tenant)
    matching.suggest(other_tenant)
    assert not mine.matches.exists()
    assert not elsewhere.matches.exists()


def test_a_word_that_most_tickets_have_tells_nothing() -> None:
    terms = matching.Terms(("exchange",), ("delivery",))
    assert matching.score(terms, {"exchange", "delivery"}, set()) == 60
    assert matching.score(terms, {"exchange", "delivery"}, {"delivery"}) == 40


def test_what_people_decided_outlives_the_next_search(
    tenant: Tenant, late_mail: Ticket, admin: User
) -> None:
    found = issue(tenant)
    matching.suggest(tenant)
    matching.decide(found.matches.get(), "rejected", actor=admin)
    matching.suggest(tenant)
    assert found.matches.get().verdict == "rejected"
    matching.decide(found.matches.get(), "confirmed", actor=admin)
    Ticket.objects.filter(pk=late_mail.pk).update(remote_state="7")
    matching.suggest(tenant)
    assert found.matches.get().verdict == "confirmed"


def test_a_suggestion_goes_when_its_ticket_is_closed(
    tenant: Tenant, late_mail: Ticket
) -> None:
    found = issue(tenant)
    matching.suggest(tenant)
    Ticket.objects.filter(pk=late_mail.pk).update(remote_state="7")
    matching.suggest(tenant)
    assert not found.matches.exists()


def test_each_update_is_noted_once_though_the_fetch_runs_twice(
    tenant: Tenant, late_mail: Ticket, graph_server: GraphServer, admin: User
) -> None:
    health.pull(tenant)
    match = IssueMatch.objects.get(issue__issue_id=told.MAIL)
    assert notes(late_mail) == [], "nobody confirmed it yet"
    matching.decide(match, "confirmed", actor=admin)
    health.pull(tenant)
    health.pull(tenant)
    [newest] = notes(late_mail)
    assert told.MAIL in newest
    assert "two thirds of the servers" in newest
    control(graph_server, post=told.MAIL, text="All queues are <b>empty</b> now.")
    control(graph_server, resolve=told.MAIL, text="Mail is on time again.")
    health.pull(tenant)
    health.pull(tenant)
    _first, second, third = notes(late_mail)
    assert "All queues are empty now." in second
    assert "Mail is on time again." in third
    assert "Service restored" in third


def test_a_crash_before_the_mark_does_not_note_twice(
    tenant: Tenant, late_mail: Ticket
) -> None:
    SupportIntegrationFactory(tenant=tenant)
    post = IssuePostFactory(issue__tenant=tenant)
    match = IssueMatchFactory(issue=post.issue, ticket=late_mail, verdict="confirmed")
    updates.tell(tenant)
    IssueMatch.objects.filter(pk=match.pk).update(told_up_to=None)
    updates.tell(tenant)
    assert len(notes(late_mail)) == 1


@pytest.mark.parametrize(
    ("verdict", "automatic", "count"),
    [
        ("confirmed", False, 1),
        ("suggested", False, 0),
        ("suggested", True, 1),
        ("rejected", True, 0),
    ],
)
def test_who_is_told(
    tenant: Tenant, late_mail: Ticket, verdict: str, automatic: bool, count: int
) -> None:
    SupportIntegrationFactory(tenant=tenant, note_automatically=automatic)
    post = IssuePostFactory(issue__tenant=tenant)
    IssueMatchFactory(issue=post.issue, ticket=late_mail, verdict=verdict)
    updates.tell(tenant)
    assert len(notes(late_mail)) == count


def test_a_test_environment_sends_nothing_then_or_later(
    tenant: Tenant, late_mail: Ticket
) -> None:
    integration = SupportIntegrationFactory(tenant=tenant, is_test=True)
    post = IssuePostFactory(issue__tenant=tenant)
    IssueMatchFactory(issue=post.issue, ticket=late_mail, verdict="confirmed")
    updates.tell(tenant)
    assert notes(late_mail) == []
    integration.is_test = False
    integration.save()
    updates.tell(tenant)
    assert notes(late_mail) == []
    IssuePostFactory(issue=post.issue, html="<p>News.</p>")
    updates.tell(tenant)
    assert len(notes(late_mail)) == 1


def test_insights_only_writes_nothing_into_tickets(
    tenant: Tenant, late_mail: Ticket
) -> None:
    SupportIntegrationFactory(
        tenant=tenant, basic_auth_allowed=False, single_tenant=False
    )
    post = IssuePostFactory(issue__tenant=tenant)
    IssueMatchFactory(issue=post.issue, ticket=late_mail, verdict="confirmed")
    updates.tell(tenant)
    assert notes(late_mail) == []


def test_a_ticket_that_is_not_in_servicenow_yet_is_told_when_it_is(
    tenant: Tenant, connection: Connection
) -> None:
    SupportIntegrationFactory(tenant=tenant)
    waiting = ticket(connection, LATE, delivered=False)
    post = IssuePostFactory(issue__tenant=tenant)
    IssueMatchFactory(issue=post.issue, ticket=waiting, verdict="confirmed")
    updates.tell(tenant)
    assert notes(waiting) == []
    Ticket.objects.filter(pk=waiting.pk).update(sys_id="a" * 32)
    updates.tell(tenant)
    assert len(notes(waiting)) == 1


def test_a_ticket_that_was_closed_is_left_alone(
    tenant: Tenant, late_mail: Ticket
) -> None:
    SupportIntegrationFactory(tenant=tenant)
    post = IssuePostFactory(issue__tenant=tenant)
    IssueMatchFactory(issue=post.issue, ticket=late_mail, verdict="confirmed")
    Ticket.objects.filter(pk=late_mail.pk).update(remote_state="7")
    updates.tell(tenant)
    assert notes(late_mail) == []


@pytest.mark.parametrize(("days", "count"), [(2, 1), (60, 0)])
def test_a_review_after_the_end_is_told_but_nothing_of_long_ago(
    tenant: Tenant, late_mail: Ticket, days: int, count: int
) -> None:
    SupportIntegrationFactory(tenant=tenant)
    changed = timezone.now() - timedelta(days=days)
    ended = issue(tenant, is_resolved=True, modified_at=changed)
    IssuePostFactory(issue=ended)
    IssueMatchFactory(issue=ended, ticket=late_mail, verdict="confirmed")
    updates.tell(tenant)
    assert len(notes(late_mail)) == count


def test_other_forms_of_the_service_do_not_count_as_words(tenant: Tenant) -> None:
    terms = matching.terms_of(issue(tenant))
    assert "exchange" in terms.service
    assert "mailboxes" not in terms.words
    assert {"late", "timely", "delivery"} <= set(terms.words)
