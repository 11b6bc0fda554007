"""Answer as Microsoft Graph does for Secure Score and service health of one tenant."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from hmac import compare_digest
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from werkzeug.wrappers import Response

from connector.sandbox import (
    controls,
    graph_announcements,
    graph_directory,
    graph_odata,
    graph_scores,
    graph_token,
    graph_writes,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Request

Json = dict[str, Any]

CONTENT_TYPE = (
    "application/json;odata.metadata=minimal;odata.streaming=true;"
    "IEEE754Compatible=false;charset=utf-8"
)
PAGE_SIZES = {"secureScores": 30, "secureScoreControlProfiles": 50}
ANNOUNCED = ("healthOverviews", "issues", "messages")
CODES = {
    400: "invalidRequest",
    401: "InvalidAuthenticationToken",
    403: "accessDenied",
    404: "itemNotFound",
    405: "notAllowed",
    429: "activityLimitReached",
    503: "serviceNotAvailable",
}


FORBIDDEN = (
    "Auth token does not contain valid permissions or user does not have valid roles."
)


@dataclass(frozen=True)
class Fault:
    """How one coming request is refused."""

    status: int = 429
    retry_after: int | None = None


class GraphError(Exception):
    """An answer in the error shape of Graph."""

    def __init__(
        self, status: int, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}


# The next requests take these one by one; tests may append to the list themselves.
faults: list[Fault] = []


def handle(request: Request) -> Response | None:
    """Answer a request under /graph/; None says that the path is not Graph's."""
    if not request.path.startswith("/graph/"):
        return None
    parts = request.path.strip("/").split("/")[1:]
    if parts == ["_control"]:
        return _control(request)
    if parts[1:] == ["oauth2", "v2.0", "token"]:
        return graph_token.issue(request, parts[0])
    if parts[1:] == ["v2.0", ".well-known", "openid-configuration"]:
        return graph_token.discover(parts[0])
    return _api(request, parts)


def reset() -> None:
    """Forget waiting faults and every change of a profile."""
    faults.clear()
    graph_writes.waiting.clear()
    controls.forget_updates()
    graph_directory.reset()
    graph_announcements.reset()


def _api(request: Request, parts: list[str]) -> Response:
    request_id = str(uuid4())
    client_request_id = request.headers.get("client-request-id", request_id)
    try:
        _raise_fault()
        _check_token(request, parts)
        response = _answer(request, parts)
    except GraphError as error:
        response = _refuse(error, request_id, client_request_id)
    response.headers["request-id"] = request_id
    response.headers["client-request-id"] = client_request_id
    return response


def _raise_fault() -> None:
    try:
        fault = faults.pop(0)
    except IndexError:
        return
    headers = {}
    if fault.retry_after is not None:
        headers["Retry-After"] = str(fault.retry_after)
    raise GraphError(fault.status, "The request was refused on purpose.", headers)


def _check_token(request: Request, parts: list[str]) -> None:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    challenge = {"WWW-Authenticate": 'Bearer realm=""'}
    if scheme.lower() != "bearer" or not given.strip():
        raise GraphError(401, "Access token is empty.", challenge)
    token = given.strip()
    expected = os.environ.get("SANDBOX_GRAPH_TOKEN")
    is_ours = token in graph_directory.here.issued
    if expected and not is_ours and not compare_digest(token, expected):
        raise GraphError(401, "The access token is expired or not valid.", challenge)
    allowed = _permissions(request, parts)
    if graph_directory.lacks(token, allowed):
        raise GraphError(403, f"{FORBIDDEN} Allowed scopes: {','.join(allowed)}.")


def _permissions(request: Request, parts: list[str]) -> tuple[str, ...]:
    if "serviceAnnouncement" in parts:
        is_message = "messages" in parts
        return (
            graph_announcements.MESSAGES if is_message else graph_announcements.HEALTH
        )
    return graph_directory.READ if request.method == "GET" else graph_directory.WRITE


def _answer(request: Request, parts: list[str]) -> Response:
    match parts:
        case ["v1.0", "admin", "serviceAnnouncement", name] if name in ANNOUNCED:
            _allow(request, "GET")
            return _announced(request, name)
        case ["v1.0", "security", ("secureScores" | "secureScoreControlProfiles") as s]:
            _allow(request, "GET")
            return _collection(request, s)
        case ["v1.0", "security", "secureScores", key]:
            _allow(request, "GET")
            return _entity(request, "secureScores", _score(key))
        case ["v1.0", "security", "secureScoreControlProfiles", key]:
            _allow(request, "GET", "PATCH")
            return _profile(request, key)
    raise GraphError(404, f"There is no resource at '{request.path}'.")


def _allow(request: Request, *methods: str) -> None:
    if request.method not in methods:
        raise GraphError(
            405, "The method is not allowed here.", {"Allow": ", ".join(methods)}
        )


def _collection(request: Request, name: str) -> Response:
    rows = _scores() if name == "secureScores" else _profiles()
    try:
        page = graph_odata.page(
            rows, request.args, url=request.base_url, size=PAGE_SIZES[name]
        )
    except graph_odata.BadQueryError as error:
        raise GraphError(400, str(error)) from error
    return _reply({"@odata.context": _context(request, name), **page})


def _announced(request: Request, name: str) -> Response:
    size = graph_announcements.page_size(request.headers.get("Prefer", ""))
    rows = graph_announcements.rows(name)
    try:
        page = graph_odata.page(
            rows, request.args, url=request.base_url, size=size, by_skip=True
        )
    except graph_odata.BadQueryError as error:
        raise GraphError(400, str(error)) from error
    context = f"{request.url_root}graph/v1.0/$metadata#admin/serviceAnnouncement/{name}"
    return _reply({"@odata.context": context, **page})


