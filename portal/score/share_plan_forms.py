"""Forms of the share plan: the goal, and what its tickets say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from portal.score import categories
from portal.score.models import ControlProfile
from portal.score.share_plans import MOST_TOGETHER, Goal
from tickets.forms import TaskForm

if TYPE_CHECKING:
    from connector.models import Tenant

TARGET, COUNT = "target", "count"
_LEVELS = [
    ("", _("Any")),
    (ControlProfile.Level.LOW, _("Low")),
    (ControlProfile.Level.MODERATE, _("Moderate")),
]


class GoalForm(forms.Form):
    """A target score or a number of actions, and which actions may be taken."""

    goal = forms.ChoiceField(
        label=_("Plan by"),
        choices=[(TARGET, _("Target score")), (COUNT, _("Number of actions"))],
        widget=forms.RadioSelect,
    )
    target = forms.FloatField(
        label=_("Target score (%)"), min_value=0.1, max_value=100, required=False
    )
    count = forms.IntegerField(
        label=_("Number of actions"),
        min_value=1,
        max_value=MOST_TOGETHER,
        required=False,
    )
    category = forms.ChoiceField(label=_("Category"), required=False)
    max_cost = forms.ChoiceField(label=_("Cost up to"), choices=_LEVELS, required=False)
    max_impact = forms.ChoiceField(
        label=_("User impact up to"), choices=_LEVELS, required=False
    )
    with_open = forms.BooleanField(
        label=_("Also actions with an open ticket"), required=False
    )
    with_accepted = forms.BooleanField(
        label=_("Also actions whose risk is accepted"), required=False
    )

    # Nothing here is marked "(optional)": what is left open means Any.
    is_filter = True

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = ControlProfile.objects.for_tenant(tenant).scored().order_by()
        names = mine.values_list("category", flat=True).distinct()
        known = sorted(names, key=categories.position)
        field: Any = self.fields["category"]
        field.choices = [
            ("", _("All")),
            *((name, categories.label(name)) for name in known),
        ]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        goal = values.get("goal")
        messages = {
            TARGET: _("Enter the score to reach."),
            COUNT: _("Enter how many actions."),
        }
        if goal and values.get(goal) is None and goal not in self.errors:
            self.add_error(goal, ValidationError(messages[goal], code="required"))
        return values

    def wish(self) -> Goal:
        """Return the goal of a valid form."""
        values = self.cleaned_data
        return Goal(
            target=values["target"] if values["goal"] == TARGET else None,
            count=values["count"] if values["goal"] == COUNT else None,
            category=values["category"],
            max_cost=values["max_cost"],
            max_impact=values["max_impact"],
            without_open=not values["with_open"],
            without_accepted=not values["with_accepted"],
        )


class SharePlanForm(TaskForm):
    """What the tickets of a plan have in common; the rest comes from their actions."""

    description = None  # type: ignore[assignment]
    category = None  # type: ignore[assignment]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].help_text = _("Of the ticket that stands for all of them.")
