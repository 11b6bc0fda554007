"""Where a ticket is on its way to ServiceNow, and what happens next, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from connector import messages
from tickets.models import Delivery
from tickets.sentences import FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from connector.models import Connection
    from tickets.models import Ticket

Status = Delivery.Status
_SOON = timedelta(seconds=60)
# Refusals another field mapping may mend.
_MAPPING_ERRORS = frozenset(
    {"data_policy", "business_rule", "bad_request", "forbidden"}
)


@dataclass(frozen=True)
class Progress:
    """What the detail page says about the delivery."""

    ticket: Ticket
    delivery: Delivery
    tone: str
    title: str
    text: str
    # Seconds to the next look; 0 when nothing will change by itself.
    refresh: int = 0
    next_at: datetime | None = None
    can_retry: bool = False
    # Whether the way on leads through the connection's own page.
    needs_connection: bool = False
    # Whether a default or another column may be what is missing.
    mends_mapping: bool = False
    # The other system's own words and its identifier of the request.
    words: str = ""
    request_id: str = ""

    @property
    def subject(self) -> str:
        """What is on its way: the change or note; "" for the ticket itself."""
        if self.delivery.operation == Delivery.Operation.UPDATE:
            names = [str(FIELDS[name]) for name in self.delivery.before]
            return _("Change of %(fields)s") % {"fields": ", ".join(names)}
        if self.delivery.operation == Delivery.Operation.NOTE:
            is_internal = "work_notes" in self.delivery.payload
            return _("Work note") if is_internal else _("Comment")
        return ""

    @property
    def can_discard(self) -> bool:
        is_create = self.delivery.operation == Delivery.Operation.CREATE
        return not is_create and self.delivery.status != Delivery.Status.SENDING

    @property
    def words_from(self) -> str:
        """Whose words they are; "" for ServiceNow's."""
        if self.delivery.error_status is None:
            return _("What the network reported:")
        return ""


def of(ticket: Ticket, delivery: Delivery) -> Progress:
    """Return how far the ticket is."""
    status = Status(delivery.status)
    if status == Status.DELIVERED and not ticket.sys_id:
        # It arrived between the reading of the ticket and of the delivery.
        status = Status.SENDING
    if ticket.is_read_only and status != Status.SENDING:
        return _history(ticket, delivery)
    return _TELLERS[status](ticket, delivery)


def amendments(ticket: Ticket) -> list[Progress]:
    """Return how far the ticket's changes and notes are that have not arrived."""
    waiting = Delivery.objects.amendments().filter(ticket=ticket)
    return [of(ticket, delivery) for delivery in waiting]


def next_look(ones: Iterable[Progress]) -> int:
    """Return the seconds to the next look at all of them; 0 when nothing will change."""
    return min((one.refresh for one in ones if one.refresh), default=0)


def _delivered(ticket: Ticket, delivery: Delivery) -> Progress:
    title = _("In ServiceNow as %(number)s") % {"number": ticket.number}
    if ticket.missing_since:
        text = _(
            "ServiceNow no longer shows it to the integration user:"
            " it was deleted there, or hidden."
        )
        return Progress(ticket, delivery, "warning", title, text)
    return Progress(ticket, delivery, "success", title, "")


def _history(ticket: Ticket, delivery: Delivery) -> Progress:
    """Say that the connection was removed: nothing is sent or followed any more."""
    words = {"host": ticket.connection.host, "number": ticket.number}
    if ticket.sys_id:
        title = _("%(number)s as it was last seen") % words
        text = _(
            "The connection to %(host)s was removed, so this ticket is history and can"
            " only be read. Connect the same instance again and it is followed again."
        )
    elif delivery.status == Status.STOPPED:
        title = _("Not sent: the connection to %(host)s was removed") % words
        text = _(
            "The ticket is kept. When this instance is connected again, it can be sent"
            " again."
        )
    else:
        title = _("Not sent: the connection to %(host)s was removed") % words
        text = _(
            "The ticket is kept and waits. It goes out when this instance is connected"
            " again, or when another connection takes its tickets over."
        )
    return Progress(
        ticket,
        delivery,
        "warning",
        title,
        text % words,
        needs_connection=not ticket.sys_id,
    )


def _sending(ticket: Ticket, delivery: Delivery) -> Progress:
    text = _("This takes a second or two. You may leave this page.")
    return Progress(
        ticket, delivery, "info", _("Being sent to ServiceNow"), text, refresh=2
    )


def _queued(ticket: Ticket, delivery: Delivery) -> Progress:
    if not delivery.error_code:
        text = _("It goes out by itself in a moment. You may leave this page.")
        return Progress(ticket, delivery, "info", _("Queued"), text, refresh=2)
    explanation = messages.explain(delivery.error_code)
    is_soon = delivery.due_at < timezone.now() + _SOON
    return Progress(
        ticket,
        delivery,
        "warning",
        explanation.title,
        _with_doubt(explanation.repair, delivery),
        refresh=2 if is_soon else 15,
        next_at=delivery.due_at,
        can_retry=not is_soon,
        words=delivery.error_words,
        request_id=delivery.error_request_id,
    )


def _with_doubt(repair: str, delivery: Delivery) -> str:
    if not delivery.unanswered_at:
        return repair
    if delivery.operation != Delivery.Operation.CREATE:
        doubt = _(
            "ServiceNow may have taken it all the same: the portal looks there before it"
            " sends anything again."
        )
        return f"{repair} {doubt}"
    doubt = _(
        "ServiceNow may have created the ticket all the same: the portal looks there"
        " before it sends anything again, so it is not created twice."
    )
    return f"{repair} {doubt}"


def _waiting(ticket: Ticket, delivery: Delivery) -> Progress:
    connection: Connection = ticket.connection
    text = _("It goes out by itself as soon as the connection works again.")
    # What broke the connection, and its repair, stand above every page already.
    is_told = connection.status == connection.Status.BROKEN
    return Progress(
        ticket,
        delivery,
        "warning",
        _("Waiting for the connection to ServiceNow"),
        text,
        refresh=15,
        needs_connection=True,
        words="" if is_told else delivery.error_words,
        request_id="" if is_told else delivery.error_request_id,
    )


def _stopped(ticket: Ticket, delivery: Delivery) -> Progress:
    explanation = messages.explain(delivery.error_code)
    anew = _("Try again sends what the field mapping makes of the ticket then.")
    return Progress(
        ticket,
        delivery,
        "danger",
        explanation.title,
        f"{explanation.repair} {anew}",
        can_retry=True,
        mends_mapping=delivery.error_code in _MAPPING_ERRORS,
        words=delivery.error_words,
        request_id=delivery.error_request_id,
    )


_TELLERS = {
    Status.DELIVERED: _delivered,
    Status.SENDING: _sending,
    Status.QUEUED: _queued,
    Status.WAITING: _waiting,
    Status.STOPPED: _stopped,
}
