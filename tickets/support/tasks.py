"""What Celery runs for the support integration; the task loads by id and calls."""

from __future__ import annotations

from celery import shared_task

from connector import signing_keys
from connector.models import Tenant
from tickets.support import call_log, checks, configuration, health, updates
from tickets.support.api import limits
from tickets.support.diagnosis import runs as diagnoses
from tickets.support.diagnosis.models import DiagnosisRun
from tickets.support.models import Repository
from tickets.support.service_requests import outbox as request_outbox
from tickets.support.service_requests import sorting


@shared_task
def check(repository_pk: int, check_ids: list[str]) -> None:
    """Make some of the live checks of a repository."""
    rows = Repository.objects.filter(pk=repository_pk).select_related("tenant")
    for repository in rows:
        checks.run(repository, check_ids)


@shared_task
def pull_health_due() -> None:
    """Start the fetch of service health of every organisation that has it."""
    for tenant_pk in health.tenants():
        pull_health.delay(tenant_pk)


@shared_task
def pull_health(tenant_pk: int) -> None:
    """Fetch the service health of one organisation."""
    for tenant in Tenant.objects.filter(pk=tenant_pk):
        health.pull(tenant)


@shared_task
def tell_updates(tenant_pk: int) -> None:
    """Note the updates of issues into the tickets that match."""
    for tenant in Tenant.objects.filter(pk=tenant_pk):
        updates.tell(tenant)


@shared_task
def deliver_request(pk: int) -> None:
    """Send one mail of a service request, or write one note into its incident."""
    request_outbox.deliver(pk)


@shared_task
def sort_message(pk: str) -> None:
    """Sort a message that came in into the request it belongs to."""
    sorting.sort(pk)


@shared_task(expires=30)
def sweep_requests() -> None:
    """Wake workers for what service requests wait for."""
    request_outbox.sweep()
    sorting.sweep()


@shared_task
def fetch_signing_keys_due() -> None:
    """Have the keys fetched with which tokens for the connector API are signed."""
    for directory in configuration.directories():
        signing_keys.ask(signing_keys.of(directory))


@shared_task
def tidy_calls() -> None:
    """Forget old connector calls, and minutes that are over."""
    call_log.tidy()
    limits.tidy()


@shared_task
def diagnose(run_pk: int, check_ids: list[str]) -> None:
    """Carry out one examination of an instance."""
    rows = DiagnosisRun.objects.filter(pk=run_pk, finished_at=None)
    for run in rows.select_related("repository__tenant"):
        diagnoses.carry_out(run, check_ids)
