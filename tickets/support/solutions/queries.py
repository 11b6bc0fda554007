"""Named reads of solutions."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.utils import timezone

from connector.queries import TenantQuerySet

if TYPE_CHECKING:
    from connector.models import Tenant
    from tickets.support.solutions.models import KnowledgeSource

# A pull that did not end by then belonged to a worker that died.
LEASE = timedelta(minutes=30)
_HEAVY = ("text", "html", "terms")


class SolutionQuerySet(TenantQuerySet):
    """Reads of the library."""

    def published(self) -> Self:
        return self.filter(is_published=True)

    def with_words(self, text: str) -> Self:
        """Return those that have each word in title, keywords or text."""
        found = self
        for word in text.split()[:10]:
            found = found.filter(
                models.Q(title__icontains=word)
                | models.Q(keywords__icontains=word)
                | models.Q(key__iexact=word)
                | models.Q(body__icontains=word)
            )
        return found


class DocumentQuerySet(TenantQuerySet):
    """Reads of the index."""

    def active(self) -> Self:
        return self.filter(is_active=True)

    def of(self, source: str, origin: str = "") -> Self:
        return self.filter(source=source, origin=origin)

    def for_ranking(self) -> Self:
        """Leave out what is shown only of the few that are found."""
        return self.defer("text", "html", "keywords", "digest")

    def light(self) -> Self:
        return self.defer(*_HEAVY)


class FeedbackQuerySet(models.QuerySet[Any]):
    """Reads of what people think."""

    def for_tenant(self, tenant: Tenant) -> Self:
        return self.filter(document__tenant=tenant)


class KnowledgeSourceQuerySet(TenantQuerySet):
    """Reads and claims of the knowledge bases."""

    def due(self) -> Self:
        return self.filter(is_enabled=True, due_at__lte=timezone.now())

    def claim(self, pk: int) -> KnowledgeSource | None:
        """Return the source for one worker to pull, or None while another one does."""
        now = timezone.now()
        free = models.Q(claimed_at=None) | models.Q(claimed_at__lt=now - LEASE)
        if self.due().filter(free, pk=pk).update(claimed_at=now) != 1:
            return None
        source: KnowledgeSource = self.select_related("tenant").get(pk=pk)
        return source
