"""The self-test and the service health incidents, as the document describes them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tickets.support.api.describing import (
    FLAG,
    MOMENT,
    MOMENT_OR_NULL,
    TEXT,
    listed,
    obj,
    of_form,
    operation,
)
from tickets.support.api.health_endpoints import SearchForm
from tickets.support.setups import FEATURES, SETUPS

# By the path after the repository's address.
PATHS = {
    "/": {
        "get": operation(
            "self_test",
            _("How the repository is set up; needs no role and no complete set-up."),
            {200: "SelfTest"},
        )
    },
    "/health-incidents/search": {
        "post": operation(
            "health.search",
            _(
                "Microsoft's known issues that an incident seems to be about, at most 10."
            ),
            {200: "HealthIncidents"},
            body="HealthSearch",
        )
    },
}
SCHEMAS = {
    "SelfTest": obj(
        repository_id=TEXT,
        organization=TEXT,
        setup={"type": ["string", "null"], "enum": [*(s.id for s in SETUPS), None]},
        features={
            "type": "array",
            "items": {"type": "string", "enum": [one.id for one in FEATURES]},
        },
        is_test=FLAG,
        is_complete=FLAG,
        app_id=TEXT,
        version={"type": "string", "enum": ["1"]},
        server_time=MOMENT,
    ),
    "HealthSearch": of_form(SearchForm),
    "HealthIncidents": obj(incidents=listed("HealthIncident")),
    "HealthIncident": obj(
        id=TEXT,
        title=TEXT,
        service=TEXT,
        status={**TEXT, "description": "Microsoft's word for it, in lower case."},
        status_label=TEXT,
        classification={**TEXT, "description": "incident or advisory."},
        user_impact=TEXT,
        scope={**TEXT, "description": "Empty where Microsoft does not tell it."},
        next_update={**TEXT, "description": "In Microsoft's own words."},
        next_update_at={
            **MOMENT_OR_NULL,
            "description": "null where the words name no time that can be read.",
        },
        latest_update={**TEXT, "description": "Plain text, at most 4,000 characters."},
        started_at=MOMENT_OR_NULL,
        updated_at=MOMENT_OR_NULL,
        resolved=FLAG,
        url={"type": "string", "format": "uri"},
        score={"type": "integer", "minimum": 0, "maximum": 100},
        matched_words={"type": "array", "items": TEXT},
    ),
}
