"""What has become of one connection's tickets at another instance; reads only."""

from __future__ import annotations

from collections import Counter
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from connector.servicenow.query import MOST_VALUES, Query
from tickets import mapping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from connector.servicenow.client import ServiceNow
    from connector.servicenow.records import Page, Record
    from tickets.models import Ticket

# One request sees both kinds.
_TABLE = "task"
# References are longer than sys_ids: so many stay under the instance's 8,192 bytes.
MOST_REFERENCES = 150


class Verdict(models.TextChoices):
    """What was found of a ticket at the other instance."""

    SAME = "same", _("The same record")
    RELINKED = "relinked", _("Under another sys_id")
    FOREIGN = "foreign", _("Another record has its sys_id")
    MISSING = "missing", _("Not found")
    UNDELIVERED = "undelivered", _("Not sent yet")


@dataclass(frozen=True)
class Finding:
    """One ticket's verdict, the record it was linked to, and what was found."""

    ticket_id: int
    verdict: str
    old_sys_id: str = ""
    old_number: str = ""
    sys_id: str = ""
    number: str = ""

    @property
    def differs(self) -> bool:
        """Whether it is more than the same record under the same number."""
        is_same = self.verdict == Verdict.SAME
        return not is_same or self.number not in {"", self.old_number}


@dataclass(frozen=True)
class Comparison:
    """All findings, and how many records the integration user may not see."""

    findings: tuple[Finding, ...]
    hidden: int = 0

    def as_result(self) -> dict[str, Any]:
        counts = Counter(finding.verdict for finding in self.findings)
        return {
            "counts": {verdict: counts[verdict] for verdict in Verdict.values},
            "findings": [astuple(finding) for finding in self.findings],
            "hidden": self.hidden,
        }


def findings_in(result: dict[str, Any]) -> list[Finding]:
    """Return the findings kept in an adoption's result."""
    return [Finding(*parts) for parts in result.get("findings", [])]


def compare(
    client: ServiceNow, tickets: Sequence[Ticket], tick: Callable[[], None]
) -> Comparison:
    """Look every ticket up: by its record's sys_id, then by its reference.

    Raises `ConnectorError`. `tick` is called before each request.
    """
    return _Comparer(client, tick).compare(tickets)


class _Comparer:
    def __init__(self, client: ServiceNow, tick: Callable[[], None]) -> None:
        self._client = client
        self._tick = tick
        self._hidden = 0

    def compare(self, tickets: Sequence[Ticket]) -> Comparison:
        sent = [ticket for ticket in tickets if ticket.sys_id]
        by_sys_id = self._records(
            "sys_id", [ticket.sys_id for ticket in sent], MOST_VALUES
        )
        lost = [t for t in sent if not _is_of(t, by_sys_id.get(t.sys_id))]
        self._hidden = 0
        by_reference = self._records(
            "correlation_id", [str(t.correlation_id) for t in lost], MOST_REFERENCES
        )
        findings = tuple(_judge(t, by_sys_id, by_reference) for t in tickets)
        return Comparison(findings, self._hidden)

    def _records(self, field: str, values: list[str], most: int) -> dict[str, Record]:
        """Return what is there by the field's value; of copies the oldest."""
        found: dict[str, Record] = {}
        for some in _batches(values, most):
            wanted = set(some)
            # A field the instance does not know is ignored: compare what came.
            for record in self._page(field, some).records:
                if record.value(field) in wanted:
                    found.setdefault(record.value(field), record)
        return found

    def _page(self, field: str, values: list[str]) -> Page:
        self._tick()
        query = Query().is_in(field, values).order_by("sys_created_on")
        page = self._client.list(_TABLE, query, fields=mapping.FIELDS)
        self._hidden += max(0, (page.total or 0) - len(page.records))
        return page


def _batches(values: list[str], most: int) -> Iterator[list[str]]:
    for start in range(0, len(values), most):
        yield values[start : start + most]


def _is_of(ticket: Ticket, record: Record | None) -> bool:
    """Whether the record is the ticket's own: its reference, and its kind."""
    return (
        record is not None
        and record.value("correlation_id") == str(ticket.correlation_id)
        and record.value("sys_class_name") in {ticket.kind, ""}
    )


def _judge(
    ticket: Ticket, by_sys_id: dict[str, Record], by_reference: dict[str, Record]
) -> Finding:
    if not ticket.sys_id:
        return Finding(ticket.pk, Verdict.UNDELIVERED.value)
    there = by_sys_id.get(ticket.sys_id)
    if there and _is_of(ticket, there):
        return _found(ticket, Verdict.SAME, there)
    moved = by_reference.get(str(ticket.correlation_id))
    if moved and _is_of(ticket, moved):
        return _found(ticket, Verdict.RELINKED, moved)
    if there:
        return _found(ticket, Verdict.FOREIGN, there)
    return Finding(ticket.pk, Verdict.MISSING.value, ticket.sys_id, ticket.number)


def _found(ticket: Ticket, verdict: Verdict, record: Record) -> Finding:
    number = record.value("number")[:40]
    old = ticket.sys_id, ticket.number
    return Finding(ticket.pk, verdict.value, *old, record.sys_id, number)
