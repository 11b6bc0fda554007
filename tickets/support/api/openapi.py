"""The OpenAPI document: made of the registry of endpoints and what packages say of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.urls import reverse

from tickets.support.api import schema
from tickets.support.api.describing import obj, ref
from tickets.support.api.endpoints import REGISTRY, Endpoint
from tickets.support.api.error_texts import PROBLEMS
from tickets.support.service_requests import schema as request_schema
from tickets.support.solutions import schema as solution_schema

if TYPE_CHECKING:
    from tickets.support.api.describing import Json

# Every package that has endpoints is named here.
PACKAGES = (schema, request_schema, solution_schema)
_VERSION = "1"
_ERROR = obj(
    optional=["fields"],
    code={"type": "string", "enum": list(PROBLEMS)},
    message={"type": "string", "description": "What the agent's form shows."},
    cause={"type": "string", "description": "For administrators."},
    repair={"type": "string", "description": "For administrators."},
    situations={
        "type": "array",
        "items": {"type": "integer", "minimum": 1, "maximum": 16},
        "description": "Rows of the table of troubles in Microsoft's document.",
    },
    request_id={"type": "string", "description": "As in the header X-Request-ID."},
    fields={
        "type": "object",
        "additionalProperties": {"type": "string"},
        "description": "What is wrong, by member.",
    },
)
_ALWAYS = (401, 404, 405, 429, 500, 503)
HEADERS = {
    "X-ServiceNow-User": "user_name of the agent.",
    "X-ServiceNow-User-Email": "E-mail address of the agent.",
    "X-ServiceNow-User-Roles": "The app's roles of the agent, with commas between them: insights_user, administrator.",
    "X-ServiceNow-Occasion": "What the agent did, for the diagnosis alone: recommended, search, contact, saving, or solutions_again for an incident that was just opened.",
}


def document() -> Json:
    """Return the whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Connector API of the security center portal",
            "version": _VERSION,
            "description": "What the app Microsoft 365 support on a ServiceNow instance calls with an application token of Microsoft Entra ID.",
        },
        "servers": [{"url": settings.SITE_URL}],
        "security": [{"entra": []}],
        "paths": _paths(),
        "components": {
            "schemas": _schemas(),
            "responses": {f"Error{status}": _error(status) for status in _statuses()},
            "parameters": _parameters(),
            "headers": {"RetryAfter": _retry_after()},
            "securitySchemes": {"entra": _scheme()},
        },
    }


def _paths() -> Json:
    # Whatever an address is named by, the repository comes first.
    base = reverse("support_api:self_test", args=["KEY"])
    base = base.replace("KEY", "{connector_key}").rstrip("/")
    return {
        f"{base}{path}": {
            method: _completed(described) for method, described in item.items()
        }
        for package in PACKAGES
        for path, item in package.PATHS.items()
    }


def _completed(described: Json) -> Json:
    """Add what is the same for all operations: headers, and what can go wrong."""
    endpoint = REGISTRY[described["operationId"]]
    shared = [_parameter("connector_key"), *map(_parameter, HEADERS)]
    failures = {
        str(status): {"$ref": f"#/components/responses/Error{status}"}
        for status in _failures(endpoint, described)
    }
    return {
        **described,
        "tags": [str(endpoint.feature.label) if endpoint.feature else "Connection"],
        "parameters": [*shared, *described.get("parameters", [])],
        "responses": {**described["responses"], **failures},
        "x-role": endpoint.role,
        "x-feature": endpoint.feature.id if endpoint.feature else "",
    }


def _failures(endpoint: Endpoint, described: Json) -> list[int]:
    found = {*_ALWAYS, 409}
    if endpoint.feature or endpoint.role:
        found.add(403)
    if "requestBody" in described:
        found |= {400, 413, 415}
    if described.get("parameters"):
        found.add(400)
    return sorted(found)


def _statuses() -> list[int]:
    return sorted({problem.status for problem in PROBLEMS.values()})


def _error(status: int) -> Json:
    codes = [code for code, one in PROBLEMS.items() if one.status == status]
    answer: Json = {
        "description": ", ".join(codes),
        "content": {"application/json": {"schema": ref("Error")}},
    }
    if status in {429, 503}:
        header = {"$ref": "#/components/headers/RetryAfter"}
        answer["headers"] = {"Retry-After": header}
    return answer


def _schemas() -> Json:
    merged: Json = {"Error": obj(error=_ERROR)}
    for package in PACKAGES:
        merged |= package.SCHEMAS
    return merged


def _parameter(name: str) -> Json:
    return {"$ref": f"#/components/parameters/{name}"}


def _parameters() -> Json:
    key: Json = {
        "name": "connector_key",
        "in": "path",
        "required": True,
        "description": "Names the repository.",
        "schema": {"type": "string", "format": "uuid"},
    }
    headers = {name: _header(name, text) for name, text in HEADERS.items()}
    return {"connector_key": key, **headers}


def _header(name: str, description: str) -> Json:
    return {
        "name": name,
        "in": "header",
        "description": description,
        "schema": {"type": "string"},
    }


def _retry_after() -> Json:
    return {"description": "Seconds to wait.", "schema": {"type": "integer"}}


def _scheme() -> dict[str, Any]:
    return {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An application token of Microsoft Entra ID by client credentials, version 1 or 2, whose audience is the Outbound App ID.",
    }
