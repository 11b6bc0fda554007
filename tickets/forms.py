"""The forms people fill in: a ticket, and the name of a state."""

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
    from collections.abc import Mapping, Sequence
    from datetime import date

    from connector.models import Connection
    from tickets.drafts import Draft

# What would break a line of ServiceNow's where one line is meant.
_LINE_BREAKERS = {"Cc", "Zl", "Zp"}


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


class InstanceRadios(forms.RadioSelect):
    """Connections, each with its host and whether its tickets are tests."""

    option_template_name = "tickets/_instance.html"
    connections: Mapping[str, Connection] = {}

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(*args, **kwargs)
        option["connection"] = self.connections[str(option["value"])]
        return option


def _choice(connections: dict[str, Connection]) -> forms.Widget:
    if len(connections) == 1:
        return forms.HiddenInput()
    radios = InstanceRadios()
    radios.connections = connections
    return radios


class TaskForm(forms.Form):
    """A ticket to be sent to ServiceNow."""

    # Only asked where there is a choice.
    connection = forms.ChoiceField(
        label=_("ServiceNow instance"),
        widget=InstanceRadios,
        required=False,
        error_messages={
            "invalid_choice": _(
                "The instance you chose takes no tickets any more. Check where the ticket goes now, and send it again."
            )
        },
    )

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

    def __init__(
        self, draft: Draft, *args: Any, connections: Sequence[Connection], **kwargs: Any
    ) -> None:
        kwargs.setdefault("initial", initial_of(draft))
        super().__init__(*args, **kwargs)
        self.draft = draft
        self._offer({str(connection.pk): connection for connection in connections})
        self.fields["due_date"].widget.attrs["min"] = timezone.localdate().isoformat()
        if not draft.control_id:
            # A card's button makes one of that card's kind.
            del self.fields["kind"]

    def _offer(self, connections: dict[str, Connection]) -> None:
        self._connections = connections
        self.initial.setdefault("connection", next(iter(connections)))
        # Not asked for where there is no choice, and never left open where there is.
        self.fields["connection"].is_conditional = True  # type: ignore[attr-defined]
        self.fields["connection"].widget = _choice(connections)
        self.fields["connection"].choices = [  # type: ignore[attr-defined]
            (key, str(connection)) for key, connection in connections.items()
        ]

    @property
    def destination(self) -> Connection:
        """Where the ticket goes: the default until another one is chosen."""
        wanted = str(self["connection"].value())
        return self._connections.get(wanted) or next(iter(self._connections.values()))

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


class StateNameForm(forms.Form):
    """Our own name of one state."""

    label = forms.CharField(
        label=_("Own name"),
        max_length=100,
        validators=[refuse_control_characters],
        error_messages={"required": _("Enter a name, or reset it to ServiceNow's.")},
    )
