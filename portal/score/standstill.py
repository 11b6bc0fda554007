"""Which improvement actions nobody and nothing has moved for a while."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import F, Max, Min, Q
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
    today = timezone.localdate()
    since = today - timedelta(days=days)
    snapshots = Snapshot.objects.for_tenant(tenant).order_by("date")
    # The newest day before the span shows what the points were when it began.
    first = snapshots.filter(date__lte=since).last() or snapshots.first()
    if first is None:
        return rows.none()
    span = snapshots.filter(date__gte=first.date).order_by()
    moved = (
        ControlScore.objects.filter(snapshot__in=span.values("pk"))
        .order_by()
        .values("control_id")
        .annotate(least=Min("score"), most=Max("score"))
        .filter(most__gt=F("least") + TOLERANCE)
    )
    old = ControlScore.objects.filter(snapshot=first).values("control_id")
    untouched = Q(changed_at__isnull=True) | Q(
        changed_at__lt=timezone.now() - timedelta(days=days)
    )
    return rows.filter(untouched, control_id__in=old).exclude(
        control_id__in=moved.values("control_id")
    )
