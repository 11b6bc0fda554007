"""What an answer says about the rate rule it was counted under."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector.http import Answer


@dataclass(frozen=True)
class RateLimit:
    """A rate rule of the instance: so many requests an hour, until a moment.

    `retry_after` is None unless this very answer was refused for it.
    """

    limit: int
    resets_at: datetime | None = None
    rule: str = ""
    is_reached: bool = False
    retry_after: float | None = None


def limit_of(answer: Answer) -> RateLimit | None:
    """Return the rule an answer names, or None.

    A 429 that names no rule says that the node is busy, not that a rule is used up.
    """
    limit = answer.headers.get("X-RateLimit-Limit", "").strip()
    if not re.fullmatch(r"\d{1,9}", limit):
        return None
    is_reached = answer.status == 429
    return RateLimit(
        limit=int(limit),
        resets_at=_moment(answer.headers.get("X-RateLimit-Reset", "")),
        rule=answer.headers.get("X-RateLimit-Rule", "").strip()[:100],
        is_reached=is_reached,
        retry_after=answer.retry_after if is_reached else None,
    )


def _moment(text: str) -> datetime | None:
    """Return the moment a UNIX time stamp stands for."""
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError):
        return None
