"""How the support integration does at the moment, in a handful of figures."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Count, Q
from django.utils import timezone

from tickets.support.call_models import ConnectorCall
from tickets.support.health_models import ServiceIssue
from tickets.support.service_requests.models import InboundReceipt, ServiceRequest
from tickets.support.service_requests.states import State
from tickets.support.solutions.models import Solution

if TYPE_CHECKING:
    from connector.models import Tenant

_SPAN = timedelta(hours=24)


class Glance(NamedTuple):
    """The figures, each with where it needs somebody."""

    calls: int
    refused: int
    issues: int
    requests: int
    # Of the requests: Microsoft waits for an answer.
    waiting: int
    # Messages that a person is to assign or drop.
    mails: int
    solutions: int


def of(tenant: Tenant) -> Glance:
    """Count what an organisation's agents and Microsoft are at, by five queries."""
    calls = ConnectorCall.objects.for_tenant(tenant).filter(
        direction=ConnectorCall.Direction.INBOUND, at__gte=timezone.now() - _SPAN
    )
    requests = ServiceRequest.objects.for_tenant(tenant).unfinished()
    is_waiting = Q(state=State.WAITING)
    return Glance(
        **calls.aggregate(
            calls=Count("pk"), refused=Count("pk", filter=Q(status__gte=400))
        ),
        issues=ServiceIssue.objects.for_tenant(tenant).open().count(),
        **requests.aggregate(
            requests=Count("pk"), waiting=Count("pk", filter=is_waiting)
        ),
        mails=InboundReceipt.objects.for_tenant(tenant).waiting().count(),
        solutions=Solution.objects.for_tenant(tenant).published().count(),
    )
