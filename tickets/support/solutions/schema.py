"""Recommended solutions as the document of the connector API describes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from tickets.support.api.describing import (
    MOMENT_OR_NULL,
    TEXT,
    listed,
    obj,
    of_form,
    operation,
)
from tickets.support.solutions.endpoints import FeedbackForm, SearchForm
from tickets.support.solutions.models import Document

if TYPE_CHECKING:
    from tickets.support.api.describing import Json

_WORDS: Json = {"type": "array", "items": TEXT}
_INCIDENT: Json = {
    "name": "incident",
    "in": "query",
    "required": True,
    "description": "The incident's sys_id.",
    "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
}
_ID: Json = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "A solution that the search showed.",
    "schema": TEXT,
}

PATHS: Json = {
    "/solutions/search": {
        "post": operation(
            "solutions.search",
            _("The solutions that answer words or an incident, the best first."),
            {200: "SolutionsFound"},
            body="SolutionSearch",
        )
    },
    "/solutions": {
        "get": operation(
            "solutions.incident",
            _("What the last search for an incident showed; empty if there was none."),
            {200: "SolutionsShown"},
            parameters=[_INCIDENT],
        )
    },
    "/solutions/{id}/feedback": {
        "post": operation(
            "solutions.feedback",
            _("Whether a solution of a search helped; a later word replaces it."),
            {204: ""},
            body="SolutionFeedback",
            parameters=[_ID],
        )
    },
}
SCHEMAS: Json = {
    "SolutionSearch": of_form(SearchForm),
    "SolutionFeedback": of_form(FeedbackForm),
    "SolutionsFound": obj(
        search_id={"type": "string", "format": "uuid"},
        solutions=listed("Solution"),
    ),
    "SolutionsShown": obj(
        search_id={"type": ["string", "null"], "format": "uuid"},
        searched_at=MOMENT_OR_NULL,
        solutions=listed("Solution"),
    ),
    "Solution": obj(
        optional=["html"],
        id=TEXT,
        number={**TEXT, "description": "As its source names it; may be empty."},
        title=TEXT,
        snippet={
            **TEXT,
            "description": "Plain text: the part that answers, for matched_words.",
        },
        source={"type": "string", "enum": list(Document.Source.values)},
        source_label=TEXT,
        services=_WORDS,
        url={"type": "string", "format": "uri"},
        score={"type": "integer", "minimum": 0, "maximum": 100},
        matched_words=_WORDS,
        updated_at=MOMENT_OR_NULL,
        html={
            **TEXT,
            "description": "The whole text as cleaned HTML, where it may be read here.",
        },
    ),
}
