"""Delete a row with what hangs on it, and remember that it was there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox import policies
from connector.sandbox.schema import TABLES

if TYPE_CHECKING:
    from connector.sandbox.people import User
    from connector.sandbox.schema import Table
    from connector.sandbox.store import Row, Store


def delete(store: Store, table: Table, row: Row, user: User) -> None:
    """Delete a row and its files; its trace stays in sys_audit_delete."""
    policies.check(store, table, "delete", row, {})
    sys_id, now = row["sys_id"], store.now()
    kind = row["sys_class_name"] if table.is_task else table.name
    trace = {
        "tablename": kind,
        "documentkey": sys_id,
        "display_value": row[table.display],
        "sys_created_on": now,
        "sys_created_by": user.user_name,
        "sys_updated_on": now,
        "sys_updated_by": user.user_name,
    }
    with store.transaction():
        store.delete(table, sys_id)
        store.insert(TABLES["sys_audit_delete"], trace)
        store.execute(
            "DELETE FROM _file WHERE id = ? OR id IN "
            "(SELECT sys_id FROM sys_attachment WHERE table_sys_id = ?)",
            [sys_id, sys_id],
        )
        sql = "DELETE FROM sys_attachment WHERE table_sys_id = ?"
        store.execute(sql, [sys_id])
