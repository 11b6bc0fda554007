"""Views: which fields a record shows when no fields are asked for by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector.sandbox.schema import Table

_TASK = ("number", "short_description", "state", "priority", "assigned_to")
_KEPT = ("sys_id", "sys_class_name", "sys_updated_on")
# What a form shows there; a view the table does not have shows everything.
_MOBILE = {
    "task": _TASK,
    "incident": (*_TASK, "caller_id"),
    "change_request": (*_TASK, "type", "start_date", "end_date"),
}


def fields(table: Table, view: str) -> list[str]:
    """Return the names of the fields of a view, all of them without one."""
    if view == "mobile" and table.name in _MOBILE:
        return [*_MOBILE[table.name], *_KEPT]
    return list(table.fields)
