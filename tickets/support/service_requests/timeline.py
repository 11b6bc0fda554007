"""The timeline of a request, as lines people read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from tickets.support.service_requests.models import RequestUpdate
from tickets.support.service_requests.states import LOOKS, State

if TYPE_CHECKING:
    from tickets.support.service_requests.models import ServiceRequest

Source = RequestUpdate.Source
_ICONS = {
    Source.MICROSOFT: ("info", "chat"),
    Source.AGENT: ("neutral", "servicenow"),
    Source.PORTAL: ("neutral", "circle"),
    Source.PERSON: ("neutral", "user"),
}


@dataclass(frozen=True)
class Line:
    """One line: what happened, who says so, and the words."""

    update: RequestUpdate
    tone: str
    icon: str
    title: str
    who: str
    # Whether a person has to carry it into the case.
    is_to_be_carried: bool


def of(case: ServiceRequest) -> list[Line]:
    """Return the lines, the newest first."""
    return [_line(case, update) for update in case.updates.all()]


def _line(case: ServiceRequest, update: RequestUpdate) -> Line:
    tone, icon = _ICONS[Source(update.source)]
    if update.state:
        look = LOOKS[State(update.state)]
        tone, icon = look.tone, look.icon
    is_by_hand = case.transport == "manual" and not case.is_test
    return Line(
        update,
        tone,
        icon,
        _title(update),
        update.author or str(Source(update.source).label),
        is_to_be_carried=is_by_hand and update.is_for_microsoft,
    )


def _title(update: RequestUpdate) -> str:
    if update.state == State.NEW:
        return _("Opened")
    if update.state:
        return _("State: %(state)s") % {"state": State(update.state).label}
    if update.is_automatic:
        return _("Automatic reply")
    if update.source == Source.MICROSOFT:
        return _("Microsoft wrote")
    return _("Update")
