"""What the instance's dictionary says of its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.sandbox.schema import Field, Table

# What the instance calls the types of the columns module.
_TYPES = {
    "boolean": "boolean",
    "choice": "string",
    "code": "integer",
    "date": "glide_date",
    "datetime": "glide_date_time",
    "duration": "glide_duration",
    "guid": "GUID",
    "integer": "integer",
    "journal": "journal_input",
    "password": "password2",
    "ref": "reference",
    "roles": "user_roles",
    "string": "string",
}
# Columns with a type of their own.
_SPECIAL = {"due_date": "due_date"}


def own_fields(table: Table) -> Iterable[Field]:
    """Return the columns the dictionary lists for a table: inherited ones are not."""
    inherited = TABLES[table.parent].fields if table.parent else {}
    return [field for field in table.fields.values() if field.name not in inherited]


def entry(table: Table, field: Field) -> dict[str, str]:
    """Return the values of the row about a column."""
    return {
        "name": table.name,
        "element": field.name,
        "column_label": field.label,
        "internal_type": _SPECIAL.get(field.name, _TYPES[field.type]),
        "reference": field.reference,
        "max_length": str(field.length or 40),
        "mandatory": str(field.is_mandatory).lower(),
        "default_value": field.default,
        "choice": "1" if field.has_choices else "0",
    }
