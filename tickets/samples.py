"""A ticket to try a field mapping out with: the newest one, or one that is made up."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.utils import timezone

from tickets.models import Category, Priority, Source, Ticket

if TYPE_CHECKING:
    from connector.models import Connection

_DAYS = 14


def sample(connection: Connection, kind: str) -> Ticket:
    """Return the newest ticket of the kind, or a made-up one that was never saved."""
    tickets = Ticket.objects.for_tenant(connection.tenant)
    newest: Ticket | None = tickets.filter(connection=connection, kind=kind).first()
    return newest or made_up(connection, kind)


def made_up(connection: Connection, kind: str) -> Ticket:
    """Return a ticket that says something in every field."""
    return Ticket(
        tenant_id=connection.tenant_id,
        connection=connection,
        correlation_id=UUID(int=0),
        kind=kind,
        name="Ensure multifactor authentication is enabled for all users",
        description="Require it for everybody, service accounts included.",
        priority=Priority.HIGH,
        due_date=timezone.localdate() + timedelta(days=_DAYS),
        source=Source.MICROSOFT,
        category=Category.IDENTITY,
        control_id="MFARegistrationV2",
        created_by_name="security.admin",
        is_test=connection.is_test,
    )
