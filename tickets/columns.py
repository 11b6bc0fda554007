"""What is known of an instance's columns: from its dictionary, or from one of its rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.utils import timezone

from connector.exceptions import Misconfigured, Refused
from connector.servicenow.client import PAGE_SIZE
from connector.servicenow.query import Query
from tickets.instance_models import InstanceProfile, TableColumn
from tickets.profiles import COLUMN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from connector.models import Connection
    from connector.servicenow.client import ServiceNow
    from connector.servicenow.records import Record

PARENT = "task"
# What every instance has on the parent table: only there it can be followed.
_USUAL_PARENT = frozenset(
    {
        *("short_description", "description", "priority", "impact", "urgency"),
        *("due_date", "sla_due", "activity_due", "expected_start", "follow_up"),
        *("work_start", "work_end", "contact_type", "escalation", "location"),
        *("company", "cmdb_ci", "business_service", "watch_list", "order", "parent"),
        *("assigned_to", "assignment_group", "user_input", "comments", "work_notes"),
    }
)
# The types of a column that holds a day without a time.
_DAYS = frozenset({"glide_date", "date"})
_DICTIONARY = (
    *("name", "element", "column_label", "internal_type", "reference"),
    *("max_length", "mandatory", "default_value"),
)
_CHOICES = ("name", "element", "value", "label", "language")
# A table of a thousand columns is read whole; a broken count ends some day.
_MOST_PAGES = 10
# So many columns are looked for in one row at a time: an address has its limit.
_AT_A_TIME = 50
# Rows are hidden after the limit was applied: some more than one.
_SAMPLE = 10
_LANGUAGE = "en"
_LEARNT = (
    *("label", "type", "mandatory", "has_default", "max_length", "reference"),
    *("choices", "is_listed", "is_there", "read_at"),
)


@dataclass(frozen=True)
class Column:
    """A column of one kind of ticket with what its table and the parent say of it."""

    element: str
    label: str = ""
    type: str = ""
    mandatory: bool = False
    has_default: bool = False
    max_length: int | None = None
    reference: str = ""
    choices: tuple[tuple[str, str], ...] | None = None
    is_listed: bool = False
    is_there: bool | None = None
    # Whether the parent table has it, so that a change of it is seen.
    is_parents: bool = False

    def label_of(self, value: str) -> str:
        """Return what a value of the choice list is called, "" if it is not on it."""
        return dict(self.choices or ()).get(value, "")


Known = dict[str, Column]


def known(
    connection: Connection, kind: str, elements: Iterable[str] | None = None
) -> Known:
    """Return what is known of the columns of a kind, of all or of some of them."""
    rows = TableColumn.objects.filter(connection=connection, table__in=[PARENT, kind])
    if elements is not None:
        rows = rows.filter(element__in=list(elements))
    found: Known = {}
    for row in sorted(rows, key=lambda row: row.table != PARENT):
        found[row.element] = _with(found.get(row.element), row)
    return found


def _with(inherited: Column | None, row: TableColumn) -> Column:
    """Return the column as its own table tells it; the parent's word fills the gaps."""
    column = inherited or Column(row.element)
    if row.is_listed:
        column = replace(
            column,
            label=row.label,
            type=row.type,
            mandatory=row.mandatory,
            has_default=row.has_default,
            max_length=row.max_length,
            reference=row.reference,
            is_listed=True,
            is_parents=column.is_parents or row.table == PARENT,
        )
    if row.choices is not None:
        choices = tuple((value, label) for value, label in row.choices)
        column = replace(column, choices=choices)
    if row.is_there is not None:
        column = replace(column, is_there=row.is_there)
    return column


def is_followed(column: str, columns: Known) -> bool:
    """Say whether a change of the column in ServiceNow is seen by a poll."""
    return column in _USUAL_PARENT or (column in columns and columns[column].is_parents)


def is_day(mapped: Mapping[str, str], columns: Known) -> bool:
    """Say whether the column the due date is mapped to is known to be one of days."""
    column = columns.get(mapped.get("due_date", "due_date"))
    return column is not None and column.type in _DAYS


def ask(profile: InstanceProfile, elements: Iterable[str]) -> None:
    """Note that these columns are to be looked for, and forget earlier wishes."""
    names, connection = set(elements), profile.connection
    wished = TableColumn.objects.filter(
        connection=connection, is_listed=False, choices=None
    )
    wished.filter(table=profile.kind).exclude(element__in=names).delete()
    rows = [
        TableColumn(connection=connection, table=profile.kind, element=name)
        for name in names - set(known(connection, profile.kind))
    ]
    TableColumn.objects.bulk_create(rows, ignore_conflicts=True)
    InstanceProfile.objects.filter(pk=profile.pk).update(asked_at=timezone.now())


