"""Named reads of Secure Score."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from django.apps import apps
from django.db import models
from django.db.models import (
    Case,
    F,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from connector.queries import TenantQuerySet
from portal.score.status import TOLERANCE, derived

if TYPE_CHECKING:
    from datetime import date

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


def recently_updated() -> Q:
    """Return what Microsoft changed of late."""
    return Q(changed_at__gte=timezone.now() - RECENT)


class SnapshotQuerySet(TenantQuerySet):
    """Reads of daily scores."""

    def latest_for(self, tenant: Tenant) -> Snapshot | None:
        """Return the newest snapshot, or None before the first sync."""
        snapshot: Snapshot | None = self.for_tenant(tenant).order_by("-date").first()
        return snapshot

    def up_to(self, latest: Snapshot, days: int | None) -> Self:
        """Return the `days` days that end with the latest, oldest first; None for all."""
        mine = self.filter(tenant_id=latest.tenant_id, date__lte=latest.date)
        if days is not None:
            mine = mine.filter(date__gt=latest.date - timedelta(days=days))
        return mine.order_by("date")

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
        long_ago = latest.date - RECENT
        # Of the days until then the newest; without any the oldest of those since.
        since = Case(When(date__gt=long_ago, then=F("date")))
        wanted: Snapshot | None = older.order_by(
            since.asc(nulls_first=True), "-date"
        ).first()
        return wanted

    def newest_of_each(self, tenants: list[Tenant], until: date | None = None) -> Self:
        """Return one snapshot per tenant: the newest, or the newest until that day."""
        own = self.model.objects.filter(tenant=OuterRef("tenant"))
        if until is not None:
            own = own.filter(date__lte=until)
        newest = own.order_by("-date").values("pk")[:1]
        return self.filter(tenant__in=tenants, pk=Subquery(newest))


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
            plan_changed_at=Subquery(
                mine.filter(version__gt=0).values("updated_at")[:1]
            ),
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

    def for_board(self, reference: Snapshot | None) -> Self:
        """Return what the overview counts and sums up: scored, with status and news.

        The status is what `with_status()` says: Microsoft's, and any plan kept here.
        """
        counted = ("control_id", "title", "category", "service", "score", "max_score")
        return (
            self.scored()
            .with_status()
            .with_news(reference)
            .only(*counted, "rank", "changed_at", "tenant_id")
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


class ScoreEventQuerySet(TenantQuerySet):
    """Reads of the history."""

    def with_titles(self) -> Self:
        """Add `title`: the action's name, or its id once Microsoft dropped it."""
        from portal.score.models import ControlProfile

        profile = ControlProfile.objects.filter(
            tenant=OuterRef("tenant"), control_id=OuterRef("control_id")
        )
        known = Subquery(profile.values("title")[:1])
        return self.annotate(known_title=known, title=Coalesce(known, F("control_id")))

    def worst_first(self) -> Self:
        return self.order_by(F("before") - F("after")).reverse()

    def sums(self) -> dict[str, float]:
        """Return the points gained and regressed."""
        change = F("after") - F("before")
        told = self.order_by().aggregate(
            gained=Sum(change, filter=Q(kind="gained")),
            regressed=Sum(-change, filter=Q(kind="regressed")),
        )
        return {name: value or 0.0 for name, value in told.items()}


class ScoreSyncQuerySet(TenantQuerySet):
    """Reads and claims of the syncs."""

    def current(self, tenant: Tenant) -> ScoreSync:
        """Return the tenant's row; the first call makes it."""
        sync: ScoreSync
        sync, _created = self.get_or_create(tenant=tenant)
        return sync

    def with_settings(self) -> Self:
        """Bring the organisation's score zones and access along, without its secrets."""
        secrets = ("client_secret", "private_key", "certificate", "findings")
        return self.select_related("tenant__score_zone", "tenant__graph_access").defer(
            *(f"tenant__graph_access__{name}" for name in secrets)
        )

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
