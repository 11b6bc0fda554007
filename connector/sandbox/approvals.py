"""Who must approve a change, and what an answer does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox.schema import TABLES

if TYPE_CHECKING:
    from connector.sandbox.store import Row, Store

BOARD = "Change Advisory Board"
_TABLE = TABLES["sysapproval_approver"]


def ask(store: Store, change: Row) -> None:
    """Ask the members of the assignment group, or of the board, for their approval."""
    group = change["assignment_group"] if change["state"] == "-4" else ""
    people = _members(store, group) or _members(store, _board(store))
    for user_id in people:
        if not _open(store, change["sys_id"], user_id):
            _add(store, change, user_id)


def close(store: Store, change_id: str) -> None:
    """Mark what nobody answered as no longer required."""
    sql = (
        "UPDATE sysapproval_approver SET state = 'not_required' "
        "WHERE sysapproval = ? AND state = 'requested'"
    )
    store.execute(sql, [change_id])


def answer(store: Store, change_id: str, user_id: str, state: str) -> bool:
    """Write down one person's answer; False if nobody asked that person."""
    asked = _open(store, change_id, user_id)
    for row in asked:
        store.update(_TABLE, row["sys_id"], {"state": state})
    return bool(asked)


def _open(store: Store, change_id: str, user_id: str) -> list[Row]:
    return store.find(
        _TABLE, sysapproval=change_id, approver=user_id, state="requested"
    )


def _members(store: Store, group: str) -> list[str]:
    rows = store.find(TABLES["sys_user_grmember"], group=group) if group else []
    return [row["user"] for row in rows]


def _board(store: Store) -> str:
    row = store.first("sys_user_group", name=BOARD)
    return row["sys_id"] if row else ""


def _add(store: Store, change: Row, user_id: str) -> None:
    now = store.now()
    stamps = dict.fromkeys(("sys_created_on", "sys_updated_on"), now)
    row = {
        "approver": user_id,
        "sysapproval": change["sys_id"],
        "document_id": change["sys_id"],
        "source_table": "change_request",
        "group": change["assignment_group"],
        "state": "requested",
        "sys_mod_count": "0",
    }
    store.insert(_TABLE, row | stamps)
