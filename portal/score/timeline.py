"""Everything that happened to one improvement action, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

from django.utils import formats
from django.utils.translation import gettext as _

from connector import markup
from portal.score import numbers, refusals
from portal.score.plan_models import ActionEvent, StateChange
from portal.score.status import ActionStatus, of_graph_state

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from connector.models import Tenant
    from portal.score.history import Event
    from portal.score.models import ControlProfile
    from tickets.models import Ticket

MOST = 100
_Field = ActionEvent.Field


@dataclass(frozen=True)
class Line:
    """One entry; `day` is set where only the day is known."""

    at: datetime
    title: str
    icon: str = "edit"
    tone: str = "neutral"
    actor: str = ""
    text: str = ""
    words: str = ""
    day: date | None = None
    url: str = ""


def lines(
    tenant: Tenant,
    profile: ControlProfile,
    moves: Iterable[Event],
    tickets: Iterable[Ticket],
) -> list[Line]:
    """Return plan changes, Microsoft's own updates, points and tickets together."""
    mine = ActionEvent.objects.for_tenant(tenant).filter(control_id=profile.control_id)
    events = list(mine[:MOST])
    found = [
        *map(_of_event, events),
        *_of_graph(profile, _our_updates(tenant, profile, events)),
        *map(_of_points, moves),
        *map(_of_ticket, tickets),
    ]
    return sorted(found, key=lambda line: line.at, reverse=True)[:MOST]


def _of_event(event: ActionEvent) -> Line:
    title, icon, tone = _TITLES[_Field(event.field)](event)
    return Line(
        at=event.at,
        title=title,
        icon=icon,
        tone=tone,
        actor=event.actor_name,
        text="" if event.field == _Field.REFUSED else _because(event.reason),
        words=event.reason if event.field == _Field.REFUSED else "",
    )


def _because(reason: str) -> str:
    return _("Reason: %(reason)s") % {"reason": reason} if reason else ""


def _status(event: ActionEvent) -> tuple[str, str, str]:
    words = {"old": _label(event.old), "new": _label(event.new)}
    return _("Status changed from %(old)s to %(new)s") % words, "edit", "info"


def _notes(event: ActionEvent) -> tuple[str, str, str]:
    if not event.new:
        return _("Notes removed"), "edit", "neutral"
    return (
        _("Notes: %(new)s") % {"new": markup.shortened(event.new, 200)},
        "edit",
        "neutral",
    )


def _tags(event: ActionEvent) -> tuple[str, str, str]:
    if not event.new:
        return _("Tags removed: %(old)s") % {"old": event.old}, "tag", "neutral"
    return _("Tags: %(new)s") % {"new": event.new}, "tag", "neutral"


def _owner(event: ActionEvent) -> tuple[str, str, str]:
    if not event.new:
        title = _("%(old)s is no longer the owner") % {"old": event.old}
    else:
        title = _("%(new)s is the owner") % {"new": event.new}
    return title, "user", "neutral"


def _due_date(event: ActionEvent) -> tuple[str, str, str]:
    if not event.new:
        return _("Due date removed"), "calendar", "neutral"
    day = formats.date_format(date.fromisoformat(event.new), "DATE_FORMAT")
    return _("Due on %(day)s") % {"day": day}, "calendar", "neutral"


def _sent(event: ActionEvent) -> tuple[str, str, str]:
    words = {"state": _state_of(event.new)}
    return _("Microsoft has the state %(state)s") % words, "check", "success"


def _refused(event: ActionEvent) -> tuple[str, str, str]:
    explanation = refusals.explain(event.new)
    words = {"status": _label(event.old), "why": explanation.title}
    return _("Not taken by Microsoft: %(status)s. %(why)s") % words, "stop", "danger"


def _retried(event: ActionEvent) -> tuple[str, str, str]:
    words = {"status": _label(event.new)}
    return _("%(status)s is sent to Microsoft again") % words, "refresh", "info"


def _withdrawn(event: ActionEvent) -> tuple[str, str, str]:
    words = {"status": _label(event.old)}
    return _("%(status)s was withdrawn") % words, "close", "neutral"


_TITLES = {
    _Field.STATUS: _status,
    _Field.NOTES: _notes,
    _Field.TAGS: _tags,
    _Field.OWNER: _owner,
    _Field.DUE_DATE: _due_date,
    _Field.SENT: _sent,
    _Field.REFUSED: _refused,
    _Field.RETRIED: _retried,
    _Field.WITHDRAWN: _withdrawn,
}


def _of_graph(profile: ControlProfile, ours: set[datetime]) -> Iterator[Line]:
    for update in profile.state_updates:
        at = _moment(update.get("updatedDateTime"))
        if at is None or at in ours:
            continue
        status = of_graph_state(str(update.get("state") or ""))
        yield Line(
            at=at,
            title=_("In Microsoft Secure Score: %(status)s") % {"status": status.label},
            icon="shield",
            tone="info",
            actor=str(update.get("updatedBy") or ""),
            text=str(update.get("comment") or ""),
        )


def _our_updates(
    tenant: Tenant, profile: ControlProfile, events: Sequence[ActionEvent]
) -> set[datetime]:
    """Return when Graph dated what it has from here: the plan's own lines tell it."""
    if not any(event.field == _Field.SENT for event in events):
        return set()
    changes = StateChange.objects.of_control(tenant, profile.control_id)
    return set(changes.exclude(remote_at=None).values_list("remote_at", flat=True))


def _of_points(move: Event) -> Line:
    words = {
        "change": numbers.signed(move.change),
        "after": numbers.points(move.after),
    }
    is_loss = move.change < 0
    return Line(
        at=datetime.combine(move.day, time.min, UTC),
        day=move.day,
        title=_("%(change)s points, now %(after)s") % words,
        icon="arrow-down" if is_loss else "arrow-up",
        tone="danger" if is_loss else "success",
        actor=_("The system"),
    )


def _of_ticket(ticket: Ticket) -> Line:
    return Line(
        at=ticket.created_at,
        title=_("Shared to ServiceNow: %(ticket)s") % {"ticket": ticket},
        icon="ticket",
        tone="info",
        actor=ticket.created_by_name,
        url=ticket.get_absolute_url(),
    )


def _label(code: str) -> str:
    return str(ActionStatus(code).label) if code in ActionStatus.values else code


def _state_of(code: str) -> str:
    return ActionStatus(code).graph_state if code in ActionStatus.values else code


def _moment(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None
