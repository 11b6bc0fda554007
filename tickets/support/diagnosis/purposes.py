"""What calls are for, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tickets.support.check_texts import question_of

if TYPE_CHECKING:
    from connector.probes.texts import Words

CHECK = "check "
# An examination of the instance for the diagnosis.
EXAMINATION = "check diagnosis"
_LABELS: dict[str, Words] = {
    "self_test": _("Self-test"),
    "health.search": _("Service health incidents: search"),
    "solutions.search": _("Recommended solutions: search"),
    "solutions.incident": _("Recommended solutions: on reopening"),
    "solutions.feedback": _("Recommended solutions: feedback"),
    "requests.open": _("Service request: open"),
    "requests.list": _("Service requests of an incident"),
    "requests.read": _("Service request: read"),
    "requests.update": _("Service request: update"),
    "request note": _("Service request: note into the incident"),
    "knowledge": _("Knowledge base: read"),
    EXAMINATION: _("Diagnosis: look at the instance"),
}


def label_of(purpose: str) -> str:
    """Return what a call was for; the bare purpose where nobody named it."""
    if purpose in _LABELS:
        return str(_LABELS[purpose])
    if purpose.startswith(CHECK):
        question = question_of(purpose.removeprefix(CHECK))
        return _now("Check: %(question)s") % {"question": question}
    return purpose
