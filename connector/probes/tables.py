"""The tables tickets live in: read, write, hidden rows, names of the states."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from connector.exceptions import ConnectorError, Misconfigured, Refused
from connector.probes.catalogue import Probe
from connector.probes.findings import Finding, failed, failed_by, ok, unknown, warning
from connector.probes.people import lacks, proved
from connector.servicenow.query import Query

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.probes.examination import Examination
    from connector.servicenow.records import Page, Record

TABLES = ("task", "change_request", "incident")
# Enough rows that one hidden row does not hide the table.
SAMPLE = 100


def sample(e: Examination, table: str) -> Page:
    """Return some rows of a table; raises ConnectorError."""
    return e.rows(table, "", ("number", "state"), limit=SAMPLE)


def reads(e: Examination, table: str) -> Finding:
    """Say whether the rows of a table show."""
    try:
        page = sample(e, table)
    except (Refused, Misconfigured) as error:
        return failed_by(error, table=table)
    if page.is_hidden:
        return failed("rows_hidden", table=table)
    return ok("readable" if page.records else "empty", table=table)


def writes(e: Examination, kind: str) -> Finding:
    """Say whether tickets of a kind can be created, without creating one."""
    facts = {"table": kind}
    if day := proved(e, kind):
        return ok("proved", **facts, date=day)
    missing = lacks(e, kind)
    if missing is None:
        return unknown("untold", **facts)
    if missing:
        return failed("no_role", **facts, missing=", ".join(missing))
    return ok("by_role", **facts)


def hidden(e: Examination) -> Finding:
    """Say how many of the rows that were looked at do not show."""
    found = {}
    for table in TABLES:
        try:
            found[table] = _unseen(sample(e, table))
        except ConnectorError:
            continue
    if not found:
        return unknown("unread")
    looked = sum(looked for looked, _missing in found.values())
    parts = [
        f"{table} {missing}/{looked}"
        for table, (looked, missing) in found.items()
        if missing
    ]
    count = sum(missing for _looked, missing in found.values())
    if not count:
        return ok("none", looked=looked)
    return warning("some", count=count, looked=looked, tables=", ".join(parts))


def _unseen(page: Page) -> tuple[int, int]:
    """Return how many rows were looked at and how many of them did not show.

    The total counts rows that do not show too, and the limit comes before the rights.
    """
    looked = min(page.total or len(page.records), SAMPLE)
    return looked, max(0, looked - len(page.records))


def labels(e: Examination) -> Finding:
    """Say where the names of the states come from."""
    for table in TABLES:
        try:
            label = _labelled(sample(e, table).records)
        except ConnectorError:
            continue
        if label:
            return ok("with_records", label=label)
    query = Query().equals("name", "incident").equals("element", "state")
    try:
        page = e.rows("sys_choice", query, ("label", "value"), limit=5)
    except (Refused, Misconfigured) as error:
        return unknown("hidden", error.evidence)
    return ok("with_choices") if page.records else unknown("hidden")


def _labelled(rows: Iterable[Record]) -> str:
    named = (
        row.display("state")
        for row in rows
        if row.display("state") != row.value("state")
    )
    return next(named, "")


_READS = {
    "task": _("Can tasks be read?"),
    "change_request": _("Can change requests be read?"),
    "incident": _("Can incidents be read?"),
}
_WRITES = {
    "change_request": _("Can change requests be created?"),
    "incident": _("Can incidents be created?"),
}

PROBES = [
    *(
        Probe(
            table,
            question,
            "tables",
            "servicenow",
            partial(reads, table=table),
            needs=("token",),
            link="sys_user_list.do",
        )
        for table, question in _READS.items()
    ),
    *(
        Probe(
            f"{kind}_write",
            question,
            "tables",
            "servicenow",
            partial(writes, kind=kind),
            needs=(kind,),
            link="sys_user_list.do",
        )
        for kind, question in _WRITES.items()
    ),
    Probe(
        "hidden",
        _("Are rows hidden from the integration user?"),
        "tables",
        "servicenow",
        hidden,
        needs=("token",),
        link="sys_security_acl_list.do",
    ),
    Probe(
        "labels",
        _("Can the names of the ticket states be read?"),
        "tables",
        "servicenow",
        labels,
        needs=("token",),
        link="sys_choice_list.do",
    ),
]
