"""What the Table API returns, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

# UTC, one-second resolution, no zone: how the instance stores and reads date-times.
WIRE_FORMAT = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True)
class Value:
    """A field as stored and as the integration user sees it."""

    value: str
    display: str


@dataclass(frozen=True)
class Record:
    """One row; fields the user may not read are absent, not empty."""

    table: str
    values: Mapping[str, Value]
    # The instance's transaction identifier of the answer the row came with.
    request_id: str = ""

    @property
    def sys_id(self) -> str:
        return self.value("sys_id")

    def has(self, name: str) -> bool:
        return name in self.values

    def value(self, name: str) -> str:
        """Return the stored value, "" when empty or absent."""
        return self.values[name].value if name in self.values else ""

    def display(self, name: str) -> str:
        """Return the label, "" when empty or absent."""
        return self.values[name].display if name in self.values else ""

    def datetime(self, name: str) -> datetime | None:
        """Return a date-time in UTC, or None when empty or unreadable."""
        return parse_datetime(self.value(name))


@dataclass(frozen=True)
class Page:
    """Some rows of a list.

    `total` counts rows the user cannot see too, and a page may be short or empty
    before the end: rows are hidden after the limit was applied.
    """

    records: tuple[Record, ...]
    total: int | None

    @property
    def is_hidden(self) -> bool:
        """Whether there are rows of which the user may see none."""
        return not self.records and bool(self.total)


def parse_datetime(text: str) -> datetime | None:
    """Return the instance's date-time (or date) as an aware one in UTC, or None."""
    if len(text) == len("2026-01-31"):
        text += " 00:00:00"
    try:
        return datetime.strptime(text, WIRE_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None


def parse_record(table: str, raw: Mapping[str, Any], request_id: str = "") -> Record:
    """Read a row in any of the shapes `sysparm_display_value` brings about."""
    values = {name: parse_value(cell) for name, cell in raw.items()}
    return Record(table, values, request_id)


def parse_value(cell: Any) -> Value:
    """Read one cell in any of these shapes."""
    if not isinstance(cell, dict):
        text = _text(cell)
        return Value(text, text)
    display = _text(cell.get("display_value"))
    value = _text(cell["value"]) if "value" in cell else display
    return Value(value, display if "display_value" in cell else value)


def _text(raw: Any) -> str:
    if isinstance(raw, bool):
        return str(raw).lower()
    return "" if raw is None else str(raw)
