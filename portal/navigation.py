"""The left navigation as data."""

from __future__ import annotations
