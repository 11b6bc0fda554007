"""Keep the instance's rows in one SQLite database."""

from __future__ import annotations

import sqlite3
import threading
import time
import uuid
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.sandbox.schema import TABLES, Customs, storages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from connector.sandbox.schema import Field, Table

Row = dict[str, str]

_INTERNAL = """
CREATE TABLE IF NOT EXISTS _sequence (name TEXT PRIMARY KEY, last INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS _token (
    token TEXT PRIMARY KEY, kind TEXT, entity TEXT, user TEXT, created REAL,
    expires REAL, last_used REAL, revoked INTEGER DEFAULT 0);
CREATE INDEX IF NOT EXISTS _token_owner ON _token (entity, user, kind);
CREATE TABLE IF NOT EXISTS _code (
    code TEXT PRIMARY KEY, entity TEXT, user TEXT, redirect TEXT, challenge TEXT,
    expires REAL, used INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS _visit (
    id TEXT PRIMARY KEY, user TEXT, token TEXT, created REAL);
CREATE TABLE IF NOT EXISTS _file (id TEXT PRIMARY KEY, content BLOB);
CREATE TABLE IF NOT EXISTS _note (name TEXT PRIMARY KEY, value TEXT);
"""
_INDEXES = """
CREATE INDEX IF NOT EXISTS task_number ON task (number);
CREATE INDEX IF NOT EXISTS task_correlation ON task (correlation_id);
CREATE INDEX IF NOT EXISTS task_updated ON task (sys_updated_on, sys_id);
CREATE INDEX IF NOT EXISTS task_class ON task (sys_class_name, sys_updated_on, sys_id);
CREATE INDEX IF NOT EXISTS user_name ON sys_user (user_name);
CREATE INDEX IF NOT EXISTS has_role ON sys_user_has_role (user);
CREATE INDEX IF NOT EXISTS attachment ON sys_attachment (table_sys_id);
CREATE INDEX IF NOT EXISTS approver ON sysapproval_approver (sysapproval);
CREATE INDEX IF NOT EXISTS journal ON sys_journal_field (element_id);
CREATE INDEX IF NOT EXISTS choice ON sys_choice (name, element);
"""
_FIRST_NUMBER = 10_001


class DuplicateKeyError(Exception):
    """A row with this sys_id exists."""


