"""Issue access tokens to applications, as the Microsoft identity platform does."""

from __future__ import annotations

import base64
import json
import os
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from werkzeug.wrappers import Response

from connector.sandbox import graph_directory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Request

LIFETIME_IN_SECONDS = 3599


class TokenError(Exception):
    """A refusal with its OAuth error, its number and its HTTP status."""

    def __init__(self, error: str, number: int, message: str, status: int) -> None:
        super().__init__(f"AADSTS{number}: {message}")
        self.error = error
        self.number = number
        self.status = status


def discover(tenant: str) -> Response:
    """Answer with the addresses of the directory, if it is known."""
    try:
        check_directory(tenant)
    except TokenError as error:
        return refuse(error)
    return reply(graph_directory.discovery(tenant), 200)


def issue(request: Request, tenant: str) -> Response:
    """Answer a request of the client credentials grant."""
    if request.method != "POST":
        return Response("", status=405, headers={"Allow": "POST"})
    try:
        check_directory(tenant)
        _check(request.form)
    except TokenError as error:
        return refuse(error)
    body = {
        "token_type": "Bearer",
        "expires_in": LIFETIME_IN_SECONDS,
        "ext_expires_in": LIFETIME_IN_SECONDS,
        "access_token": _new_token(request.form["client_id"]),
    }
    return reply(body, 200)


def check_directory(tenant: str) -> None:
    """Raise TokenError where no such directory is known."""
    if not graph_directory.is_known(tenant):
        message = (
            f"Tenant '{tenant}' not found. Check to make sure you have the correct "
            "tenant ID and are signing into the correct cloud."
        )
        raise TokenError("invalid_tenant", 90002, message, 400)


def _check(form: Mapping[str, str]) -> None:
    proof = "client_assertion" if "client_assertion" in form else "client_secret"
    for name in ("grant_type", "client_id", proof, "scope"):
        if not form.get(name):
            message = f"The request body must contain the parameter '{name}'."
            raise TokenError("invalid_request", 900144, message, 400)
    if form["grant_type"] != "client_credentials":
        message = "The grant type is not supported."
        raise TokenError("unsupported_grant_type", 70003, message, 400)
    if not form["scope"].endswith("/.default"):
        message = "The scope must be a resource followed by /.default."
        raise TokenError("invalid_scope", 1002012, message, 400)
    _check_client(form)


def _check_client(form: Mapping[str, str]) -> None:
    if not _is_expected(form["client_id"], "SANDBOX_GRAPH_CLIENT_ID"):
        message = "The application was not found in the directory."
        raise TokenError("unauthorized_client", 700016, message, 400)
    if "client_assertion" in form:
        _check_certificate(form["client_assertion"])
    else:
        _check_secret(form["client_secret"])


def _check_secret(secret: str) -> None:
    state = graph_directory.here.secret
    if state == "expired":
        message = "The provided client secret keys for the app are expired."
        raise TokenError("invalid_client", 7000222, message, 401)
    if state or not _is_expected(secret, "SANDBOX_GRAPH_CLIENT_SECRET"):
        message = "Invalid client secret provided. Ensure the secret being sent is the client secret value, not the client secret ID."
        raise TokenError("invalid_client", 7000215, message, 401)


def _check_certificate(assertion: str) -> None:
    head = assertion.partition(".")[0]
    try:
        named = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except ValueError:
        named = {}
    thumbprint = str(named.get("x5t#S256", "")).rstrip("=")
    if not thumbprint or thumbprint != graph_directory.here.certificate:
        message = "The certificate with identifier used to sign the client assertion is not registered on application."
        raise TokenError("invalid_client", 700027, message, 401)


def _is_expected(given: str, variable: str) -> bool:
    expected = os.environ.get(variable)
    return not expected or secrets.compare_digest(given.encode(), expected.encode())


def _new_token(client_id: str) -> str:
    if graph_directory.here.roles is not None:
        return graph_directory.issue(client_id)
    return os.environ.get("SANDBOX_GRAPH_TOKEN") or secrets.token_urlsafe(48)


def refuse(error: TokenError) -> Response:
    """Answer in the error shape of the token endpoint."""
    body = {
        "error": error.error,
        "error_description": str(error),
        "error_codes": [error.number],
        "timestamp": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ"),
        "trace_id": str(uuid4()),
        "correlation_id": str(uuid4()),
    }
    return reply(body, error.status)


def reply(body: dict[str, Any], status: int = 200) -> Response:
    """Answer with JSON that nobody may keep."""
    response = Response(json.dumps(body), status=status)
    response.content_type = "application/json; charset=utf-8"
    response.headers["Cache-Control"] = "no-store, no-cache"
    return response
