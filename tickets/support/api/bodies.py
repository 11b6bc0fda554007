"""JSON objects checked by forms: types are those of JSON, unknown members are refused."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _

from tickets.support.api.errors import ApiError


class BodyForm(forms.Form):
    """The members of a JSON object, or the parameters of an address."""


class Flag(forms.Field):
    """A member that is true or false."""


class ObjectField(forms.Field):
    """A member that is an object itself, checked by another form."""

    def __init__(self, form: type[BodyForm], **options: Any) -> None:
        super().__init__(**options)
        self.form = form


class TextsField(forms.Field):
    """A member that holds texts under names of the caller's own."""

    def __init__(self, *, most: int, longest: int, **options: Any) -> None:
        super().__init__(**options)
        self.most, self.longest = most, longest

    def validate(self, value: Any) -> None:
        """See that there are not too many, and that each is a text of sane length."""
        super().validate(value)
        if len(value or {}) > self.most:
            raise forms.ValidationError(_("At most %d members.") % self.most)
        for name, text in (value or {}).items():
            if not isinstance(text, str) or len(name) > 100 or "\0" in name + text:
                raise forms.ValidationError(_("Must hold texts alone."))
            if len(text) > self.longest:
                words = _("At most %d characters each.") % self.longest
                raise forms.ValidationError(words)


_MOST_NAMED = 20
# What JSON's own types are called, by field; everything else is a text.
_TYPES: tuple[tuple[type[forms.Field], type, str], ...] = (
    (Flag, bool, "true or false"),
    (forms.IntegerField, int, "an integer"),
    (ObjectField, dict, "an object"),
    (TextsField, dict, "an object"),
)


def read(form_class: type[BodyForm], data: dict[str, Any]) -> dict[str, Any]:
    """Return the members as the form cleans them.

    Raises "invalid_request" with what is wrong by member; those of objects inside are
    named "outer.inner".
    """
    cleaned, wrong = _examine(form_class, data)
    if wrong:
        named = list(wrong.items())[:_MOST_NAMED]
        raise ApiError("invalid_request", fields={key[:100]: one for key, one in named})
    return cleaned


def _examine(
    form_class: type[BodyForm], data: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, str]]:
    fields = form_class.base_fields
    given = {name: value for name, value in data.items() if value is not None}
    wrong = {
        name: _type_error(fields.get(name), value)
        for name, value in given.items()
        if not _fits(fields.get(name), value)
    }
    taken = {name: value for name, value in given.items() if name not in wrong}
    for name, field in fields.items():
        if isinstance(field, ObjectField) and name in taken:
            taken[name], inner = _examine(field.form, taken[name])
            wrong |= {f"{name}.{key}": words for key, words in inner.items()}
    form = form_class(taken)
    found = {name: " ".join(map(str, some)) for name, some in form.errors.items()}
    return form.cleaned_data, {**found, **wrong}


def _fits(field: forms.Field | None, value: Any) -> bool:
    """Say whether a value has the JSON type of its field; unknown members never do."""
    if field is None:
        return False
    wanted, _name = _type_of(field)
    # To Python true is a number as well.
    return type(value) is wanted


def _type_of(field: forms.Field) -> tuple[type, str]:
    for kind, wanted, name in _TYPES:
        if isinstance(field, kind):
            return wanted, name
    return str, "a text"


def _type_error(field: forms.Field | None, value: Any) -> str:
    if field is None:
        return _("Unknown member.")
    return _("Must be %(type)s, not %(given)s.") % {
        "type": _type_of(field)[1],
        "given": type(value).__name__,
    }
