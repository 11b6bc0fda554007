"""Named reads and claims of plans and of what Microsoft is to be told."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from connector.queries import TenantQuerySet

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from connector.models import Tenant

# Above the longest exchange with Graph; an older claim belongs to a dead worker.
LEASE = timedelta(seconds=90)


class ActionTagQuerySet(TenantQuerySet):
    """Reads of tags."""

    def in_use(self, tenant: Tenant) -> Self:
        """Return the tags some action has; the others are only remembered."""
        return self.for_tenant(tenant).filter(plans__isnull=False).distinct()


class ActionPlanQuerySet(TenantQuerySet):
    """Reads of plans."""

    def by_control(self, tenant: Tenant, control_ids: Iterable[str]) -> dict[str, Any]:
        """Return the plans of these controls with owner and tags, by control."""
        mine = self.for_tenant(tenant).filter(control_id__in=list(control_ids))
        found = mine.select_related("owner").prefetch_related("tags")
        return {plan.control_id: plan for plan in found}

    def to_change(self, tenant: Tenant, control_ids: Iterable[str]) -> dict[str, Any]:
        """Return a plan for each of these controls, nobody else's to change meanwhile.

        Called in a transaction; missing plans are made, empty.
        """
        wanted = list(control_ids)
        rows = [self.model(tenant=tenant, control_id=name) for name in wanted]
        self.bulk_create(rows, ignore_conflicts=True)
        # In one order, so that two changes of many plans do not wait for each other.
        mine = self.for_tenant(tenant).filter(control_id__in=wanted).order_by("pk")
        list(mine.select_for_update().values_list("pk", flat=True))
        return self.by_control(tenant, wanted)


class StateChangeQuerySet(TenantQuerySet):
    """Reads and claims of the outbox of states."""

    def of_control(self, tenant: Tenant, control_id: str) -> Self:
        return self.for_tenant(tenant).filter(control_id=control_id)

    def due(self) -> Self:
        """Return what may be claimed now: due, or held by a worker that died.

        One state of a control at a time, or the older one might arrive last.
        """
        now = timezone.now()
        under_way = self.model.objects.filter(
            tenant=OuterRef("tenant"),
            control_id=OuterRef("control_id"),
            status="sending",
            claimed_at__gt=now - LEASE,
        )
        return self.filter(_is_due(now) | _has_lapsed(now)).exclude(Exists(under_way))

    def claim(self, pk: int) -> Any:
        """Return the change if it is due and nobody else works on it, else None."""
        now = timezone.now()
        taken = (
            self.due()
            .filter(pk=pk)
            .update(status="sending", claimed_at=now, attempts=F("attempts") + 1)
        )
        if not taken:
            return None
        change = self.select_related("tenant").get(pk=pk)
        return change if change.claimed_at == now else None


def _is_due(now: datetime) -> Q:
    return Q(status="queued", due_at__lte=now)


def _has_lapsed(now: datetime) -> Q:
    return Q(status="sending", claimed_at__lte=now - LEASE)