def learn(profile: InstanceProfile, client: ServiceNow) -> None:
    """Ask the instance about the columns of a kind; nothing is written there.

    Raises `ConnectorError`, but not where something merely may not be read.
    """
    tables = (PARENT, profile.kind)
    rows = _read_dictionary(client, tables)
    choices = _read_choices(client, tables)
    _keep(profile.connection, tables, rows, choices)
    profile.knows_columns = bool(rows)
    profile.knows_choices = choices is not None
    _probe(profile, client)


def _read_dictionary(client: ServiceNow, tables: Sequence[str]) -> list[Record]:
    query = Query().is_in("name", tables).equals("active", True).order_by("sys_id")
    try:
        rows = list(_all_rows(client, "sys_dictionary", query, _DICTIONARY))
    except (Refused, Misconfigured):
        # Only administrators may read it on most instances.
        return []
    return [row for row in rows if _is_about(row, tables)]


def _read_choices(
    client: ServiceNow, tables: Sequence[str]
) -> dict[tuple[str, str], dict[str, str]] | None:
    """Return value → label by table and column, or None if they may not be read."""
    query = Query().is_in("name", tables).equals("inactive", False).order_by("sys_id")
    try:
        rows = list(_all_rows(client, "sys_choice", query, _CHOICES))
    except (Refused, Misconfigured):
        return None
    rows = [row for row in rows if _is_about(row, tables) and row.has("value")]
    found: dict[tuple[str, str], dict[str, str]] = {}
    # The language the labels are shown in comes last, over all others.
    for row in sorted(rows, key=lambda row: row.value("language") == _LANGUAGE):
        key = row.value("name"), row.value("element")
        found.setdefault(key, {})[row.value("value")] = row.value("label")
    return found or None


def _is_about(row: Record, tables: Sequence[str]) -> bool:
    """Say whether the row is one that was asked for: odd conditions are ignored."""
    is_column = COLUMN.fullmatch(row.value("element")) is not None
    return row.value("name") in tables and is_column


def _all_rows(
    client: ServiceNow, table: str, query: Query, fields: Sequence[str]
) -> Iterator[Record]:
    for number in range(_MOST_PAGES):
        offset = number * PAGE_SIZE
        page = client.list(table, query, fields=fields, offset=offset)
        yield from page.records
        if page.total is None and not page.records:
            return
        if page.total is not None and page.total <= offset + PAGE_SIZE:
            return


def _keep(
    connection: Connection,
    tables: Sequence[str],
    rows: Iterable[Record],
    choices: Mapping[tuple[str, str], Mapping[str, str]] | None,
) -> None:
    """Replace what was known by what was read; what could not be read stays."""
    now = timezone.now()
    found = {
        (row.value("name"), row.value("element")): _listed(connection, row)
        for row in rows
    }
    for (table, element), labels in (choices or {}).items():
        bare = TableColumn(connection=connection, table=table, element=element)
        row = found.setdefault((table, element), bare)
        row.choices = [[value, label] for value, label in labels.items()]
    for one in found.values():
        one.read_at = now
    TableColumn.objects.bulk_create(
        found.values(),
        update_conflicts=True,
        unique_fields=["connection", "table", "element"],
        update_fields=_LEARNT,
        batch_size=200,
    )
    if found:
        old = TableColumn.objects.filter(connection=connection, table__in=tables)
        old.filter(read_at__lt=now, is_listed=True).delete()


def _listed(connection: Connection, row: Record) -> TableColumn:
    length = row.value("max_length")
    return TableColumn(
        connection=connection,
        table=row.value("name"),
        element=row.value("element")[:80],
        label=(row.value("column_label") or row.value("element"))[:255],
        type=row.value("internal_type")[:80],
        mandatory=row.value("mandatory") == "true",
        has_default=bool(row.value("default_value")),
        max_length=int(length) if length.isdecimal() and len(length) < 10 else None,
        reference=row.value("reference")[:80],
        is_listed=True,
    )


def _probe(profile: InstanceProfile, client: ServiceNow) -> None:
    """Look for the columns no dictionary told of in some rows of the table.

    A column that is not there, or that may not be read, is left out without a word.
    """
    mine = TableColumn.objects.filter(
        connection=profile.connection, table=profile.kind, is_listed=False
    )
    names = sorted(mine.values_list("element", flat=True))
    for start in range(0, len(names), _AT_A_TIME):
        some = names[start : start + _AT_A_TIME]
        page = client.list(profile.kind, fields=some, limit=_SAMPLE)
        for name in some if page.records else ():
            is_there = any(record.has(name) for record in page.records)
            row = mine.filter(element=name)
            row.update(is_there=is_there, read_at=timezone.now())
