"""Rows that the platform and its applications keep, added and changed by a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.sandbox.store import Row, Store


def put(store: Store, table: str, key: str, values: Mapping[str, str]) -> Row:
    """Change the row with this key, or add one; raises ValueError for unknown fields."""
    unknown = set(values) - set(TABLES[table].fields)
    if unknown:
        message = f"no fields of {table}: {sorted(unknown)}"
        raise ValueError(message)
    row = store.first(table, **{key: values[key]})
    if row is None:
        return insert(store, table, **values)
    store.update(TABLES[table], row["sys_id"], values)
    return row | dict(values)


def insert(store: Store, table: str, /, **values: str) -> Row:
    """Add a row with the defaults of its table, made and changed now."""
    defaults = {name: field.default for name, field in TABLES[table].fields.items()}
    stamps = dict.fromkeys(("sys_created_on", "sys_updated_on"), store.now())
    return store.insert(TABLES[table], defaults | stamps | values)


def remove(store: Store, table: str, /, **equal: str) -> None:
    """Delete every row that has these values."""
    for row in store.find(TABLES[table], **equal):
        store.delete(TABLES[table], row["sys_id"])
