"""Show rows as the Table API does: values, display values, links."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from connector.sandbox import durations, journals
from connector.sandbox.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connector.sandbox.people import User
    from connector.sandbox.schema import Field, Table
    from connector.sandbox.store import Row, Store

_SHOWN: dict[str, Callable[[str], str]] = {
    "duration": durations.shown,
    "boolean": lambda value: value or "false",
    "password": lambda value: "********" if value else "",
}
_FIXED_DISPLAY = {"global": "global"}
Cell = tuple[str, str, str]
"""A value, its display value, and the table it refers to (empty: a scalar)."""


@dataclass(frozen=True)
class Shape:
    """How the client wants its values."""

    display: str = "false"
    exclude_link: bool = False
    base_url: str = ""

    def of(self, cell: Cell) -> Any:
        value, display, table = cell
        link = f"{self.base_url}/{table}/{value}" if table and value else ""
        if self.exclude_link or not link:
            return self._plain(value, display)
        if self.display == "true":
            return {"display_value": display, "link": link}
        if self.display == "all":
            return {"display_value": display, "link": link, "value": value}
        return {"link": link, "value": value}

    def _plain(self, value: str, display: str) -> Any:
        if self.display == "all":
            return {"display_value": display, "value": value}
        return display if self.display == "true" else value


@dataclass
class Renderer:
    """Renders rows for one request; looks each referenced row up once."""

    store: Store
    user: User
    shape: Shape
    _known: dict[tuple[str, str], Row | None] = field(default_factory=dict)
    _entries: journals.Entries = field(default_factory=dict)

    def rows(
        self, table: Table, rows: Sequence[Row], paths: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Return the wanted fields of each row, in the wanted order."""
        if self.shape.display != "false" and not table.journals.isdisjoint(paths):
            ids = [row["sys_id"] for row in rows]
            self._entries = journals.entries(self.store, ids)
        columns = [(path, self._getter(table, path)) for path in paths]
        of = self.shape.of
        return [{path: of(get(row)) for path, get in columns} for row in rows]

    def cell(self, table: Table, row: Row, path: str) -> Cell:
        return self._getter(table, path)(row)

    def _getter(self, table: Table, path: str) -> Callable[[Row], Cell]:
        head, _, rest = path.partition(".")
        column = table.fields[head]
        if rest:
            return self._walk(column, rest)
        if column.type == "journal":
            return lambda row: ("", self._journal(head, row), "")
        if column.reference:
            return lambda row: self._reference(column, row[head])
        if column.has_choices:
            return lambda row: self._choice(table, head, row)
        if column.type == "datetime":
            zone = str(self.user.time_zone)
            return lambda row: (row[head], local(row[head], zone), "")
        if show := _SHOWN.get(column.type):
            return lambda row: (row[head], show(row[head]), "")
        return lambda row: (row[head], row[head], "")

    def _walk(self, column: Field, rest: str) -> Callable[[Row], Cell]:
        other = TABLES[column.reference]
        get = self._getter(other, rest)

        def walk(row: Row) -> Cell:
            target = self._target(other, row[column.name])
            return get(target) if target else ("", "", "")

        return walk

    def _target(self, table: Table, sys_id: str) -> Row | None:
        key = (table.name, sys_id)
        if key not in self._known:
            self._known[key] = self.store.get(table, sys_id) if sys_id else None
        return self._known[key]

    def _reference(self, column: Field, value: str) -> Cell:
        other = TABLES.get(column.reference)
        target = self._target(other, value) if other else None
        display = target[other.display] if target and other else ""
        link = "sys_user_group" if column.reference == "sys_domain" else ""
        return value, display or _FIXED_DISPLAY.get(value, ""), link or column.reference

    def _choice(self, table: Table, name: str, row: Row) -> Cell:
        if name == "sys_class_name":
            kind = TABLES.get(row[name])
            return row[name], kind.label if kind else row[name], ""
        owner = row["sys_class_name"] if table.is_task else table.name
        return row[name], self.store.labels(owner, name).get(row[name], row[name]), ""

    def _journal(self, name: str, row: Row) -> str:
        return journals.text(
            self._entries.get(row["sys_id"], []), name, self.user.time_zone
        )


@lru_cache(maxsize=8192)
def local(value: str, zone: str) -> str:
    """Return a UTC time as it shows in a time zone."""
    if not value:
        return ""
    try:
        moment = datetime.fromisoformat(value).replace(tzinfo=UTC)
    except ValueError:
        return value
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S")
