"""What is recorded for incidents: searches and service requests, here and elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone

from tickets.support.service_requests.models import ServiceRequest
from tickets.support.solutions.models import Search

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django.db.models import QuerySet

    from connector.models import Tenant
    from tickets.support.models import Repository

_LATELY = timedelta(days=30)
_MOST = 300
# Shown of an incident that somebody looks up.
MOST_SHOWN = 20


@dataclass(frozen=True)
class Record:
    """Something that is recorded for one incident."""

    is_request: bool
    repository: Repository | None
    sys_id: str
    number: str
    at: datetime
    by: str
    # The service request's name, and how many solutions a search showed.
    reference: str = ""
    count: int = 0


def of_incident(tenant: Tenant, asked: str) -> list[Record]:
    """Return what an organisation has for an incident, by its number or its sys_id."""
    named = Q(incident_number__iexact=asked)
    searches = Search.objects.for_tenant(tenant).filter(named | Q(incident=asked))
    cases = ServiceRequest.objects.for_tenant(tenant).filter(
        named | Q(incident_sys_id=asked)
    )
    return _newest(searches, cases)[:MOST_SHOWN]


@dataclass(frozen=True)
class Found:
    """What is recorded for an incident somebody asked for, and whether it is at one place."""

    asked: str
    records: list[Record]
    repository: Repository

    @property
    def is_whole(self) -> bool:
        """Whether all of it was recorded through this repository under one sys_id."""
        names = {(one.repository, one.sys_id) for one in self.records}
        return len(names) == 1 and names.pop()[0] == self.repository


def of_repository(repository: Repository) -> list[Record]:
    """Return what was recorded through a repository lately."""
    since = timezone.now() - _LATELY
    searches = Search.objects.filter(repository=repository, at__gte=since)
    cases = ServiceRequest.objects.filter(
        repository=repository, created_at__gte=since
    ).exclude(incident_sys_id="")
    return _newest(searches.exclude(incident=""), cases)


def elsewhere(mine: Iterable[Record], repository: Repository) -> list[Record]:
    """Return what is recorded for the same incidents through other repositories.

    A sys_id is made at random: in two repositories it means that one of the instances
    is a copy. Numbers are counted anew on each instance, and say nothing.
    """
    sys_ids = {one.sys_id for one in mine}
    searches = Search.objects.for_tenant(repository.tenant).filter(incident__in=sys_ids)
    cases = ServiceRequest.objects.for_tenant(repository.tenant).filter(
        incident_sys_id__in=sys_ids
    )
    others = Q(repository=repository)
    return _newest(searches.exclude(others), cases.exclude(others))


def renamed(mine: Iterable[Record]) -> list[Record]:
    """Return what is recorded for numbers that had another sys_id before."""
    newest: dict[str, str] = {}
    older = []
    for one in mine:
        known = newest.setdefault(one.number, one.sys_id)
        if one.number and known != one.sys_id:
            older.append(one)
    return older


def _newest(
    searches: QuerySet[Search], cases: QuerySet[ServiceRequest]
) -> list[Record]:
    searched = searches.select_related("repository")[:_MOST]
    opened = cases.select_related("repository")[:_MOST]
    found = [_of_search(one) for one in searched] + [_of_case(one) for one in opened]
    return sorted(found, key=lambda one: one.at, reverse=True)


def _of_search(one: Search) -> Record:
    return Record(
        is_request=False,
        repository=one.repository,
        sys_id=one.incident,
        number=one.incident_number,
        at=one.at,
        by=one.user_name,
        count=len(one.shown),
    )


def _of_case(one: ServiceRequest) -> Record:
    return Record(
        is_request=True,
        repository=one.repository,
        sys_id=one.incident_sys_id,
        number=one.incident_number,
        at=one.created_at,
        by=one.opened_by_name,
        reference=one.reference,
    )
