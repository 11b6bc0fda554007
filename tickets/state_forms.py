"""The form of all states of one kind, and the one that takes a file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tickets import state_files, state_settings
from tickets.builtin_states import colour_of, suggested
from tickets.choices import Colour, StateCategory
from tickets.forms import refuse_control_characters
from tickets.state_files import Entry, Problem, WrongFile
from tickets.state_settings import FIELDS, Setting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tickets.models import TicketState
    from tickets.state_settings import Settings

# The database's own limit of a position.
_MOST = 32_767
CATEGORIES = [("", _("Not mapped yet")), *StateCategory.choices]


def field_name(name: str, state: TicketState) -> str:
    """Return what a field of one state is called in the form."""
    return f"{name}-{state.pk}"


class StatesForm(forms.Form):
    """What is decided about the states of a kind; what it does not carry stays."""

    # The newest change when the page was made.
    revision = forms.IntegerField(
        min_value=0,
        widget=forms.HiddenInput,
        error_messages={"required": _("The form was incomplete. Try once more.")},
    )

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, states: Sequence[TicketState]
    ) -> None:
        super().__init__(data)
        self.states = states
        for state in states:
            for name, field in _fields_of(state).items():
                key = field_name(name, state)
                if data is None or key in data:
                    self.fields[key] = field

    @property
    def settings(self) -> Settings:
        """What the valid form says; fields it lacks are as they are."""
        return {state.value: self._setting_of(state) for state in self.states}

    def _setting_of(self, state: TicketState) -> Setting:
        values = {
            name: self.cleaned_data[field_name(name, state)]
            for name in FIELDS
            if field_name(name, state) in self.fields
        }
        if values.get("label") == state.default_label:
            values["label"] = ""
        now = state_settings.setting_of(state)
        if values.get("category") and now == Setting():
            # Mapped at last: it gets the colour of its like, unless one is chosen.
            values.setdefault("colour", colour_of(values["category"]))
        return replace(now, **values)


class InboxForm(forms.Form):
    """What new states are to count as, with a proposal for each."""

    def __init__(self, *, states: Sequence[TicketState]) -> None:
        super().__init__(auto_id="inbox_%s")
        for state in states:
            field = _fields_of(state)["category"]
            field.initial = suggested(state.default_label)
            self.fields[field_name("category", state)] = field


class FileForm(forms.Form):
    """A file with the settings of a kind's states."""

    file = forms.FileField(
        label=_("JSON file"),
        widget=forms.FileInput(attrs={"accept": ".json,application/json"}),
        error_messages={
            "required": _("Choose a file of 64 KB at most."),
            "empty": _("The file is empty."),
        },
    )

    def __init__(self, data: Any = None, files: Any = None, *, kind: str) -> None:
        super().__init__(data, files, auto_id=f"{kind}_%s")
        self.kind = kind

    def clean_file(self) -> list[Entry]:
        file = self.cleaned_data["file"]
        try:
            # One byte more than is allowed tells that it is too long.
            return state_files.parse(file.read(state_files.MOST_BYTES + 1), self.kind)
        except WrongFile as error:
            raise _invalid(error.problems) from error


def _invalid(problems: Sequence[Problem]) -> ValidationError:
    return ValidationError([str(problem) for problem in problems], code="file")


def data_of(states: Sequence[TicketState], settings: Settings, seen: int) -> QueryDict:
    """Return the form's data that stand for these settings."""
    data = QueryDict(mutable=True)
    data["revision"] = str(seen)
    for state in states:
        if state.value in settings:
            for name, value in vars(settings[state.value]).items():
                data[field_name(name, state)] = "" if value is None else str(value)
    return data


def completed(data: QueryDict, states: Sequence[TicketState]) -> QueryDict:
    """Return the data with all other states as they are, so that a table can be shown."""
    whole = data_of(states, state_settings.settings_of(states), 0)
    whole.pop("revision")
    for name in data:
        whole.setlist(name, data.getlist(name))
    return whole


def data_of_file(
    states: Sequence[TicketState], entries: Sequence[Entry], seen: int
) -> QueryDict:
    """Return the form's data that a file stands for.

    Raises `ValidationError` that names the lines whose values cannot be used.
    """
    by_value = {state.value: state for state in states}
    problems = [
        Problem(e.line, _unknown(e)) for e in entries if e.value not in by_value
    ]
    known = [entry for entry in entries if entry.value in by_value]
    settings = {
        entry.value: Setting(**{name: entry.values[name] for name in FIELDS})
        for entry in known
    }
    data = data_of(states, settings, seen)
    form = StatesForm(data, states=states)
    for entry in known:
        for name in FIELDS:
            wrong = form.errors.get(field_name(name, by_value[entry.value])) or ()
            problems += [Problem(entry.line, f"“{name}”: {text}") for text in wrong]
    if problems:
        raise _invalid(sorted(problems, key=lambda problem: problem.line))
    return data


def _unknown(entry: Entry) -> str:
    text = _now(
        "the state “%(value)s” is not known here. Import the states from ServiceNow"
        " first, or take the line out."
    )
    return text % {"value": entry.value[:40]}


def moved(data: QueryDict, states: Sequence[TicketState], wish: str) -> QueryDict:
    """Return the form's data with one state moved; `wish` is "up-5" or "down-5"."""
    direction, _dash, key = wish.partition("-")
    order = _order_in(data, states)
    place = next((n for n, state in enumerate(order) if str(state.pk) == key), None)
    if place is None:
        return data
    other = place - 1 if direction == "up" else place + 1
    if 0 <= other < len(order):
        order[place], order[other] = order[other], order[place]
    changed = data.copy()
    positions = state_settings.positions(order)
    for state in order:
        position = positions[state.value]
        name = field_name("position", state)
        changed[name] = "" if position is None else str(position)
    return changed


def _order_in(
    data: Mapping[str, Any], states: Sequence[TicketState]
) -> list[TicketState]:
    settings = {
        state.value: Setting(position=_position_in(data, state)) for state in states
    }
    return state_settings.order_of(states, settings)


def _position_in(data: Mapping[str, Any], state: TicketState) -> int | None:
    text = str(data.get(field_name("position", state), ""))
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else None


def ordered(form: StatesForm) -> list[TicketState]:
    """Return the states in the order the form gives them."""
    if not form.is_bound:
        return list(form.states)
    return _order_in(form.data, form.states)


def _fields_of(state: TicketState) -> dict[str, forms.Field]:
    setting = state_settings.setting_of(state)
    return {
        "label": forms.CharField(
            label=_("Own name"),
            required=False,
            max_length=100,
            initial=setting.label,
            validators=[refuse_control_characters],
        ),
        "colour": forms.ChoiceField(
            label=_("Colour"), choices=Colour.choices, initial=setting.colour
        ),
        "category": forms.ChoiceField(
            label=_("Category"),
            choices=CATEGORIES,
            required=False,
            initial=setting.category,
        ),
        "position": forms.IntegerField(
            label=_("Order"),
            required=False,
            min_value=0,
            max_value=_MOST,
            initial=setting.position,
            widget=forms.HiddenInput,
        ),
    }
