"""Changes of tickets and notes into them: queued once, sent by the outbox."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any
from uuid import uuid5

from django.db import IntegrityError, transaction

from connector import audit
from tickets import echoes, mapping, profiles
from tickets.choices import Kind, StateCategory
from tickets.models import Delivery, TicketEvent, TicketState
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
# Of an incident; a closed one, and any change request, is never reopened.
RESOLVED, IN_PROGRESS = "6", "2"


class Told(Enum):
    """What became of the wish to reopen a ticket."""

    REOPENED = "reopened"
    # ServiceNow does not reopen it: it got the reason as a note.
    NOTED = "noted"
    # Told already, by an earlier click or another worker.
    BEFORE = "before"


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


def can_reopen(ticket: Ticket) -> bool:
    """Say whether ServiceNow lets the ticket go back to work: only a resolved incident."""
    is_resolved = ticket.kind == Kind.INCIDENT and ticket.remote_state == RESOLVED
    return is_resolved and ticket.is_amendable and ticket.is_finished


def reopen(
    ticket: Ticket, reason: str, *, author: str, once: str, actor: User | None = None
) -> Told:
    """Queue that the ticket goes back to work, with the reason as a work note.

    What cannot be reopened gets the note alone. `once` tells one reason from another:
    the same one is told once.
    """
    with transaction.atomic():
        if not note(ticket, reason, author=author, once=once, actor=actor):
            return Told.BEFORE
        if not can_reopen(ticket):
            return Told.NOTED
        _queue_reopening(ticket, author=author, actor=actor)
    return Told.REOPENED


def _queue_reopening(ticket: Ticket, *, author: str, actor: User | None) -> None:
    code = _code_of_work(ticket)
    delivery = Delivery.objects.create(
        ticket=ticket,
        operation=Delivery.Operation.UPDATE,
        payload={"state": code},
        before={"state": ticket.remote_state},
    )
    TicketEvent.objects.create(
        ticket=ticket,
        action=Action.EDITED,
        actor_name=author[:200],
        field="state",
        old=ticket.remote_state,
        new=code,
    )
    audit.record(
        "ticket.reopened", tenant=ticket.tenant, actor=actor, target=ticket, state=code
    )
    wake("deliver", delivery.pk)


def _code_of_work(ticket: Ticket) -> str:
    """Return the instance's own code of a state that is in progress."""
    states = TicketState.objects.of(ticket.connection, ticket.kind)
    working = states.filter(category=StateCategory.IN_PROGRESS, is_gone=False)
    codes = list(working.order_by("sequence", "pk").values_list("value", flat=True))
    return IN_PROGRESS if IN_PROGRESS in codes or not codes else codes[0]


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
