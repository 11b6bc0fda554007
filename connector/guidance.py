"""What to do next about a connection: the one thing that comes first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from connector.models import Connection
from connector.probes import FAILED, OK, WARNING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from connector.probes import Finding
    from connector.probes.texts import Step

Status = Connection.Status

# What the portal can do itself.
BUTTONS = ("authorize", "save", "setup", "check", "test")


@dataclass(frozen=True)
class NextAction:
    """What comes first, who does it, and the portal's own part of it."""

    title: str
    text: str = ""
    tone: str = "danger"
    steps: list[Step] = field(default_factory=list)
    owner: str = ""
    # One of BUTTONS, or "".
    button: str = ""
    finding: Finding | None = None


def next_action(
    connection: Connection | None, found: Sequence[Finding], own: Iterable[Finding]
) -> NextAction:
    """Return the one thing to do first.

    `found` are the probes' findings in the order of dependency, `own` what the portal
    says of itself.
    """
    if connection is None:
        return _connect()
    if connection.status == Status.AUTHORIZING:
        return NextAction(
            _("Wait a moment"), _("The authorization is being finished."), "info"
        )
    trouble = _first(found, FAILED) or _first(own, FAILED)
    if trouble:
        return _of(trouble, "danger")
    if not found:
        return _check()
    if warned := _first(found, WARNING):
        return _of(warned, "warning")
    if all(finding.verdict != OK for finding in found):
        return _check()
    return NextAction(
        _("Nothing has to be done"),
        _("ServiceNow is connected, and nothing is in the way of tickets."),
        "success",
    )


def _first(found: Iterable[Finding], verdict: str) -> Finding | None:
    return next((finding for finding in found if finding.verdict == verdict), None)


def _connect() -> NextAction:
    return NextAction(
        _("Connect to ServiceNow"),
        _("No instance is connected. Open the set-up page and follow its steps."),
        "info",
        owner=_("Security Administrator"),
        button="setup",
    )


def _check() -> NextAction:
    return NextAction(
        _("Check everything"),
        _("The connection was not examined yet."),
        "info",
        owner=_("Security Administrator"),
        button="check",
    )


def _of(finding: Finding, tone: str) -> NextAction:
    return NextAction(
        finding.answer,
        finding.question,
        tone,
        steps=finding.steps,
        owner=finding.owner,
        button=finding.action,
        finding=finding,
    )
