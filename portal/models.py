"""The portal's models, gathered for Django from their packages."""

from __future__ import annotations

from portal.heartbeat import Heartbeat
from portal.score.alert_models import Alert, AlertRule
from portal.score.effect_models import EffectRule, TicketEffect, ToldRegression
from portal.score.list_models import Export, SavedView
from portal.score.models import (
    ControlProfile,
    ControlScore,
    ScoreEvent,
    ScoreSync,
    ScoreZone,
    Snapshot,
)
from portal.score.plan_models import ActionEvent, ActionPlan, ActionTag, StateChange
from portal.score.share_plan_models import SharePlan

__all__ = [
    "ActionEvent",
    "ActionPlan",
    "ActionTag",
    "Alert",
    "AlertRule",
    "ControlProfile",
    "ControlScore",
    "EffectRule",
    "Export",
    "Heartbeat",
    "SavedView",
    "ScoreEvent",
    "ScoreSync",
    "ScoreZone",
    "SharePlan",
    "Snapshot",
    "StateChange",
    "TicketEffect",
    "ToldRegression",
]
