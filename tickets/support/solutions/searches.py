"""Searches of agents: what was asked and shown is kept, to be shown and judged again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from tickets.support.solutions import feedback, snippets
from tickets.support.solutions.models import Document, Search
from tickets.support.solutions.search import Hit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tickets.support.models import Repository
    from tickets.support.solutions.ranking import Question

KEPT = timedelta(days=180)


def keep(
    repository: Repository,
    asked: Question,
    hits: Sequence[Hit],
    *,
    incident: dict[str, str],
    user_name: str,
) -> Search:
    """Keep a search: the stems of what was asked, never its words."""
    return Search.objects.create(
        tenant=repository.tenant,
        repository=repository,
        incident=incident.get("sys_id", ""),
        incident_number=incident.get("number", ""),
        user_name=user_name[:100],
        terms=feedback.join(asked.terms),
        shown=[
            {
                "id": hit.document.pk,
                "score": hit.score,
                "terms": sorted(hit.matched),
                "words": list(hit.matched_words),
            }
            for hit in hits
        ],
    )


def last_of(repository: Repository, incident: str) -> Search | None:
    """Return the last search for an incident, or None."""
    rows = Search.objects.for_tenant(repository.tenant).filter(
        repository=repository, incident=incident
    )
    return rows.exclude(incident="").first()


def shown(kept: Search) -> list[Hit]:
    """Return what a search showed, as far as it is still there."""
    rows = Document.objects.for_tenant(kept.tenant).active()
    by_key = rows.in_bulk([one["id"] for one in kept.shown])
    return [
        Hit(
            document=by_key[one["id"]],
            title=snippets.title(by_key[one["id"]].title, one["terms"]),
            snippet=snippets.snippet(by_key[one["id"]].text, one["terms"]),
            score=one["score"],
            matched_words=tuple(one["words"]),
            matched=frozenset(one["terms"]),
        )
        for one in kept.shown
        if one["id"] in by_key
    ]


def tidy() -> None:
    """Forget searches older than 180 days."""
    Search.objects.filter(at__lt=timezone.now() - KEPT).delete()
