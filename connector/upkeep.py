"""What is done about connections between people's visits: checks and warnings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from connector import audit, connections, probes, tokens
from connector.exceptions import ConnectorError
from connector.models import AuditEvent, Connection

if TYPE_CHECKING:
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


def check(connection: Connection) -> None:
    """Examine a connection in full, keep the answers and draw the conclusion."""
    examination = probes.examine(connection)
    keep(connection, examination)
    if examination.error:
        connections.report_failure(connection, examination.error)
    elif not examination.has_failed:
        connections.report_success(connection)


def keep(connection: Connection, examination: Examination) -> None:
    """Store what an examination found."""
    owner = examination.owner
    learnt = {"release": examination.release} if examination.release else {}
    if not examination.error:
        learnt |= {
            "remote_user_name": owner.value("user_name") if owner else "",
            "remote_user_display": owner.value("name") if owner else "",
            "remote_user_sys_id": owner.sys_id if owner else "",
        }
    connections.update(
        connection,
        probes=[probe.as_dict() for probe in examination.probes],
        checked_at=timezone.now(),
        **learnt,
    )


def watch(connection: Connection) -> None:
    """Look cheaply whether the authorization still works, and warn before it ends."""
    is_broken = connection.status == Status.BROKEN
    if is_broken and connection.last_error_code in _OF_THE_PASSWORD:
        # Left to a person: trying a wrong password again and again locks the user out.
        return
    if _needs_examination(connection):
        check(connection)
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
