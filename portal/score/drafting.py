"""From an improvement action to the draft of a ticket."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from connector import markup
from tickets.drafts import Draft
from tickets.mapping import DESCRIPTION_LIMIT
from tickets.models import Category, Source

if TYPE_CHECKING:
    from portal.score.models import ControlProfile

_CATEGORIES = {
    "Identity": Category.IDENTITY,
    "Data": Category.DATA,
    "Device": Category.DEVICES,
    "Apps": Category.APPS,
    "Infrastructure": Category.INFRASTRUCTURE,
}
# Most controls are those of apps; the form lets people choose another one.
_OTHER = Category.APPS
# Proposed, and free to be changed: far enough for a change to be planned.
DUE_IN = timedelta(days=14)


def draft(profile: ControlProfile) -> Draft:
    """Return the ticket that sharing the action starts from."""
    return Draft(
        name=profile.title,
        description=description(profile),
        due_date=timezone.localdate() + DUE_IN,
        source=Source.MICROSOFT,
        category=category(profile),
        control_id=profile.control_id,
        product=profile.product,
    )


def category(profile: ControlProfile) -> str:
    """Return the ticket's category for the action's."""
    return _CATEGORIES.get(profile.category, _OTHER)


def description(profile: ControlProfile, limit: int = DESCRIPTION_LIMIT) -> str:
    """Return why, how far and how, in plain text; the link is added on sending."""
    parts = [
        profile.description,
        _titled(_("Implementation status"), profile.implementation_status),
        _titled(_("Next steps"), markup.plain(profile.remediation)),
        _titled(_("User impact"), markup.plain(profile.remediation_impact)),
    ]
    text = "\n\n".join(part for part in parts if part)
    return markup.shortened(text, limit)


def _titled(title: str, text: str) -> str:
    return f"{title}:\n{text}" if text else ""
