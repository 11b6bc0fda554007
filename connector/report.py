"""What was found out about a connection, as plain text to hand on; without secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from connector.redaction import hide

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from connector.models import Connection
    from connector.panels import Group
    from connector.probes import Finding

# How the verdicts read in plain text.
WORDS = {"ok": "ok", "warning": "WARNING", "failed": "FAILED", "unknown": "?"}


def of(connection: Connection, groups: Iterable[Group]) -> str:
    """Return the report of one connection."""
    lines = [
        _("ServiceNow connection of the security center portal"),
        f"{_('Instance')}: {connection.host}",
        f"{_('Release')}: {connection.release or '?'}",
        f"{_('Status')}: {connection.get_status_display()}",
        f"{_('Signs in by')}: {connection.get_auth_type_display()}",
        f"{_('Integration user')}: {connection.integration_user}",
        f"{_('Authorized as')}: {connection.remote_user_name or '?'}",
        f"{_('Written')}: {timezone.now():%Y-%m-%d %H:%M} UTC",
    ]
    for group in groups:
        lines += ["", group.name.upper()]
        for finding in group.findings:
            lines += told(finding)
    return hide("\n".join(lines), connection.secrets)


def told(finding: Finding) -> Iterator[str]:
    """Yield the lines of one finding."""
    mark = f"[{WORDS[finding.verdict]}]"
    yield f"{mark:10}{finding.question} {finding.answer}"
    if finding.evidence:
        yield f"{'':10}“{' '.join(finding.evidence.split())}”"
    for number, step in enumerate(finding.steps, 1):
        yield f"{'':10}{number}. {step.plain}"
    if finding.steps:
        yield f"{'':10}{_('Who')}: {finding.owner}"
    marks = [
        f"request {finding.request_id}" if finding.request_id else "",
        finding.at[:19],
    ]
    if finding.is_trouble and any(marks):
        yield f"{'':10}{', '.join(filter(None, marks))}"
