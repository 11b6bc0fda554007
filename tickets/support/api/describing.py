"""How the packages of the API describe themselves in OpenAPI: bodies by their forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from tickets.support.api.bodies import Flag, ObjectField, TextsField

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.utils.functional import _StrPromise

    from tickets.support.api.bodies import BodyForm

    Json = dict[str, Any]

MOMENT: Json = {"type": "string", "format": "date-time"}
MOMENT_OR_NULL: Json = {"type": ["string", "null"], "format": "date-time"}
TEXT: Json = {"type": "string"}
FLAG: Json = {"type": "boolean"}


def of_form(form: type[BodyForm]) -> Json:
    """Return the schema of the objects a form takes; the field's help says what it is."""
    fields = form.base_fields
    return {
        "type": "object",
        "properties": {name: _of_field(field) for name, field in fields.items()},
        "required": [name for name, field in fields.items() if field.required],
        "additionalProperties": False,
    }


def _of_field(field: forms.Field) -> Json:
    described = {"description": str(field.help_text)} if field.help_text else {}
    return {**_type_of(field), **described}


def _type_of(field: forms.Field) -> Json:
    if isinstance(field, Flag):
        return FLAG
    if isinstance(field, forms.IntegerField):
        bounds = {"minimum": field.min_value, "maximum": field.max_value}
        return {"type": "integer", **_given(bounds)}
    if isinstance(field, ObjectField):
        return of_form(field.form)
    if isinstance(field, TextsField):
        text = {"type": "string", "maxLength": field.longest}
        most = {"maxProperties": field.most}
        return {"type": "object", "additionalProperties": text, **most}
    return {"type": "string", **_text(field)}


def _text(field: forms.Field) -> Json:
    if isinstance(field, forms.UUIDField):
        return {"format": "uuid"}
    if isinstance(field, forms.ChoiceField):
        choices: Any = field.choices
        return {"enum": [value for value, _label in choices if value]}
    bounds = {"maxLength": getattr(field, "max_length", None)}
    if isinstance(field, forms.EmailField):
        bounds["format"] = "email"
    return _given(bounds)


def _given(bounds: Json) -> Json:
    return {name: value for name, value in bounds.items() if value is not None}


def obj(*, optional: Iterable[str] = (), **properties: Json) -> Json:
    """Return the schema of an object with these members and no others."""
    left_out = set(optional)
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in left_out],
        "additionalProperties": False,
    }


def listed(name: str) -> Json:
    """Return the schema of a list of what is described under a name."""
    return {"type": "array", "items": ref(name)}


def ref(name: str) -> Json:
    """Return the mention of what is described under a name."""
    return {"$ref": f"#/components/schemas/{name}"}


def query(name: str, description: str | _StrPromise, **schema: Any) -> Json:
    """Return a parameter of the address."""
    return {
        "name": name,
        "in": "query",
        "required": True,
        "description": str(description),
        "schema": {"type": "string", **schema},
    }


def operation(
    name: str,
    summary: str | _StrPromise,
    answers: dict[int, str],
    *,
    body: str = "",
    parameters: Iterable[Json] = (),
) -> Json:
    """Return the description of an endpoint, by the name it is registered under.

    `answers` are its successes: the schema by status, "" for an empty one. What goes
    wrong, the headers and the token are the same everywhere and added to it.
    """
    described: Json = {
        "operationId": name,
        "summary": str(summary),
        "parameters": list(parameters),
        "responses": {str(status): _answer(name) for status, name in answers.items()},
    }
    if body:
        content = {"application/json": {"schema": ref(body)}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _answer(name: str) -> Json:
    if not name:
        return {"description": "Done; there is nothing to say."}
    content = {"application/json": {"schema": ref(name)}}
    return {"description": name, "content": content}
