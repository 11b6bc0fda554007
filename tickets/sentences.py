"""A ticket's history as sentences."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connector import messages
from tickets.mapping import PRIORITY_NAMES
from tickets.models import TicketEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    # Field → code → name.
    Names = Mapping[str, Mapping[str, str]]

Action = TicketEvent.Action

_LOOKS = {
    Action.CREATED: ("neutral", "plus"),
    Action.QUEUED: ("info", "clock"),
    Action.SENT: ("info", "refresh"),
    Action.DELIVERED: ("success", "check"),
    Action.ADOPTED: ("success", "link"),
    Action.FAILED: ("warning", "warning"),
    Action.STOPPED: ("danger", "stop"),
    Action.RETRIED: ("info", "refresh"),
    Action.CHANGED: ("info", "edit"),
    Action.COMMENTED: ("neutral", "chat"),
    Action.MISSING: ("warning", "warning"),
    Action.FOUND: ("success", "check"),
    Action.EDITED: ("info", "edit"),
    Action.NOTED: ("neutral", "chat"),
    Action.AMENDED: ("success", "check"),
    Action.DISCARDED: ("neutral", "stop"),
    Action.MOVED: ("info", "link"),
}
_PLAIN = {
    Action.CREATED: gettext_lazy("Created in the portal"),
    Action.QUEUED: gettext_lazy("Queued for ServiceNow"),
    Action.SENT: gettext_lazy("Sent to ServiceNow"),
    Action.RETRIED: gettext_lazy("Sent again by hand"),
    Action.FOUND: gettext_lazy("Visible in ServiceNow again"),
}
# What people call the fields that change.
FIELDS = {
    "state": gettext_lazy("Status"),
    "priority": gettext_lazy("Priority"),
    "due_date": gettext_lazy("Due date"),
    "name": gettext_lazy("Ticket name"),
    "assigned_to": gettext_lazy("Assigned to"),
}


@dataclass(frozen=True)
class Line:
    """One event as the timeline shows it."""

    at: datetime
    actor: str
    tone: str
    icon: str
    title: str
    text: str
    words: str


def lines(
    events: Iterable[TicketEvent],
    state_names: Mapping[str, str],
    priority_names: Mapping[str, str] | None = None,
) -> list[Line]:
    """Return the events as sentences; codes of states and priorities get these names."""
    names = {
        "state": state_names,
        "priority": {**PRIORITY_NAMES, **(priority_names or {})},
    }
    return [_line(event, names) for event in events]


def _line(event: TicketEvent, names: Names) -> Line:
    tone, icon = _LOOKS[Action(event.action)]
    return Line(
        at=event.at,
        actor=event.actor_name,
        tone=tone,
        icon=icon,
        title=_title(event, names),
        text=_evidence(event),
        words=event.text,
    )


def _title(event: TicketEvent, names: Names) -> str:
    action = Action(event.action)
    if action in _PLAIN:
        return str(_PLAIN[action])
    if action == Action.CHANGED:
        return _changed(event, names)
    if action == Action.EDITED:
        words = _("Edited here: %(change)s")
        return words % {"change": _changed(event, names)}
    return _OTHERS[action](event)


def _changed(event: TicketEvent, names: Names) -> str:
    name = FIELDS.get(event.field, event.field)
    old = _readable(event.field, event.old, names)
    new = _readable(event.field, event.new, names)
    if not event.old:
        return _("%(field)s set to %(new)s") % {"field": name, "new": new}
    if not event.new:
        return _("%(field)s removed (was %(old)s)") % {"field": name, "old": old}
    words = {"field": name, "old": old, "new": new}
    return _("%(field)s changed from %(old)s to %(new)s") % words


def _readable(field: str, code: str, names: Names) -> str:
    if field in names:
        return names[field].get(code, code)
    if field == "due_date" and code:
        return formats.date_format(date.fromisoformat(code), "DATE_FORMAT")
    return code


def _delivered(event: TicketEvent) -> str:
    return _("Created in ServiceNow as %(number)s") % _number(event)


def _adopted(event: TicketEvent) -> str:
    words = _("Found in ServiceNow as %(number)s: an earlier attempt had arrived")
    return words % _number(event)


def _number(event: TicketEvent) -> dict[str, str]:
    return {"number": event.facts.get("number") or "?"}


def _failed(event: TicketEvent) -> str:
    code = event.facts.get("code", "")
    if code == "not_there_yet":
        return _("Looked in ServiceNow: not there yet, looking again before sending")
    if code == "duplicates":
        numbers = ", ".join(event.facts.get("numbers", []))
        words = _("ServiceNow holds further records of this ticket: %(numbers)s")
        return words % {"numbers": numbers}
    reason = messages.explain(code).title
    if of := _subject(event):
        return _("%(subject)s: attempt failed: %(reason)s") % {
            "subject": of,
            "reason": reason,
        }
    return _("Attempt failed: %(reason)s") % {"reason": reason}


def _subject(event: TicketEvent) -> str:
    """Return what was sent, "" if it was the ticket itself."""
    subjects = {"update": _("Change"), "note": _("Note")}
    return subjects.get(event.facts.get("operation", ""), "")


def _stopped(event: TicketEvent) -> str:
    reason = messages.explain(event.facts.get("code", "")).title
    if of := _subject(event):
        words = _("%(subject)s not sent: %(reason)s")
        return words % {"subject": of, "reason": reason}
    return _("Not sent: %(reason)s") % {"reason": reason}


def _noted(event: TicketEvent) -> str:
    if event.field == "work_notes":
        return _("Work note from the portal")
    return _("Comment from the portal")


def _amended(event: TicketEvent) -> str:
    if event.facts.get("operation") == "note":
        return _("The note is in ServiceNow")
    return _("The change is in ServiceNow")


def _discarded(event: TicketEvent) -> str:
    if event.facts.get("operation") == "note":
        return _("The note was discarded and is not sent")
    return _("The change was discarded and is not sent")


def _commented(event: TicketEvent) -> str:
    if event.field == "work_notes":
        return _("Work note in ServiceNow")
    return _("Comment in ServiceNow")


def _missing(event: TicketEvent) -> str:
    if event.facts.get("hidden"):
        return _("Hidden from the integration user in ServiceNow")
    return _("No longer in ServiceNow: deleted, or hidden from the integration user")


def _moved(event: TicketEvent) -> str:
    facts = event.facts
    words = {name: facts.get(name) or "?" for name in ("to", "old_number", "number")}
    if facts.get("verdict") == "missing":
        return _("Taken over by %(to)s, but not found there") % words
    if words["old_number"] != words["number"]:
        return _("Taken over by %(to)s: %(old_number)s is %(number)s there") % words
    return _("Taken over by %(to)s") % words


_OTHERS = {
    Action.DELIVERED: _delivered,
    Action.ADOPTED: _adopted,
    Action.FAILED: _failed,
    Action.STOPPED: _stopped,
    Action.COMMENTED: _commented,
    Action.MISSING: _missing,
    Action.NOTED: _noted,
    Action.AMENDED: _amended,
    Action.DISCARDED: _discarded,
    Action.MOVED: _moved,
}


def _evidence(event: TicketEvent) -> str:
    """Return attempt, HTTP status, duration and request ID, as far as known."""
    facts = event.facts
    parts = []
    if facts.get("attempt"):
        parts.append(_("attempt %(number)s") % {"number": facts["attempt"]})
    if facts.get("status"):
        parts.append(f"HTTP {facts['status']}")
    if facts.get("duration_ms") is not None:
        parts.append(_("%(count)s ms") % {"count": facts["duration_ms"]})
    if facts.get("request_id"):
        parts.append(_("request %(id)s") % {"id": facts["request_id"]})
    return " · ".join(parts)
