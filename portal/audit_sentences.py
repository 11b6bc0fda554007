"""Audit events as sentences people can read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connector import messages

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from connector.models import AuditEvent


@dataclass(frozen=True)
class Kind:
    """What an action is called in the filter, its sentence and its icon."""

    name: _StrPromise
    sentence: _StrPromise
    icon: str


# Sentences may name actor, target and any of the event's facts.
KINDS = {
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
    "score.sync_requested": Kind(
        gettext_lazy("Score sync requested"),
        gettext_lazy("%(actor)s had the score fetched from Microsoft Graph"),
        "refresh",
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
    "graph.entered": Kind(
        gettext_lazy("Microsoft Graph access entered"),
        gettext_lazy("%(actor)s entered the access to Microsoft Graph (%(target)s)"),
        "key",
    ),
    "graph.removed": Kind(
        gettext_lazy("Microsoft Graph access removed"),
        gettext_lazy("%(actor)s removed the access to Microsoft Graph (%(target)s)"),
        "trash",
    ),
    "graph.check_requested": Kind(
        gettext_lazy("Microsoft Graph check requested"),
        gettext_lazy("%(actor)s had the access to Microsoft Graph checked"),
        "refresh",
    ),
    "score.zones_set": Kind(
        gettext_lazy("Score zones set"),
        gettext_lazy(
            "%(actor)s set the score zones: okay from %(okay)s%%, good from %(good)s%%"
        ),
        "edit",
    ),
    "alertrule.saved": Kind(
        gettext_lazy("Alert rule saved"),
        gettext_lazy("%(actor)s saved the alert rule “%(target)s”"),
        "edit",
    ),
    "alertrule.deleted": Kind(
        gettext_lazy("Alert rule deleted"),
        gettext_lazy("%(actor)s deleted the alert rule “%(target)s”"),
        "trash",
    ),
    "alert.raised": Kind(
        gettext_lazy("Alert raised"),
        gettext_lazy("The alert “%(target)s” was raised"),
        "warning",
    ),
    "alert.acknowledged": Kind(
        gettext_lazy("Alert acknowledged"),
        gettext_lazy("%(actor)s acknowledged the alert “%(target)s”"),
        "check",
    ),
    "support.decided": Kind(
        gettext_lazy("Support set-up decided"),
        gettext_lazy("%(actor)s chose the support set-up “%(target)s”"),
        "chat",
    ),
    "support.settings_changed": Kind(
        gettext_lazy("Support settings changed"),
        gettext_lazy("%(actor)s changed the settings of the support integration"),
        "settings",
    ),
    "support.repository_added": Kind(
        gettext_lazy("Repository added"),
        gettext_lazy("%(actor)s added the repository %(target)s"),
        "plus",
    ),
    "support.repository_changed": Kind(
        gettext_lazy("Repository changed"),
        gettext_lazy("%(actor)s changed the repository %(target)s"),
        "edit",
    ),
    "support.repository_removed": Kind(
        gettext_lazy("Repository removed"),
        gettext_lazy("%(actor)s removed the repository %(target)s"),
        "trash",
    ),
    "support.check_requested": Kind(
        gettext_lazy("Support check requested"),
        gettext_lazy("%(actor)s had the repository %(target)s checked"),
        "refresh",
    ),
    "support.step_done": Kind(
        gettext_lazy("Set-up step done"),
        gettext_lazy("%(actor)s marked “%(step)s” of %(target)s as done"),
        "check",
    ),
    "support.step_reopened": Kind(
        gettext_lazy("Set-up step reopened"),
        gettext_lazy("%(actor)s marked “%(step)s” of %(target)s as not done"),
        "refresh",
    ),
    "support.step_noted": Kind(
        gettext_lazy("Set-up step noted"),
        gettext_lazy("%(actor)s changed the note of “%(step)s” of %(target)s"),
        "edit",
    ),
    "support.account_linked": Kind(
        gettext_lazy("Account linked"),
        gettext_lazy("%(actor)s linked %(target)s to %(email)s"),
        "link",
    ),
    "support.account_unlinked": Kind(
        gettext_lazy("Account link removed"),
        gettext_lazy("%(actor)s removed the link of %(target)s to %(email)s"),
        "link",
    ),
    "support.health_requested": Kind(
        gettext_lazy("Service health requested"),
        gettext_lazy("%(actor)s had service health fetched from Microsoft"),
        "refresh",
    ),
    "support.match_confirmed": Kind(
        gettext_lazy("Ticket matched to an issue"),
        gettext_lazy("%(actor)s confirmed that %(target)s is about %(issue)s"),
        "check",
    ),
    "support.match_rejected": Kind(
        gettext_lazy("Ticket not about an issue"),
        gettext_lazy("%(actor)s said that %(target)s is not about %(issue)s"),
        "close",
    ),
    "support.match_suggested": Kind(
        gettext_lazy("Match of a ticket reopened"),
        gettext_lazy(
            "%(actor)s took back what was decided about %(target)s and %(issue)s"
        ),
        "refresh",
    ),
    "support.bulk_noted": Kind(
        gettext_lazy("Tickets of an issue noted"),
        gettext_lazy("%(actor)s wrote a note into %(tickets)s tickets of %(target)s"),
        "chat",
    ),
}
# An action that has no sentence yet is still shown.
_OTHER = Kind(
    gettext_lazy("Other"), gettext_lazy("%(actor)s: %(action)s %(target)s"), "info"
)


@dataclass(frozen=True)
class Row:
    """One event as the audit page shows it."""

    event: AuditEvent
    sentence: str
    icon: str
    facts: list[tuple[str, str]]


class _Words(dict[str, Any]):
    """The words of a sentence; an older event may lack one."""

    def __missing__(self, key: str) -> str:
        return "-"


def row(event: AuditEvent) -> Row:
    """Return the event with its sentence."""
    kind = KINDS.get(event.action, _OTHER)
    words = _Words(event.facts)
    words["actor"] = event.actor_name or _("The system")
    words["action"] = event.action
    words["target"] = event.target or "-"
    return Row(event, str(kind.sentence) % words, kind.icon, _facts(event.facts))


def name(action: str) -> str:
    """Return what an action is called in the filter."""
    return str(KINDS[action].name) if action in KINDS else action


def _facts(facts: dict[str, Any]) -> list[tuple[str, str]]:
    return [(key.replace("_", " "), _fact(key, value)) for key, value in facts.items()]


def _fact(key: str, value: Any) -> str:
    if key == "code" and messages.is_known(str(value)):
        return f"{messages.explain(str(value)).title} ({value})"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
