"""States an instance was given beside those it comes with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox.choices import CHOICES
from connector.sandbox.schema import TABLES, TASK_CLASSES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.sandbox.store import Store


def keep(store: Store, wish: Mapping[str, object]) -> None:
    """Add the choice {table, value, label}, or rename it; "inactive" takes it away.

    Raises `ValueError` for what is no state of a task.
    """
    table, value = str(wish.get("table", "")), str(wish.get("value", ""))
    if table not in TASK_CLASSES or not value.lstrip("-").isdecimal():
        message = "table must be incident or change_request, value a whole number"
        raise ValueError(message)
    choices = TABLES["sys_choice"]
    known = store.first("sys_choice", name=table, element="state", value=value)
    row = {
        "label": str(wish.get("label") or (known or {}).get("label") or value),
        "inactive": str(bool(wish.get("inactive"))).lower(),
    }
    if known:
        store.update(choices, known["sys_id"], row)
        return
    key = {"name": table, "element": "state", "value": value}
    order = {"sequence": str(len(store.labels(table, "state"))), "language": "en"}
    store.insert(choices, {**key, **order, **row})


def of(store: Store, table: str) -> tuple[str, ...]:
    """Return the codes of the table's own states that may be chosen."""
    rows = store.find(TABLES["sys_choice"], name=table, element="state")
    usual = CHOICES[table, "state"]
    return tuple(
        row["value"]
        for row in rows
        if row["value"] not in usual and row["inactive"] != "true"
    )
