"""Named reads of service health."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models.functions import Coalesce
from django.utils import timezone

from connector.queries import TenantQuerySet
from tickets.support.health_words import HEALTHY

if TYPE_CHECKING:
    from connector.models import Tenant
    from tickets.support.health_models import HealthSync

# A fetch that did not end by then belonged to a worker that died.
LEASE = timedelta(minutes=10)


class HealthSyncQuerySet(TenantQuerySet):
    """Reads and claims of fetches."""

    def claim(self, tenant: Tenant, part: str) -> HealthSync | None:
        """Return the fetch for one worker to make, or None while another one does."""
        now = timezone.now()
        row: HealthSync = self.get_or_create(tenant=tenant, part=part)[0]
        free = models.Q(claimed_at=None) | models.Q(claimed_at__lt=now - LEASE)
        if self.filter(free, pk=row.pk).update(claimed_at=now) != 1:
            return None
        row.tenant = tenant
        return row


class HealthServiceQuerySet(TenantQuerySet):
    """Reads of services."""

    def degraded(self) -> Self:
        return self.exclude(status__in=[*HEALTHY, ""])

    def worst_first(self) -> Self:
        """Return those that are not healthy first."""
        is_fine = models.Case(models.When(status__in=[*HEALTHY, ""], then=1), default=0)
        return self.annotate(is_fine=is_fine).order_by("is_fine", "name", "pk")


class ServiceIssueQuerySet(TenantQuerySet):
    """Reads of issues."""

    def open(self) -> Self:
        return self.filter(is_resolved=False)

    def resolved(self) -> Self:
        return self.filter(is_resolved=True)

    def current(self, span: timedelta) -> Self:
        """Return those that are open, or were changed within the span."""
        is_late = models.Q(modified_at__gte=timezone.now() - span)
        return self.filter(is_late | models.Q(is_resolved=False))

    def open_or_ended_within(self, span: timedelta) -> Self:
        """Return those that are open, or ended so lately; some without saying when."""
        ended = Coalesce("ended_at", "modified_at")
        is_late = models.Q(ended__gte=timezone.now() - span)
        return self.alias(ended=ended).filter(is_late | models.Q(is_resolved=False))

    def for_list(self) -> Self:
        """Add `tickets`: how many tickets match, without those people rejected."""
        matching = models.Count(
            "matches", filter=~models.Q(matches__verdict="rejected"), distinct=True
        )
        return self.annotate(tickets=matching).defer("extra", "impact")


class IssueMatchQuerySet(models.QuerySet[Any]):
    """Reads of matches."""

    def for_tenant(self, tenant: Tenant) -> Self:
        return self.filter(issue__tenant=tenant)

    def standing(self) -> Self:
        """Return those nobody rejected."""
        return self.exclude(verdict="rejected")

    def confirmed(self) -> Self:
        return self.filter(verdict="confirmed")


class ServiceMessageQuerySet(TenantQuerySet):
    """Reads of messages."""

    def of_service(self, name: str) -> Self:
        return self.filter(services_index__contains=f"|{name}|")

    def with_tag(self, name: str) -> Self:
        return self.filter(tags_index__contains=f"|{name}|")

    def with_words(self, text: str) -> Self:
        """Return those that have each word in their ID, title or text."""
        found = self
        for word in text.split()[:10]:
            found = found.filter(
                models.Q(title__icontains=word)
                | models.Q(text__icontains=word)
                | models.Q(message_id__iexact=word)
            )
        return found
