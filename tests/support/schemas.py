"""A small checker of JSON values against JSON Schema, as far as the document uses it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from uuid import UUID

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
# What is understood; anything else would be passed over in silence.
_KNOWN = {
    *("type", "properties", "required", "additionalProperties", "items", "enum"),
    *("format", "minimum", "maximum", "maxLength", "maxProperties", "pattern"),
    *("description", "default", "examples", "$ref"),
}
_FORMATS = {
    "date-time": lambda text: datetime.fromisoformat(text).utcoffset() is not None,
    "uuid": lambda text: UUID(text) is not None,
    "email": lambda text: "@" in text,
    "uri": lambda text: re.match(r"https?://", text) is not None,
}


def faults(value: Any, schema: dict[str, Any], document: dict[str, Any]) -> list[str]:
    """Return what does not fit, each with its place."""
    return list(_faults(value, schema, document, "$"))


def resolved(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference within the document."""
    while "$ref" in schema:
        found: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema


def _faults(value: Any, schema: Any, document: Any, at: str) -> Any:
    schema = resolved(schema, document)
    assert set(schema) <= _KNOWN, set(schema) - _KNOWN
    wanted = schema.get("type", list(_TYPES))
    types = wanted if isinstance(wanted, list) else [wanted]
    if not any(_is(value, name) for name in types):
        yield f"{at}: {value!r} is not {wanted}"
        return
    if value is not None:
        yield from _faults_of_value(value, schema, at)
    if isinstance(value, list):
        for n, one in enumerate(value):
            yield from _faults(one, schema.get("items", {}), document, f"{at}[{n}]")
    if isinstance(value, dict):
        yield from _faults_of_object(value, schema, document, at)


def _faults_of_value(value: Any, schema: Any, at: str) -> Any:
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: {value!r} is none of {schema['enum']}"
    if "format" in schema and not _has_format(value, schema["format"]):
        yield f"{at}: {value!r} is no {schema['format']}"
    if isinstance(value, int) and not _is_within(value, schema):
        yield f"{at}: {value!r} is out of bounds"
    if isinstance(value, str):
        yield from _faults_of_text(value, schema, at)


def _faults_of_text(value: str, schema: Any, at: str) -> Any:
    if len(value) > schema.get("maxLength", len(value)):
        yield f"{at}: too long"
    if not re.search(schema.get("pattern", ""), value):
        yield f"{at}: {value!r} is not like {schema['pattern']}"


def _is_within(value: int, schema: Any) -> bool:
    return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))


def _is(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, _TYPES[name])


def _has_format(value: str, name: str) -> bool:
    try:
        return bool(_FORMATS[name](value))
    except ValueError:
        return False


def _faults_of_object(value: Any, schema: Any, document: Any, at: str) -> Any:
    properties = schema.get("properties", {})
    for name in schema.get("required", []):
        if name not in value:
            yield f"{at}: {name} is missing"
    others = schema.get("additionalProperties", True)
    for name, one in value.items():
        if name in properties:
            yield from _faults(one, properties[name], document, f"{at}.{name}")
        elif others is False:
            yield f"{at}: {name} is not described"
        elif isinstance(others, dict):
            yield from _faults(one, others, document, f"{at}.{name}")
