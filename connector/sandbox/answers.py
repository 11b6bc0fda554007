"""The answers of the REST interface: envelopes, refusals, headers."""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON = "application/json;charset=UTF-8"
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Pragma": "no-store,no-cache",
    "Cache-Control": "no-cache,no-store,must-revalidate,max-age=-1",
    "Expires": "0",
    "Server-Timing": "sem_wait;dur=0, sesh_wait;dur=0",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "Keep-Alive": "timeout=70",
}


class Refusal(Exception):
    """A request that is answered with an error envelope."""

    def __init__(
        self,
        status: int,
        message: str,
        detail: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.detail = detail
        self.headers = headers or {}

    def response(self) -> Response:
        body = {
            "error": {"message": self.message, "detail": self.detail},
            "status": "failure",
        }
        response = json_response(body, self.status)
        response.headers.update(self.headers)
        return response


def json_response(body: Any, status: int = 200) -> Response:
    """Return an answer with a JSON body."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    response = Response(text, status=status)
    response.headers["Content-Type"] = JSON
    return response


def html_response(body: str, status: int = 200) -> Response:
    """Return an answer with a page."""
    return Response(body, status=status, content_type="text/html;charset=UTF-8")


def dress(response: Response, session_id: str, *, is_secure: bool) -> Response:
    """Add what every answer of the instance carries."""
    response.headers.extend(_HEADERS)
    is_signed_in = str(response.status_code != 401).lower()
    response.headers.setdefault("X-Is-Logged-In", is_signed_in)
    response.headers["X-Transaction-ID"] = secrets.token_hex(6)
    # On plain HTTP without "Secure": a client that keeps cookies must show it.
    end = "Path=/; HttpOnly" + ("; SameSite=None; Secure" if is_secure else "")
    for cookie in _cookies(session_id):
        response.headers.add("Set-Cookie", f"{cookie}; {end}")
    return response


def _cookies(session_id: str) -> list[str]:
    gone = "Max-Age=0; Expires=Thu, 01-Jan-1970 00:00:10 GMT"
    node = hashlib.sha256(b"node").hexdigest()
    return [
        f"JSESSIONID={session_id}",
        f"glide_user=; {gone}",
        f"glide_user_session=; {gone}",
        f"glide_user_route=glide.{session_id.lower()}; Max-Age=2147483647",
        f"glide_node_id_for_js={node}",
        f"glide_session_store={session_id}; Max-Age=1800",
        "BIGipServerpool_sandbox=node-1",
    ]


def unauthorized(headers: Mapping[str, str] | None = None) -> Refusal:
    """Refuse whoever is not signed in; the reason is never told."""
    return Refusal(
        401,
        "User is not authenticated",
        "Required to provide Auth information",
        {"WWW-Authenticate": 'BASIC realm="Service-now"', **(headers or {})},
    )


def not_found() -> Refusal:
    """Refuse a sys_id that does not exist or does not show for the user."""
    return Refusal(
        404,
        "No Record found",
        "Record doesn't exist or ACL restricts the record retrieval",
    )


def not_allowed(method: str) -> Refusal:
    """Refuse a method that the resource does not know."""
    return Refusal(405, "Method Not Allowed", f"{method} not supported")


def security_constraints(operation: str) -> Refusal:
    """Refuse an Insert, Update or Delete for want of rights."""
    return Refusal(
        403,
        "Operation Failed",
        f"ACL Exception {operation} Failed due to security constraints",
    )


def insufficient_rights() -> Refusal:
    """Refuse a query that looks at a field the user may not read."""
    return Refusal(
        403,
        "Insufficient rights to query records",
        "Field(s) present in the query do not have permission to be read",
    )


def api_level() -> Refusal:
    """Refuse who may not ask a resource anything at all."""
    return Refusal(403, "User Not Authorized", "Failed API level ACL Validation")


def too_large(size: int, most: int) -> Refusal:
    """Refuse a body that is longer than the instance reads."""
    detail = (
        f"Rejected large REST payload with content-length = {size} bytes. "
        f"Max allowed: {most} bytes."
    )
    return Refusal(400, "Exception while reading request", detail)


def aborted(table: str, rule: str) -> Refusal:
    """Refuse as a business rule does; its own words do not cross REST."""
    return Refusal(
        403,
        "Operation Failed",
        f"Operation against file '{table}' was aborted by Business Rule '{rule}'. "
        f"Business Rule Stack:{rule.partition('^')[0]}",
    )


def data_policy(labels: list[str]) -> Refusal:
    """Refuse a row whose mandatory fields are empty; it names their labels."""
    return Refusal(
        403,
        "Operation Failed",
        "Data Policy Exception: The following fields are mandatory: "
        + ", ".join(labels),
    )
