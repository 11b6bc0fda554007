"""Forms of service health: one note for several tickets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from tickets.forms import NOTE_LIMIT, refuse_hidden_characters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tickets.support.health_models import IssueMatch


class BulkNoteForm(forms.Form):
    """A note, and the tickets that are to get it."""

    tickets = forms.MultipleChoiceField(
        label=_("Tickets"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose one ticket at least.")},
    )
    text = forms.CharField(
        label=_("Note"),
        max_length=NOTE_LIMIT,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("A work note: those who work on the tickets read it."),
        error_messages={"required": _("Write something.")},
    )
    # Of the page it was written on: a second submit is the same note.
    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    def __init__(self, data: Any = None, *, matches: Sequence[IssueMatch]) -> None:
        super().__init__(data)
        self.matches = matches
        field = self.fields["tickets"]
        field.choices = [  # type: ignore[attr-defined]
            (str(match.pk), f"{match.ticket.number} · {match.ticket.name}")
            for match in matches
        ]
        field.initial = [str(one.pk) for one in matches if one.verdict == "confirmed"]

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"].replace("\r\n", "\n")
        refuse_hidden_characters(text)
        return text

    @property
    def chosen(self) -> list[IssueMatch]:
        """The matches whose tickets get the note; of a valid form."""
        wanted = set(self.cleaned_data["tickets"])
        return [match for match in self.matches if str(match.pk) in wanted]
