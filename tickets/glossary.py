"""What the columns and values of a payload are called, by the instance and by the portal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tickets import columns, profiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connector.models import Connection
    from tickets.columns import Known
    from tickets.instance_models import InstanceProfile

# Which column the rows typed by name are sent in.
_COLUMN_OF = {
    "group": "assignment_group",
    "change_model": "chg_model",
    "template": "std_change_producer_version",
}


@dataclass(frozen=True)
class Glossary:
    """Words for columns and values; without any, the usual ones are used."""

    known: Known = field(default_factory=dict)
    # Column → sys_id → name, of rows that were typed by name.
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def label(self, column: str) -> str:
        """Return what the instance calls the column, "" if it was not told."""
        return self.known[column].label if column in self.known else ""

    def choices(self, column: str) -> dict[str, str]:
        """Return value → label of a column's list, empty if it was not told."""
        found = self.known.get(column)
        return dict(found.choices or ()) if found else {}

    def meaning(self, column: str, value: str) -> str:
        """Return what the value stands for on this instance, "" if it was not told."""
        if name := self.names.get(column, {}).get(value):
            return name
        found = self.known.get(column)
        label = found.label_of(value) if found else ""
        return "" if label == value else label


def of(connection: Connection, kind: str, elements: Iterable[str]) -> Glossary:
    """Return the words for these columns of a kind on one instance."""
    row = profiles.stored(connection, kind)
    return Glossary(columns.known(connection, kind, elements), names_of(row))


def names_of(row: InstanceProfile) -> dict[str, dict[str, str]]:
    """Return the names of the rows a profile refers to."""
    found = {}
    for role, column in _COLUMN_OF.items():
        reference = getattr(row, role)
        if sys_id := reference.get("sys_id"):
            found[column] = {sys_id: reference["name"]}
    return found
