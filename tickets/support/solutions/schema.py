"""Recommended solutions as the document of the connector API describes them."""

from __future__ import annotations

from typing import Any

from tickets.support.solutions.models import COMMENT_LIMIT, Document

_TEXT = {"type": "string"}
_MOMENT = {"type": "string", "format": "date-time"}
_WORDS = {"type": "array", "items": _TEXT}
_SYS_ID = {"type": "string", "pattern": "^[0-9a-f]{32}$"}


def _object(required: list[str], **members: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": members,
        "required": required,
    }


def _json(name: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{name}"}
    return {"content": {"application/json": {"schema": schema}}}


SCHEMAS: dict[str, Any] = {
    "Solution": _object(
        ["id", "title", "snippet", "source", "source_label", "url", "score"],
        id=_TEXT,
        number=_TEXT,
        title=_TEXT,
        snippet={
            "type": "string",
            "description": "HTML; <mark> around matched words is its only markup.",
        },
        source={"type": "string", "enum": list(Document.Source.values)},
        source_label=_TEXT,
        services=_WORDS,
        url={"type": "string", "format": "uri"},
        score={"type": "integer", "minimum": 0, "maximum": 100},
        matched_words=_WORDS,
        updated_at={"type": ["string", "null"], "format": "date-time"},
        html={
            "type": "string",
            "description": "The whole text as cleaned HTML, where it may be read here.",
        },
    ),
    "SolutionSearch": _object(
        [],
        text={"type": "string", "maxLength": 4000},
        short_description={"type": "string", "maxLength": 1000},
        description={"type": "string", "maxLength": 20_000},
        incident=_object(
            ["sys_id"], sys_id=_SYS_ID, number={"type": "string", "maxLength": 40}
        ),
        limit={"type": "integer", "minimum": 1, "maximum": 20, "default": 5},
    ),
    "SolutionsFound": _object(
        ["search_id", "solutions"],
        search_id={"type": ["string", "null"], "format": "uuid"},
        solutions={
            "type": "array",
            "items": {"$ref": "#/components/schemas/Solution"},
        },
        searched_at={
            **_MOMENT,
            "type": ["string", "null"],
            "description": "Only of what an earlier search showed.",
        },
    ),
    "SolutionFeedback": _object(
        ["helpful", "search_id"],
        helpful={"type": "boolean"},
        search_id={"type": "string", "format": "uuid"},
        comment={"type": "string", "maxLength": COMMENT_LIMIT},
    ),
}

PATHS: dict[str, Any] = {
    "/solutions/search": {
        "post": {
            "operationId": "solutions.search",
            "summary": "Search recommended solutions for words or an incident",
            "requestBody": {"required": True, **_json("SolutionSearch")},
            "responses": {
                "200": {
                    "description": "The best answers, the best first",
                    **_json("SolutionsFound"),
                }
            },
        }
    },
    "/solutions": {
        "get": {
            "operationId": "solutions.incident",
            "summary": "What the last search for an incident showed",
            "parameters": [
                {
                    "name": "incident",
                    "in": "query",
                    "required": True,
                    "schema": _SYS_ID,
                }
            ],
            "responses": {
                "200": {
                    "description": "The same as then; empty if there was no search",
                    **_json("SolutionsFound"),
                }
            },
        }
    },
    "/solutions/{id}/feedback": {
        "post": {
            "operationId": "solutions.feedback",
            "summary": "Say whether a solution of a search helped; may be changed",
            "parameters": [
                {"name": "id", "in": "path", "required": True, "schema": _TEXT}
            ],
            "requestBody": {"required": True, **_json("SolutionFeedback")},
            "responses": {"204": {"description": "Kept"}},
        }
    },
}
