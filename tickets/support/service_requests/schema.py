"""The part of the OpenAPI document that describes service requests."""

from __future__ import annotations

from typing import Any

from tickets.support.service_requests.models import TEXT_LIMIT, TITLE_LIMIT
from tickets.support.service_requests.states import Severity, State


def _text(longest: int | None = None, **more: Any) -> dict[str, Any]:
    limit = {"maxLength": longest} if longest else {}
    return {"type": "string", **limit, **more}


def _object(required: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": required.split(),
        "properties": properties,
        "additionalProperties": False,
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _reply(words: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": words, "content": _json(schema)}


_TIME = _text(format="date-time")
_UUID = _text(format="uuid")
_CONTACT = _object(
    "name email",
    {"name": _text(150), "email": _text(format="email"), "phone": _text(50)},
)
_STATE = _text(enum=State.values)
_SEVERITY = _text(enum=Severity.values)

SCHEMAS: dict[str, Any] = {
    "ServiceRequestToOpen": _object(
        "id title description severity contact incident",
        {
            "id": {**_UUID, "description": "Made by the caller: it opens once."},
            "title": _text(TITLE_LIMIT),
            "description": _text(TEXT_LIMIT),
            "severity": _SEVERITY,
            "contact": _CONTACT,
            "incident": _object(
                "sys_id number",
                {
                    "sys_id": _text(pattern="^[0-9A-Za-z]{32}$"),
                    "number": _text(40),
                    "short_description": _text(1000),
                },
            ),
            "diagnostics": {
                "type": "object",
                "maxProperties": 20,
                "additionalProperties": _text(TEXT_LIMIT),
            },
        },
    ),
    "ServiceRequestUpdate": _object(
        "id at author from text",
        {
            "id": _UUID,
            "at": _TIME,
            "author": _text(),
            "from": _text(enum=["microsoft", "agent", "portal"]),
            "text": _text(),
        },
    ),
    "ServiceRequestToUpdate": _object(
        "id text",
        {
            "id": {**_UUID, "description": "Made by the caller: it is told once."},
            "text": _text(TEXT_LIMIT),
            "close": {"type": "boolean", "description": "Whether it is the last."},
        },
    ),
    "ServiceRequest": _object(
        "reference title description severity state state_label case_number transport "
        "transport_note is_test contact incident created_at updated_at updates url",
        {
            "reference": _text(examples=["SR-7K3M-2Q9X"]),
            "title": _text(TITLE_LIMIT),
            "description": _text(TEXT_LIMIT),
            "severity": _SEVERITY,
            "state": _STATE,
            "state_label": _text(),
            "case_number": _text(50, description="Microsoft's; empty until known."),
            "transport": _text(enum=["email", "manual"]),
            "transport_note": _text(
                description="How it reaches Microsoft: there is no public interface."
            ),
            "is_test": {"type": "boolean"},
            "contact": _CONTACT,
            "incident": _object(
                "sys_id number", {"sys_id": _text(), "number": _text()}
            ),
            "created_at": _TIME,
            "updated_at": _TIME,
            "updates": {
                "type": "array",
                "items": _ref("ServiceRequestUpdate"),
                "description": "The newest first.",
            },
            "url": _text(format="uri", description="Its page in the portal."),
        },
    ),
    "ServiceRequests": _object(
        "service_requests",
        {"service_requests": {"type": "array", "items": _ref("ServiceRequest")}},
    ),
}
_REFERENCE = {
    "name": "reference",
    "in": "path",
    "required": True,
    "schema": _text(examples=["SR-7K3M-2Q9X"]),
}
PATHS: dict[str, Any] = {
    "/service-requests": {
        "post": {
            "operationId": "requests.open",
            "summary": "Open a service request for an incident",
            "requestBody": {
                "required": True,
                "content": _json(_ref("ServiceRequestToOpen")),
            },
            "responses": {
                "201": _reply("It was opened.", _ref("ServiceRequest")),
                "200": _reply("It was there already.", _ref("ServiceRequest")),
            },
        },
        "get": {
            "operationId": "requests.list",
            "summary": "Service requests of an incident, the newest first",
            "parameters": [
                {
                    "name": "incident",
                    "in": "query",
                    "required": True,
                    "schema": _text(pattern="^[0-9A-Za-z]{32}$"),
                }
            ],
            "responses": {"200": _reply("What there is.", _ref("ServiceRequests"))},
        },
    },
    "/service-requests/{reference}": {
        "get": {
            "operationId": "requests.read",
            "summary": "One service request",
            "parameters": [_REFERENCE],
            "responses": {"200": _reply("The request.", _ref("ServiceRequest"))},
        }
    },
    "/service-requests/{reference}/updates": {
        "post": {
            "operationId": "requests.update",
            "summary": "Tell Microsoft something further, or close the request",
            "parameters": [_REFERENCE],
            "requestBody": {
                "required": True,
                "content": _json(_ref("ServiceRequestToUpdate")),
            },
            "responses": {"201": _reply("It was told.", _ref("ServiceRequest"))},
        }
    },
}
