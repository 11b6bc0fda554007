"""Audit events as sentences people can read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

if TYPE_CHECKING:
    from connector.models import AuditEvent

# Action → what it is called in the filter, the sentence, its icon.
_KNOWN = {
    "session.signed_in": (
        gettext_lazy("Signed in"),
        gettext_lazy("%(actor)s signed in"),
        "user",
    ),
    "session.signed_out": (
        gettext_lazy("Signed out"),
        gettext_lazy("%(actor)s signed out"),
        "sign-out",
    ),
    "session.sign_in_failed": (
        gettext_lazy("Sign-in failed"),
        gettext_lazy("A sign-in as %(target)s failed"),
        "warning",
    ),
}


@dataclass(frozen=True)
class Row:
    """One event as the audit page shows it."""

    event: AuditEvent
    sentence: str
    icon: str
    facts: list[tuple[str, str]]


def row(event: AuditEvent) -> Row:
    """Return the event with its sentence."""
    _name, sentence, icon = _KNOWN.get(
        event.action, ("", _("%(actor)s: %(action)s %(target)s"), "info")
    )
    words = {
        "actor": event.actor_name or _("The system"),
        "action": event.action,
        "target": event.target,
    }
    facts = [(key.replace("_", " "), str(value)) for key, value in event.facts.items()]
    return Row(event, str(sentence) % words, icon, facts)


def name(action: str) -> str:
    """Return what an action is called in the filter."""
    return str(_KNOWN[action][0]) if action in _KNOWN else action
