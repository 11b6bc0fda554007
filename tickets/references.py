"""Rows of the instance that are typed by name: assignment group, change model, template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from connector.exceptions import Misconfigured, Refused
from connector.servicenow.query import Query
from tickets.instance_models import InstanceProfile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.servicenow.client import ServiceNow
    from connector.servicenow.records import Record

# Why a name has no row yet; "" once it has.
WAITING = "waiting"
NOT_FOUND = "not_found"
INACTIVE = "inactive"
AMBIGUOUS = "ambiguous"
HIDDEN = "hidden"
NO_TABLE = "no_table"
# More of one name than anybody would read.
_ENOUGH = 20


@dataclass(frozen=True)
class Source:
    """Where the rows of a reference are, and which column has their name."""

    table: str
    name: str = "name"
    active: str = "active"
    # The rows are versions of something: what they are versions of, and their number.
    of: str = ""
    number: str = ""

    @property
    def fields(self) -> list[str]:
        return [name for name in (self.name, self.active, self.of, self.number) if name]


SOURCES = {
    "group": Source("sys_user_group"),
    "change_model": Source("chg_model"),
    "template": Source(
        "std_change_producer_version",
        "std_change_producer.name",
        "std_change_producer.active",
        "std_change_producer",
        "version",
    ),
}


def typed(name: str, before: dict[str, Any]) -> dict[str, Any]:
    """Return what is stored for a name: as it was, or waiting to be looked up."""
    if not name:
        return {}
    same = before.get("name") == name
    return before if same else {"name": name, "problem": WAITING}


def resolve(profile: InstanceProfile, client: ServiceNow) -> None:
    """Look up every name of the profile; harmless to repeat. Raises `ConnectorError`."""
    for role, source in SOURCES.items():
        reference = getattr(profile, role)
        if name := reference.get("name"):
            found = {
                "name": name,
                "resolved_at": timezone.now().isoformat(),
                **_look_up(client, source, name),
            }
            # Whoever typed another name meanwhile waits for that one.
            same = InstanceProfile.objects.filter(pk=profile.pk, **{role: reference})
            same.update(**{role: found})


def _look_up(client: ServiceNow, source: Source, name: str) -> dict[str, str]:
    query = Query().equals(source.name, name).order_by("sys_id")
    try:
        page = client.list(source.table, query, fields=source.fields, limit=_ENOUGH)
    except (Refused, Misconfigured) as error:
        problem = HIDDEN if isinstance(error, Refused) else NO_TABLE
        return {"problem": problem, "words": error.evidence.words}
    if page.is_hidden or any(not row.has(source.name) for row in page.records):
        return {"problem": HIDDEN}
    # A condition the instance does not understand returns the whole table.
    named = [row for row in page.records if _is_named(row, source, name)]
    return _choose(named, source)


def _is_named(row: Record, source: Source, name: str) -> bool:
    return row.value(source.name).casefold() == name.casefold()


def _choose(named: Sequence[Record], source: Source) -> dict[str, str]:
    active = [row for row in named if row.value(source.active) != "false"]
    if not named:
        return {"problem": NOT_FOUND}
    if not active:
        return {"problem": INACTIVE}
    if source.of:
        if len({row.value(source.of) for row in active}) > 1:
            return {"problem": AMBIGUOUS}
        return _chosen(max(active, key=lambda row: _number(row, source)))
    return _chosen(active[0]) if len(active) == 1 else {"problem": AMBIGUOUS}


def _chosen(row: Record) -> dict[str, str]:
    return {"problem": "", "sys_id": row.sys_id}


def _number(row: Record, source: Source) -> int:
    text = row.value(source.number)
    return int(text) if text.isdecimal() and len(text) < 16 else 0
