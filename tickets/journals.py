"""Comments and work notes: how ServiceNow prints them, in one place.

The instance keeps journals as rows, but most users only get them printed into one
text, newest first: header, text, blank line. The header's format is not documented,
so everything that does not look like one is kept as text.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.servicenow.records import parse_datetime

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime, timedelta

    from connector.servicenow.records import Record

ELEMENTS = ("comments", "work_notes")
# The fields of sys_journal_field, the journals as rows.
ROW_FIELDS = ("element_id", "element", "value", "sys_created_on", "sys_created_by")
_HEADER = re.compile(
    r"^(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) - (?P<author>.+?) \((?P<label>[^()]+)\)$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Entry:
    """One comment or work note."""

    element: str
    text: str
    author: str = ""
    at: datetime | None = None
    # Tells equal texts apart: how many of them came before.
    ordinal: int = 0

    @property
    def key(self) -> str:
        """What stays the same however often, and in whatever zone, it is printed."""
        text = f"{self.element}\n{self.ordinal}\n{self.text}"
        return "journal:" + hashlib.sha256(text.encode()).hexdigest()[:40]


def printed(record: Record) -> list[Entry]:
    """Return the entries printed into the record, oldest first."""
    offset = _zone_offset(record)
    entries = [
        entry
        for element in ELEMENTS
        for entry in _parse(element, record.display(element), offset)
    ]
    return _numbered(reversed(entries))


def is_readable(record: Record) -> bool:
    """Whether the record came with its journals, be they empty."""
    return any(record.has(element) for element in ELEMENTS)


def rows(records: Iterable[Record]) -> list[Entry]:
    """Return the entries of one ticket's rows in sys_journal_field, oldest first."""
    ordered = sorted(records, key=lambda record: record.value("sys_created_on"))
    return _numbered(_row(record) for record in ordered)


def _row(record: Record) -> Entry:
    return Entry(
        element=record.value("element"),
        text=record.value("value").strip(),
        author=record.value("sys_created_by"),
        at=record.datetime("sys_created_on"),
    )


def _parse(element: str, blob: str, offset: timedelta | None) -> Iterator[Entry]:
    headers = list(_HEADER.finditer(blob))
    if not headers and blob.strip():
        yield Entry(element, blob.strip())
    for place, header in enumerate(headers):
        is_last = place + 1 == len(headers)
        end = len(blob) if is_last else headers[place + 1].start()
        local = parse_datetime(header["at"])
        at = local - offset if local and offset is not None else None
        yield Entry(element, blob[header.end() : end].strip(), header["author"], at)


def _zone_offset(record: Record) -> timedelta | None:
    """Return how far the user's clock, in which journals are printed, is from UTC."""
    shown = parse_datetime(record.display("sys_updated_on"))
    stored = record.datetime("sys_updated_on")
    return shown - stored if shown and stored else None


def _numbered(entries: Iterable[Entry]) -> list[Entry]:
    seen: Counter[tuple[str, str]] = Counter()
    numbered = []
    for entry in entries:
        if not entry.text:
            continue
        ordinal = seen[entry.element, entry.text]
        seen[entry.element, entry.text] += 1
        numbered.append(
            Entry(entry.element, entry.text, entry.author, entry.at, ordinal)
        )
    return numbered
