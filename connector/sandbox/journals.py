"""Comments and work notes: entries of their own, shown as one text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from connector.sandbox.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from connector.sandbox.store import Row, Store

ELEMENTS = {"comments": "Additional comments", "work_notes": "Work notes"}
Entries = dict[str, list["Row"]]
_CHUNK = 500


def add(store: Store, record: Row, element: str, text: str, author: str) -> None:
    """Append an entry to a record's journal."""
    now = store.now()
    entry = {
        "name": record.get("sys_class_name", record.get("source_table", "")),
        "element": element,
        "element_id": record["sys_id"],
        "value": text,
        "sys_created_on": now,
        "sys_created_by": author,
        "sys_updated_on": now,
        "sys_updated_by": author,
        "sys_mod_count": "0",
    }
    store.insert(TABLES["sys_journal_field"], entry)


def entries(store: Store, ids: Sequence[str]) -> Entries:
    """Return the entries of these records, newest first."""
    found: Entries = {}
    for start in range(0, len(ids), _CHUNK):
        chunk = ids[start : start + _CHUNK]
        marks = ", ".join("?" * len(chunk))
        sql = (
            "SELECT j.*, u.name AS author FROM sys_journal_field j "  # noqa: S608
            "LEFT JOIN sys_user u ON u.user_name = j.sys_created_by "
            f"WHERE j.element_id IN ({marks}) ORDER BY j.rowid DESC"
        )
        for row in store.execute(sql, chunk):
            found.setdefault(row["element_id"], []).append(dict(row))
    return found


def text(found: Sequence[Row], name: str, zone: ZoneInfo) -> str:
    """Return entries as one text, each under a line with its time and author."""
    wanted = ELEMENTS if name == "comments_and_work_notes" else {name}
    parts = [
        f"{heading(entry, zone)}\n{entry['value']}\n\n"
        for entry in found
        if entry["element"] in wanted
    ]
    return "".join(parts)


def heading(entry: Row, zone: ZoneInfo) -> str:
    """Return when, by whom and of which kind an entry is."""
    author = entry["author"] or entry["sys_created_by"]
    shown = _shown(entry["sys_created_on"], zone)
    return f"{shown} - {author} ({ELEMENTS[entry['element']]})"


def _shown(value: str, zone: ZoneInfo) -> str:
    moment = datetime.fromisoformat(value).replace(tzinfo=UTC)
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
