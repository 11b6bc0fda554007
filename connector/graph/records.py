"""What Microsoft Graph says about Secure Score, as frozen dataclasses.

Graph's types are open and its data is uneven: every parser takes what it can read and
falls back to a plain value for the rest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from connector.graph.values import Json
from connector.graph.values import count as _count
from connector.graph.values import flag as _flag
from connector.graph.values import moment as _moment
from connector.graph.values import number as _number
from connector.graph.values import rest as _rest
from connector.graph.values import rows as _rows
from connector.graph.values import text as _text
from connector.graph.values import texts as _texts

if TYPE_CHECKING:
    from collections.abc import Sequence

# The two spellings of the middle step, and words for "not told".
_LEVELS = {"low": "low", "medium": "moderate", "moderate": "moderate", "high": "high"}
_STATES = {
    name.lower(): name for name in ("Default", "Ignored", "ThirdParty", "Reviewed")
}
# Real data has these tokens beside words in any case: one spelling for all.
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NEVER = datetime.min.replace(tzinfo=UTC)
_READ_OF_SCORE = {
    *("azureTenantId", "createdDateTime", "currentScore", "maxScore"),
    *("activeUserCount", "licensedUserCount", "enabledServices"),
    *("averageComparativeScores", "controlScores"),
}
_READ_OF_PROFILE = {
    *("id", "azureTenantId", "title", "controlCategory", "service", "tier"),
    *("actionType", "actionUrl", "maxScore", "rank", "userImpact"),
    *("implementationCost", "remediation", "remediationImpact", "threats"),
    *("deprecated", "controlStateUpdates"),
}
_READ_OF_CONTROL = {
    *("controlName", "controlCategory", "score", "description"),
    *("implementationStatus", "lastSynced"),
}
_READ_OF_COMPARISON = {
    *("basis", "averageScore", "SeatSizeRangeLowerValue", "SeatSizeRangeUpperValue"),
}


class Unreadable(ValueError):
    """A row without what every row must have."""


@dataclass(frozen=True)
class ControlScore:
    """The points of one control on one day."""

    name: str
    category: str
    score: float
    description: str = ""
    implementation_status: str = ""
    last_synced: datetime | None = None
    extra: Json = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    """The average of organisations alike, in percent; `seats` is their size range."""

    basis: str
    average: float
    seats: str = ""
    extra: Json = field(default_factory=dict)


@dataclass(frozen=True)
class SecureScore:
    """The score of one day."""

    tenant_id: str
    created_at: datetime
    current: float
    maximum: float
    active_users: int = 0
    licensed_users: int = 0
    services: tuple[str, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    controls: tuple[ControlScore, ...] = ()
    extra: Json = field(default_factory=dict)


@dataclass(frozen=True)
class StateUpdate:
    """One entry of a control's state history."""

    state: str
    at: datetime | None = None
    by: str = ""
    comment: str = ""
    assigned_to: str = ""


@dataclass(frozen=True)
class ControlProfile:
    """An improvement action, in Graph's words."""

    id: str
    tenant_id: str
    title: str
    category: str
    service: str = ""
    tier: str = ""
    action_type: str = ""
    action_url: str = ""
    max_score: float = 0.0
    rank: int | None = None
    user_impact: str = "unknown"
    implementation_cost: str = "unknown"
    remediation: str = ""
    remediation_impact: str = ""
    threats: tuple[str, ...] = ()
    deprecated: bool = False
    state: str = "Default"
    updates: tuple[StateUpdate, ...] = field(default=())
    # Null in practice: Graph rarely says when Microsoft changed an action.
    modified_at: datetime | None = None
    extra: Json = field(default_factory=dict)


