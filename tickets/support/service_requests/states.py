"""The states of a service request, what follows what, and Microsoft's severities."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tickets.support.health_words import Status


class State(models.TextChoices):
    """How far a service request is."""

    NEW = "new", _("New")
    # The mail went out, or a person took the text over.
    SENT = "sent", _("Sent to Microsoft")
    # The case number is known.
    OPEN = "open", _("Open at Microsoft")
    WAITING = "waiting", _("Waiting for you")
    SOLVED = "solved", _("Solved")
    CLOSED = "closed", _("Closed")
    CANCELLED = "cancelled", _("Cancelled")


# What may follow. Solved is reopened while Microsoft still knows the case; closed and
# cancelled are final: what comes back then is another request, which names the old one.
NEXT: dict[str, tuple[State, ...]] = {
    State.NEW: (State.SENT, State.OPEN, State.CANCELLED),
    State.SENT: (
        *(State.OPEN, State.WAITING, State.SOLVED),
        *(State.CLOSED, State.CANCELLED),
    ),
    State.OPEN: (State.WAITING, State.SOLVED, State.CLOSED, State.CANCELLED),
    State.WAITING: (State.OPEN, State.SOLVED, State.CLOSED, State.CANCELLED),
    State.SOLVED: (State.OPEN, State.CLOSED),
    State.CLOSED: (),
    State.CANCELLED: (),
}
FINAL = (State.CLOSED, State.CANCELLED)
LOOKS = {
    State.NEW: Status(State.NEW.label, "info", "clock"),
    State.SENT: Status(State.SENT.label, "info", "share"),
    State.OPEN: Status(State.OPEN.label, "info", "play"),
    State.WAITING: Status(State.WAITING.label, "warning", "warning"),
    State.SOLVED: Status(State.SOLVED.label, "success", "check"),
    State.CLOSED: Status(State.CLOSED.label, "neutral", "check"),
    State.CANCELLED: Status(State.CANCELLED.label, "neutral", "close"),
}
_DEEDS = {
    State.SENT: _("Mark as sent"),
    State.OPEN: _("Microsoft works on it"),
    State.WAITING: _("Microsoft waits for you"),
    State.SOLVED: _("Mark as solved"),
    State.CLOSED: _("Close"),
    State.CANCELLED: _("Cancel the request"),
}


def deed(before: str, after: str) -> str:
    """Return what the button of a transition says."""
    if (before, after) == (State.SOLVED, State.OPEN):
        return str(_("Reopen"))
    return str(_DEEDS[State(after)])


class Severity(models.TextChoices):
    """Microsoft's three levels, by the names of the connector API."""

    CRITICAL = "critical", _("Critical (Sev A)")
    HIGH = "high", _("High (Sev B)")
    NORMAL = "normal", _("Non-critical (Sev C)")


# What Microsoft means by them:
# https://learn.microsoft.com/microsoft-365/admin/get-help-support
SEVERITY_TEXTS = {
    Severity.CRITICAL: _(
        "One or more services are not accessible or are unusable. Production, operations or deployment deadlines are severely affected, or many users are."
    ),
    Severity.HIGH: _(
        "The service is usable, but impaired. The impact on the business is moderate and can be dealt with during business hours."
    ),
    Severity.NORMAL: _(
        "The impact on the business is minimal: there is a workaround, or it does not keep anybody from working now."
    ),
}
SEVERITY_LOOKS = {
    Severity.CRITICAL: Status(Severity.CRITICAL.label, "danger", "error"),
    Severity.HIGH: Status(Severity.HIGH.label, "warning", "warning"),
    Severity.NORMAL: Status(Severity.NORMAL.label, "neutral", "circle"),
}
