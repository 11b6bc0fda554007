"""What a call carries beside its token: its JSON object, and who works on the instance."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

from django.http.request import UnreadablePostError

from tickets.support.api.endpoints import Agent
from tickets.support.api.errors import ApiError
from tickets.support.call_models import Occasion
from tickets.support.guide_parts import APP_SCOPE

if TYPE_CHECKING:
    from django.http import HttpRequest

LARGEST_BODY = 256 * 1024
_MOST_ROLES = 20


def body(request: HttpRequest) -> dict[str, Any]:
    """Return the JSON object of the call, an empty one where none belongs.

    Raises "too_large" and "not_json".
    """
    if request.method in {"GET", "HEAD"}:
        return {}
    if request.content_type != "application/json":
        kind = (request.content_type or "")[:100]
        raise ApiError("not_json", words=f"Content-Type: {kind}")
    found = _parsed(_read(request))
    if not isinstance(found, dict):
        raise ApiError("not_json", words=f"a JSON {type(found).__name__}")
    return found


def _read(request: HttpRequest) -> bytes:
    try:
        sent = request.read(LARGEST_BODY + 1)
    except UnreadablePostError as error:
        raise ApiError("not_json", words="The body did not arrive.") from error
    if len(sent) > LARGEST_BODY:
        raise ApiError("too_large", limit=LARGEST_BODY // 1024)
    return sent


def _parsed(sent: bytes) -> Any:
    try:
        found = json.loads(sent.decode(), parse_constant=_refuse)
        # Half a pair of surrogates is no text: no database would take it.
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise ApiError(
            "not_json", words=f"{type(error).__name__} in the body"
        ) from error
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def agent(request: HttpRequest) -> Agent:
    """Return who works on the instance, with the roles of the app the instance names."""
    roles = _header(request, "X-ServiceNow-User-Roles", 2000).split(",")[:_MOST_ROLES]
    return Agent(
        user_name=_header(request, "X-ServiceNow-User", 100),
        email=_header(request, "X-ServiceNow-User-Email", 254),
        # Within its own scope the app calls them by their short names.
        roles=frozenset(one.strip().removeprefix(f"{APP_SCOPE}.") for one in roles),
    )


def occasion(request: HttpRequest) -> str:
    """Return what the agent did, as far as the app says it in words that are known."""
    said = request.headers.get("X-ServiceNow-Occasion", "")
    return said if said in Occasion.values else ""


def _header(request: HttpRequest, name: str, longest: int) -> str:
    text = request.headers.get(name, "")
    try:
        # Bytes beyond ASCII come as Latin-1, whatever they were meant to be.
        text = text.encode("latin-1").decode()
    except UnicodeError:
        pass
    return text.replace("\0", "").strip()[:longest]
