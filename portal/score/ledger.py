"""From daily points to the entries of the history: gained, regressed, set by whom.

Derived once per day and kept, so that years of history are read as quickly as a week.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from portal.score.models import ControlProfile, ControlScore, ScoreEvent, Snapshot
from portal.score.status import TOLERANCE, ActionStatus

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from connector.models import Tenant

Kind = ScoreEvent.Kind
_OF_A_DAY = ("date", "tenant_id", "calculated_at", "asserted", "accepted")
BATCH = 500
# So many days are held in memory at once.
CHUNK = 20
_FROM_POINTS = (Kind.GAINED, Kind.REGRESSED, Kind.ADDED, Kind.REMOVED)

_Points = dict[str, tuple[float, str]]
# control → [(since, state)], oldest first.
_States = dict[str, list[tuple[str, str]]]


def derive(tenant: Tenant) -> None:
    """Write the entries of all days that have none yet; done days stay as they are."""
    missing = Snapshot.objects.for_tenant(tenant).filter(gained__isnull=True)
    days = list(missing.order_by("date").only(*_OF_A_DAY))
    if not days:
        return
    states = _states(tenant)
    maxima = _maxima(tenant)
    for start in range(0, len(days), CHUNK):
        _derive_chunk(tenant, days[start : start + CHUNK], maxima, states)
    _count_newest(tenant)


def note_marks(tenant: Tenant) -> None:
    """Write an entry for each status that was set in Microsoft's portal."""
    profiles = ControlProfile.objects.for_tenant(tenant).exclude(state_updates=[])
    facts = ("control_id", "category", "score", "max_score", "state_updates")
    rows = [
        mark
        for profile in profiles.only(*facts, "tenant_id")
        for update in profile.state_updates
        if (mark := _mark(profile, update))
    ]
    ScoreEvent.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)


def note_status(
    profile: ControlProfile, *, status: str, actor: str, comment: str = ""
) -> None:
    """Write the entry of a status that was set in this portal."""
    now = timezone.now()
    ScoreEvent.objects.create(
        **_common(profile),
        at=now,
        date=now.date(),
        kind=Kind.MARKED,
        actor=actor[:200],
        status=status,
        comment=comment,
    )


def note_updates(profiles: Iterable[ControlProfile], before: dict[str, float]) -> None:
    """Write the entries of actions that Microsoft changed; `before` are their maxima."""
    rows = [
        ScoreEvent(
            tenant_id=profile.tenant_id,
            control_id=profile.control_id,
            category=profile.category,
            at=profile.changed_at,
            date=profile.changed_at.date(),
            kind=Kind.UPDATED,
            before=before.get(profile.control_id),
            maximum=profile.max_score,
        )
        for profile in profiles
        if profile.changed_at
    ]
    ScoreEvent.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)


def _derive_chunk(
    tenant: Tenant, days: list[Snapshot], maxima: dict[str, float], states: _States
) -> None:
    older = Snapshot.objects.for_tenant(tenant).before(days[0])
    chain = [*([older] if older else []), *days]
    points = _points(chain)
    events: list[ScoreEvent] = []
    for before, after in pairwise(chain):
        found = _events(tenant, after, points[before.pk], points[after.pk], maxima)
        after.gained = sum(_gain(e) for e in found)
        after.regressed = sum(_loss(e) for e in found)
        events += found
    for day in days:
        day.gained, day.regressed = day.gained or 0.0, day.regressed or 0.0
        if day.asserted is None:
            _count_asserted(day, points[day.pk], states)
    _replace(tenant, [day.date for day in days], events)
    Snapshot.objects.bulk_update(
        days, ["gained", "regressed", "asserted", "accepted"], batch_size=BATCH
    )


def _replace(tenant: Tenant, dates: list[date], events: list[ScoreEvent]) -> None:
    old = ScoreEvent.objects.for_tenant(tenant).filter(date__in=dates)
    old.filter(kind__in=_FROM_POINTS).delete()
    ScoreEvent.objects.bulk_create(events, batch_size=BATCH, ignore_conflicts=True)


