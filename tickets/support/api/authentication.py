"""Who calls: the repository of the address, and the application of the token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from tickets.support.api.errors import ApiError
from tickets.support.models import Repository

if TYPE_CHECKING:
    from django.http import HttpRequest

    from tickets.support.api.inbound import Entry
    from tickets.support.models import SupportIntegration


@dataclass(frozen=True)
class Caller:
    """A repository that is known, with its organisation's settings."""

    repository: Repository
    integration: SupportIntegration


def authenticate(request: HttpRequest, key: str, entry: Entry) -> Caller:
    """Return who calls; raises an ApiError that says what is wrong with the call."""
    entry.repository = repository = _repository(key)
    if not request.headers.get("Authorization"):
        raise ApiError("token_missing")
    # Until tokens are verified nobody gets in.
    raise ApiError("token_signature")


def _repository(key: str) -> Repository:
    rows = Repository.objects.select_related("tenant")
    found: Repository | None = rows.filter(connector_key=_uuid(key)).first()
    if found is None:
        raise ApiError("repository_unknown")
    return found


def _uuid(key: str) -> UUID:
    try:
        return UUID(key)
    except ValueError as error:
        raise ApiError("repository_unknown") from error
