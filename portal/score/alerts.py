"""Rules applied to the newest score: what raises an alert, and who took note of it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from connector import audit
from portal.score.alert_models import Alert, AlertRule
from portal.score.models import ScoreEvent, Snapshot
from portal.score.status import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

    from connector.models import Tenant

    Facts = dict[str, Any]

logger = logging.getLogger(__name__)

Kind = AlertRule.Kind
NAMED_ACTIONS = 5


def evaluate(tenant: Tenant) -> list[Alert]:
    """Apply every rule to the newest day; a rule raises one alert a day at most."""
    latest = Snapshot.objects.latest_for(tenant)
    if latest is None:
        return []
    before = Snapshot.objects.before(latest)
    rules = AlertRule.objects.for_tenant(tenant).filter(is_active=True)
    raised = [_apply(rule, latest, before) for rule in rules]
    return [alert for alert in raised if alert]


def acknowledge(alert: Alert, *, actor: User) -> None:
    """Note that somebody looks after it; the first one stays."""
    changes = {
        "acknowledged_at": timezone.now(),
        "acknowledged_by": actor,
        "acknowledged_by_name": actor.get_username(),
    }
    if Alert.objects.open().filter(pk=alert.pk).update(**changes):
        audit.record(
            "alert.acknowledged",
            tenant=alert.tenant,
            actor=actor,
            target=_name(alert.kind, alert.value),
        )


def save_rule(rule: AlertRule, *, actor: User) -> None:
    """Store a rule, new or changed."""
    rule.save()
    _record("alertrule.saved", rule, actor)


def delete_rule(rule: AlertRule, *, actor: User) -> None:
    """Remove a rule; the alerts it raised stay."""
    _record("alertrule.deleted", rule, actor)
    rule.delete()


def _record(action: str, rule: AlertRule, actor: User) -> None:
    audit.record(
        action, tenant=rule.tenant, actor=actor, target=_name(rule.kind, rule.value)
    )


def _name(kind: str, value: float) -> str:
    return f"{Kind(kind).label}: {value:g}"


def _apply(rule: AlertRule, latest: Snapshot, before: Snapshot | None) -> Alert | None:
    facts = _CHECKS[Kind(rule.kind)](rule, latest, before)
    return _raise(rule, latest, facts) if facts else None


def _raise(rule: AlertRule, latest: Snapshot, facts: Facts) -> Alert | None:
    try:
        with transaction.atomic():
            alert = Alert.objects.create(
                tenant=latest.tenant,
                rule=rule,
                kind=rule.kind,
                value=rule.value,
                day=latest.date,
                facts=facts,
                recipients=rule.recipients,
            )
            audit.record(
                "alert.raised", tenant=alert.tenant, target=_name(rule.kind, rule.value)
            )
    except IntegrityError:
        # Raised before, by an earlier sync of the same day.
        return None
    logger.info("alert %s raised by rule %s", alert.pk, rule.pk)
    return alert


def _drop_points(
    rule: AlertRule, latest: Snapshot, before: Snapshot | None
) -> Facts | None:
    if before is None:
        return None
    lost = before.current_score - latest.current_score
    return _change(latest, before) if lost >= rule.value - TOLERANCE else None


def _drop_percent(
    rule: AlertRule, latest: Snapshot, before: Snapshot | None
) -> Facts | None:
    if before is None:
        return None
    lost = before.percent - latest.percent
    return _change(latest, before) if lost >= rule.value - TOLERANCE else None


def _below_points(
    rule: AlertRule, latest: Snapshot, before: Snapshot | None
) -> Facts | None:
    return _below(rule, latest, before, lambda day: float(day.current_score))


def _below_percent(
    rule: AlertRule, latest: Snapshot, before: Snapshot | None
) -> Facts | None:
    return _below(rule, latest, before, lambda day: day.percent)


def _below(
    rule: AlertRule,
    latest: Snapshot,
    before: Snapshot | None,
    measure: Callable[[Snapshot], float],
) -> Facts | None:
    """Tell when the score falls below the line, not on every day it stays there."""
    if measure(latest) >= rule.value:
        return None
    known = rule.alerts.filter(day__lt=latest.date).order_by("-day").first()
    if known is not None and not _recovered_since(rule, known, latest, measure):
        return None
    return _change(latest, before)


def _recovered_since(
    rule: AlertRule,
    known: Alert,
    latest: Snapshot,
    measure: Callable[[Snapshot], float],
) -> bool:
    since = Snapshot.objects.for_tenant(latest.tenant).filter(
        date__gt=known.day, date__lt=latest.date
    )
    return any(measure(day) >= rule.value for day in since)


def _regression(
    rule: AlertRule, latest: Snapshot, before: Snapshot | None
) -> Facts | None:
    regressed = latest.regressed or 0.0
    if before is None or regressed < rule.value - TOLERANCE:
        return None
    events = ScoreEvent.objects.for_tenant(latest.tenant).with_titles()
    lost = events.filter(date=latest.date, kind=ScoreEvent.Kind.REGRESSED)
    names = [event.title for event in lost.worst_first()]
    return _change(latest, before) | {
        "regressed": regressed,
        "actions": names[:NAMED_ACTIONS],
        "count": len(names),
    }


def _change(latest: Snapshot, before: Snapshot | None) -> Facts:
    facts: Facts = {
        "points": latest.current_score,
        "maximum": latest.max_score,
        "percent": round(latest.percent, 2),
    }
    if before is not None:
        facts |= {
            "points_before": before.current_score,
            "percent_before": round(before.percent, 2),
            "day_before": before.date.isoformat(),
        }
    return facts


_CHECKS = {
    Kind.DROP_POINTS: _drop_points,
    Kind.DROP_PERCENT: _drop_percent,
    Kind.BELOW_POINTS: _below_points,
    Kind.BELOW_PERCENT: _below_percent,
    Kind.REGRESSION: _regression,
}
