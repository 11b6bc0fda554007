"""What Microsoft tells in its updates under fixed headings.

The headings and the way of writing a time were seen in published updates; nothing
documents them. What cannot be read is left out, or given in Microsoft's own words.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

_HEADING = re.compile(r"^\W{0,3}([A-Z][A-Za-z ]{2,30}):\s*(.*)$")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)
# "Thursday, March 5, 2026, at 6:30 PM UTC", with or without some of its words.
_MOMENT = re.compile(
    rf"({'|'.join(_MONTHS)})\s+(\d{{1,2}}),\s+(\d{{4}}),?\s+(?:at\s+)?"
    r"(\d{1,2})(?::(\d{2}))?\s*([AP])\.?M\.?,?\s+\(?UTC",
    re.IGNORECASE,
)
SCOPE, NEXT_UPDATE, IMPACT = "scope of impact", "next update by", "user impact"


def parts(text: str) -> dict[str, str]:
    """Return what follows each heading of a plain text, by the heading in lower case."""
    found: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in text.split("\n"):
        heading = _HEADING.match(line.strip())
        if heading:
            current = found.setdefault(heading[1].lower(), [])
            line = heading[2]
        if current is not None:
            current.append(line.strip())
    whole = {name: "\n".join(lines).strip() for name, lines in found.items()}
    # What comes after an empty line is about something else again.
    return {name: text.partition("\n\n")[0] for name, text in whole.items()}


def moment(text: str) -> datetime | None:
    """Return the time a text names, or None where it names none that can be read."""
    found = _MOMENT.search(text)
    if not found:
        return None
    month, day, year, hour, minute, half = found.groups()
    number = [name.lower() for name in _MONTHS].index(month.lower()) + 1
    hours = int(hour) % 12 + (12 if half.upper() == "P" else 0)
    try:
        return datetime(
            int(year), number, int(day), hours, int(minute or 0), tzinfo=UTC
        )
    except ValueError:
        return None
