"""How far back a page looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.http import QueryDict
    from django.utils.functional import _StrPromise

PARAMETER = "range"


@dataclass(frozen=True)
class Range:
    """One choice; `days` is None for everything that is kept."""

    value: str
    label: _StrPromise
    days: int | None


RANGES = (
    Range("7", _("7 days"), 7),
    Range("30", _("30 days"), 30),
    Range("90", _("90 days"), 90),
    Range("180", _("6 months"), 183),
    Range("365", _("1 year"), 366),
    Range("all", _("All"), None),
)
DEFAULT = RANGES[2]


def chosen(query: QueryDict) -> Range:
    """Return the range the address names, else 90 days."""
    wanted = query.get(PARAMETER)
    return next((one for one in RANGES if one.value == wanted), DEFAULT)
