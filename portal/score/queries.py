"""Named reads of Secure Score."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from django.apps import apps
from django.db import models
from django.db.models import Count, F, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from connector.queries import TenantQuerySet
from portal.score.status import TOLERANCE, ActionStatus, derived

if TYPE_CHECKING:
    from connector.models import Tenant
    from portal.score.models import ScoreSync, Snapshot

# How far back a change counts as news.
RECENT = timedelta(days=30)
# Above the longest sync; a claim older than this belongs to a dead worker.
LEASE = timedelta(minutes=4)
COOLDOWN = timedelta(seconds=30)


# What makes an improvement action news; both need with_news().
REGRESSED = Q(score__lt=F("earlier") - TOLERANCE)
RECENTLY_ADDED = Q(earlier__isnull=True)


class SnapshotQuerySet(TenantQuerySet):
    """Reads of daily scores."""

    def latest_for(self, tenant: Tenant) -> Snapshot | None:
        """Return the newest snapshot, or None before the first sync."""
        snapshot: Snapshot | None = self.for_tenant(tenant).order_by("-date").first()
        return snapshot

    def last_days(self, tenant: Tenant, days: int) -> Self:
        """Return the snapshots of the newest `days` days, oldest first."""
        latest = self.latest_for(tenant)
        if latest is None:
            return self.none()
        since = latest.date - timedelta(days=days - 1)
        return self.for_tenant(tenant).filter(date__gte=since).order_by("date")

    def before(self, snapshot: Snapshot) -> Snapshot | None:
        """Return the newest snapshot of an earlier day."""
        return (
            self.filter(tenant_id=snapshot.tenant_id, date__lt=snapshot.date)
            .order_by("-date")
            .first()
        )

    def latest_and_reference(
        self, tenant: Tenant
    ) -> tuple[Snapshot | None, Snapshot | None]:
        """Return the newest one and what its news are measured against, at once."""
        days = RECENT.days + 2
        # One a day: so many of them reach back far enough, or are all there are.
        newest = list(self.for_tenant(tenant).order_by("-date")[:days])
        if len(newest) < 2:
            return next(iter(newest), None), None
        latest, *older = newest
        long_ago = (s for s in older if s.date <= latest.date - RECENT)
        return latest, next(long_ago, older[-1])

    def to_compare_with(self, latest: Snapshot) -> Snapshot | None:
        """Return what recent changes are measured against: 30 days ago, or the first."""
        older = self.filter(tenant_id=latest.tenant_id, date__lt=latest.date)
        long_ago = older.filter(date__lte=latest.date - RECENT).order_by("-date")
        return long_ago.first() or older.order_by("date").first()


class ControlProfileQuerySet(TenantQuerySet):
    """Reads of improvement actions."""

    def scored(self) -> Self:
        """Return what counts in this organisation now."""
        return self.filter(deprecated=False, score__isnull=False)

    def with_status(self) -> Self:
        """Add `status` and `remaining`, the points that can still be won."""
        left = F("max_score") - Coalesce(F("score"), 0.0)
        return self.with_holds().annotate(
            status=derived(),
            remaining=Greatest(left, Value(0.0), output_field=models.FloatField()),
        )

    def with_holds(self) -> Self:
        """Add what the plans say: `plan_status`, and why it counts as `plan_hold`."""
        mine = _plans()
        return self.annotate(
            plan_status=Coalesce(Subquery(mine.values("status")[:1]), Value("")),
            plan_hold=Coalesce(Subquery(mine.values("hold")[:1]), Value("")),
        )

    def with_plans(self) -> Self:
        """Add `owner_name` and `due` of the plans, and more of them to filter by."""
        mine = _plans()
        return self.annotate(
            owner_name=Subquery(mine.values("owner__username")[:1]),
            due=Subquery(mine.values("due_date")[:1]),
        ).alias(
            owner_id=Subquery(mine.values("owner_id")[:1]),
            # An empty one was never saved.
            changed_at=Subquery(mine.filter(version__gt=0).values("updated_at")[:1]),
        )

    def for_list(self) -> Self:
        """Without the long texts, which no list shows."""
        return self.defer(
            *("remediation", "remediation_impact", "description"),
            *("implementation_status", "threats", "state_updates"),
        )

    def with_news(self, reference: Snapshot | None) -> Self:
        """Add `earlier`, the points on the day of the reference; without one, today's."""
        from portal.score.models import ControlScore

        if reference is None:
            return self.annotate(earlier=F("score"))
        then = ControlScore.objects.filter(
            snapshot=reference, control_id=OuterRef("control_id")
        )
        return self.annotate(earlier=Subquery(then.values("score")[:1]))

    def most_to_win(self) -> Self:
        """Return what is to be addressed, the most points first."""
        wanted = self.filter(status=ActionStatus.TO_ADDRESS, remaining__gt=TOLERANCE)
        return wanted.order_by(
            "-remaining", F("rank").asc(nulls_last=True), "title", "pk"
        )

    def counts(self) -> dict[str, int]:
        """Count by status and by news; needs with_status() and with_news()."""
        wanted = {status.value: Q(status=status) for status in ActionStatus}
        wanted |= {"regressed": REGRESSED, "added": RECENTLY_ADDED}
        return self.aggregate(
            **{name: Count("pk", filter=rule) for name, rule in wanted.items()}
        )

    def points_by_category(self) -> list[dict[str, Any]]:
        """Return category, achieved and maximum points of each category."""
        return list(
            self.order_by("category")
            .values("category")
            .annotate(achieved=Sum("score"), maximum=Sum("max_score"))
        )


def _plans() -> models.QuerySet[Any]:
    """Return the plan of the control of an outer row."""
    plans = apps.get_model("portal", "ActionPlan").objects
    return plans.filter(
        tenant=OuterRef("tenant"), control_id=OuterRef("control_id")
    ).order_by()


class ControlScoreQuerySet(models.QuerySet[Any]):
    """Reads of the points of controls."""

    def of_control(self, tenant: Tenant, control_id: str) -> Self:
        """Return one control's points, oldest first, with their days."""
        mine = self.filter(snapshot__tenant=tenant, control_id=control_id)
        return mine.select_related("snapshot").order_by("snapshot__date")


class ScoreSyncQuerySet(TenantQuerySet):
    """Reads and claims of the syncs."""

    def current(self, tenant: Tenant) -> ScoreSync:
        """Return the tenant's row; the first call makes it."""
        sync: ScoreSync
        sync, _created = self.get_or_create(tenant=tenant)
        return sync

    def due(self) -> Self:
        return self.filter(due_at__lte=timezone.now())

    def claim(self, tenant: Tenant) -> bool:
        """Take the right to sync now; False when it is not due or somebody has it."""
        now = timezone.now()
        mine = self.due().for_tenant(tenant)
        return mine.update(tried_at=now, due_at=now + LEASE) == 1

    def request(self, tenant: Tenant) -> bool:
        """Make the sync due now; False when one was just tried."""
        now = timezone.now()
        rested = Q(tried_at__isnull=True) | Q(tried_at__lt=now - COOLDOWN)
        return self.for_tenant(tenant).filter(rested).update(due_at=now) == 1