class Store:
    """All rows of the instance; one connection, one lock, any number of threads."""

    def __init__(self, path: str = ":memory:") -> None:
        self.lock = threading.RLock()
        self.clock: Callable[[], float] = time.time
        self.customs = Customs()
        self._depth = 0
        self._labels: dict[tuple[str, str], dict[str, str]] | None = None
        # What is worked out from the rows of a table, until one of them changes.
        self.derived: dict[str, Any] = {}
        if path != ":memory:":
            # Secrets and tokens lie in it.
            Path(path).touch(mode=0o600)
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-32000"
        )
        for name, columns in storages().items():
            self._db.execute(_create(name, columns))
            self._add_columns(name, columns)
        self._db.executescript(_INTERNAL + _INDEXES)
        self.load_customs()

    def load_customs(self) -> None:
        """Take up what was customised; a column stays in its table once it was there."""
        self.customs = Customs.from_json(self.note("customs"))
        for name, columns in self.customs.columns.items():
            self._add_columns(TABLES[name].storage, columns)

    def _add_columns(self, name: str, columns: Mapping[str, Field]) -> None:
        """Add what a file that was made by an older version lacks."""
        rows = self._db.execute(f'PRAGMA table_info("{name}")').fetchall()
        known = {row["name"] for row in rows}
        for column in columns.values():
            if column.name not in known:
                sql = f'ALTER TABLE "{name}" ADD COLUMN {_column(column)}'
                self._db.execute(sql)

    def close(self) -> None:
        with self.lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything inside at once, or nothing."""
        with self.lock:
            outermost = self._depth == 0
            self._depth += 1
            try:
                if outermost:
                    self._db.execute("BEGIN IMMEDIATE")
                yield
                if outermost:
                    self._db.execute("COMMIT")
            finally:
                self._depth -= 1
                if outermost and self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                    self._labels = None
                    self.derived.clear()

    def execute(self, sql: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        with self.lock:
            return self._db.execute(sql, values).fetchall()

    def now(self) -> str:
        """Return the instance's time as it stands in a row: UTC, whole seconds."""
        moment = datetime.fromtimestamp(self.clock(), UTC)
        return moment.strftime("%Y-%m-%d %H:%M:%S")

    def get(self, table: Table, sys_id: str) -> Row | None:
        rows = self.find(table, sys_id=sys_id)
        return rows[0] if rows else None

    def find(self, table: Table, /, **equal: str) -> list[Row]:
        """Return the rows of a table in which every given field has that value."""
        where = [f'"{name}" = ?' for name in equal]
        values = list(equal.values())
        if table.parent:
            where.append('"sys_class_name" = ?')
            values.append(table.name)
        sql = f'SELECT * FROM "{table.storage}"'  # noqa: S608
        if where:
            sql += f" WHERE {' AND '.join(where)}"
        return [dict(row) for row in self.execute(sql, values)]

    def first(self, table_name: str, /, **equal: str) -> Row | None:
        rows = self.find(TABLES[table_name], **equal)
        return rows[0] if rows else None

    def insert(self, table: Table, row: Mapping[str, str]) -> Row:
        """Add a row; its missing system fields are filled in."""
        full = dict.fromkeys(storages()[table.storage], "") | dict(row)
        full["sys_id"] = full["sys_id"] or uuid.uuid4().hex
        names = ", ".join(f'"{name}"' for name in full)
        marks = ", ".join("?" * len(full))
        sql = f'INSERT INTO "{table.storage}" ({names}) VALUES ({marks})'  # noqa: S608
        try:
            self.execute(sql, list(full.values()))
        except sqlite3.IntegrityError as error:
            raise DuplicateKeyError(full["sys_id"]) from error
        self._changed(table)
        return full

    def insert_many(self, table: Table, rows: Iterable[Row]) -> None:
        """Add many rows that all have the same fields."""
        rows = iter(rows)
        first = next(rows, None)
        if first is None:
            return
        names = list(first)
        columns = ", ".join(f'"{name}"' for name in names)
        marks = ", ".join("?" * len(names))
        sql = f'INSERT INTO "{table.storage}" ({columns}) VALUES ({marks})'  # noqa: S608
        values = (list(row.values()) for row in chain([first], rows))
        with self.lock:
            self._db.executemany(sql, values)
        self._changed(table)

    def update(self, table: Table, sys_id: str, changes: Mapping[str, str]) -> None:
        names = ", ".join(f'"{name}" = ?' for name in changes)
        sql = f'UPDATE "{table.storage}" SET {names} WHERE "sys_id" = ?'  # noqa: S608
        self.execute(sql, [*changes.values(), sys_id])
        self._changed(table)

    def delete(self, table: Table, sys_id: str) -> None:
        sql = f'DELETE FROM "{table.storage}" WHERE "sys_id" = ?'  # noqa: S608
        self.execute(sql, [sys_id])
        self._changed(table)

    def next_number(self, prefix: str) -> str:
        return f"{prefix}{self.reserve_numbers(prefix, 1):07d}"

    def reserve_numbers(self, prefix: str, count: int) -> int:
        """Return the first of so many numbers that nobody else gets."""
        sql = (
            "INSERT INTO _sequence VALUES (?, ?) "
            "ON CONFLICT (name) DO UPDATE SET last = last + ? RETURNING last"
        )
        [row] = self.execute(sql, [prefix, _FIRST_NUMBER + count - 1, count])
        return int(row["last"]) - count + 1

    def labels(self, table: str, element: str) -> dict[str, str]:
        """Return the choices of a field, value to label, in their order."""
        if self._labels is None:
            self._labels = self._load_labels()
        return self._labels.get((table, element)) or self._labels.get(
            ("task", element), {}
        )

    def _load_labels(self) -> dict[tuple[str, str], dict[str, str]]:
        found: dict[tuple[str, str], dict[str, str]] = {}
        sql = "SELECT * FROM sys_choice ORDER BY CAST(sequence AS INTEGER)"
        for row in self.execute(sql):
            key = (row["name"], row["element"])
            found.setdefault(key, {})[row["value"]] = row["label"]
        return found

    def _changed(self, table: Table) -> None:
        self.derived.pop(table.name, None)
        if table.name == "sys_choice":
            self._labels = None

    def setting(self, name: str) -> str:
        """Return the value of a system property, empty if there is none."""
        row = self.first("sys_properties", name=name)
        return row["value"] if row else ""

    def is_on(self, name: str) -> bool:
        return self.setting(name).lower() == "true"

    def note(self, name: str) -> str:
        """Return something the instance keeps for itself."""
        rows = self.execute("SELECT value FROM _note WHERE name = ?", [name])
        return rows[0]["value"] if rows else ""

    def keep_note(self, name: str, value: str) -> None:
        self.execute("INSERT OR REPLACE INTO _note VALUES (?, ?)", [name, value])

    def empty(self) -> None:
        """Delete every row of every table."""
        names = [
            *storages(),
            "_sequence",
            "_token",
            "_code",
            "_visit",
            "_file",
            "_note",
        ]
        with self.transaction():
            for name in names:
                self.execute(f'DELETE FROM "{name}"')  # noqa: S608
        self._labels = None
        self.customs = Customs()
        self.derived.clear()


def _create(name: str, columns: Mapping[str, Field]) -> str:
    lines = [_column(field) for field in columns.values()]
    return f'CREATE TABLE IF NOT EXISTS "{name}" ({", ".join(lines)})'


def _column(field: Field) -> str:
    # The database of an instance compares text without regard to case.
    end = "PRIMARY KEY" if field.name == "sys_id" else "COLLATE NOCASE"
    return f"\"{field.name}\" TEXT NOT NULL DEFAULT '' {end}"
