"""As many incidents as a large instance holds, written at once."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from connector.sandbox import incidents, people
from connector.sandbox.functions import FORMAT
from connector.sandbox.schema import TABLES
from connector.sandbox.writing import Writer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.sandbox.store import Row, Store

_TABLE = TABLES["incident"]
_STATES = ("1", "2", "2", "3", "6", "7", "7", "7")
_CATEGORIES = ("inquiry", "software", "hardware", "network", "database")
_TITLES = (
    "Cannot sign in from the train",
    "Printer shows a warning",
    "Shared mailbox is full",
    "Laptop asks for the recovery key",
    "Meeting room display stays dark",
    "File was shared with the wrong guest",
    "New phone needs a second factor",
)
# So many in a row were changed within the same second, as by a script.
_TIES = 10
_DAYS = 365


def write(store: Store, number: int, user_id: str) -> None:
    """Add so many incidents of the last year, once."""
    user = people.load(store, user_id)
    if user is None or number <= 0 or store.note("crowd"):
        return
    groups = [row["sys_id"] for row in store.find(TABLES["sys_user_group"])]
    default = Writer(store, user).defaults(_TABLE)
    with store.transaction():
        first = store.reserve_numbers(_TABLE.prefix, number)
        default |= {"sys_created_by": user.user_name, "sys_updated_by": user.user_name}
        store.insert_many(_TABLE, _rows(default, groups, store.clock(), first, number))
        store.keep_note("crowd", "true")
        # Without figures, SQLite takes an index for the class of almost every row.
        store.execute("ANALYZE")


def _rows(
    default: Row, groups: list[str], now: float, first: int, number: int
) -> Iterator[Row]:
    # The same incidents every time; nothing here is a secret.
    chance = random.Random(number)  # noqa: S311
    start = datetime.fromtimestamp(now, UTC) - timedelta(days=_DAYS)
    step = timedelta(days=_DAYS) / number
    for index in range(number):
        opened = (start + step * index).strftime(FORMAT)
        updated = (start + step * (index - index % _TIES)).strftime(FORMAT)
        name = f"INC{first + index:07d}"
        row = default | _one(chance, groups)
        row |= dict.fromkeys(("number", "task_effective_number"), name)
        row |= dict.fromkeys(("opened_at", "sys_created_on"), opened)
        row |= {"sys_id": f"{chance.getrandbits(128):032x}", "sys_updated_on": updated}
        if row["state"] == incidents.CLOSED:
            row["closed_at"] = updated
        yield row


def _one(chance: random.Random, groups: list[str]) -> Row:
    state = chance.choice(_STATES)
    impact, urgency = chance.choice("123"), chance.choice("123")
    is_done = state in {incidents.RESOLVED, incidents.CLOSED}
    return {
        "short_description": chance.choice(_TITLES),
        "category": chance.choice(_CATEGORIES),
        "assignment_group": chance.choice(groups),
        "state": state,
        "incident_state": state,
        "active": str(state != incidents.CLOSED).lower(),
        "impact": impact,
        "urgency": urgency,
        "priority": incidents.priority(impact, urgency),
        "close_code": "Solution provided" if is_done else "",
        "close_notes": "Done." if is_done else "",
        "sys_mod_count": "1",
    }
