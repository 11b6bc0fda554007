"""Writing the library: each act with its row in the audit trail, and in the index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from connector import audit
from tickets.support.solutions import index, sources
from tickets.support.solutions.models import Document, Solution

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.contrib.auth.models import User

COLUMNS = ("title", "body", "services", "keywords", "is_published")


class Changed(Exception):
    """Somebody else saved the solution meanwhile; `now` is what they saved."""

    def __init__(self, now: Solution) -> None:
        super().__init__(now.pk)
        self.now = now


def save(
    solution: Solution, values: Mapping[str, Any], *, seen: int, actor: User
) -> Solution:
    """Save a solution, new or as `seen` the last time.

    Raises Changed when it is not as it was seen. Within the organisation's lock.
    """
    with transaction.atomic():
        is_new = solution.pk is None
        if not is_new:
            tenant = solution.tenant
            solution = Solution.objects.for_tenant(tenant).get(pk=solution.pk)
            solution.tenant = tenant
            if solution.revision != seen:
                raise Changed(solution)
        if is_new or any(getattr(solution, name) != values[name] for name in COLUMNS):
            write(solution, values, actor=actor)
            sources.put_solution(solution)
            action = "solution.created" if is_new else "solution.changed"
            audit.record(
                action,
                tenant=solution.tenant,
                actor=actor,
                target=solution.title,
                published=solution.is_published,
            )
    return solution


def write(solution: Solution, values: Mapping[str, Any], *, actor: User) -> None:
    """Store the values; the caller holds the lock, indexes and keeps the audit."""
    if solution.pk is None:
        solution.created_by_name = actor.get_username()
    else:
        solution.revision += 1
    for name in COLUMNS:
        setattr(solution, name, values[name])
    solution.updated_at = timezone.now()
    solution.updated_by_name = actor.get_username()
    solution.save()


def delete(solution: Solution, *, actor: User) -> None:
    """Delete a solution; what people said of it goes from the search with it."""
    with transaction.atomic():
        index.remove(solution.tenant, Document.Source.LIBRARY, str(solution.pk))
        audit.record(
            "solution.deleted",
            tenant=solution.tenant,
            actor=actor,
            target=solution.title,
        )
        solution.delete()
