"""Alerts and their rules as sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.score import numbers
from portal.score.alert_models import AlertRule

if TYPE_CHECKING:
    from portal.score.alert_models import Alert

Kind = AlertRule.Kind


def rule(kind: str, value: float) -> str:
    """Return when a rule applies, in one sentence."""
    number = numbers.points(value)
    sentences = {
        Kind.DROP_POINTS: _("The score drops by %(value)s points or more in a day"),
        Kind.DROP_PERCENT: _(
            "The score drops by %(value)s percentage points or more in a day"
        ),
        Kind.BELOW_POINTS: _("The score falls below %(value)s points"),
        Kind.BELOW_PERCENT: _("The score falls below %(value)s%%"),
        Kind.REGRESSION: _(
            "Improvement actions regress by %(value)s points or more in a day"
        ),
    }
    return sentences[Kind(kind)] % {"value": number}


def headline(alert: Alert) -> str:
    """Return what happened, in one sentence."""
    facts = alert.facts
    if alert.kind == Kind.REGRESSION:
        return ngettext(
            "%(points)s points regressed in %(count)s improvement action",
            "%(points)s points regressed in %(count)s improvement actions",
            facts["count"],
        ) % {"points": numbers.points(facts["regressed"]), "count": facts["count"]}
    if alert.kind in {Kind.BELOW_POINTS, Kind.BELOW_PERCENT}:
        return _("Secure Score is at %(now)s, below %(limit)s") % {
            "now": _amount(alert.kind, facts, ""),
            "limit": _limit(alert),
        }
    return _("Secure Score fell from %(before)s to %(now)s") % {
        "before": _amount(alert.kind, facts, "_before"),
        "now": _amount(alert.kind, facts, ""),
    }


def details(alert: Alert) -> list[str]:
    """Return the numbers behind it, and which actions regressed."""
    facts = alert.facts
    lines = [
        _("Now: %(points)s of %(maximum)s points (%(percent)s%%).")
        % {
            "points": numbers.points(facts["points"]),
            "maximum": numbers.points(facts["maximum"]),
            "percent": numbers.points(facts["percent"]),
        }
    ]
    if "points_before" in facts:
        lines.append(
            _("Before, on %(day)s: %(points)s points (%(percent)s%%).")
            % {
                "day": _day(facts["day_before"]),
                "points": numbers.points(facts["points_before"]),
                "percent": numbers.points(facts["percent_before"]),
            }
        )
    return lines


def actions(alert: Alert) -> list[str]:
    """Return the names of the actions that regressed, the largest loss first."""
    return [str(name) for name in alert.facts.get("actions", [])]


def _amount(kind: str, facts: dict[str, float], which: str) -> str:
    if kind in {Kind.DROP_POINTS, Kind.BELOW_POINTS}:
        points = numbers.points(facts[f"points{which}"])
        return _("%(points)s points") % {"points": points}
    return f"{numbers.points(facts[f'percent{which}'])}%"


def _limit(alert: Alert) -> str:
    value = numbers.points(alert.value)
    if alert.kind == Kind.BELOW_PERCENT:
        return f"{value}%"
    return _("%(points)s points") % {"points": value}


def _day(text: str) -> str:
    day = parse_date(text)
    return date_format(day, "DATE_FORMAT") if day else text
