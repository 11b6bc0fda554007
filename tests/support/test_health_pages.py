"""The pages of service health, and what they write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.urls import reverse

from connector.graph import client
from connector.models import AuditEvent
from connector.sandbox import graph_announcements as told
from connector.sandbox import graph_directory
from tests.factories import (
    ConnectionFactory,
    ControlProfileFactory,
    HealthServiceFactory,
    IssueMatchFactory,
    IssuePostFactory,
    ServiceIssueFactory,
    ServiceMessageFactory,
    SupportIntegrationFactory,
    TicketFactory,
)
from tickets.models import Delivery, Ticket
from tickets.support import health
from tickets.support.health_intake import index_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.test import Client
    from pytest_django import DjangoAssertNumQueries
    from pytest_django.fixtures import SettingsWrapper

    from connector.models import Tenant
    from tests.score.conftest import GraphServer
    from tickets.support.health_models import IssueMatch, ServiceIssue

    SignIn = Callable[[User], Client]

pytestmark = pytest.mark.django_db
HEALTH, MESSAGES = reverse("support:health"), reverse("support:messages")


def text_of(page: Any) -> str:
    return " ".join(page.content.decode().split())


@pytest.fixture
def issue(tenant: Tenant) -> ServiceIssue:
    found = ServiceIssueFactory(tenant=tenant, issue_id="EX1")
    IssuePostFactory(issue=found, html="<p>Queues <b>drain</b>.</p>")
    return found


@pytest.fixture
def match(issue: ServiceIssue, tenant: Tenant) -> IssueMatch:
    connection = ConnectionFactory(tenant=tenant)
    ticket = TicketFactory(connection=connection, delivered=True, name="Mail is late")
    return IssueMatchFactory(issue=issue, ticket=ticket, words=["mail"])


def another(match: IssueMatch, **more: Any) -> IssueMatch:
    ticket = TicketFactory(connection=match.ticket.connection, delivered=True)
    return IssueMatchFactory(issue=match.issue, ticket=ticket, **more)


def noted(ticket: Ticket) -> int:
    return ticket.deliveries.filter(operation=Delivery.Operation.NOTE).count()


def test_the_overview_says_in_words_how_each_service_is(
    tenant: Tenant, graph_server: GraphServer, reader: User, client_for: SignIn
) -> None:
    health.pull(tenant)
    words = text_of(client_for(reader).get(HEALTH))
    assert "2 of 8 are not healthy" in words
    assert "Service degradation" in words
    assert words.index("Open issues") < words.index('id="services-title"')
    assert told.MAIL in words
    assert words.index("Resolved lately") < words.index(told.SIGN_IN)


def test_a_failed_fetch_shows_microsofts_words_and_the_repair(
    tenant: Tenant,
    graph_server: GraphServer,
    settings: SettingsWrapper,
    reader: User,
    client_for: SignIn,
) -> None:
    graph_directory.change({"roles": [client.READ]})
    settings.GRAPH_ACCESS_TOKEN = graph_directory.issue("app")
    health.pull(tenant)
    for url, permission in ((HEALTH, client.HEALTH), (MESSAGES, client.MESSAGES)):
        words = text_of(client_for(reader).get(url))
        assert f"lacks the permission {permission}" in words
        assert f"select {permission}, then Grant admin consent" in words
        assert "Allowed scopes" in words


def test_a_fetch_can_be_asked_for_but_not_again_and_again(
    tenant: Tenant, graph_server: GraphServer, reader: User, client_for: SignIn
) -> None:
    browser, url = client_for(reader), reverse("support:health_refresh")
    words = text_of(browser.post(url, follow=True))
    assert "is being fetched from Microsoft" in words
    health.pull(tenant)
    assert "less than a minute ago" in text_of(browser.post(url, follow=True))
    assert AuditEvent.objects.filter(action="support.health_requested").count() == 1


def test_the_issue_shows_updates_newest_first_and_matched_tickets(
    match: IssueMatch, issue: ServiceIssue, reader: User, client_for: SignIn
) -> None:
    IssuePostFactory(issue=issue, html="<p>All is well.</p>")
    words = text_of(client_for(reader).get(issue.get_absolute_url()))
    assert words.index("All is well.") < words.index("Queues <b>drain</b>.")
    assert match.ticket.number in words
    assert "Words found: mail" in words
    assert 'value="confirm"' not in words, "a reader decides nothing"


def test_the_same_issue_of_another_organisation_stays_there(
    match: IssueMatch, other_tenant: Tenant, outsider: User, client_for: SignIn
) -> None:
    theirs = ServiceIssueFactory(tenant=other_tenant, issue_id="EX1", title="Theirs")
    page = client_for(outsider).get(theirs.get_absolute_url())
    assert "Theirs" in text_of(page)
    assert match.ticket.number not in text_of(page)
    url = reverse("support:decide_match", args=["EX1", match.pk])
    assert client_for(outsider).post(url, {"verdict": "confirm"}).status_code == 404


def test_a_match_is_confirmed_by_a_person_and_audited(
    match: IssueMatch, helpdesk: User, client_for: SignIn
) -> None:
    url = reverse("support:decide_match", args=["EX1", match.pk])
    client_for(helpdesk).post(url, {"verdict": "confirm"})
    match.refresh_from_db()
    assert (match.verdict, match.decided_by) == ("confirmed", helpdesk)
    event = AuditEvent.objects.get(action="support.match_confirmed")
    assert event.facts["issue"] == "EX1"
    assert client_for(helpdesk).post(url, {"verdict": "maybe"}).status_code == 404


def test_one_note_goes_into_the_chosen_tickets_once(
    match: IssueMatch, operator: User, client_for: SignIn
) -> None:
    other, left_out = another(match), another(match)
    browser, url = client_for(operator), reverse("support:bulk_note", args=["EX1"])
    form = {
        "tickets": [match.pk, other.pk],
        "text": "Microsoft works on it.",
        "once": str(uuid4()),
    }
    words = text_of(browser.post(url, form | {"intent": "preview"}))
    assert "This goes to 2 tickets" in words
    assert noted(match.ticket) == 0
    for _again in range(2):
        answer = browser.post(url, form | {"intent": "send"})
        assert answer.status_code == 302
    assert [noted(m.ticket) for m in (match, other, left_out)] == [1, 1, 0]
    assert AuditEvent.objects.filter(action="support.bulk_noted").count() == 1


def test_a_note_without_ticket_or_text_keeps_what_was_typed(
    match: IssueMatch, operator: User, client_for: SignIn
) -> None:
    url = reverse("support:bulk_note", args=["EX1"])
    form = {"text": "Typed already", "once": str(uuid4()), "intent": "send"}
    answer = client_for(operator).post(url, form)
    assert answer.status_code == 422
    assert "Typed already" in text_of(answer)
    assert "Choose one ticket at least." in text_of(answer)


def test_a_rejected_ticket_and_one_of_another_issue_cannot_be_noted(
    match: IssueMatch, operator: User, client_for: SignIn
) -> None:
    rejected = another(match, verdict="rejected")
    foreign = IssueMatchFactory(ticket=match.ticket, issue__tenant=match.issue.tenant)
    url = reverse("support:bulk_note", args=["EX1"])
    for wrong in (rejected, foreign):
        form = {"tickets": [wrong.pk], "text": "x", "once": str(uuid4())}
        answer = client_for(operator).post(url, form | {"intent": "send"})
        assert answer.status_code == 422
    assert noted(match.ticket) + noted(rejected.ticket) == 0


def test_a_test_environment_says_so_and_sends_no_note(
    match: IssueMatch, operator: User, client_for: SignIn
) -> None:
    SupportIntegrationFactory(tenant=match.issue.tenant, is_test=True)
    browser = client_for(operator)
    assert "nothing is sent to any ticket" in text_of(
        browser.get(match.issue.get_absolute_url())
    )
    form = {"tickets": [match.pk], "text": "x", "once": str(uuid4()), "intent": "send"}
    answer = browser.post(reverse("support:bulk_note", args=["EX1"]), form)
    assert "nothing is sent to any ticket" in text_of(answer)
    assert 'value="send"' not in text_of(answer)
    assert noted(match.ticket) == 0


def test_messages_are_narrowed_by_the_address(
    tenant: Tenant, graph_server: GraphServer, reader: User, client_for: SignIn
) -> None:
    health.pull(tenant)
    every = {"MC1201877", "MC1203310", "MC1204525", "MC1199004"}
    for query, found in (
        ({}, every),
        ({"service": "SharePoint Online"}, {"MC1199004"}),
        ({"category": "preventorfixissue"}, {"MC1204525"}),
        ({"severity": "high"}, {"MC1201877"}),
        ({"major": "on"}, {"MC1201877", "MC1199004"}),
        ({"tag": "New feature"}, {"MC1203310"}),
        ({"q": "retired library"}, {"MC1204525"}),
        ({"q": "mc1203310"}, {"MC1203310"}),
        ({"category": "nonsense"}, every),
    ):
        words = text_of(client_for(reader).get(MESSAGES, query))
        assert {one for one in every if one in words} == found, query


def test_a_name_is_found_whole() -> None:
    assert index_of(["Teams", "Teams Phone"]) == "|Teams|Teams Phone|"
    assert index_of([]) == ""


@pytest.mark.parametrize(
    ("service", "status", "product", "is_warned"),
    [
        ("Exchange Online", "servicedegradation", "EXO", True),
        ("Exchange Online", "serviceoperational", "EXO", False),
        ("Identity Service", "investigating", "AzureAD", True),
        ("Microsoft Teams", "servicedegradation", "EXO", False),
    ],
)
def test_sharing_an_action_of_a_degraded_service_warns_but_goes_on(
    tenant: Tenant,
    operator: User,
    client_for: SignIn,
    service: str,
    status: str,
    product: str,
    is_warned: bool,
) -> None:
    ConnectionFactory(tenant=tenant)
    HealthServiceFactory(tenant=tenant, name=service, status=status)
    issue = ServiceIssueFactory(tenant=tenant, service=service)
    profile = ControlProfileFactory(tenant=tenant, service=product)
    url = reverse("score:share", args=[profile.control_id])
    page = client_for(operator).get(url)
    assert ("has a problem at Microsoft right now" in text_of(page)) is is_warned
    assert (issue.get_absolute_url() in text_of(page)) is is_warned
    assert "Send to ServiceNow</button>" in text_of(page)


def test_a_ticket_typed_in_is_not_warned_of_anything(
    tenant: Tenant, operator: User, client_for: SignIn
) -> None:
    ConnectionFactory(tenant=tenant)
    HealthServiceFactory(tenant=tenant, status="servicedegradation")
    page = client_for(operator).get(reverse("tickets:new"))
    assert "right now" not in text_of(page)


def test_many_issues_and_tickets_cost_no_more_queries(
    match: IssueMatch,
    operator: User,
    client_for: SignIn,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    tenant = match.issue.tenant
    for _number in range(6):
        another(match)
        HealthServiceFactory(tenant=tenant)
        IssueMatchFactory(issue__tenant=tenant, ticket=match.ticket)
        ServiceMessageFactory(tenant=tenant)
    note = reverse("support:bulk_note", args=["EX1"])
    browser = client_for(operator)
    for url in (HEALTH, match.issue.get_absolute_url(), note, MESSAGES):
        browser.get(url)
        with django_assert_max_num_queries(15):
            assert browser.get(url).status_code == 200
