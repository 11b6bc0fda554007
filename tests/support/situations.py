"""States of an integration, as they are found: calls in the log, looks at an instance."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from connector.servicenow.records import WIRE_FORMAT
from tickets.support.api.addresses import connector_url
from tickets.support.call_models import ConnectorCall
from tickets.support.diagnosis.diagnosis import Diagnosis
from tickets.support.diagnosis.models import DiagnosisRun

if TYPE_CHECKING:
    from tickets.support.models import Repository

STATUS = {
    "": 200,
    "integration_incomplete": 409,
    "role_missing": 403,
    "feature_not_included": 403,
    "account_not_linked": 403,
    "invalid_request": 400,
    "rate_limited": 429,
    "unexpected_error": 500,
    "save_failed": 500,
    "signing_keys_pending": 503,
    "signing_keys_unavailable": 503,
}


def call(
    repository: Repository | None,
    purpose: str,
    code: str = "",
    *,
    ago: int = 60,
    **more: Any,
) -> ConnectorCall:
    """Log a call of the app as the connector API does, `ago` seconds ago."""
    values = {
        "tenant": repository and repository.tenant,
        "direction": "inbound",
        "method": "POST",
        "address": "/api/support/v1/repositories/key/x",
        "status": STATUS.get(code, 401),
        "code": code,
        "words": f"why it is {code}" if code else "",
        "request_id": f"request-{code or 'good'}",
        "ip_address": "203.0.113.7",
        "at": timezone.now() - timedelta(seconds=ago),
        **more,
    }
    return ConnectorCall.objects.create(
        repository=repository, purpose=purpose, **values
    )


def write(
    repository: Repository, status: int | None, *, ago: int = 60, **more: Any
) -> ConnectorCall:
    """Log that the portal wrote into the incident, or tried to."""
    values = {
        "purpose": "request note",
        "direction": "outbound",
        "method": "PATCH",
        "address": f"{repository.endpoint}/api/now/table/incident/abc",
        "status": status,
    }
    return call(repository, ago=ago, **{**values, **more})


def properties(repository: Repository, **changed: str) -> list[dict[str, str]]:
    """Return the properties of an app that is set up."""
    usual = {
        "connector_url": connector_url(repository),
        "oauth_profile": "outbound default_profile",
        "repository_id": repository.repository_id,
        "setup_state": "complete",
    }
    return [{"name": n, "value": v} for n, v in (usual | changed).items()]


def sent(host: str, path: str, status: int, *, ago: int = 60) -> dict[str, str]:
    """Return a row of the instance's outbound HTTP log."""
    at: datetime = timezone.now() - timedelta(seconds=ago)
    return {
        "at": at.strftime(WIRE_FORMAT),
        "method": "POST",
        "host": host,
        "path": path,
        "status": str(status),
    }


def look(repository: Repository, *, ago: int = 3600, **changed: Any) -> DiagnosisRun:
    """Keep what a healthy instance shows, with these looks changed."""
    usual: dict[str, Any] = {
        "app": {"rows": [{"scope": "x_mioms_m365_assis"}]},
        "properties": {"rows": properties(repository)},
        "script": {"rows": [{"name": "M365SupportConnector", "active": "true"}]},
        "action": {"rows": [{"name": "Microsoft 365 support", "active": "true"}]},
        "views": {"rows": []},
        "log": {"rows": []},
        "requests": {"rows": []},
    }
    at = timezone.now() - timedelta(seconds=ago)
    return DiagnosisRun.objects.create(
        repository=repository,
        asked_at=at,
        finished_at=at,
        seen=usual | changed,
    )


def present(repository: Repository) -> set[str]:
    """Return the causes that the diagnosis finds present."""
    return {one.id for one in Diagnosis(repository).present}


def verdicts(repository: Repository) -> dict[int, str]:
    """Return the verdict on each of the sixteen situations."""
    rows = Diagnosis(repository).rows
    return {row.situation.number: row.verdict for row in rows}


def in_it(repository: Repository, verdict: str = "happens") -> set[int]:
    """Return the situations with this verdict."""
    return {n for n, found in verdicts(repository).items() if found == verdict}
