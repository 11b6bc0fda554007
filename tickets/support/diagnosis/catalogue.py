"""All causes, those that hide others first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tickets.support.diagnosis import (
    causes_calls,
    causes_setup,
    causes_tab,
    causes_token,
    causes_way,
)

if TYPE_CHECKING:
    from tickets.support.diagnosis.causes import Cause

CAUSES: dict[str, Cause] = {
    cause.id: cause
    for part in (causes_setup, causes_tab, causes_way, causes_token, causes_calls)
    for cause in part.CAUSES
}
