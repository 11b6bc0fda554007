"""Decide how the next written states fare: well, or in one of the ways they fail."""

from __future__ import annotations

# What may happen to a PATCH of a control's state beside what it deserves.
MODES = {
    "forbidden": "403: the application lacks SecurityEvents.ReadWrite.All",
    "lost": "the state is written, the answer is 504",
    "bounced": "the state is written and at once set back to Default",
}

# The next writes take these one by one; tests may append to the list themselves.
waiting: list[str] = []


def next_mode() -> str:
    """Return how the next write fares; empty if nothing was ordered."""
    try:
        return waiting.pop(0)
    except IndexError:
        return ""
