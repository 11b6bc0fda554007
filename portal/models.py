"""The portal's models, gathered for Django from their packages."""

from __future__ import annotations

from portal.score.list_models import Export, SavedView
from portal.score.models import ControlProfile, ControlScore, ScoreSync, Snapshot
from portal.score.plan_models import ActionEvent, ActionPlan, ActionTag, StateChange

__all__ = [
    "ActionEvent",
    "ActionPlan",
    "ActionTag",
    "ControlProfile",
    "ControlScore",
    "Export",
    "SavedView",
    "ScoreSync",
    "Snapshot",
    "StateChange",
]
