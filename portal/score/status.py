"""The statuses of an improvement action as people see them."""

from __future__ import annotations

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils.translation import gettext_lazy as _

# Graph's points are sums of fractions; less than this is no difference.
TOLERANCE = 0.005
# Controls of Defender for Endpoint: Graph takes no state for them.
DEVICE_PREFIX = "scid_"


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

    @property
    def graph_state(self) -> str:
        """The state Microsoft Graph is to hold meanwhile."""
        return _GRAPH_STATES.get(self, "Default")

    @property
    def has_graph_state(self) -> bool:
        """Whether Microsoft Graph has a value for it."""
        return self not in KEPT_HERE


class Hold(models.TextChoices):
    """Why the plan's status may count although Graph says something else."""

    NONE = "", ""
    # Graph has no value for it, or takes none for this control.
    HERE = "here", "here"
    # On its way to Graph.
    SENDING = "sending", "sending"


_TONES = {
    ActionStatus.PLANNED: "info",
    ActionStatus.RISK_ACCEPTED: "warning",
    ActionStatus.THIRD_PARTY: "info",
    ActionStatus.ALTERNATE: "info",
    ActionStatus.COMPLETED: "success",
}
_GRAPH_STATES = {
    ActionStatus.RISK_ACCEPTED: "Ignored",
    ActionStatus.THIRD_PARTY: "ThirdParty",
}
_FROM_GRAPH = {state: status for status, state in _GRAPH_STATES.items()}
# Graph holds Default for these: it has no value of its own.
KEPT_HERE = {ActionStatus.PLANNED, ActionStatus.ALTERNATE}
SETTABLE = [status for status in ActionStatus if status != ActionStatus.COMPLETED]
# Nothing is left to do; everything else is open.
FINISHED = [
    ActionStatus.RISK_ACCEPTED,
    ActionStatus.THIRD_PARTY,
    ActionStatus.ALTERNATE,
    ActionStatus.COMPLETED,
]


def can_be_sent(control_id: str) -> bool:
    """Say whether Graph takes a state for the control at all."""
    return not control_id.startswith(DEVICE_PREFIX)


def is_kept_here(control_id: str, status: ActionStatus) -> bool:
    """Say whether the status lives in the portal alone."""
    if status in KEPT_HERE:
        return True
    return not can_be_sent(control_id) and status != ActionStatus.TO_ADDRESS


def of_graph_state(state: str) -> ActionStatus:
    """Return what people call a state of Graph's."""
    return _FROM_GRAPH.get(state, ActionStatus.TO_ADDRESS)


def derived() -> Case:
    """Return the status as an expression over ControlProfile with `with_holds()`.

    What is on its way to Graph counts at once; otherwise Graph's own word goes first,
    then the points, then what is kept here alone.
    """
    all_points = Q(max_score__gt=0, score__gte=F("max_score") - TOLERANCE)
    return Case(
        When(plan_hold=Hold.SENDING, then=F("plan_status")),
        When(state="Ignored", then=Value(ActionStatus.RISK_ACCEPTED)),
        When(state="ThirdParty", then=Value(ActionStatus.THIRD_PARTY)),
        When(all_points, then=Value(ActionStatus.COMPLETED)),
        When(plan_hold=Hold.HERE, then=F("plan_status")),
        default=Value(ActionStatus.TO_ADDRESS),
        output_field=models.CharField(),
    )
