"""Plain values out of JSON that follows no schema: each reader takes what it can."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

Json = Mapping[str, Any]

# Control characters: PostgreSQL refuses NUL, and none of them is text.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# Open types: what is not read is kept as it came, within reason.
_DEEPEST, _LARGEST = 6, 20_000


def rest(row: Json, read: set[str]) -> dict[str, Any]:
    """Return the properties that are not read here; nothing if they are too much."""
    left = {
        plain(name): plain(value) for name, value in row.items() if name not in read
    }
    return left if len(str(left)) <= _LARGEST else {}


def plain(value: Any, depth: int = 0) -> Any:
    """Return a JSON value every database takes."""
    if isinstance(value, str):
        return _CONTROL.sub("", value)
    if depth > _DEEPEST:
        return None
    if isinstance(value, Mapping):
        return {plain(str(key)): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item, depth + 1) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def rows(value: object) -> list[Json]:
    """Return the objects of a list."""
    return [row for row in _items(value) if isinstance(row, Mapping)]


def texts(value: object) -> tuple[str, ...]:
    """Return the words of a list."""
    return tuple(word for item in _items(value) if (word := text(item)))


def _items(value: object) -> Sequence[object]:
    """Return a list, or nothing."""
    return value if isinstance(value, list) else ()


def text(value: object) -> str:
    """Return a text without control characters, or ""."""
    if isinstance(value, str):
        return _CONTROL.sub("", value).strip()
    return str(value) if isinstance(value, int) else ""


def number(value: object) -> float:
    """Return a number, or 0."""
    return _finite(value) or 0.0


def count(value: object) -> int | None:
    """Return a whole number the database can hold, or None."""
    found = _finite(value)
    return int(found) if found is not None and 0 <= found < 2**31 else None


def _finite(value: object) -> float | None:
    """Return a number told as number or text, or None."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def flag(value: object) -> bool:
    """Say whether it is true, also as a word."""
    return value is True or text(value).lower() == "true"


def moment(value: object) -> datetime | None:
    """Return an aware time; Graph writes seven fractional digits, or year 1 for none."""
    digits = re.sub(r"(\.\d{6})\d+", r"\1", text(value))
    try:
        found = datetime.fromisoformat(digits)
    except ValueError:
        return None
    if found.year <= 1900:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
