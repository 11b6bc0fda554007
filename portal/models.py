"""The portal's models, gathered for Django from their packages."""

from __future__ import annotations

from portal.heartbeat import Heartbeat
from portal.score.models import ControlProfile, ControlScore, ScoreSync, Snapshot

__all__ = ["ControlProfile", "ControlScore", "Heartbeat", "ScoreSync", "Snapshot"]
