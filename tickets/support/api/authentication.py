"""Who calls: the repository of the address, and the application of the token."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.utils import timezone

from connector import signing_keys
from connector.entra import tokens
from connector.entra.tokens import Expectation, TokenError, UnknownKeyError
from connector.signing_keys import Search
from tickets.support.api import limits
from tickets.support.api.errors import ApiError
from tickets.support.models import Repository, SupportIntegration

if TYPE_CHECKING:
    from django.http import HttpRequest

    from connector.entra_models import SigningKeys
    from tickets.support.api.inbound import Entry
    from tickets.support.api.limits import Usage

# A worker needs about as long to fetch the keys.
_SOON = 2


@dataclass(frozen=True)
class Caller:
    """A repository whose instance proved who it is, with its organisation's settings."""

    repository: Repository
    integration: SupportIntegration


def authenticate(request: HttpRequest, key: str, entry: Entry) -> Caller:
    """Return who calls; raises an ApiError that says what is wrong with the call.

    Strangers are counted by their address. Beyond the limit they learn nothing more and
    nothing more is logged of them; whoever has a good token is let in all the same, as
    a stranger may come from the same address, such as a proxy's.
    """
    try:
        caller = _identify(request, key, entry)
    except ApiError as refusal:
        address = str(request.META.get("REMOTE_ADDR") or "")
        usage = limits.refusal_of(address)
        entry.is_written = not (usage.is_over or limits.refusal_of_anybody().is_over)
        if usage.is_over:
            raise _limited(usage) from refusal
        raise
    usage = limits.call_of(caller.repository)
    if usage.is_over:
        # One row per minute says it as well as thousands.
        entry.is_written = usage.is_just_over
        raise _limited(usage)
    return caller


def _limited(usage: Usage) -> ApiError:
    return ApiError("rate_limited", retry_after=usage.retry_after, limit=usage.limit)


def _identify(request: HttpRequest, key: str, entry: Entry) -> Caller:
    entry.repository = repository = _repository(key)
    integration = SupportIntegration.objects.of(repository.tenant)
    if not integration.directory or not integration.outbound_app_id:
        raise ApiError("integration_incomplete")
    known = signing_keys.of(integration.directory)
    try:
        claims = tokens.verify(
            _token(request),
            known.keys,
            _expected(known, integration),
            timezone.now().timestamp(),
        )
    except UnknownKeyError as error:
        raise _search(known, error) from error
    except TokenError as error:
        entry.app_id = error.app_id
        raise _refusal(error) from error
    entry.app_id = tokens.application_of(claims)
    return Caller(repository, integration)


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


def _token(request: HttpRequest) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _expected(known: SigningKeys, integration: SupportIntegration) -> Expectation:
    app_id = str(integration.outbound_app_id)
    return Expectation(known.tenant_id, tuple(known.issuers), app_id)


def _search(known: SigningKeys, error: TokenError) -> ApiError:
    """Return what to say of a key that is not known: perhaps it is a new one."""
    found = signing_keys.search(known)
    if found is Search.OVER:
        return _refusal(error)
    if found is Search.FAILED:
        words = f"{known.error_code}: {known.error_words}"
        wait = signing_keys.pause_left(known)
        return ApiError("signing_keys_unavailable", retry_after=wait, words=words)
    return ApiError("signing_keys_pending", retry_after=_SOON)


def _refusal(error: TokenError) -> ApiError:
    """Return the error as it is answered; what was expected is for the log alone."""
    facts: dict[str, Any] = {name: _shown(value) for name, value in error.facts.items()}
    plain = ApiError(error.code, **facts)
    more = [f"{name}: {facts[name]}" for name in ("expected", "kid") if name in facts]
    return ApiError(error.code, words=" · ".join([plain.words, *more]), **facts)


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return datetime.fromtimestamp(value, UTC).isoformat(timespec="seconds")
    return str(value) or "-"
