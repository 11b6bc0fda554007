"""Audit events as sentences people can read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connector import messages
from portal.audit_kinds import TICKETS, Kind
from portal.audit_kinds_microsoft import SCORE, SUPPORT

if TYPE_CHECKING:
    from connector.models import AuditEvent

KINDS = {**TICKETS, **SCORE, **SUPPORT}
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
