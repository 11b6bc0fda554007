"""Where a ticket is on its way to ServiceNow, and what happens next, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from connector import messages
from tickets.models import Delivery

if TYPE_CHECKING:
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
    return _TELLERS[status](ticket, delivery)


def _delivered(ticket: Ticket, delivery: Delivery) -> Progress:
    title = _("In ServiceNow as %(number)s") % {"number": ticket.number}
    if ticket.missing_since:
        text = _(
            "ServiceNow no longer shows it to the integration user:"
            " it was deleted there, or hidden."
        )
        return Progress(ticket, delivery, "warning", title, text)
    return Progress(ticket, delivery, "success", title, "")


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
    doubt = _(
        "ServiceNow may have created the ticket all the same: the portal looks there"
        " before it sends anything again, so it is not created twice."
    )
    return f"{repair} {doubt}"


def _waiting(ticket: Ticket, delivery: Delivery) -> Progress:
    connection: Connection = ticket.connection
    text = _("It goes out by itself as soon as the connection works again.")
    if connection.status == connection.Status.REMOVED:
        text = f"{text} {messages.explain('removed').repair}"
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
