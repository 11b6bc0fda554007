"""The form people fill in for a ticket."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.mapping import DESCRIPTION_LIMIT, NAME_LIMIT
from tickets.models import Category, Kind, Priority

if TYPE_CHECKING:
    from datetime import date

    from tickets.drafts import Draft

# What would break a line of ServiceNow's where one line is meant, and half letters.
_LINE_BREAKERS = {"Cc", "Cs", "Zl", "Zp"}


def refuse_control_characters(text: str) -> None:
    """Accept one line only."""
    if any(unicodedata.category(letter) in _LINE_BREAKERS for letter in text):
        message = _("Write one line, without line breaks or control characters.")
        raise ValidationError(message, code="control_characters")


def refuse_hidden_characters(text: str) -> None:
    """Accept line breaks and tabs, but nothing else that cannot be seen."""
    seen = text.replace("\n", "").replace("\t", "")
    if any(unicodedata.category(letter) == "Cc" for letter in seen):
        message = _("Remove the control characters; they cannot be sent.")
        raise ValidationError(message, code="control_characters")


class Day(forms.DateInput):
    """The browser's own date picker."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class TaskForm(forms.Form):
    """A ticket to be sent to ServiceNow."""

    kind = forms.ChoiceField(
        label=_("Kind of ticket"), choices=Kind.choices, widget=forms.RadioSelect
    )
    name = forms.CharField(
        label=_("Ticket name"),
        max_length=NAME_LIMIT,
        validators=[refuse_control_characters],
        error_messages={"required": _("Enter a name for the ticket.")},
    )
    description = forms.CharField(
        label=_("Description"),
        required=False,
        max_length=DESCRIPTION_LIMIT,
        widget=forms.Textarea(attrs={"rows": 8}),
    )
    priority = forms.ChoiceField(
        label=_("Priority"),
        choices=Priority.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a priority.")},
    )
    due_date = forms.DateField(
        label=_("Due date"),
        required=False,
        widget=Day,
        help_text=_("Not in the past. ServiceNow shows the end of that working day."),
        error_messages={"invalid": _("Enter a date, for example 2026-12-31.")},
    )
    category = forms.ChoiceField(
        label=_("Recommendation category"),
        choices=[("", _("Choose one")), *Category.choices],
        error_messages={"required": _("Choose a recommendation category.")},
    )

    def __init__(self, draft: Draft, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", initial_of(draft))
        super().__init__(*args, **kwargs)
        self.draft = draft
        self.fields["due_date"].widget.attrs["min"] = timezone.localdate().isoformat()
        if not draft.control_id:
            # A card's button makes one of that card's kind.
            del self.fields["kind"]

    def clean_description(self) -> str:
        text: str = self.cleaned_data["description"].replace("\r\n", "\n")
        refuse_hidden_characters(text)
        return text

    def clean_due_date(self) -> date | None:
        day: date | None = self.cleaned_data["due_date"]
        if day and day < timezone.localdate():
            raise ValidationError(_("The due date is in the past."), code="past")
        return day

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        cleaned.setdefault("kind", self.draft.kind)
        return cleaned


def initial_of(draft: Draft) -> dict[str, Any]:
    """Return what the form shows at first, within ServiceNow's limits."""
    return {
        "kind": draft.kind,
        "name": draft.fitting_name,
        "description": draft.fitting_description,
        "priority": draft.priority,
        "due_date": draft.due_date,
        "category": draft.category,
    }
