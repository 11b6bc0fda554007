"""Fetching service health: for whom, in which order, how it ended."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from celery import current_app
from django.db import transaction
from django.utils import timezone

from connector.exceptions import ConnectorError
from connector.graph import access, auth
from connector.models import Tenant
from tickets.support import health_intake, matching, service_names, updates
from tickets.support.health_models import HealthService, HealthSync, ServiceIssue
from tickets.support.models import SupportIntegration
from tickets.support.setups import HEALTH
from tickets.support.solutions import sources as solution_sources

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.graph.client import Graph

logger = logging.getLogger(__name__)

Part = HealthSync.Part
# Microsoft counts requests by the hour, and anybody may ask for a fetch.
PAUSE = timedelta(minutes=1)
# A kept token does not know what was granted since.
_TOKEN_TOO_OLD = {
    *("graph_forbidden_health", "graph_forbidden_messages", "graph_unauthorized"),
}


def tenants() -> list[int]:
    """Return the organisations that have the feature, or any access to Graph."""
    return [tenant.pk for tenant in Tenant.objects.order_by("pk") if has_it(tenant)]


def has_it(tenant: Tenant) -> bool:
    """Say whether service health is fetched for the organisation."""
    if HEALTH in SupportIntegration.objects.of(tenant).features:
        return True
    return access.credentials_for(tenant).is_complete


def pull(tenant: Tenant) -> None:
    """Fetch and store everything, look for matching tickets, and tell them the news.

    The permissions of the two parts are granted apart, so one may fail alone.
    """
    if _attempt(tenant, Part.HEALTH, _pull_health):
        matching.suggest(tenant)
        updates.tell(tenant)
    _attempt(tenant, Part.MESSAGES, _pull_messages)


def request(tenant: Tenant) -> bool:
    """Have everything fetched now, out of turn; False when it was a moment ago."""
    fresh = HealthSync.objects.for_tenant(tenant).filter(
        finished_at__gt=timezone.now() - PAUSE
    )
    if fresh.exists():
        return False
    wake(tenant)
    return True


def wake(tenant: Tenant, task: str = "pull_health") -> None:
    """Have a task for the organisation run from the transaction's commit on.

    Without a broker the error is logged and the next round does the work.
    """

    def send() -> None:
        current_app.send_task(f"tickets.support.tasks.{task}", (tenant.pk,))

    transaction.on_commit(send, robust=True)


def _attempt(tenant: Tenant, part: str, fetch: Callable[[Tenant, Graph], None]) -> bool:
    """Make one part's fetch and note how it ended; say whether it succeeded."""
    row = HealthSync.objects.claim(tenant, part)
    if row is None:
        return False
    try:
        fetch(tenant, auth.connect(access.credentials_for(tenant)))
    except ConnectorError as error:
        logger.warning("%s of tenant %s not fetched: %s", part, tenant.pk, error)
        if error.code in _TOKEN_TOO_OLD:
            auth.forget_tokens()
        _end(row, error)
        return False
    _end(row)
    return True


def _pull_health(tenant: Tenant, graph: Graph) -> None:
    overviews, issues = graph.health_overviews(), graph.issues()
    with transaction.atomic():
        health_intake.store_services(tenant, overviews)
        health_intake.store_issues(tenant, issues)
    solution_sources.put_issues(tenant)


def _pull_messages(tenant: Tenant, graph: Graph) -> None:
    messages = graph.messages()
    with transaction.atomic():
        health_intake.store_messages(tenant, messages)
    solution_sources.put_messages(tenant)


def _end(row: HealthSync, error: ConnectorError | None = None) -> None:
    row.claimed_at, row.finished_at = None, timezone.now()
    row.succeeded_at = row.succeeded_at if error else row.finished_at
    row.error_code = error.code if error else ""
    row.error_words = error.evidence.words if error else ""
    row.error_request_id = error.evidence.request_id if error else ""
    row.save()


def troubles_of(tenant: Tenant, product: str) -> list[ServiceIssue | HealthService]:
    """Return the open issues of a product's service, or the service without any."""
    if not product:
        return []
    services = [
        service
        for service in HealthService.objects.for_tenant(tenant).degraded()
        if service_names.are_same(service.name, product)
    ]
    if not services:
        return []
    issues = ServiceIssue.objects.for_tenant(tenant).open().defer("extra")
    mine = [one for one in issues if service_names.are_same(one.service, product)]
    return [*mine] or [*services]
