"""What the columns of an export are called and mean; the names stay as they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from portal.score.sharing import absolute_url

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.utils.functional import _StrPromise

    from portal.score.listing import Row


@dataclass(frozen=True)
class Column:
    """One column: its header, never translated, its meaning, and how it is read."""

    header: str
    meaning: _StrPromise
    value: Callable[[Any], Any]


def _synced(row: Row) -> Any:
    moment = row.profile.last_synced_at
    return moment.astimezone(UTC) if moment else None


def _tags(row: Row) -> str:
    return ", ".join(tag.name for tag in row.plan.tags.all()) if row.plan else ""


def _is_kept_here(row: Row) -> str:
    return "yes" if getattr(row.profile, "plan_hold", "") == "here" else "no"


def _impact(row: Row) -> float | None:
    return None if row.impact is None else round(row.impact, 2)


ACTIONS = (
    Column("Rank", _("Microsoft's rank; 1 comes first"), lambda r: r.profile.rank),
    Column("Improvement action", _("Its title"), lambda r: r.profile.title),
    Column("Score impact (%)", _("What completing it adds to the score"), _impact),
    Column("Points achieved", _("Points it has today"), lambda r: r.profile.score),
    Column("Points possible", _("Points it can have"), lambda r: r.profile.max_score),
    Column("Status", _("The status that counts"), lambda r: str(r.status.label)),
    Column(
        "Status kept here only",
        _("yes if Microsoft Graph has no value for the status"),
        _is_kept_here,
    ),
    Column(
        "Points lost",
        _("Points lost in the last 30 days; 0 if it has not regressed"),
        lambda r: round(r.lost, 2),
    ),
    Column("Category", _("Microsoft's category"), lambda r: r.category),
    Column("Product", _("The product it is about"), lambda r: r.profile.product),
    Column(
        "User impact",
        _("Low, Moderate, High or Unknown"),
        lambda r: r.user_impact,
    ),
    Column(
        "Implementation cost",
        _("Low, Moderate, High or Unknown"),
        lambda r: r.cost,
    ),
    Column("Last synced (UTC)", _("When Microsoft last measured it"), _synced),
    Column("Owner", _("Who is to see to it"), lambda r: r.owner),
    Column(
        "Due date",
        _("When it is to be done"),
        lambda r: r.due_date,
    ),
    Column("Tags", _("With commas between them"), _tags),
    Column("Notes", _("What people noted"), lambda r: r.plan.notes if r.plan else ""),
    Column(
        "Tickets",
        _("Numbers in ServiceNow, the newest first"),
        lambda r: ", ".join(str(ticket.number or "-") for ticket in r.tickets),
    ),
    Column("Control ID", _("Microsoft's identifier"), lambda r: r.profile.control_id),
    Column("Link", _("Its page in this portal"), lambda r: absolute_url(r.profile)),
)
# Of tuples: day, control, category, points.
HISTORY = (
    Column("Date", _("The day, in UTC"), lambda r: r[0]),
    Column("Control ID", _("Microsoft's identifier"), lambda r: r[1]),
    Column("Improvement action", _("Its title today"), lambda r: r[4]),
    Column("Category", _("Microsoft's category on that day"), lambda r: r[2]),
    Column("Points achieved", _("Points on that day"), lambda r: r[3]),
)
