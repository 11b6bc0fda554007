"""Formats for readers of English."""

from __future__ import annotations