def _scores() -> list[Json]:
    crowd = graph_directory.here.scored
    rows = graph_scores.scores()
    return [graph_scores.with_crowd(row, crowd) for row in rows] if crowd else rows


def _profiles() -> list[Json]:
    known = controls.profiles()
    return known + controls.crowd(graph_directory.here.profiles - len(known))


def _entity(request: Request, name: str, row: Json) -> Response:
    try:
        [chosen] = graph_odata.select([row], request.args)
    except graph_odata.BadQueryError as error:
        raise GraphError(400, str(error)) from error
    return _reply({"@odata.context": f"{_context(request, name)}/$entity", **chosen})


def _context(request: Request, name: str) -> str:
    return f"{request.url_root}graph/v1.0/$metadata#security/{name}"


def _score(key: str) -> Json:
    for row in graph_scores.scores():
        if row["id"] == key:
            return row
    raise GraphError(404, f"There is no score '{key}'.")


def _profile(request: Request, key: str) -> Response:
    if key not in controls.CONTROLS:
        raise GraphError(404, f"There is no control profile '{key}'.")
    name = "secureScoreControlProfiles"
    if request.method == "GET":
        return _entity(request, name, controls.profile(key))
    _write(request, key)
    if "return=representation" not in request.headers.get("Prefer", ""):
        return Response(status=204)
    response = _entity(request, name, controls.profile(key))
    response.headers["Preference-Applied"] = "return=representation"
    return response


def _write(request: Request, key: str) -> None:
    how = graph_writes.next_mode()
    if how == "forbidden":
        raise GraphError(
            403,
            "Missing scopes. The application needs SecurityEvents.ReadWrite.All.",
        )
    controls.update(key, _checked_change(request, key))
    if how == "bounced":
        controls.update(key, {"state": "Default"})
    if how == "lost":
        raise GraphError(504, "The upstream service did not answer in time.")


def _checked_change(request: Request, key: str) -> Json:
    change = _body(request)
    vendor = change.get("vendorInformation")
    if key.startswith("scid_"):
        raise GraphError(400, "The state of a device control cannot be set here.")
    if not isinstance(vendor, dict) or not (
        vendor.get("provider") and vendor.get("vendor")
    ):
        raise GraphError(400, "vendorInformation needs a provider and a vendor.")
    if change.get("state", "Default") not in controls.STATES:
        raise GraphError(400, f"The state '{change['state']}' is not known.")
    for name in ("assignedTo", "comment"):
        if not isinstance(change.get(name), str | None):
            raise GraphError(400, f"The property '{name}' must be a string.")
    return change


def _body(request: Request) -> Json:
    try:
        body = json.loads(request.get_data())
    except ValueError as error:
        raise GraphError(400, "The body is not valid JSON.") from error
    if not isinstance(body, dict):
        raise GraphError(400, "The body must be an object.")
    return body


def _reply(body: Json, status: int = 200) -> Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    response = Response(text, status=status, content_type=CONTENT_TYPE)
    response.headers["OData-Version"] = "4.0"
    response.headers["Cache-Control"] = "no-cache"
    return response


def _refuse(error: GraphError, request_id: str, client_request_id: str) -> Response:
    inner = {
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "request-id": request_id,
        "client-request-id": client_request_id,
    }
    if error.status == 429:
        inner["code"] = "throttledRequest"
    code = CODES.get(error.status, "generalException")
    body = {"error": {"code": code, "message": str(error), "innerError": inner}}
    response = _reply(body, error.status)
    response.headers.update(error.headers)
    return response


def _control(request: Request) -> Response:
    try:
        _allow(request, "GET", "PUT", "DELETE")
        if request.method == "DELETE":
            reset()
        told = _take_orders(_body(request)) if request.method == "PUT" else {}
    except GraphError as error:
        return _refuse(error, str(uuid4()), "")
    return _reply({"waiting": len(faults), **told})


def _take_orders(wish: Json) -> Json:
    modes = wish.pop("writes", None)
    if modes is None:
        return _change(wish)
    if not isinstance(modes, list) or any(m not in graph_writes.MODES for m in modes):
        known = ", ".join(graph_writes.MODES)
        raise GraphError(400, f"writes must be a list of: {known}.")
    graph_writes.waiting[:] = modes
    return {}


def _change(wish: Json) -> Json:
    try:
        if wish.keys() & set(graph_announcements.SETTINGS):
            return graph_announcements.change(wish)
        graph_directory.change(wish)
    except ValueError as error:
        raise GraphError(400, str(error)) from error
    is_of_directory = wish.keys() & set(graph_directory.SETTINGS)
    faults[:] = [] if is_of_directory else _wanted_faults(wish)
    return {}


def _wanted_faults(wish: Json) -> list[Fault]:
    count, retry_after = wish.get("throttle", 1), wish.get("retry_after")
    status = wish.get("error", 429)
    if not isinstance(count, int) or not 0 <= count <= 10_000:
        raise GraphError(400, "throttle must be a number of requests.")
    if not isinstance(retry_after, int | None):
        raise GraphError(400, "retry_after must be whole seconds.")
    if not isinstance(status, int) or not 400 <= status <= 599:
        raise GraphError(400, "error must be an HTTP status from 400 to 599.")
    return [Fault(status, retry_after)] * count
