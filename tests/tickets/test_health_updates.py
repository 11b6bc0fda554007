"""An update of Microsoft on its whole way: from Graph into an incident in ServiceNow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox import graph_announcements as told
from tickets import outbox
from tickets.models import Delivery, Ticket
from tickets.support import health, matching
from tickets.support.health_models import IssueMatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

    from tests.score.conftest import GraphServer
    from tests.tickets.conftest import Person


def test_an_update_of_microsoft_reaches_the_incident_once(
    sent: Callable[..., Ticket], agent: Person, graph_server: GraphServer, admin: User
) -> None:
    text = "Delivery of mails from outside takes hours."
    ticket = sent("incident", name="Outlook: mails are late", description=text)
    health.pull(ticket.tenant)
    match = IssueMatch.objects.get(issue__issue_id=told.MAIL, ticket=ticket)
    matching.decide(match, "confirmed", actor=admin)
    for _again in range(2):
        health.pull(ticket.tenant)
        for delivery in Delivery.objects.filter(operation="note"):
            outbox.deliver(delivery.pk)
    path = f"incident/{ticket.sys_id}?sysparm_display_value=true"
    journal = agent.call("GET", path)["work_notes"]
    assert journal.count("two thirds of the servers work as they should") == 1
    assert "Microsoft 365 service health" in journal
