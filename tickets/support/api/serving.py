"""How a call is answered: checked, handed to its endpoint, logged; always in JSON."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from connector import audit
from tickets.support.api import parsing
from tickets.support.api.authentication import authenticate
from tickets.support.api.endpoints import ApiCall
from tickets.support.api.errors import ApiError
from tickets.support.api.inbound import Entry

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

    from tickets.support.api.authentication import Caller
    from tickets.support.api.endpoints import Agent, Endpoint, Reply

    View = Callable[..., HttpResponse]

logger = logging.getLogger(__name__)


def serve(*endpoints: Endpoint) -> View:
    """Return the view of one address: each endpoint answers its own methods."""

    @csrf_exempt
    @login_not_required
    def view(request: HttpRequest, key: str, **named: Any) -> HttpResponse:
        if request.method == "OPTIONS":
            return finish(HttpResponse(status=204, headers={"Allow": allowed}))
        return _answer(request, endpoints, key, named)

    allowed = _allowed(endpoints)
    # Not for people: the token is what is asked for.
    view.takes_token = True  # type: ignore[attr-defined]
    view.endpoints = endpoints  # type: ignore[attr-defined]
    return view


def _answer(
    request: HttpRequest, endpoints: tuple[Endpoint, ...], key: str, named: Any
) -> HttpResponse:
    endpoint = _chosen(request, endpoints)
    entry = Entry(request, (endpoint or endpoints[0]).operation)
    problem = None
    try:
        caller = authenticate(request, key, entry)
        if endpoint is None:
            raise _wrong_method(request, endpoints)
        response = _success(
            endpoint.handler(_call(request, endpoint, caller, entry), **named)
        )
    except ApiError as error:
        problem = error
    except Exception:
        # The one place: whatever an endpoint did not foresee is answered in JSON and
        # logged. What it wrote was undone with its own transaction.
        logger.exception("%s failed", entry.operation)
        problem = ApiError(endpoint.on_failure if endpoint else "unexpected_error")
    if problem:
        response = refusal(problem)
    entry.write(response.status_code, problem)
    return response


def _chosen(request: HttpRequest, endpoints: tuple[Endpoint, ...]) -> Endpoint | None:
    method = "GET" if request.method == "HEAD" else request.method
    return next((one for one in endpoints if method in one.methods), None)


def _allowed(endpoints: tuple[Endpoint, ...]) -> str:
    methods = [method for one in endpoints for method in one.methods]
    return ", ".join([*methods, *(["HEAD"] if "GET" in methods else []), "OPTIONS"])


def _wrong_method(request: HttpRequest, endpoints: tuple[Endpoint, ...]) -> ApiError:
    method = (request.method or "")[:10]
    return ApiError("method_not_allowed", method=method, allowed=_allowed(endpoints))


def _call(
    request: HttpRequest, endpoint: Endpoint, caller: Caller, entry: Entry
) -> ApiCall:
    agent = parsing.agent(request)
    entry.user_name = agent.user_name
    _admit(endpoint, caller, agent)
    body = parsing.body(request)
    return ApiCall(request, caller.repository, caller.integration, agent, body)


def _admit(endpoint: Endpoint, caller: Caller, agent: Agent) -> None:
    """See that the set-up has the feature and the agent the role."""
    setup = caller.integration.setup
    if endpoint.feature:
        if setup is None or not caller.repository.is_complete_for(setup):
            raise ApiError("integration_incomplete")
        if endpoint.feature not in setup.features:
            feature = endpoint.feature.label
            raise ApiError("feature_not_included", setup=setup.label, feature=feature)
    if endpoint.role and not agent.has(endpoint.role):
        raise ApiError("role_missing", role=endpoint.role)


def _success(reply: Reply) -> HttpResponse:
    if reply.body is None:
        return finish(HttpResponse(status=204))
    return finish(JsonResponse(reply.body, status=reply.status))


def refusal(error: ApiError) -> HttpResponse:
    """Return the answer that says what is wrong."""
    response = JsonResponse(error.body(audit.request_id()), status=error.status)
    if error.status == 401:
        response["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    if error.retry_after is not None:
        response["Retry-After"] = str(error.retry_after)
    if "allowed" in error.facts:
        response["Allow"] = error.facts["allowed"]
    return finish(response)


def finish(response: HttpResponse) -> HttpResponse:
    """Keep the answer out of caches; there is no CORS, as no browser calls."""
    response["Cache-Control"] = "no-store"
    # An empty answer has no type.
    if response.status_code == 204:
        del response["Content-Type"]
    return response