def _points(snapshots: list[Snapshot]) -> defaultdict[int, _Points]:
    found: defaultdict[int, _Points] = defaultdict(dict)
    rows = ControlScore.objects.filter(snapshot__in=snapshots).values_list(
        "snapshot_id", "control_id", "score", "category"
    )
    for snapshot_id, control_id, score, category in rows:
        found[snapshot_id][control_id] = (score, category)
    return found


def _events(
    tenant: Tenant,
    day: Snapshot,
    before: _Points,
    after: _Points,
    maxima: dict[str, float],
) -> list[ScoreEvent]:
    found = []
    for control_id in sorted(before.keys() | after.keys()):
        kind = _kind(before.get(control_id), after.get(control_id))
        if kind is None:
            continue
        was, now = before.get(control_id), after.get(control_id)
        found.append(
            ScoreEvent(
                tenant=tenant,
                at=day.calculated_at,
                date=day.date,
                control_id=control_id,
                category=(now or was or (0.0, ""))[1],
                kind=kind,
                before=was[0] if was else None,
                after=now[0] if now else None,
                maximum=maxima.get(control_id),
            )
        )
    return found


def _kind(before: tuple[float, str] | None, after: tuple[float, str] | None) -> Any:
    if before is None or after is None:
        return Kind.ADDED if before is None else Kind.REMOVED
    change = after[0] - before[0]
    if abs(change) < TOLERANCE:
        return None
    return Kind.GAINED if change > 0 else Kind.REGRESSED


def _gain(event: ScoreEvent) -> float:
    return _change(event) if event.kind == Kind.GAINED else 0.0


def _loss(event: ScoreEvent) -> float:
    return -_change(event) if event.kind == Kind.REGRESSED else 0.0


def _change(event: ScoreEvent) -> float:
    return float((event.after or 0.0) - (event.before or 0.0))


def _maxima(tenant: Tenant) -> dict[str, float]:
    profiles = ControlProfile.objects.for_tenant(tenant)
    return dict(profiles.values_list("control_id", "max_score"))


def _states(tenant: Tenant) -> _States:
    """Return since when each action has had which of Graph's states."""
    profiles = ControlProfile.objects.for_tenant(tenant).exclude(state_updates=[])
    return {
        control_id: sorted(
            (update["updatedDateTime"][:10], update["state"])
            for update in updates
            if update.get("updatedDateTime")
        )
        for control_id, updates in profiles.values_list("control_id", "state_updates")
    }


def _count_asserted(day: Snapshot, points: _Points, states: _States) -> None:
    """Judge a day nobody counted when it was today, by the states Graph tells."""
    now = {name: _state_on(states.get(name, []), day.date) for name in points}
    asserted = [name for name, state in now.items() if state == "ThirdParty"]
    day.asserted = sum(points[name][0] for name in asserted)
    day.accepted = sum(state == "Ignored" for state in now.values())


def _state_on(known: list[tuple[str, str]], day: date) -> str:
    until = [state for since, state in known if since <= day.isoformat()]
    return until[-1] if until else "Default"


def _count_newest(tenant: Tenant) -> None:
    """Count what people assert and accept today, this portal's own plans included."""
    latest = Snapshot.objects.for_tenant(tenant).order_by("-date")[:1]
    actions = ControlProfile.objects.for_tenant(tenant).scored().with_status()
    rows = list(actions.values_list("status", "score"))
    asserted = {ActionStatus.THIRD_PARTY, ActionStatus.ALTERNATE}
    Snapshot.objects.filter(pk__in=list(latest.values_list("pk", flat=True))).update(
        asserted=sum(score for status, score in rows if status in asserted),
        accepted=sum(status == ActionStatus.RISK_ACCEPTED for status, _score in rows),
    )


def _mark(profile: ControlProfile, update: dict[str, Any]) -> ScoreEvent | None:
    at = parse_datetime(update.get("updatedDateTime") or "")
    if at is None:
        return None
    return ScoreEvent(
        **_common(profile),
        at=at,
        date=at.date(),
        kind=Kind.MARKED,
        actor=str(update.get("updatedBy") or "")[:200],
        status=str(update.get("state") or "")[:40],
        comment=str(update.get("comment") or ""),
    )


def _common(profile: ControlProfile) -> dict[str, Any]:
    return {
        "tenant_id": profile.tenant_id,
        "control_id": profile.control_id,
        "category": profile.category,
        "after": profile.score,
        "maximum": profile.max_score,
    }
