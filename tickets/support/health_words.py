"""Microsoft's words for health and messages: what they are called, how they look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Text = str | _StrPromise


@dataclass(frozen=True)
class Status:
    """A word with its tone and icon; colour alone never says it."""

    label: Text
    tone: str
    icon: str


def _bad(label: Text) -> Status:
    return Status(label, "danger", "error")


def _under_way(label: Text) -> Status:
    return Status(label, "warning", "warning")


def _over(label: Text) -> Status:
    return Status(label, "success", "check")


# Everything compared in lower case: Graph writes camelCase, its examples PascalCase.
_STATUSES = {
    "serviceoperational": _over(_("Healthy")),
    "investigating": _under_way(_("Investigating")),
    "restoringservice": _under_way(_("Restoring service")),
    "verifyingservice": _under_way(_("Verifying service")),
    "servicerestored": _over(_("Service restored")),
    "postincidentreviewpublished": _over(_("Post-incident review published")),
    "servicedegradation": _bad(_("Service degradation")),
    "serviceinterruption": Status(_("Service interruption"), "danger", "stop"),
    "extendedrecovery": _under_way(_("Extended recovery")),
    "falsepositive": _over(_("False positive")),
    "investigationsuspended": Status(_("Investigation suspended"), "warning", "clock"),
    "resolved": _over(_("Resolved")),
    "mitigatedexternal": _over(_("Mitigated externally")),
    "mitigated": _over(_("Mitigated")),
    "resolvedexternal": _over(_("Resolved externally")),
    "confirmed": _under_way(_("Confirmed")),
    "reported": _under_way(_("Reported")),
}
_CLASSIFICATIONS = {
    "incident": Status(_("Incident"), "danger", "error"),
    "advisory": Status(_("Advisory"), "info", "info"),
}
_SEVERITIES = {
    "normal": Status(_("Normal"), "neutral", "circle"),
    "high": Status(_("High"), "warning", "warning"),
    "critical": Status(_("Critical"), "danger", "error"),
}
_CATEGORIES: dict[str, Text] = {
    "preventorfixissue": _("Prevent or fix issues"),
    "planforchange": _("Plan for change"),
    "stayinformed": _("Stay informed"),
}
HEALTHY = tuple(word for word, one in _STATUSES.items() if one.tone == "success")


def status(word: str) -> Status:
    """Return how a status is shown; one nobody knows yet in Microsoft's own word."""
    label = word or _("No longer told by Microsoft")
    return _STATUSES.get(word) or Status(label, "neutral", "circle")


def classification(word: str) -> Status:
    """Return how a classification is shown."""
    return _CLASSIFICATIONS.get(word) or Status(word, "neutral", "circle")


def severity(word: str) -> Status:
    """Return how a severity is shown."""
    return _SEVERITIES.get(word) or Status(word, "neutral", "circle")


def category(word: str) -> str:
    """Return what a category is called."""
    return str(_CATEGORIES.get(word, word))


def category_choices() -> list[tuple[str, Text]]:
    """Return the categories to choose from."""
    return list(_CATEGORIES.items())


def severity_choices() -> list[tuple[str, Text]]:
    """Return the severities to choose from."""
    return [(word, one.label) for word, one in _SEVERITIES.items()]