def parse_secure_score(row: Json) -> SecureScore:
    """Read one secureScore; raises Unreadable without a day."""
    created_at = _moment(row.get("createdDateTime"))
    if created_at is None:
        raise Unreadable("a secureScore without createdDateTime")
    controls = [_control_score(item) for item in _rows(row.get("controlScores"))]
    # The same control twice would break the one-a-day rule: the last one counts.
    by_name = {control.name: control for control in controls if control.name}
    averages = _rows(row.get("averageComparativeScores"))
    return SecureScore(
        tenant_id=_text(row.get("azureTenantId")),
        created_at=created_at,
        current=max(0.0, _number(row.get("currentScore"))),
        maximum=max(0.0, _number(row.get("maxScore"))),
        active_users=_count(row.get("activeUserCount")) or 0,
        licensed_users=_count(row.get("licensedUserCount")) or 0,
        services=_texts(row.get("enabledServices")),
        comparisons=tuple(_comparison(item) for item in averages),
        controls=tuple(by_name.values()),
        extra=_rest(row, _READ_OF_SCORE),
    )


def parse_control_profile(row: Json) -> ControlProfile:
    """Read one secureScoreControlProfile; raises Unreadable without an id."""
    control_id = _text(row.get("id"))
    if not control_id:
        raise Unreadable("a secureScoreControlProfile without id")
    updates = tuple(_update(item) for item in _rows(row.get("controlStateUpdates")))
    return ControlProfile(
        id=control_id,
        tenant_id=_text(row.get("azureTenantId")),
        title=_text(row.get("title")) or control_id,
        category=_text(row.get("controlCategory")),
        service=_text(row.get("service")),
        tier=_text(row.get("tier")),
        action_type=_text(row.get("actionType")),
        action_url=_text(row.get("actionUrl")),
        max_score=max(0.0, _number(row.get("maxScore"))),
        rank=_count(row.get("rank")),
        user_impact=_level(row.get("userImpact")),
        implementation_cost=_level(row.get("implementationCost")),
        remediation=_text(row.get("remediation")),
        remediation_impact=_text(row.get("remediationImpact")),
        threats=_threats(row.get("threats")),
        deprecated=_flag(row.get("deprecated")),
        state=_effective_state(updates, row),
        updates=updates,
        modified_at=_moment(row.get("lastModifiedDateTime")),
        extra=_rest(row, _READ_OF_PROFILE),
    )


def _control_score(row: Json) -> ControlScore:
    return ControlScore(
        name=_text(row.get("controlName")),
        category=_text(row.get("controlCategory")),
        score=_number(row.get("score")),
        description=_text(row.get("description")),
        implementation_status=_text(row.get("implementationStatus")),
        last_synced=_moment(row.get("lastSynced")),
        extra=_rest(row, _READ_OF_CONTROL),
    )


def _comparison(row: Json) -> Comparison:
    bounds = [row.get("SeatSizeRangeLowerValue"), row.get("SeatSizeRangeUpperValue")]
    seats = [_text(bound) for bound in bounds if _text(bound)]
    return Comparison(
        basis=_text(row.get("basis")),
        average=_number(row.get("averageScore")),
        seats=" - ".join(seats),
        extra=_rest(row, _READ_OF_COMPARISON),
    )


def _update(row: Json) -> StateUpdate:
    return StateUpdate(
        state=_state(row.get("state")),
        at=_moment(row.get("updatedDateTime")),
        by=_text(row.get("updatedBy")),
        comment=_text(row.get("comment")),
        assigned_to=_text(row.get("assignedTo")),
    )


def _effective_state(updates: Sequence[StateUpdate], row: Json) -> str:
    """Return the newest update's state; the documented property is only sometimes there."""
    if not updates:
        return _state(row.get("state"))
    return max(updates, key=lambda update: update.at or _NEVER).state


def _state(value: object) -> str:
    return _STATES.get(_text(value).lower(), "Default")


def _level(value: object) -> str:
    return _LEVELS.get(_text(value).lower(), "unknown")


def _threats(value: object) -> tuple[str, ...]:
    words = [_CAMEL.sub(" ", text).capitalize() for text in _texts(value)]
    return tuple(dict.fromkeys(words))
