"""From ServiceNow's consent to a working connection; runs outside of web requests."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from connector import audit, connections, runs, signals, tokens, upkeep
from connector.exceptions import ConnectorError
from connector.models import Connection

if TYPE_CHECKING:
    from django.contrib.auth.models import User

logger = logging.getLogger(__name__)

Status = Connection.Status


def accept_code(
    connection: Connection,
    *,
    actor: User,
    code: str,
    code_verifier: str,
    redirect_uri: str,
) -> None:
    """Keep the code for the task that exchanges it."""
    begin(
        connection,
        actor=actor,
        code=code,
        code_verifier=code_verifier,
        redirect_uri=redirect_uri,
    )


def begin(connection: Connection, *, actor: User, **brought: str) -> None:
    """Leave the authorization to the task, with what was brought for it."""
    pending = {
        **brought,
        "user_id": actor.pk,
        "at": timezone.now().isoformat(),
        "status_before": _status_before(connection),
    }
    connections.update(connection, pending_code=pending, status=Status.AUTHORIZING)


def _status_before(connection: Connection) -> str:
    if connection.status != Status.AUTHORIZING:
        return connection.status
    earlier: dict[str, str] = connection.pending_code or {}
    fallback = Status.CONNECTED if connection.refresh_token else Status.DRAFT
    return earlier.get("status_before", fallback)


def complete(connection: Connection) -> None:
    """Exchange the code, find out who and where we are, and put the connection to work.

    May run twice: the code is exchanged once and the connection announced once.
    """
    if connection.status != Status.AUTHORIZING:
        return
    try:
        tokens.exchange(connection)
    except ConnectorError as error:
        _give_up(connection, error)
        return
    run = runs.begin(connection, asked_by=connection.authorized_by, anew=True)
    examination = runs.carry_out(run)
    if examination:
        upkeep.learn(connection, examination)
    _announce(connection)
    if examination and examination.error:
        connections.report_failure(connection, examination.error)


def _announce(connection: Connection) -> None:
    works: dict[str, Any] = {
        "status": Status.CONNECTED,
        # Until its tickets were moved, another one's place is not taken.
        "cards_enabled": connection.replaces_id is None,
        "last_error_code": "",
        "last_error_words": "",
        "last_error_at": None,
    }
    with transaction.atomic():
        connection.tenant.lock()
        waiting = Connection.objects.filter(pk=connection.pk, status=Status.AUTHORIZING)
        if not waiting.update(**works):
            return
        connection.refresh_from_db()
        connections.settle_default(connection.tenant)
        audit.record(
            "connection.authorized",
            tenant=connection.tenant,
            actor=connection.authorized_by,
            target=connection.host,
            remote_user=connection.remote_user_name,
            integration_user=connection.integration_user,
        )
        signals.authorized.send(sender=Connection, connection=connection)


def _give_up(connection: Connection, error: ConnectorError) -> None:
    """Go back to how it was before: an older authorization may still be good."""
    logger.warning("connection %s was not authorized: %s", connection.pk, error)
    before = (connection.pending_code or {}).get("status_before", Status.DRAFT)
    with transaction.atomic():
        connections.update(
            connection,
            status=before,
            pending_code=None,
            last_error_code=error.code,
            last_error_words=error.evidence.words,
            last_error_at=timezone.now(),
        )
        audit.record(
            "connection.authorization_failed",
            tenant=connection.tenant,
            target=connection.host,
            code=error.code,
            words=error.evidence.words,
        )
        if before == Status.CONNECTED:
            # What began to wait meanwhile must not wait for ever.
            signals.mended.send(sender=Connection, connection=connection)
