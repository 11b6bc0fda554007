"""The acts of the audit trail: people, connections and tickets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@dataclass(frozen=True)
class Kind:
    """What an action is called in the filter, its sentence and its icon.

    Sentences may name actor, target and any of the event's facts.
    """

    name: _StrPromise
    sentence: _StrPromise
    icon: str


TICKETS = {
    "session.signed_in": Kind(
        gettext_lazy("Signed in"), gettext_lazy("%(actor)s signed in"), "user"
    ),
    "session.signed_out": Kind(
        gettext_lazy("Signed out"), gettext_lazy("%(actor)s signed out"), "sign-out"
    ),
    "session.sign_in_failed": Kind(
        gettext_lazy("Sign-in failed"),
        gettext_lazy("A sign-in as %(target)s failed"),
        "warning",
    ),
    "user.created": Kind(
        gettext_lazy("Account created"),
        gettext_lazy("The account %(target)s was created"),
        "user",
    ),
    "connection.configured": Kind(
        gettext_lazy("Connection entered"),
        gettext_lazy("%(actor)s entered the connection to %(target)s"),
        "edit",
    ),
    "connection.authorized": Kind(
        gettext_lazy("Connection authorized"),
        gettext_lazy("%(actor)s authorized the connection to %(target)s"),
        "key",
    ),
    "connection.authorization_failed": Kind(
        gettext_lazy("Authorization failed"),
        gettext_lazy("An authorization of ServiceNow failed"),
        "warning",
    ),
    "connection.provisioned": Kind(
        gettext_lazy("Ticket cards switched on"),
        gettext_lazy("%(actor)s switched the ticket cards of %(target)s on"),
        "check",
    ),
    "connection.check_requested": Kind(
        gettext_lazy("Check requested"),
        gettext_lazy("%(actor)s had the connection to %(target)s checked"),
        "refresh",
    ),
    "setup.ticked": Kind(
        gettext_lazy("Set-up: done"),
        gettext_lazy("%(actor)s marked a part of the set-up as done: %(item)s"),
        "check",
    ),
    "setup.unticked": Kind(
        gettext_lazy("Set-up: not done"),
        gettext_lazy("%(actor)s marked a part of the set-up as not done: %(item)s"),
        "edit",
    ),
    "handover.created": Kind(
        gettext_lazy("Hand-over link made"),
        gettext_lazy("%(actor)s made a hand-over link for %(target)s"),
        "link",
    ),
    "handover.revoked": Kind(
        gettext_lazy("Hand-over link taken back"),
        gettext_lazy("%(actor)s took the hand-over link for %(target)s back"),
        "stop",
    ),
    "handover.opened": Kind(
        gettext_lazy("Hand-over link opened"),
        gettext_lazy("The hand-over link for %(target)s was opened"),
        "link",
    ),
    "handover.used": Kind(
        gettext_lazy("Hand-over link used"),
        gettext_lazy("Client ID and secret of %(target)s were entered by a link"),
        "key",
    ),
    "connection.broken": Kind(
        gettext_lazy("Connection broken"),
        gettext_lazy("The connection to %(target)s stopped working"),
        "error",
    ),
    "connection.mended": Kind(
        gettext_lazy("Connection mended"),
        gettext_lazy("The connection to %(target)s works again"),
        "check",
    ),
    "connection.ending": Kind(
        gettext_lazy("Authorization ends soon"),
        gettext_lazy("The authorization of %(target)s ends in %(days)s days"),
        "clock",
    ),
    "connection.removed": Kind(
        gettext_lazy("Connection removed"),
        gettext_lazy("%(actor)s removed the connection to %(target)s"),
        "trash",
    ),
    "connection.wiped": Kind(
        gettext_lazy("Secrets deleted"),
        gettext_lazy("The secrets of the connection to %(target)s were deleted"),
        "trash",
    ),
    "ticket.shared": Kind(
        gettext_lazy("Ticket shared"),
        gettext_lazy("%(actor)s shared “%(target)s” to ServiceNow"),
        "share",
    ),
    "ticket.delivered": Kind(
        gettext_lazy("Ticket delivered"),
        gettext_lazy("The ticket %(target)s is in ServiceNow"),
        "check",
    ),
    "ticket.adopted": Kind(
        gettext_lazy("Ticket found"),
        gettext_lazy("The ticket %(target)s was found in ServiceNow"),
        "check",
    ),
    "ticket.duplicated": Kind(
        gettext_lazy("Ticket duplicated"),
        gettext_lazy("ServiceNow holds the ticket %(target)s more than once"),
        "error",
    ),
    "ticket.stopped": Kind(
        gettext_lazy("Ticket not sent"),
        gettext_lazy("The ticket “%(target)s” was not sent"),
        "stop",
    ),
    "ticket.retried": Kind(
        gettext_lazy("Ticket sent again"),
        gettext_lazy("%(actor)s sent the ticket “%(target)s” again"),
        "refresh",
    ),
    "ticket.edited": Kind(
        gettext_lazy("Ticket changed"),
        gettext_lazy("%(actor)s changed the ticket “%(target)s”"),
        "edit",
    ),
    "ticket.noted": Kind(
        gettext_lazy("Note written"),
        gettext_lazy("%(actor)s wrote a note into the ticket “%(target)s”"),
        "chat",
    ),
    "ticket.reopened": Kind(
        gettext_lazy("Ticket reopened"),
        gettext_lazy("The ticket “%(target)s” was set back to work"),
        "refresh",
    ),
    "ticket.amendment_discarded": Kind(
        gettext_lazy("Change or note discarded"),
        gettext_lazy(
            "%(actor)s discarded a change or note of the ticket “%(target)s” that was not sent"
        ),
        "stop",
    ),
    "tickets.sync_requested": Kind(
        gettext_lazy("Ticket sync requested"),
        gettext_lazy("%(actor)s had changes fetched from %(target)s"),
        "refresh",
    ),
    "ticketstate.renamed": Kind(
        gettext_lazy("Ticket state renamed"),
        gettext_lazy("%(actor)s renamed the ticket state “%(old)s” to “%(new)s”"),
        "tag",
    ),
    "ticketstate.reset": Kind(
        gettext_lazy("Ticket state reset"),
        gettext_lazy("%(actor)s gave the ticket state “%(new)s” its own name back"),
        "tag",
    ),
    "ticketstate.changed": Kind(
        gettext_lazy("Ticket states changed"),
        gettext_lazy("%(actor)s changed how the ticket states of %(target)s are shown"),
        "tag",
    ),
    "ticketstate.imported": Kind(
        gettext_lazy("Ticket states imported"),
        gettext_lazy("%(actor)s imported the ticket states of %(target)s"),
        "refresh",
    ),
    "ticketstate.undone": Kind(
        gettext_lazy("Change of ticket states undone"),
        gettext_lazy("%(actor)s undid a change of the ticket states of %(target)s"),
        "history",
    ),
    "mapping.changed": Kind(
        gettext_lazy("Field mapping changed"),
        gettext_lazy("%(actor)s changed the field mapping of %(target)s (%(kind)s)"),
        "edit",
    ),
    "connection.test_requested": Kind(
        gettext_lazy("Test ticket requested"),
        gettext_lazy("%(actor)s had a test ticket sent to %(target)s"),
        "refresh",
    ),
    "connection.test_created": Kind(
        gettext_lazy("Test ticket created"),
        gettext_lazy("The test ticket %(number)s was created in %(target)s"),
        "check",
    ),
    "connection.test_canceled": Kind(
        gettext_lazy("Test ticket canceled"),
        gettext_lazy("The test ticket %(number)s in %(target)s was canceled"),
        "check",
    ),
    "connection.test_left_open": Kind(
        gettext_lazy("Test ticket left open"),
        gettext_lazy("The test ticket %(number)s in %(target)s could not be canceled"),
        "warning",
    ),
    "connection.made_default": Kind(
        gettext_lazy("Default connection chosen"),
        gettext_lazy("%(actor)s made the connection to %(target)s the default"),
        "check",
    ),
    "connection.relabelled": Kind(
        gettext_lazy("Connection renamed"),
        gettext_lazy("%(actor)s changed the name or use of %(target)s"),
        "tag",
    ),
    "adoption.started": Kind(
        gettext_lazy("Move of tickets begun"),
        gettext_lazy("%(actor)s had the tickets of %(source)s looked up at %(target)s"),
        "search",
    ),
    "adoption.accepted": Kind(
        gettext_lazy("Move of tickets decided"),
        gettext_lazy(
            "%(actor)s decided that %(target)s takes over the tickets of %(source)s"
        ),
        "check",
    ),
    "adoption.applied": Kind(
        gettext_lazy("Tickets moved"),
        gettext_lazy("%(target)s took over the tickets of %(source)s"),
        "link",
    ),
    "adoption.discarded": Kind(
        gettext_lazy("Move of tickets discarded"),
        gettext_lazy("%(actor)s left the tickets of %(source)s as they were"),
        "close",
    ),
    "adoption.failed": Kind(
        gettext_lazy("Move of tickets failed"),
        gettext_lazy("The tickets of %(source)s could not be looked up at %(target)s"),
        "error",
    ),
}
