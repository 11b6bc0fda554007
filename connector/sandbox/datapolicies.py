"""Data policies: fields without which a row is refused, over REST too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox.answers import data_policy
from connector.sandbox.schema import TABLES

if TYPE_CHECKING:
    from connector.sandbox.schema import Table
    from connector.sandbox.store import Row, Store


def check(store: Store, table: Table, row: Row) -> None:
    """Refuse a row that lacks a mandatory field; conditions are taken for not met."""
    missing = [
        table.fields[field].label
        for field in _mandatory(store, table)
        if field in table.fields and not row.get(field, "").strip()
    ]
    if missing:
        raise data_policy(missing)


def add(store: Store, table: str, field: str, name: str, conditions: str = "") -> None:
    """Make a field of a table mandatory by a data policy of this name."""
    policy = store.insert(
        TABLES["sys_data_policy2"],
        {
            "sys_id": "",
            "short_description": name,
            "model_table": table,
            "active": "true",
            "conditions": conditions,
        },
    )
    rule = {"sys_id": "", "table": table, "field": field, "mandatory": "true"}
    rule |= {"sys_data_policy": policy["sys_id"]}
    store.insert(TABLES["sys_data_policy_rule"], rule)


def _mandatory(store: Store, table: Table) -> list[str]:
    rows = store.execute(
        "SELECT r.field FROM sys_data_policy_rule r "
        "JOIN sys_data_policy2 p ON p.sys_id = r.sys_data_policy "
        "WHERE r.\"table\" = ? AND r.mandatory = 'true' AND p.active = 'true' "
        "AND p.conditions = ''",
        [table.name],
    )
    return [row["field"] for row in rows]
