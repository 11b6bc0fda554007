"""The tests of the product."""

from __future__ import annotations
