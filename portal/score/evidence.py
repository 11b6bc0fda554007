"""What a ticket is told about its action's points: in English, as all that is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.score.models import ControlScore
from tickets.mapping import action_url

if TYPE_CHECKING:
    from portal.score.effect_models import TicketEffect
    from portal.score.models import ScoreEvent

# Who writes what the portal tells by itself.
AUTHOR = "Microsoft Secure Score"
LONGEST_STATUS = 1500


def of_regression(event: ScoreEvent) -> str:
    """Return what regressed: points, day and Microsoft's words; needs `title`."""
    title = getattr(event, "title", event.control_id)
    day = ControlScore.objects.filter(
        snapshot__tenant=event.tenant_id,
        snapshot__date=event.date,
        control_id=event.control_id,
    )
    lines = [
        f"The improvement action “{title}” regressed after its ticket was closed.",
        f"Points: {_points(event.before)} → {_points(event.after)}"
        f"{_of(event.maximum)} on {event.date.isoformat()}.",
        _status(day.values_list("implementation_status", flat=True).first()),
        f"Improvement action: {action_url(event.control_id)}",
    ]
    return "\n".join(line for line in lines if line)


def of_effect(effect: TicketEffect) -> str:
    """Return why the ticket is not effective; needs the columns of `with_now()`."""
    title, now = effect.title, effect.now  # type: ignore[attr-defined]
    lines = [
        f"The improvement action “{title}” did not improve after this ticket was closed.",
        f"Closed on {effect.closed_at.date().isoformat()}. "
        f"Points when the ticket was made: {_points(effect.shared_points)}; "
        f"when it was closed: {_points(effect.closed_points)}; "
        f"now: {_points(now)}{_of(effect.maximum)}.",  # type: ignore[attr-defined]
        _status(effect.words),  # type: ignore[attr-defined]
        f"Improvement action: {action_url(effect.control_id)}",
    ]
    return "\n".join(line for line in lines if line)


def _status(words: str | None) -> str:
    if not words:
        return ""
    return f"Implementation status: {words.strip()[:LONGEST_STATUS]}"


def _points(value: float | None) -> str:
    return "unknown" if value is None else f"{round(value, 2):g}"


def _of(maximum: float | None) -> str:
    return f" of {_points(maximum)}" if maximum else ""
