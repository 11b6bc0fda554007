"""The tasks of a change: made when it is carried out, done before it is closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox.answers import aborted
from connector.sandbox.schema import TABLES

if TYPE_CHECKING:
    from connector.sandbox.people import User
    from connector.sandbox.store import Row, Store

_TASK = TABLES["change_task"]
_PENDING, _OPEN, _CLOSED, _CANCELED = "-5", "1", "3", "4"
_DONE = {_CLOSED, _CANCELED}
_PLANNED = {
    "implementation": "Implement",
    "testing": "Post implementation testing",
}
_RULE = "Prevent closure with open change tasks^c1d2a3b453330010f21bddeeff7b12aa"


def planned(change: Row) -> list[dict[str, str]]:
    """Return the tasks of a change that is carried out now; standard ones have none."""
    if change["type"] == "standard":
        return []
    return [
        {
            "change_request": change["sys_id"],
            "parent": change["sys_id"],
            "change_task_type": kind,
            "short_description": title,
            "assignment_group": change["assignment_group"],
            "state": _OPEN,
        }
        for kind, title in _PLANNED.items()
    ]


def require_done(store: Store, change: Row) -> None:
    """Refuse to close a change while one of its tasks is open."""
    tasks = store.find(_TASK, change_request=change["sys_id"])
    if any(task["state"] not in _DONE for task in tasks):
        raise aborted("change_request", _RULE)


def apply(store: Store, user: User, old: Row, new: Row) -> None:
    """Bring a task about to be written in line with its state."""
    is_done = new["state"] in _DONE
    new["active"] = str(not is_done).lower()
    if is_done and old.get("state") not in _DONE:
        new |= {"closed_at": store.now(), "closed_by": user.sys_id}
