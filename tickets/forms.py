"""The form people fill in for a ticket."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.mapping import DESCRIPTION_LIMIT, NAME_LIMIT, editable
from tickets.models import Category, Kind, Priority

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from connector.models import Connection
    from tickets.drafts import Draft
    from tickets.models import Ticket

# Journals take more, but nobody reads it.
NOTE_LIMIT = 4000
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
    if not all(_is_seen(letter) for letter in seen):
        message = _("Remove the control characters; they cannot be sent.")
        raise ValidationError(message, code="control_characters")


def hidden_characters_removed(text: str) -> str:
    """Return the text without what `refuse_hidden_characters` refuses."""
    seen = (letter for letter in text if letter in "\n\t" or _is_seen(letter))
    return "".join(seen)


def _is_seen(letter: str) -> bool:
    return unicodedata.category(letter) != "Cc"


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


class EditForm(forms.Form):
    """What can be changed of a ticket that is in ServiceNow.

    The form carries what it showed, so that what a poll brings while it is open is
    not undone.
    """

    name = forms.CharField(
        label=_("Ticket name"),
        max_length=NAME_LIMIT,
        validators=[refuse_control_characters],
        error_messages={"required": _("Enter a name for the ticket.")},
    )
    priority = forms.ChoiceField(
        label=_("Priority"), choices=Priority.choices, widget=forms.RadioSelect
    )
    due_date = forms.DateField(
        label=_("Due date"),
        required=False,
        widget=Day,
        help_text=_("ServiceNow shows the end of that working day."),
        error_messages={"invalid": _("Enter a date, for example 2026-12-31.")},
    )

    def __init__(self, ticket: Ticket, data: Any = None) -> None:
        names = editable(ticket)
        super().__init__(data, initial={n: getattr(ticket, n) for n in names})
        self._ticket = ticket
        for name in self.fields.keys() - {*names}:
            # Nothing of it is sent to this instance.
            del self.fields[name]
        for field in self.fields.values():
            field.show_hidden_initial = True

    def clean(self) -> dict[str, Any]:
        """Refuse to replace a value that the form did not show."""
        cleaned = super().clean() or {}
        for name in set(self.changed_data) & cleaned.keys():
            shown, now = self.data.get(f"initial-{name}"), self.initial[name]
            is_news = shown is not None and shown.strip() != str(now or "").strip()
            if is_news and cleaned[name] != now:
                self._report_overtaken(name)
        return cleaned

    def _report_overtaken(self, name: str) -> None:
        """Say what it is now; what was typed stays, and a second send replaces it."""
        now = self.initial[name]
        message = _(
            "It was changed to “%(value)s” while you had this open. Send again to replace that."
        )
        labels = dict(getattr(self.fields[name], "choices", ()))
        words = {"value": labels.get(now, now or "-")}
        self.add_error(name, ValidationError(message, code="overtaken", params=words))
        # As a page would carry it that was made now.
        self.data = {key: self.data[key] for key in self.data} | {
            f"initial-{name}": str(now or "")
        }

    def changes(self) -> dict[str, Any]:
        """Return what was changed since the form was shown; the form must be valid."""
        return {name: self.cleaned_data[name] for name in self.changed_data}

    def clean_due_date(self) -> date | None:
        day: date | None = self.cleaned_data["due_date"]
        # One that has passed already may stay.
        if day and day < timezone.localdate() and day != self._ticket.due_date:
            raise ValidationError(_("The due date is in the past."), code="past")
        return day


class NoteForm(forms.Form):
    """A note into one of the ticket's journals."""

    text = forms.CharField(
        label=_("Note"),
        max_length=NOTE_LIMIT,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": _("Write something.")},
    )
    element = forms.ChoiceField(
        label=_("Who reads it"),
        choices=[
            ("work_notes", _("Work note: those who work on the ticket")),
            ("comments", _("Comment: everybody who sees the ticket")),
        ],
        widget=forms.RadioSelect,
        initial="work_notes",
    )
    # Of the page it was written on: a second submit is the same note.
    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"].replace("\r\n", "\n")
        refuse_hidden_characters(text)
        return text
