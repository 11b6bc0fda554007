"""Which fields an instance demands of a ticket beyond those the portal sends."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.exceptions import Misconfigured, Refused
from connector.probes import failed, ok, unknown, warning
from connector.probes.people import proved
from connector.servicenow.query import Query
from tickets import profiles
from tickets.models import Category, Kind, Priority, Source, Ticket

if TYPE_CHECKING:
    from connector.models import Connection
    from connector.probes import Examination, Finding
    from connector.servicenow.records import Record

# The state a new record is in, where nobody changed it.
_NEW = {Kind.CHANGE_REQUEST: "-5", Kind.INCIDENT: "1"}
_STATE = re.compile(r"(?:incident_)?state(?:=|IN)(-?\d+(?:,-?\d+)*)")
_ENTRY = ("name", "element", "column_label", "mandatory", "default_value")
# Tables and columns of data policies are not documented for the API: all of them are
# named here alone, and what does not come back is taken for unreadable.
_RULES = "sys_data_policy_rule"
_POLICY = "sys_data_policy"
_RULE = (
    *("field", "mandatory", "table", f"{_POLICY}.model_table", f"{_POLICY}.active"),
    *(f"{_POLICY}.conditions", f"{_POLICY}.short_description"),
)


@dataclass(frozen=True)
class Demand:
    """A field that must be filled in; `always` unless a condition decides."""

    field: str
    label: str
    always: bool
    by: str = ""


def of(e: Examination, kind: str) -> Finding:
    """Compare what is mandatory for a kind of ticket with what the portal sends."""
    entries, policies = _dictionary(e, kind), _policies(e, kind)
    facts = {"table": kind}
    if entries is None and not policies:
        # No rows may mean that rules do not show; forms' demands are not known at all.
        day = proved(e, kind)
        return ok("proved", **facts, date=day) if day else unknown("hidden", **facts)
    filled = profiles.filled(profiles.of_kind(e.connection.pk, kind))
    open_ones = [
        demand
        for demand in [*(policies or ()), *(entries or ())]
        if demand.field not in filled
    ]
    return _judged(e, kind, open_ones)


def _judged(e: Examination, kind: str, demands: list[Demand]) -> Finding:
    facts = {"table": kind}
    strict = [demand for demand in demands if demand.always]
    if strict:
        by = ", ".join(sorted({demand.by for demand in strict} - {""}))
        return failed("demanded", **facts, fields=_named(strict), by=by or "-")
    if not demands:
        return ok("all_sent", **facts)
    if day := proved(e, kind):
        return ok("proved", **facts, date=day)
    return warning("perhaps", **facts, fields=_named(demands))


def _named(demands: list[Demand]) -> str:
    return ", ".join(sorted({f"{demand.label} ({demand.field})" for demand in demands}))


def example(connection: Connection, kind: str) -> Ticket:
    """Return a ticket such as people share, which is not stored."""
    return Ticket(
        tenant=connection.tenant,
        connection=connection,
        kind=kind,
        name="Test of the connection: please ignore",
        description="A test ticket of the security center portal. It is canceled at once.",
        priority=Priority.LOW,
        source=Source.USER,
        category=Category.INFRASTRUCTURE,
        created_by_name=connection.integration_user,
        is_test=connection.is_test,
    )


def _dictionary(e: Examination, kind: str) -> list[Demand] | None:
    """Return the mandatory fields of the dictionary, None if it may not be read.

    Forms demand them; the API often does not.
    """
    tables = ["task", *Kind.values]
    query = Query().is_in("name", tables).equals("mandatory", True)
    try:
        page = e.rows("sys_dictionary", query, _ENTRY, limit=1000)
    except (Refused, Misconfigured):
        return None
    # A table that hides its rows looks like an empty one; an empty one there is not.
    if not page.records:
        return None
    return [
        Demand(row.value("element"), _label(row), always=False)
        for row in page.records
        if _is_demanded(row, kind)
    ]


def _is_demanded(row: Record, kind: str) -> bool:
    is_ours = row.value("name") in {"task", kind}
    is_mandatory = row.value("mandatory") == "true" and bool(row.value("element"))
    return is_ours and is_mandatory and not row.value("default_value")


def _label(row: Record) -> str:
    return row.value("column_label") or row.value("element")


def _policies(e: Examination, kind: str) -> list[Demand] | None:
    """Return what data policies demand, None if they may not be read."""
    query = Query().equals("mandatory", True).is_in("table", ["task", *Kind.values])
    try:
        page = e.rows(_RULES, query, _RULE, limit=1000)
    except (Refused, Misconfigured):
        return None
    if page.is_hidden:
        return None
    return [_demand(row) for row in page.records if _applies(row, kind)]


def _applies(row: Record, kind: str) -> bool:
    table = row.value("table") or row.value(f"{_POLICY}.model_table")
    is_active = row.value(f"{_POLICY}.active") != "false"
    is_ours = table in {"task", kind} and row.value("mandatory") == "true"
    return is_ours and is_active and not _comes_later(_conditions(row), kind)


def _conditions(row: Record) -> str:
    return row.value(f"{_POLICY}.conditions").removesuffix("^EQ")


def _comes_later(conditions: str, kind: str) -> bool:
    """Whether a policy speaks of other states than that of a new record."""
    parts = re.split(r"\^(?:OR|NQ)?", conditions)
    about_state = [match for match in map(_STATE.fullmatch, parts) if match]
    is_clear = len(about_state) == len(parts) or not re.search(
        r"\^(?:OR|NQ)", conditions
    )
    named = {value for match in about_state for value in match[1].split(",")}
    return bool(about_state) and is_clear and _NEW[Kind(kind)] not in named


def _demand(row: Record) -> Demand:
    return Demand(
        row.value("field"),
        row.display("field") or row.value("field"),
        always=not _conditions(row),
        by=row.value(f"{_POLICY}.short_description"),
    )
