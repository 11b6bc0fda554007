"""From the form to the outbox: the ticket, once, and what will be sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from connector import audit
from tickets import mapping, outbox
from tickets.glossary import Glossary
from tickets.models import Ticket, TicketAction
from tickets.queries import said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from django.contrib.auth.models import User
    from django.utils.functional import _StrPromise

    from connector.models import Connection
    from tickets.drafts import Draft


class AlreadySent(Exception):
    """The form's token was used before, for a ticket with other content."""

    def __init__(self, ticket: Ticket) -> None:
        super().__init__(ticket.pk)
        self.ticket = ticket


@dataclass(frozen=True)
class SentField:
    """One field as it leaves the portal."""

    label: str | _StrPromise
    field: str
    value: str
    # What ServiceNow's number means, as its own lists say.
    meaning: str = ""


_LABELS = {
    "short_description": _("Ticket name"),
    "description": _("Description"),
    "justification": _("Justification"),
    "category": _("ServiceNow category"),
    "priority": _("Priority"),
    "impact": _("Impact"),
    "urgency": _("Urgency"),
    "due_date": _("Due date (UTC)"),
    "correlation_id": _("Reference of the portal"),
    "correlation_display": _("Name of the portal"),
    "assignment_group": _("Assignment group"),
    "type": _("Type"),
    "chg_model": _("Change model"),
    "std_change_producer_version": _("Standard change template"),
}
_WEIGHTS = {"1": "1 - High", "2": "2 - Medium", "3": "3 - Low"}
_MEANINGS = {
    "priority": mapping.PRIORITY_NAMES,
    "impact": _WEIGHTS,
    "urgency": _WEIGHTS,
}


def build(
    draft: Draft,
    cleaned: Mapping[str, Any],
    *,
    connection: Connection,
    author: User,
    reference: UUID,
) -> Ticket:
    """Return the ticket the form describes, not saved yet."""
    return Ticket(
        tenant_id=connection.tenant_id,
        connection=connection,
        correlation_id=reference,
        kind=cleaned["kind"],
        name=cleaned["name"],
        description=cleaned["description"],
        priority=cleaned["priority"],
        due_date=cleaned["due_date"],
        source=draft.source,
        category=cleaned["category"],
        control_id=draft.control_id,
        is_test=connection.is_test,
        created_by=author,
        created_by_name=author.get_username(),
    )


def preview(
    payload: Mapping[str, str], words: Glossary | None = None
) -> list[SentField]:
    """Return the fields of a payload for people, none left out."""
    words = words or Glossary()
    return [
        SentField(_label(name, words), name, value, _meaning(name, value, words))
        for name, value in payload.items()
    ]


def _label(field: str, words: Glossary) -> str | _StrPromise:
    """Return the portal's word for a usual column, else the instance's, else the column."""
    return _LABELS.get(field) or words.label(field) or field


def _meaning(field: str, value: str, words: Glossary) -> str:
    return words.meaning(field, value) or _MEANINGS.get(field, {}).get(value, "")


def share(ticket: Ticket, *, actor: User, control_ids: Sequence[str] = ()) -> Ticket:
    """Save the ticket and queue it; a repeated submit gets the first ticket back.

    Repeated is the same form, and also a form filled in alike within minutes: Back and
    Send. `control_ids` are the actions of a ticket that stands for several. Raises `AlreadySent` if the form's first ticket says something else.
    """
    if twin := Ticket.objects.twin_of(ticket):
        return twin
    try:
        with transaction.atomic():
            ticket.save(force_insert=True)
            TicketAction.objects.bulk_create(
                TicketAction(ticket=ticket, control_id=name) for name in control_ids
            )
            outbox.enqueue(ticket)
            audit.record(
                "ticket.shared",
                tenant=ticket.tenant,
                actor=actor,
                target=ticket,
                kind=ticket.kind,
                control_id=ticket.control_id,
                **({"control_ids": [*control_ids]} if control_ids else {}),
            )
    except IntegrityError:
        return _first(ticket)
    return ticket


def _first(ticket: Ticket) -> Ticket:
    first = Ticket.objects.get(
        tenant_id=ticket.tenant_id, correlation_id=ticket.correlation_id
    )
    delivery = first.deliveries.get(operation="create")
    goes_elsewhere = first.connection_id != ticket.connection_id
    # The field mapping may have been changed between the two.
    is_other = delivery.payload != mapping.payload(ticket) and said(first) != said(
        ticket
    )
    if goes_elsewhere or is_other:
        raise AlreadySent(first)
    return first
