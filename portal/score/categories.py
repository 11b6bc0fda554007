"""The categories of improvement actions, in Microsoft's order."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

_LABELS = {
    "Identity": _("Identity"),
    "Data": _("Data"),
    "Device": _("Device"),
    "Apps": _("Apps"),
    "Infrastructure": _("Infrastructure"),
}
ORDER = list(_LABELS)


def label(category: str) -> str:
    """Return the category's name; a new one of Microsoft's is shown as it is."""
    return str(_LABELS.get(category, category or _("Other")))


def position(category: str) -> tuple[int, str]:
    """Return the key that sorts categories as Microsoft does."""
    known = category in _LABELS
    return (ORDER.index(category) if known else len(ORDER), category)
