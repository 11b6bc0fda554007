"""The part of the OpenAPI document that describes service requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tickets.support.api.describing import (
    FLAG,
    MOMENT,
    TEXT,
    listed,
    obj,
    of_form,
    operation,
    query,
)
from tickets.support.service_requests.endpoints import (
    ContactForm,
    OpenForm,
    UpdateForm,
)
from tickets.support.service_requests.states import Severity, State

if TYPE_CHECKING:
    from tickets.support.api.describing import Json

_REFERENCE: Json = {
    "name": "reference",
    "in": "path",
    "required": True,
    "description": "Of the request, such as SR-7K3M-2Q9X.",
    "schema": TEXT,
}
_SIDES: Json = {"type": "string", "enum": ["microsoft", "agent", "portal"]}
_UPDATE = {"id": {"type": "string", "format": "uuid"}, "at": MOMENT, "author": TEXT}

SCHEMAS: Json = {
    "ServiceRequestToOpen": of_form(OpenForm),
    "ServiceRequestToUpdate": of_form(UpdateForm),
    # "from" is a word of Python's own.
    "ServiceRequestUpdate": obj(**{**_UPDATE, "from": _SIDES, "text": TEXT}),
    "ServiceRequest": obj(
        reference={**TEXT, "examples": ["SR-7K3M-2Q9X"]},
        title=TEXT,
        description=TEXT,
        severity={**TEXT, "enum": Severity.values},
        state={**TEXT, "enum": State.values},
        state_label=TEXT,
        case_number={**TEXT, "description": "Microsoft's; empty until it is known."},
        transport={**TEXT, "enum": ["email", "manual"]},
        transport_note={
            **TEXT,
            "description": "How it reaches Microsoft: there is no public interface.",
        },
        is_test=FLAG,
        contact=of_form(ContactForm),
        incident=obj(sys_id=TEXT, number=TEXT),
        created_at=MOMENT,
        updated_at=MOMENT,
        updates={
            **listed("ServiceRequestUpdate"),
            "description": "The newest first, a hundred at most.",
        },
        url={**TEXT, "format": "uri", "description": "Its page in the portal."},
    ),
    "ServiceRequests": obj(service_requests=listed("ServiceRequest")),
}

PATHS: Json = {
    "/service-requests": {
        "post": operation(
            "requests.open",
            "Open a service request for an incident; the same id opens it once",
            {201: "ServiceRequest", 200: "ServiceRequest"},
            body="ServiceRequestToOpen",
        ),
        "get": operation(
            "requests.list",
            "Service requests of an incident, the newest first",
            {200: "ServiceRequests"},
            parameters=[query("incident", "sys_id of the incident.")],
        ),
    },
    "/service-requests/{reference}": {
        "get": operation(
            "requests.read",
            "One service request",
            {200: "ServiceRequest"},
            parameters=[_REFERENCE],
        )
    },
    "/service-requests/{reference}/updates": {
        "post": operation(
            "requests.update",
            "Tell Microsoft something further, or close the request",
            {201: "ServiceRequest"},
            body="ServiceRequestToUpdate",
            parameters=[_REFERENCE],
        )
    },
}
