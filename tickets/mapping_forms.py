"""The form of a field mapping: which column, which constant, which code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tickets import profiles, references
from tickets.forms import refuse_control_characters, refuse_hidden_characters
from tickets.models import Kind, Priority
from tickets.profiles import STANDARD, USUAL, USUAL_PRIORITIES, USUAL_WEIGHTS, WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.forms.boundfield import BoundField
    from django.utils.functional import _StrPromise

    from tickets.instance_models import InstanceProfile

FIELD_LABELS: dict[str, _StrPromise] = {
    "name": gettext_lazy("Ticket name"),
    "description": gettext_lazy("Description"),
    "priority": gettext_lazy("Priority code"),
    "impact": gettext_lazy("Impact code"),
    "urgency": gettext_lazy("Urgency code"),
    "justification": gettext_lazy("Justification"),
    "due_date": gettext_lazy("Due date"),
    "source": gettext_lazy("Recommendation source"),
    "category": gettext_lazy("Recommendation category"),
    "sender": gettext_lazy("User ID of the sender"),
    "portal_link": gettext_lazy("Link to the ticket in the portal"),
    "action_link": gettext_lazy("Link to the improvement action"),
}
WEIGHT_LABELS: dict[str, _StrPromise] = {
    "priority": gettext_lazy("Priority"),
    "impact": gettext_lazy("Impact"),
    "urgency": gettext_lazy("Urgency"),
}
_CHANGE_TYPES = [
    ("", gettext_lazy("Not sent: ServiceNow decides")),
    ("normal", gettext_lazy("Normal")),
    (STANDARD, gettext_lazy("Standard")),
    ("emergency", gettext_lazy("Emergency")),
]
# More defaults than any instance demands; the form is bounded.
MOST_DEFAULTS = 40
_COLUMN_LENGTH = 80
_VALUE_LENGTH = 1000
_DEFAULT_ROW = re.compile(r"default_(?:column|value)_(\d{1,2})")
_PLAIN = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}
_COLUMN_ATTRS = {**_PLAIN, "list": "known-columns", "class": "mono"}


def _line(
    label: Any, most: int, attrs: Mapping[str, str] = _PLAIN, hint: Any = ""
) -> Any:
    """Return an optional field of one line."""
    return forms.CharField(
        label=label,
        required=False,
        max_length=most,
        help_text=hint,
        validators=[refuse_control_characters],
        widget=forms.TextInput(attrs=dict(attrs)),
    )


class ProfileForm(forms.Form):
    """All that can be mapped of one kind; `codes` are the priorities ServiceNow may show."""

    # Nothing here has to be filled in: that is not said at every field.
    is_filter = True
    # What was in force when the page was made.
    seen = forms.CharField(required=False, max_length=32, widget=forms.HiddenInput)

    def __init__(
        self, row: InstanceProfile, codes: Iterable[str], *args: Any, **kwargs: Any
    ) -> None:
        kwargs.setdefault("initial", initial_of(row))
        super().__init__(*args, **kwargs)
        self.row = row
        self.kind: str = row.kind
        self.codes = list(codes)
        self.default_count = self._count_defaults()
        self._add_columns()
        self._add_defaults()
        self._add_names()
        self._add_priorities()

    def _count_defaults(self) -> int:
        names = self.data or self.initial
        numbers = [int(m[1]) for name in names if (m := _DEFAULT_ROW.fullmatch(name))]
        return min(max(numbers, default=0) + 1, MOST_DEFAULTS)

    def _add_columns(self) -> None:
        for name in USUAL[self.kind]:
            label = _("%(field)s: column") % {"field": FIELD_LABELS[name]}
            field = _line(label, _COLUMN_LENGTH, _COLUMN_ATTRS)
            self.fields[f"column_{name}"] = field

    def _add_defaults(self) -> None:
        for number in range(self.default_count):
            words = {"number": number + 1}
            label = _("Default %(number)s: column") % words
            field = _line(label, _COLUMN_LENGTH, _COLUMN_ATTRS)
            self.fields[f"default_column_{number}"] = field
            label = _("Default %(number)s: value") % words
            self.fields[f"default_value_{number}"] = _line(label, _VALUE_LENGTH)

    def _add_names(self) -> None:
        self.fields["group"] = _line(
            _("Assignment group"),
            80,
            hint=_("By its name in ServiceNow; empty: ServiceNow assigns it."),
        )
        if self.kind == Kind.CHANGE_REQUEST:
            self._add_change()
        self.fields["close_code"] = _line(_("Close code"), 100)
        self.fields["close_notes"] = forms.CharField(
            label=_("Close notes"),
            required=False,
            max_length=1000,
            validators=[refuse_hidden_characters],
            widget=forms.Textarea(attrs={"rows": 3}),
        )

    def _add_change(self) -> None:
        usual = {"usual": settings.SERVICENOW_CHANGE_CATEGORY}
        hint = _("Its value in ServiceNow; empty: %(usual)s.") % usual
        self.fields["category"] = _line(_("Category"), 100, hint=hint)
        self.fields["change_type"] = forms.ChoiceField(
            label=_("Type"), required=False, choices=_CHANGE_TYPES
        )
        self.fields["change_model"] = _line(
            _("Change model"), 100, hint=_("By its name; empty: ServiceNow decides.")
        )
        self.fields["template"] = _line(
            _("Standard change template"),
            100,
            hint=_(
                "By its name; its newest version is used. For the type Standard only."
            ),
        )

    def _add_priorities(self) -> None:
        for priority in Priority:
            for name in WEIGHTS:
                words = {"mine": priority.label, "name": WEIGHT_LABELS[name]}
                label = _("%(mine)s: %(name)s") % words
                self.fields[f"weight_{priority}_{name}"] = _line(label, 40)
        for code in self.codes:
            self.fields[f"in_{code}"] = forms.ChoiceField(
                label=_("Priority of code %(code)s") % {"code": code},
                required=False,
                choices=Priority.choices,
                initial=Priority.LOW,
            )

    # What the page draws.

    def column_field(self, name: str) -> BoundField:
        return self[f"column_{name}"]

    def weight_rows(self) -> list[tuple[str, list[BoundField]]]:
        return [
            (str(p.label), [self[f"weight_{p}_{name}"] for name in WEIGHTS])
            for p in reversed(Priority)
        ]

    def code_fields(self) -> list[tuple[str, BoundField]]:
        return [(code, self[f"in_{code}"]) for code in self.codes]

    def default_rows(self) -> list[tuple[BoundField, BoundField]]:
        return [
            (self[f"default_column_{number}"], self[f"default_value_{number}"])
            for number in range(self.default_count)
        ]

    # What was entered.

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        taken: dict[str, str] = {}
        for name in USUAL[self.kind]:
            self._check_column(f"column_{name}", str(FIELD_LABELS[name]), taken)
        for number in range(self.default_count):
            self._check_default(number, taken)
        for name in references.SOURCES:
            if cleaned.get(name) and not profiles.is_searchable(cleaned[name]):
                message = _("ServiceNow cannot be asked for a name with ^ in it.")
                self.add_error(name, ValidationError(message, code="unsafe"))
        self._check_weights()
        self._check_change()
        return cleaned

    def _check_column(self, name: str, owner: str, taken: dict[str, str]) -> None:
        """Refuse a column that cannot be mapped, or that something else fills."""
        column = self.cleaned_data.get(name, "")
        if not column:
            return
        if message := _unfit(column, self.kind) or _twice(column, taken):
            self.add_error(name, ValidationError(message, code="column"))
        else:
            taken[column] = owner

    def _check_default(self, number: int, taken: dict[str, str]) -> None:
        column = self.cleaned_data.get(f"default_column_{number}", "")
        value = self.cleaned_data.get(f"default_value_{number}", "")
        if value and not column and f"default_column_{number}" not in self.errors:
            message = _("Enter the column this value is for.")
            self.add_error(f"default_column_{number}", message)
        if column and not value and f"default_value_{number}" not in self.errors:
            message = _("Enter a value, or leave the column empty too.")
            self.add_error(f"default_value_{number}", message)
        if column == "category" and self.kind == Kind.CHANGE_REQUEST:
            message = _("It has an input of its own on this page.")
            self.add_error(f"default_column_{number}", message)
            return
        words = {"column": column}
        owner = _("the default of %(column)s") % words
        self._check_column(f"default_column_{number}", owner, taken)

    def _check_weights(self) -> None:
        for name in WEIGHTS:
            if not self.cleaned_data.get(f"column_{name}"):
                continue
            for priority in Priority:
                field = f"weight_{priority}_{name}"
                if not self.cleaned_data.get(field) and field not in self.errors:
                    message = _("Enter the code that is sent for it.")
                    self.add_error(field, ValidationError(message, code="required"))

    def _check_change(self) -> None:
        cleaned = self.cleaned_data
        if cleaned.get("template") and cleaned.get("change_type") != STANDARD:
            message = _("A template needs the type Standard.")
            self.add_error("template", ValidationError(message, code="type"))
        is_mapped = any(
            cleaned.get(f"column_{name}") == "category" for name in USUAL[self.kind]
        )
        if cleaned.get("category") and is_mapped:
            message = _("The column category is filled by a field already.")
            self.add_error("category", ValidationError(message, code="column"))

    def is_overtaken(self) -> bool:
        """Say whether something else is in force than the page showed; reports it."""
        mark = profiles.mark_of(self.row)
        if self.cleaned_data["seen"] in {"", mark}:
            return False
        message = _(
            "Somebody changed this mapping while you had it open. What you typed is kept: compare it with what is in force, then save again."
        )
        self.add_error(None, ValidationError(message, code="overtaken"))
        self.data = {**{name: self.data[name] for name in self.data}, "seen": mark}
        return True

    def columns(self) -> dict[str, str]:
        """Return portal field → column, all of them."""
        return {n: self.cleaned_data[f"column_{n}"] for n in USUAL[self.kind]}

    def elements(self) -> set[str]:
        """Return every column the form speaks of."""
        columns = {*self.columns().values(), *self._defaults()}
        columns |= {"close_code", "close_notes"}
        if self.kind == Kind.CHANGE_REQUEST:
            columns |= {"category", "type"}
        return columns - {""}

    def values(self) -> dict[str, Any]:
        """Return what is stored; what is as usual is left out."""
        cleaned = self.cleaned_data
        plain = {
            name: cleaned[name]
            for name in ("category", "change_type", "close_code", "close_notes")
            if name in cleaned
        }
        names = {
            name: references.typed(cleaned[name], getattr(self.row, name))
            for name in profiles.REFERENCES
            if name in cleaned
        }
        return {
            **plain,
            **names,
            "columns": profiles.differing(self.columns(), USUAL[self.kind]),
            "defaults": self._defaults(),
            "weights_out": self._weights(),
            "priorities_in": self._priorities(),
        }

    def _defaults(self) -> dict[str, str]:
        cleaned = self.cleaned_data
        pairs = (
            (cleaned[f"default_column_{number}"], cleaned[f"default_value_{number}"])
            for number in range(self.default_count)
        )
        return {column: value for column, value in pairs if column}

    def _weights(self) -> dict[str, dict[str, str]]:
        cleaned = self.cleaned_data
        found = {}
        for priority, usual in USUAL_WEIGHTS.items():
            codes = {
                name: cleaned[f"weight_{priority}_{name}"] or usual[name]
                for name in WEIGHTS
            }
            if special := profiles.differing(codes, usual):
                found[str(priority)] = special
        return found

    def _priorities(self) -> dict[str, str]:
        mine = {c: self.cleaned_data[f"in_{c}"] for c in self.codes}
        chosen = {code: priority for code, priority in mine.items() if priority}
        return {
            code: priority
            for code, priority in chosen.items()
            if USUAL_PRIORITIES.get(code, Priority.LOW) != priority
        }


def _unfit(column: str, kind: str) -> str:
    """Say why nothing may be mapped to the column, "" if it may."""
    if not profiles.COLUMN.fullmatch(column):
        return _(
            "A column has small letters, digits and underscores, such as u_security_source."
        )
    if profiles.is_protected(column):
        return _("%(column)s belongs to ServiceNow or to the portal itself.") % {
            "column": column
        }
    if profiles.has_own_input(column, kind):
        return _("It has an input of its own on this page.")
    return ""


def _twice(column: str, taken: Mapping[str, str]) -> str:
    if column not in taken:
        return ""
    words = {"column": column, "owner": taken[column]}
    return _("%(column)s is filled by “%(owner)s” already.") % words


def initial_of(row: InstanceProfile) -> dict[str, Any]:
    """Return what the form shows at first: what is in force, and one empty default."""
    in_force = profiles.in_force(row)
    values: dict[str, Any] = {
        f"column_{name}": column for name, column in in_force.columns.items()
    }
    defaults = [*row.defaults.items(), ("", "")]
    for number, (column, value) in enumerate(defaults):
        values[f"default_column_{number}"] = column
        values[f"default_value_{number}"] = value
    for priority, codes in in_force.weights_out.items():
        values |= {f"weight_{priority}_{name}": codes[name] for name in WEIGHTS}
    values |= {f"in_{code}": mine for code, mine in in_force.priorities_in.items()}
    values["seen"] = profiles.mark_of(row)
    values |= {name: getattr(row, name).get("name", "") for name in references.SOURCES}
    for name in ("category", "change_type", "close_code", "close_notes"):
        values[name] = getattr(row, name)
    return values


def with_default(typed: Mapping[str, str], column: str) -> dict[str, str]:
    """Return what was typed with a default for this column, or one more empty one."""
    values = dict(typed.items())
    rows = {int(m[1]) for name in values if (m := _DEFAULT_ROW.fullmatch(name))}
    free = [n for n in sorted(rows) if not _is_used(values, n)] if column else []
    number = free[0] if free else max(rows, default=-1) + 1
    if number < MOST_DEFAULTS:
        values[f"default_column_{number}"] = column
        values.setdefault(f"default_value_{number}", "")
    return values


def _is_used(values: Mapping[str, str], number: int) -> bool:
    names = (f"default_column_{number}", f"default_value_{number}")
    return any(values.get(name) for name in names)
