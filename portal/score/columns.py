"""The columns of the list of improvement actions; which are shown is in the address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.utils.functional import _StrPromise


@dataclass(frozen=True)
class Column:
    """One column; without `sort` it cannot be sorted by."""

    key: str
    label: _StrPromise
    sort: str = ""
    is_default: bool = True
    is_number: bool = False


# The name of the action comes second and is always there.
COLUMNS = (
    Column("rank", _("Rank"), "rank", is_number=True),
    Column("impact", _("Score impact"), "impact", is_number=True),
    Column("points", _("Points achieved"), "points", is_number=True),
    Column("status", _("Status"), "status"),
    Column("regressed", _("Regressed")),
    Column("category", _("Category"), "category"),
    Column("product", _("Product"), "product"),
    Column("user_impact", _("User impact"), "user_impact"),
    Column("cost", _("Implementation cost"), "cost"),
    Column("synced", _("Last synced"), "synced"),
    Column("owner", _("Owner"), "owner"),
    Column("due", _("Due date"), "due"),
    Column("ticket", _("Ticket")),
    Column("tags", _("Tags"), is_default=False),
    Column("notes", _("Notes"), is_default=False),
)
DEFAULT = tuple(column.key for column in COLUMNS if column.is_default)
# What only the plan itself knows.
OF_PLANS = {"tags", "notes"}
_KEYS = {column.key for column in COLUMNS}


def labels() -> dict[str, str]:
    """Return what each column is called in the reader's language."""
    return {column.key: str(column.label) for column in COLUMNS}


def chosen(keys: Sequence[str]) -> list[str]:
    """Return the columns an address names, or those of everybody."""
    wanted = [key for key in keys if key in _KEYS]
    return wanted or list(DEFAULT)


def is_default(keys: Sequence[str]) -> bool:
    """Say whether these are the columns an address need not name."""
    return set(chosen(keys)) == set(DEFAULT)
