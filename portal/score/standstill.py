"""Which improvement actions nobody and nothing has moved for a while."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import F, Max, Min, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from portal.score.models import ControlScore, Snapshot
from portal.score.status import TOLERANCE

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from connector.models import Tenant


def unchanged(rows: QuerySet[Any], tenant: Tenant, days: int) -> QuerySet[Any]:
    """Keep the actions whose points and plan are as they were so many days ago.

    An action that is younger has changed: it came. The rows need with_plans().
    """
    since = timezone.localdate() - timedelta(days=days)
    snapshots = Snapshot.objects.for_tenant(tenant).order_by("date")
    # The newest day before the span shows what the points were when it began.
    before = snapshots.filter(date__lte=since).reverse().values("date")[:1]
    first = Coalesce(Subquery(before), Subquery(snapshots.values("date")[:1]))
    span = snapshots.filter(date__gte=first).order_by()
    moved = (
        ControlScore.objects.filter(snapshot__in=span.values("pk"))
        .order_by()
        .values("control_id")
        .annotate(least=Min("score"), most=Max("score"))
        .filter(most__gt=F("least") + TOLERANCE)
    )
    old = ControlScore.objects.filter(snapshot__tenant=tenant, snapshot__date=first)
    untouched = Q(plan_changed_at__isnull=True) | Q(
        plan_changed_at__lt=timezone.now() - timedelta(days=days)
    )
    return rows.filter(untouched, control_id__in=old.values("control_id")).exclude(
        control_id__in=moved.values("control_id")
    )
