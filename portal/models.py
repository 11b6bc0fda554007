"""The portal's models, gathered for Django from their packages."""

from __future__ import annotations

from portal.heartbeat import Heartbeat
from portal.score.alert_models import Alert, AlertRule
from portal.score.models import (
    ControlProfile,
    ControlScore,
    ScoreEvent,
    ScoreSync,
    ScoreZone,
    Snapshot,
)

__all__ = [
    "Alert",
    "AlertRule",
    "ControlProfile",
    "ControlScore",
    "Heartbeat",
    "ScoreEvent",
    "ScoreSync",
    "ScoreZone",
    "Snapshot",
]
