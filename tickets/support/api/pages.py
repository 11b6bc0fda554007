"""The page Connector API: what an administrator copies, and looks things up in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from connector import signing_keys
from connector.access import require
from tickets.support.api import addresses, openapi, scripts
from tickets.support.api.endpoints import REGISTRY
from tickets.support.api.error_texts import PROBLEMS, Problem
from tickets.support.call_models import ConnectorCall
from tickets.support.choosing import integration_of
from tickets.support.models import Repository
from tickets.support.views import MANAGE

if TYPE_CHECKING:
    from connector.access import TenantRequest
    from tickets.support.api.endpoints import Endpoint
    from tickets.support.models import SupportIntegration

_NEWEST = 20
_FACT = re.compile(r"%\((\w+)\)s")


class Address(NamedTuple):
    """A repository and where it is called."""

    repository: Repository
    url: str


class Asking(NamedTuple):
    """How the instance asks Microsoft Entra for a token of one version."""

    version: int
    url: str
    name: str
    value: str

    @property
    def body(self) -> str:
        return f"grant_type=client_credentials&{self.name}={self.value}"


class Operation(NamedTuple):
    """An endpoint as the page lists it."""

    endpoint: Endpoint
    method: str
    path: str
    summary: str


@dataclass(frozen=True)
class Row:
    """An error as the page lists it; its facts differ from call to call."""

    code: str
    problem: Problem

    @property
    def message(self) -> str:
        return _plain(str(self.problem.message))

    @property
    def cause(self) -> str:
        return _plain(str(self.problem.cause))

    @property
    def repair(self) -> str:
        return _plain(str(self.problem.repair))


def _plain(text: str) -> str:
    return _FACT.sub(lambda found: f"<{found[1]}>", text)


@never_cache
@require_GET
@require(MANAGE)
def api(request: TenantRequest) -> HttpResponse:
    """Show the addresses, the token request, the scripts, the calls and the errors."""
    integration = integration_of(request)
    rows = Repository.objects.for_tenant(request.tenant)
    calls = ConnectorCall.objects.for_tenant(request.tenant)
    context = {
        "integration": integration,
        "addresses": [Address(one, addresses.connector_url(one)) for one in rows],
        "askings": _askings(integration),
        "keys": signing_keys.of(integration.directory)
        if integration.directory
        else None,
        "headers": openapi.HEADERS,
        "operations": _operations(),
        "errors": [Row(code, problem) for code, problem in PROBLEMS.items()],
        "calls": calls.select_related("repository")[:_NEWEST],
        "instructions": scripts.instructions(),
        "scripts": scripts.scripts(),
        "document": addresses.document_url(),
        "limits": {
            "calls": settings.CONNECTOR_CALLS_PER_MINUTE,
            "refusals": settings.CONNECTOR_REFUSALS_PER_MINUTE,
        },
    }
    return render(request, "tickets/support/api.html", context)


def _askings(integration: SupportIntegration) -> list[Asking]:
    """Return both ways to ask for a token; none while directory or ID are missing."""
    directory, app_id = integration.directory, integration.outbound_app_id
    if not directory or not app_id:
        return []
    base = f"{settings.ENTRA_AUTHORITY}/{directory}/oauth2"
    return [
        Asking(1, f"{base}/token", "resource", app_id),
        Asking(2, f"{base}/v2.0/token", "scope", f"{app_id}/.default"),
    ]


def _operations() -> list[Operation]:
    return [
        Operation(
            REGISTRY[described["operationId"]],
            method.upper(),
            path,
            described["summary"],
        )
        for package in openapi.PACKAGES
        for path, item in package.PATHS.items()
        for method, described in item.items()
    ]


@never_cache
@require_GET
@require(MANAGE)
def download(request: TenantRequest) -> HttpResponse:  # noqa: ARG001
    """Send all scripts in one file."""
    answer = HttpResponse(scripts.archive(), content_type="application/zip")
    answer["Content-Disposition"] = 'attachment; filename="connector-scripts.zip"'
    return answer
