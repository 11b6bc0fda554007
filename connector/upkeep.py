"""What is done about connections between people's visits: checks and warnings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from connector import audit, connections, probes, runs, tokens
from connector.exceptions import ConnectorError
from connector.models import AuditEvent, Connection

if TYPE_CHECKING:
    from connector.models import ProbeRun
    from connector.probes import Examination

# Days before the end of the authorization at which it is said, once each.
WARNING_DAYS = (1, 3, 14, 30)
# Errors that a working token disproves.
_OF_THE_TOKEN = frozenset(
    {
        "token_rejected",
        "refresh_rejected",
        "exchange_rejected",
        "no_refresh_token",
        "client_rejected",
    }
)
_OF_THE_PASSWORD = frozenset({"basic_rejected", "basic_needs_code"})

Status = Connection.Status


def examine(run: ProbeRun) -> Examination | None:
    """Carry out a round of questions and draw the conclusion."""
    before = probes.stored(run.connection)
    examination = runs.carry_out(run)
    if examination is None:
        return None
    if not run.only:
        learn(run.connection, examination)
    _conclude(run.connection, examination)
    if run.only and runs.opens_the_way(run, before):
        examine(runs.begin(run.connection, asked_by=run.asked_by))
    return examination


def learn(connection: Connection, examination: Examination) -> None:
    """Store what an examination learnt of the instance by the way."""
    owner = examination.owner
    learnt = {"release": examination.release} if examination.release else {}
    if not examination.error:
        learnt |= {
            "remote_user_name": owner.value("user_name") if owner else "",
            "remote_user_display": owner.value("name") if owner else "",
            "remote_user_sys_id": owner.sys_id if owner else "",
        }
    if learnt:
        connections.update(connection, **learnt)


def _conclude(connection: Connection, examination: Examination) -> None:
    if examination.error:
        connections.report_failure(connection, examination.error)
    elif _works(connection):
        connections.report_success(connection)


def _works(connection: Connection) -> bool:
    """Whether everything was asked, and nothing failed, that it cannot do without."""
    known = {finding.id: finding for finding in probes.stored(connection)}
    vital = [known.get(name) for name in probes.VITAL]
    return all(
        finding and finding.verdict != probes.FAILED and not finding.was_not_asked
        for finding in vital
    )


def _examine_vitals(connection: Connection) -> None:
    """Ask no more than tells whether the connection works: it is asked every few minutes."""
    examination = probes.Examination(connection)
    found = list(examination.ask(probes.with_needs(probes.VITAL)))
    runs.merge(connection, found)
    _conclude(connection, examination)


def watch(connection: Connection) -> None:
    """Look cheaply whether the authorization still works, and warn before it ends."""
    is_broken = connection.status == Status.BROKEN
    if is_broken and connection.last_error_code in _OF_THE_PASSWORD:
        # Left to a person: trying a wrong password again and again locks the user out.
        return
    if _needs_examination(connection):
        _examine_vitals(connection)
    else:
        _ask_who(connection)
    _warn_of_end(connection)


def _needs_examination(connection: Connection) -> bool:
    """Whether only an examination can tell if the connection is mended."""
    is_broken = connection.status == Status.BROKEN
    return is_broken and connection.last_error_code not in _OF_THE_TOKEN


def _ask_who(connection: Connection) -> None:
    try:
        probes.identify(tokens.servicenow(connection))
    except ConnectorError as error:
        connections.report_failure(connection, error)
    else:
        connections.report_success(connection)


def _warn_of_end(connection: Connection) -> None:
    ends_at = connection.refresh_token_expires_at
    if ends_at is None:
        return
    left = ends_at - timezone.now()
    due = [days for days in WARNING_DAYS if left.total_seconds() <= days * 86400]
    if not due:
        return
    days, end = due[0], ends_at.isoformat()
    said = AuditEvent.objects.for_tenant(connection.tenant).filter(
        action="connection.ending",
        facts__days=days,
        facts__ends_at=end,
    )
    if not said.exists():
        audit.record(
            "connection.ending",
            tenant=connection.tenant,
            target=connection.host,
            days=days,
            ends_at=end,
        )
