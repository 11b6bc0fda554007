"""The implementation guides of improvement actions, as recommended solutions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector import markup
from portal.score.models import ControlProfile
from tickets.support.solutions import index
from tickets.support.solutions.index import Entry
from tickets.support.solutions.models import Document

if TYPE_CHECKING:
    from connector.models import Tenant


def put(tenant: Tenant) -> int:
    """Index what Microsoft says on how to implement each action."""
    rows = ControlProfile.objects.for_tenant(tenant).filter(deprecated=False)
    useful = rows.exclude(remediation="").defer("extra", "score_extra", "state_updates")
    return index.put(tenant, Document.Source.SECURE_SCORE, map(_entry, useful))


def _entry(row: ControlProfile) -> Entry:
    return Entry(
        key=row.control_id,
        title=row.title,
        text="\n\n".join(filter(None, map(markup.plain, _texts(row)))),
        services=[row.product] if row.product else [],
        url=row.get_absolute_url(),
        html=row.remediation,
        updated_at=row.changed_at,
    )


def _texts(row: ControlProfile) -> tuple[str, str]:
    return row.remediation, row.description
