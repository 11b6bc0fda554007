"""The OpenAPI document: whole, true to the code, and open to everybody."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from django import forms
from django.urls import resolve

from tests.support import schemas
from tests.support.calling import misfits
from tickets.support.api import openapi, urls
from tickets.support.api.bodies import BodyForm, Flag, ObjectField, TextsField
from tickets.support.api.describing import of_form
from tickets.support.api.endpoints import REGISTRY
from tickets.support.api.error_texts import PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client

    from tests.support.calling import Instance

KEY = "11111111-2222-3333-4444-555555555555"
Operations = list[tuple[str, str, dict[str, Any]]]


@pytest.fixture
def document() -> dict[str, Any]:
    return openapi.document()


def operations(document: dict[str, Any]) -> Operations:
    return [
        (path, method, one)
        for path, item in document["paths"].items()
        for method, one in item.items()
    ]


@pytest.mark.django_db
def test_everybody_may_read_it(client: Client) -> None:
    answer = client.get("/api/support/v1/openapi.json")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"
    assert answer.json() == json.loads(json.dumps(openapi.document()))
    refused = client.post("/api/support/v1/openapi.json")
    assert refused.status_code == 405
    assert refused["Allow"] == "GET, HEAD"


def test_every_endpoint_is_in_it_once_at_the_address_that_answers_it(
    document: dict[str, Any],
) -> None:
    found = operations(document)
    assert sorted(one["operationId"] for _, _, one in found) == sorted(REGISTRY)
    for path, method, one in found:
        view: Any = resolve(re.sub(r"\{\w+\}", KEY, path)).func
        [endpoint] = [
            each for each in view.endpoints if each.operation == one["operationId"]
        ]
        assert method.upper() in endpoint.methods


def test_every_address_that_answers_is_in_it(document: dict[str, Any]) -> None:
    served = {
        (endpoint.operation, method)
        for pattern in urls.urlpatterns
        for endpoint in getattr(pattern.callback, "endpoints", ())
        for method in endpoint.methods
    }
    described = {
        (one["operationId"], method.upper()) for _, method, one in operations(document)
    }
    assert served == described


def test_it_is_openapi(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    assert set(document["info"]) >= {"title", "version"}
    for path, _method, one in operations(document):
        assert one["summary"]
        assert any(status.startswith("2") for status in one["responses"])
        parameters = [schemas.resolved(each, document) for each in one["parameters"]]
        named = [each["name"] for each in parameters if each["in"] == "path"]
        assert sorted(named) == sorted(re.findall(r"\{(\w+)\}", path))
        for each in parameters:
            assert set(each) >= {"name", "in", "schema"}
            assert each["in"] != "path" or each["required"] is True
        for status, response in one["responses"].items():
            assert re.fullmatch(r"[2-5]\d\d", status)
            assert schemas.resolved(response, document)["description"]


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for name in references(document):
        assert schemas.resolved({"$ref": name}, document)


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from [value["$ref"]] if "$ref" in value else []
        for one in value.values():
            yield from references(one)
    elif isinstance(value, list):
        for one in value:
            yield from references(one)


def test_nothing_is_described_that_nobody_mentions(document: dict[str, Any]) -> None:
    mentioned = set(references(document))
    described = {
        f"#/components/schemas/{name}" for name in document["components"]["schemas"]
    }
    assert described <= mentioned


def test_every_code_is_described_with_its_status(document: dict[str, Any]) -> None:
    for code, problem in PROBLEMS.items():
        response = document["components"]["responses"][f"Error{problem.status}"]
        assert code in response["description"].split(", ")


class _Inner(BodyForm):
    sys_id = forms.CharField(max_length=32)


class _Form(BodyForm):
    id = forms.UUIDField()
    text = forms.CharField(max_length=5, required=False, help_text="Words.")
    email = forms.EmailField(max_length=254)
    kind = forms.ChoiceField(choices=[("a", "A"), ("b", "B")])
    number = forms.IntegerField(min_value=1, max_value=20, required=False)
    flag = Flag(required=False)
    inner = ObjectField(_Inner, required=False)
    files = TextsField(most=2, longest=9, required=False)


def test_a_body_is_described_by_its_form() -> None:
    described = of_form(_Form)
    assert described["required"] == ["id", "email", "kind"]
    assert described["additionalProperties"] is False
    assert described["properties"] == {
        "id": {"type": "string", "format": "uuid"},
        "text": {"type": "string", "maxLength": 5, "description": "Words."},
        "email": {"type": "string", "format": "email", "maxLength": 254},
        "kind": {"type": "string", "enum": ["a", "b"]},
        "number": {"type": "integer", "minimum": 1, "maximum": 20},
        "flag": {"type": "boolean"},
        "inner": {
            "type": "object",
            "properties": {"sys_id": {"type": "string", "maxLength": 32}},
            "required": ["sys_id"],
            "additionalProperties": False,
        },
        "files": {
            "type": "object",
            "additionalProperties": {"type": "string", "maxLength": 9},
            "maxProperties": 2,
        },
    }


@pytest.mark.django_db
def test_an_answer_that_does_not_fit_is_noticed(calling: Instance) -> None:
    path = f"{calling.base}/"
    good = calling.get()
    assert misfits("get", path, good) == []

    class Odd:
        status_code, content = 200, b"x"

        @staticmethod
        def json() -> dict[str, Any]:
            said: dict[str, Any] = good.json() | {"is_test": 1, "more": "x"}
            said["setup"], said["server_time"] = "other", "today"
            del said["version"]
            return said

    assert len(misfits("get", path, Odd())) == 5
