"""Changes of tickets and notes into them: queued once, sent by the outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid5

from django.db import IntegrityError, transaction

from connector import audit
from tickets import echoes, mapping, profiles
from tickets.models import Delivery, TicketEvent
from tickets.waking import wake

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.contrib.auth.models import User

    from tickets.models import Ticket

Status = Delivery.Status
Action = TicketEvent.Action
# The work note is seen by those who work on the ticket, the comment by its caller too.
ELEMENTS = ("work_notes", "comments")
_OPEN = [Status.QUEUED, Status.WAITING, Status.STOPPED]


def edit(ticket: Ticket, values: Mapping[str, Any], *, actor: User) -> Delivery | None:
    """Queue new values of name, priority or due date; None if all are as they were."""
    changed = {k: v for k, v in values.items() if v != getattr(ticket, k)}
    if not changed:
        return None
    before = {name: _shown(ticket, name) for name in changed}
    with transaction.atomic():
        delivery = Delivery.objects.create(
            ticket=ticket,
            operation=Delivery.Operation.UPDATE,
            payload=mapping.update_payload(ticket, changed),
            before=before,
        )
        for name, value in changed.items():
            _tell_edit(ticket, name, _text(ticket, name, value), actor)
        audit.record(
            "ticket.edited",
            tenant=ticket.tenant,
            actor=actor,
            target=ticket,
            fields=sorted(changed),
        )
        wake("deliver", delivery.pk)
    return delivery


def _tell_edit(ticket: Ticket, name: str, value: str, actor: User) -> None:
    TicketEvent.objects.create(
        ticket=ticket,
        action=Action.EDITED,
        actor_name=actor.get_username(),
        field=name,
        old=_shown(ticket, name)[:255],
        new=value[:255],
    )


def _shown(ticket: Ticket, name: str) -> str:
    """Return what the ticket shows, as `mapping.shown_values` says it of a record."""
    if name == "priority" and ticket.remote_priority:
        return ticket.remote_priority
    return _text(ticket, name, getattr(ticket, name))


def _text(ticket: Ticket, name: str, value: Any) -> str:
    if name == "priority":
        return profiles.of(ticket).priority_code(value)
    return str(value or "")


def note(
    ticket: Ticket,
    text: str,
    *,
    author: str,
    once: str,
    element: str = "work_notes",
    actor: User | None = None,
) -> Delivery | None:
    """Queue a note into a journal of the ticket; None if this one was queued before.

    `once` tells one note from another: the same ticket gets one for each. `actor` is
    the person who wrote it, None for a note of the portal's own.
    """
    marker = uuid5(ticket.correlation_id, once)
    try:
        with transaction.atomic():
            delivery = Delivery.objects.create(
                ticket=ticket,
                operation=Delivery.Operation.NOTE,
                payload={element: echoes.marked(text, author=author, marker=marker)},
                marker=marker,
            )
            TicketEvent.objects.create(
                ticket=ticket,
                action=Action.NOTED,
                actor_name=author[:200],
                field=element,
                text=text,
            )
            audit.record(
                "ticket.noted",
                tenant=ticket.tenant,
                actor=actor,
                target=ticket,
                journal=element,
            )
            wake("deliver", delivery.pk)
    except IntegrityError:
        return None
    return delivery


def discard(ticket: Ticket, pk: int, *, actor: User) -> bool:
    """Give up a change or note that is not in ServiceNow; False if it is on its way."""
    mine = Delivery.objects.amendments().filter(ticket=ticket, pk=pk)
    delivery = mine.filter(status__in=_OPEN).first()
    with transaction.atomic():
        rows = mine.filter(status__in=_OPEN)
        if delivery is None or rows.update(status=Status.DISCARDED) != 1:
            return False
        TicketEvent.objects.create(
            ticket=ticket,
            action=Action.DISCARDED,
            actor_name=actor.get_username(),
            facts={"operation": delivery.operation},
        )
        audit.record(
            "ticket.amendment_discarded",
            tenant=ticket.tenant,
            actor=actor,
            target=ticket,
            operation=delivery.operation,
        )
    return True
