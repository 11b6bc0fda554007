"""What Celery runs for the support integration; the task loads by id and calls."""

from __future__ import annotations

from celery import shared_task

from tickets.support import checks
from tickets.support.models import Repository


@shared_task
def check(repository_pk: int, check_ids: list[str]) -> None:
    """Make some of the live checks of a repository."""
    rows = Repository.objects.filter(pk=repository_pk).select_related("tenant")
    for repository in rows:
        checks.run(repository, check_ids)
