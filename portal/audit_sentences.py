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
    "score.sync_requested": Kind(
        gettext_lazy("Score sync requested"),
        gettext_lazy("%(actor)s had the score fetched from Microsoft Graph"),
        "refresh",
    ),
    "actionplan.changed": Kind(
        gettext_lazy("Action plan changed"),
        gettext_lazy("%(actor)s changed the action plan of %(count)s action(s)"),
        "edit",
    ),
    "actionplan.state_refused": Kind(
        gettext_lazy("Status not taken"),
        gettext_lazy("Microsoft Graph did not take the status of %(target)s"),
        "stop",
    ),
    "actionplan.state_retried": Kind(
        gettext_lazy("Status sent again"),
        gettext_lazy("%(actor)s sent the status of %(count)s action(s) again"),
        "refresh",
    ),
    "actionplan.state_withdrawn": Kind(
        gettext_lazy("Status withdrawn"),
        gettext_lazy("%(actor)s withdrew the status chosen for %(target)s"),
        "close",
    ),
    "export.requested": Kind(
        gettext_lazy("Export requested"),
        gettext_lazy("%(actor)s exported %(count)s improvement action(s)"),
        "download",
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
