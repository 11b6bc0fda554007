"""From Graph's records to rows: cleaned, cut to fit, written so that twice is once."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.utils import timezone

from connector import markup
from portal.score import ledger
from portal.score.models import ControlProfile, ControlScore, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from django.db.models import Model

    from connector.graph import records
    from connector.models import Tenant

_Controls = dict[str, "records.ControlScore"]

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
    *("changed_at", "extra", "synced_at"),
]
# What makes an action updated when Microsoft changes it; ranks move all the time.
_CONTENT = (
    *("title", "category", "service", "tier", "action_type", "action_url"),
    *("max_score", "user_impact", "implementation_cost", "remediation"),
    *("remediation_impact", "threats", "deprecated"),
)
_SCORE_FACTS = [
    *("score", "description", "implementation_status", "last_synced_at"),
    *("score_extra", "synced_at"),
]
_SNAPSHOT_FACTS = [
    *("current_score", "max_score", "active_user_count", "licensed_user_count"),
    *("enabled_services", "comparisons", "calculated_at", "extra", "synced_at"),
    # Null again: the ledger derives the day anew.
    "gained",
]


class Names:
    """One spelling per control: Graph's profiles and scores differ in upper and lower."""

    def __init__(self, tenant: Tenant) -> None:
        known = ControlProfile.objects.for_tenant(tenant)
        names = known.values_list("control_id", flat=True).order_by("control_id")
        self._known: dict[str, str] = {name.casefold(): name for name in names}

    def settle(self, name: str) -> str:
        """Return the spelling that is kept; a new one is from now on."""
        return self._known.setdefault(name.casefold(), name)


def store_profiles(
    tenant: Tenant, profiles: Iterable[records.ControlProfile], names: Names
) -> None:
    """Write the improvement actions; points are left as they are."""
    usable = (record for record in profiles if len(record.id) <= LONGEST_ID)
    by_id = {names.settle(record.id): record for record in usable}
    # Sorted, so that two syncs lock the rows in the same order.
    rows = [_profile(tenant, name, by_id[name]) for name in sorted(by_id)]
    before = _mark_changes(tenant, rows, by_id)
    ControlProfile.objects.bulk_create(
        rows,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["tenant", "control_id"],
        update_fields=_PROFILE_FACTS,
    )
    changed = [row for row in rows if row.control_id in before]
    ledger.note_updates(changed, before)
    ledger.note_marks(tenant)


def _mark_changes(
    tenant: Tenant,
    rows: Iterable[ControlProfile],
    records_by_id: dict[str, records.ControlProfile],
) -> dict[str, float]:
    """Set when each action changed last; return the former maxima of what did now."""
    stored = ControlProfile.objects.for_tenant(tenant)
    known = {profile.control_id: profile for profile in stored}
    now, changed = timezone.now(), {}
    for row in rows:
        old = known.get(row.control_id)
        row.changed_at = records_by_id[row.control_id].modified_at
        if old is None:
            continue
        if _has_changed(old, row):
            row.changed_at = row.changed_at or now
            changed[row.control_id] = old.max_score
        else:
            row.changed_at = row.changed_at or old.changed_at
    return changed


def _has_changed(old: ControlProfile, new: ControlProfile) -> bool:
    # Titled by its id: it was known from the scores alone, and now has its profile.
    is_placeholder = old.title == old.control_id and not old.remediation
    return not is_placeholder and any(
        getattr(old, name) != getattr(new, name) for name in _CONTENT
    )


def store_scores(
    tenant: Tenant, scores: Iterable[records.SecureScore], names: Names
) -> None:
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
    _store_points({keys[day]: _usable(by_day[day], names) for day in by_day})
    newest = max(by_day)
    latest = Snapshot.objects.latest_for(tenant)
    if latest is not None and latest.date == newest:
        _store_current_points(tenant, _usable(by_day[newest], names))
    # What follows a day that was written anew is measured against it.
    Snapshot.objects.for_tenant(tenant).filter(date__gt=min(by_day)).update(gained=None)
    ledger.derive(tenant)


def _store_snapshots(tenant: Tenant, scores: Sequence[records.SecureScore]) -> None:
    Snapshot.objects.bulk_create(
        [_snapshot(tenant, score) for score in scores],
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["tenant", "date"],
        update_fields=_SNAPSHOT_FACTS,
    )


def _store_points(by_snapshot: dict[int, _Controls]) -> None:
    rows = [
        _control_score(snapshot_id, name, control)
        for snapshot_id, controls in by_snapshot.items()
        for name, control in controls.items()
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
    by_snapshot: dict[int, _Controls], rows: list[ControlScore]
) -> None:
    """Remove what a day no longer contains, or its points would not add up."""
    told = {(row.snapshot_id, row.control_id) for row in rows}
    kept = ControlScore.objects.filter(snapshot__in=by_snapshot)
    found = kept.values_list("pk", "snapshot_id", "control_id")
    gone = [pk for pk, *key in found if tuple(key) not in told]
    ControlScore.objects.filter(pk__in=gone).delete()


def _store_current_points(tenant: Tenant, controls: _Controls) -> None:
    ControlProfile.objects.bulk_create(
        [_scored_profile(tenant, name, controls[name]) for name in sorted(controls)],
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["tenant", "control_id"],
        update_fields=_SCORE_FACTS,
    )
    profiles = ControlProfile.objects.for_tenant(tenant).filter(score__isnull=False)
    profiles.exclude(control_id__in=list(controls)).update(score=None)


def _profile(
    tenant: Tenant, name: str, record: records.ControlProfile
) -> ControlProfile:
    values = {
        name: getattr(record, name)
        for name in (
            *("title", "service", "tier", "action_type", "max_score", "rank"),
            *("user_impact", "implementation_cost", "deprecated", "state"),
        )
    }
    return ControlProfile(
        tenant=tenant,
        control_id=name,
        category=_category(record.category),
        action_url=_https(record.action_url),
        remediation=markup.clean(record.remediation),
        remediation_impact=markup.clean(record.remediation_impact),
        threats=list(record.threats),
        state_updates=[_update(update) for update in record.updates],
        extra=dict(record.extra),
        **_fitted(ControlProfile, values),
    )


def _scored_profile(
    tenant: Tenant, name: str, record: records.ControlScore
) -> ControlProfile:
    """Return the action with its points; a score without profile is titled by its id."""
    return ControlProfile(
        tenant=tenant,
        control_id=name,
        title=name,
        category=_category(record.category),
        max_score=max(record.score, 0.0),
        score=record.score,
        description=markup.plain(record.description),
        implementation_status=markup.plain(record.implementation_status),
        last_synced_at=record.last_synced,
        score_extra=dict(record.extra),
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
            {**c.extra, "basis": c.basis, "averageScore": c.average, "seats": c.seats}
            for c in record.comparisons
        ],
        calculated_at=record.created_at,
        extra=dict(record.extra),
    )


def _control_score(
    snapshot_id: int, name: str, record: records.ControlScore
) -> ControlScore:
    return ControlScore(
        snapshot_id=snapshot_id,
        control_id=name,
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


def _usable(score: records.SecureScore, names: Names) -> _Controls:
    """Return the day's controls by the spelling that is kept."""
    fitting = (c for c in score.controls if len(c.name) <= LONGEST_ID)
    return {names.settle(control.name): control for control in fitting}


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
