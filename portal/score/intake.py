"""From Graph's records to rows: cleaned, cut to fit, written so that twice is once."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from portal.score import markup
from portal.score.models import ControlProfile, ControlScore, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from django.db.models import Model

    from connector.graph import records
    from connector.models import Tenant

BATCH = 500
LONGEST_ID = 200
LONGEST_URL = 1000

_CATEGORIES = {
    "identity": "Identity",
    "data": "Data",
    "device": "Device",
    "devices": "Device",
    "app": "Apps",
    "apps": "Apps",
    "infrastructure": "Infrastructure",
}
_PROFILE_FACTS = [
    *("title", "category", "service", "tier", "action_type", "action_url"),
    *("max_score", "rank", "user_impact", "implementation_cost", "remediation"),
    *("remediation_impact", "threats", "deprecated", "state", "state_updates"),
    "synced_at",
]
_SCORE_FACTS = [
    *("score", "description", "implementation_status", "last_synced_at"),
    "synced_at",
]
_SNAPSHOT_FACTS = [
    *("current_score", "max_score", "active_user_count", "licensed_user_count"),
    *("enabled_services", "comparisons", "calculated_at", "synced_at"),
]


def store_profiles(tenant: Tenant, profiles: Iterable[records.ControlProfile]) -> None:
    """Write the improvement actions; points are left as they are."""
    # Sorted, so that two syncs lock the rows in the same order.
    by_id = {p.id: p for p in profiles if len(p.id) <= LONGEST_ID}
    ControlProfile.objects.bulk_create(
        [_profile(tenant, by_id[control_id]) for control_id in sorted(by_id)],
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["tenant", "control_id"],
        update_fields=_PROFILE_FACTS,
    )


def store_scores(tenant: Tenant, scores: Iterable[records.SecureScore]) -> None:
    """Write the daily scores, and the newest day's points onto the actions."""
    by_day = {_day(score): score for score in sorted(scores, key=_calculated)}
    if not by_day:
        return
    _store_snapshots(tenant, list(by_day.values()))
    keys = dict(
        Snapshot.objects.for_tenant(tenant)
        .filter(date__in=by_day)
        .values_list("date", "pk")
    )
    _store_points({keys[day]: score for day, score in by_day.items()})
    newest = max(by_day)
    latest = Snapshot.objects.latest_for(tenant)
    if latest is not None and latest.date == newest:
        _store_current_points(tenant, by_day[newest])


def _store_snapshots(tenant: Tenant, scores: Sequence[records.SecureScore]) -> None:
    Snapshot.objects.bulk_create(
        [_snapshot(tenant, score) for score in scores],
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["tenant", "date"],
        update_fields=_SNAPSHOT_FACTS,
    )


def _store_points(by_snapshot: dict[int, records.SecureScore]) -> None:
    rows = [
        _control_score(snapshot_id, control)
        for snapshot_id, score in by_snapshot.items()
        for control in _usable(score)
    ]
    ControlScore.objects.bulk_create(
        rows,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["snapshot", "control_id"],
        update_fields=["category", "score", "implementation_status"],
    )
    _drop_points_taken_back(by_snapshot, rows)


def _drop_points_taken_back(
    by_snapshot: dict[int, records.SecureScore], rows: list[ControlScore]
) -> None:
    """Remove what a day no longer contains, or its points would not add up."""
    told = {(row.snapshot_id, row.control_id) for row in rows}
    kept = ControlScore.objects.filter(snapshot__in=by_snapshot)
    found = kept.values_list("pk", "snapshot_id", "control_id")
    gone = [pk for pk, *key in found if tuple(key) not in told]
    ControlScore.objects.filter(pk__in=gone).delete()


def _store_current_points(tenant: Tenant, score: records.SecureScore) -> None:
    controls = sorted(_usable(score), key=lambda control: control.name)
    ControlProfile.objects.bulk_create(
        [_scored_profile(tenant, control) for control in controls],
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["tenant", "control_id"],
        update_fields=_SCORE_FACTS,
    )
    names = [control.name for control in controls]
    profiles = ControlProfile.objects.for_tenant(tenant).filter(score__isnull=False)
    profiles.exclude(control_id__in=names).update(score=None)


def _profile(tenant: Tenant, record: records.ControlProfile) -> ControlProfile:
    values = {
        name: getattr(record, name)
        for name in (
            *("title", "service", "tier", "action_type", "max_score", "rank"),
            *("user_impact", "implementation_cost", "deprecated", "state"),
        )
    }
    return ControlProfile(
        tenant=tenant,
        control_id=record.id,
        category=_category(record.category),
        action_url=_https(record.action_url),
        remediation=markup.clean(record.remediation),
        remediation_impact=markup.clean(record.remediation_impact),
        threats=list(record.threats),
        state_updates=[_update(update) for update in record.updates],
        **_fitted(ControlProfile, values),
    )


def _scored_profile(tenant: Tenant, record: records.ControlScore) -> ControlProfile:
    """Return the action with its points; a score without profile is titled by its id."""
    return ControlProfile(
        tenant=tenant,
        control_id=record.name,
        title=record.name,
        category=_category(record.category),
        max_score=max(record.score, 0.0),
        score=record.score,
        description=markup.plain(record.description),
        implementation_status=markup.plain(record.implementation_status),
        last_synced_at=record.last_synced,
    )


def _snapshot(tenant: Tenant, record: records.SecureScore) -> Snapshot:
    return Snapshot(
        tenant=tenant,
        date=_day(record),
        current_score=record.current,
        max_score=record.maximum,
        active_user_count=record.active_users,
        licensed_user_count=record.licensed_users,
        enabled_services=list(record.services),
        comparisons=[
            {"basis": c.basis, "averageScore": c.average, "seats": c.seats}
            for c in record.comparisons
        ],
        calculated_at=record.created_at,
    )


def _control_score(snapshot_id: int, record: records.ControlScore) -> ControlScore:
    return ControlScore(
        snapshot_id=snapshot_id,
        control_id=record.name,
        category=_category(record.category),
        score=record.score,
        implementation_status=markup.plain(record.implementation_status),
    )


def _update(record: records.StateUpdate) -> dict[str, str | None]:
    return {
        "state": record.state,
        "updatedDateTime": record.at.isoformat() if record.at else None,
        "updatedBy": record.by,
        "comment": record.comment,
        "assignedTo": record.assigned_to,
    }


def _usable(score: records.SecureScore) -> list[records.ControlScore]:
    return [control for control in score.controls if len(control.name) <= LONGEST_ID]


def _fitted(model: type[Model], values: dict[str, Any]) -> dict[str, Any]:
    """Cut texts to their columns: PostgreSQL refuses what SQLite takes."""
    fitted = {}
    for name, value in values.items():
        length = getattr(model._meta.get_field(name), "max_length", None)
        fitted[name] = value[:length] if isinstance(value, str) and length else value
    return fitted


def _category(word: str) -> str:
    return _CATEGORIES.get(word.lower(), word[:40])


def _https(url: str) -> str:
    """Return the address only if a link to it is safe and whole."""
    try:
        is_safe = urlsplit(url).scheme == "https" and len(url) <= LONGEST_URL
    except ValueError:
        return ""
    return url if is_safe else ""


def _day(score: records.SecureScore) -> date:
    return score.created_at.astimezone(UTC).date()


def _calculated(score: records.SecureScore) -> Any:
    return score.created_at
