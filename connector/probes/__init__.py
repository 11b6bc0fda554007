"""The questions that find what keeps a connection from working, and its repair."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.probes import (
    limits,
    network,
    oauth,
    people,
    tables,
    texts_network,
    texts_oauth,
    texts_people,
    texts_portal,
    texts_tables,
)
from connector.probes.catalogue import (
    Probe,
    probe_of,
    probes,
    register,
    routine,
    with_needs,
)
from connector.probes.examination import Examination
from connector.probes.findings import (
    FAILED,
    OK,
    UNKNOWN,
    VERDICTS,
    WARNING,
    Finding,
    failed,
    failed_by,
    ok,
    unknown,
    warning,
)
from connector.probes.findings import read as _read
from connector.probes.people import identify

if TYPE_CHECKING:
    from connector.models import Connection

__all__ = [
    "FAILED",
    "OK",
    "UNKNOWN",
    "VERDICTS",
    "VITAL",
    "WARNING",
    "Examination",
    "Finding",
    "Probe",
    "failed",
    "failed_by",
    "identify",
    "ok",
    "probe_of",
    "probes",
    "register",
    "routine",
    "stored",
    "texts_network",
    "texts_oauth",
    "texts_people",
    "texts_portal",
    "texts_tables",
    "unknown",
    "warning",
    "with_needs",
]

# Without these a connection does not work at all.
VITAL = frozenset(
    {"dns", "tls", "awake", "address", "token", "task", "change_request", "incident"}
)

for _part in (network, oauth, people, tables, limits):
    register(_part.PROBES)


def stored(connection: Connection) -> list[Finding]:
    """Return the latest finding of every probe that was ever asked."""
    return _read(connection.probes)
