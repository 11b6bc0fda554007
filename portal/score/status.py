"""The statuses of an improvement action as people see them."""

from __future__ import annotations

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils.translation import gettext_lazy as _

# Graph's points are sums of fractions; less than this is no difference.
TOLERANCE = 0.005


class ActionStatus(models.TextChoices):
    """Microsoft's six; Completed is given by the points and cannot be chosen."""

    TO_ADDRESS = "to_address", _("To address")
    PLANNED = "planned", _("Planned")
    RISK_ACCEPTED = "risk_accepted", _("Risk accepted")
    THIRD_PARTY = "third_party", _("Resolved through third party")
    ALTERNATE = "alternate", _("Resolved through alternate mitigation")
    COMPLETED = "completed", _("Completed")

    @property
    def tone(self) -> str:
        """The tone of its badge."""
        return _TONES.get(self, "neutral")


_TONES = {
    ActionStatus.PLANNED: "info",
    ActionStatus.RISK_ACCEPTED: "warning",
    ActionStatus.THIRD_PARTY: "info",
    ActionStatus.ALTERNATE: "info",
    ActionStatus.COMPLETED: "success",
}


def derived() -> Case:
    """Return the status as an expression over ControlProfile's columns."""
    all_points = Q(max_score__gt=0, score__gte=F("max_score") - TOLERANCE)
    return Case(
        When(state="Ignored", then=Value(ActionStatus.RISK_ACCEPTED)),
        When(state="ThirdParty", then=Value(ActionStatus.THIRD_PARTY)),
        When(all_points, then=Value(ActionStatus.COMPLETED)),
        default=Value(ActionStatus.TO_ADDRESS),
        output_field=models.CharField(),
    )
