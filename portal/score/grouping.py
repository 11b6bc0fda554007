"""Rows of the list under headings: by category, product, status or owner."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from django.db.models import Count, F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.score import categories
from portal.score.products import product_name
from portal.score.status import ActionStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

    from portal.score.listing import Row

LABELS = {
    "category": gettext_lazy("Category"),
    "product": gettext_lazy("Product"),
    "status": gettext_lazy("Status"),
    "owner": gettext_lazy("Owner"),
}
_COLUMNS = {
    "category": F("category"),
    "product": F("service"),
    "status": F("status"),
    "owner": F("owner_name"),
}


@dataclass(frozen=True)
class Group:
    """Rows under one heading; without grouping all of them, under none."""

    label: str
    # On all pages, not on this one alone.
    total: int
    rows: Sequence[Row]


def totals(listed: QuerySet[Any], by: str) -> dict[str, int]:
    """Return how many actions each group has on all pages; empty without grouping."""
    if by not in _COLUMNS:
        return {}
    counted = listed.order_by().values(key=_COLUMNS[by]).annotate(n=Count("pk"))
    return {row["key"] or "": row["n"] for row in counted}


def groups(rows: Sequence[Row], by: str, totals: dict[str, int]) -> list[Group]:
    """Return the rows of one page, which are in the order of the grouping."""
    if not totals:
        return [Group("", len(rows), rows)]
    return [
        Group(_label(by, key), totals.get(key, 0), list(some))
        for key, some in groupby(rows, lambda row: _key(by, row))
    ]


def _key(by: str, row: Row) -> str:
    if by == "category":
        return row.profile.category
    if by == "product":
        return row.profile.service
    if by == "status":
        return row.status.value
    return row.owner


def _label(by: str, key: str) -> str:
    if by == "category":
        return categories.label(key)
    if by == "status":
        return str(ActionStatus(key).label)
    if by == "product":
        return product_name(key) or _("Other")
    return key or _("Nobody")
