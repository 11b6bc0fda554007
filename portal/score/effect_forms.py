"""Forms of the pages about closed tickets."""

from __future__ import annotations

from typing import Any

from django import forms

from portal.score.effect_models import EffectRule
from tickets.forms import NoteForm


class EvidenceForm(NoteForm):
    """A work note that says why; those who work on the ticket read it."""

    element = None  # type: ignore[assignment]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Filled in with several lines already.
        self.fields["text"].widget.attrs["rows"] = 8


class EffectRuleForm(forms.ModelForm):  # type: ignore[type-arg]
    """What the ticket of an action that regresses is told."""

    class Meta:
        model = EffectRule
        fields = ("on_regression",)
        widgets = {"on_regression": forms.RadioSelect}
