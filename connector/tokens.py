"""Access tokens: handed out fresh, renewed once across all processes, revoked."""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from connector import addresses, budget, connections
from connector.exceptions import (
    ConnectorError,
    Refused,
    Unauthorized,
    Unavailable,
)
from connector.models import Connection
from connector.servicenow import oauth
from connector.servicenow.basic import Basic
from connector.servicenow.client import ServiceNow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.servicenow.client import Meter, TokenSource
    from connector.servicenow.limits import RateLimit
    from connector.servicenow.oauth import Tokens

# ServiceNow's default; the token endpoint does not say it.
REFRESH_TOKEN_LIFETIME = timedelta(seconds=8_640_000)
# From when on a new authorization replaces the refresh token, and is asked for.
SOON = timedelta(days=30)
CODE_LIFETIME = timedelta(seconds=60)
RENEW_EARLY = timedelta(seconds=60)
# A claim older than this belongs to a process that died.
CLAIM_LIFETIME = timedelta(seconds=40)
LONGEST_WAIT = 8.0
_PAUSE = 0.1
# How long a removal asks an unreachable instance to revoke before it wipes anyway.
REVOKE_FOR = timedelta(minutes=15)
_COLUMNS = [
    "status",
    "removed_at",
    "access_token",
    "access_token_expires_at",
    "refresh_token",
    "refresh_token_expires_at",
    "renewal_claimed_at",
]


def servicenow(
    connection: Connection,
    *,
    timeout: tuple[float, float] | None = None,
    meter: Meter | None = None,
) -> ServiceNow:
    """Return a client of the connection's instance that renews its token by itself.

    `meter` is told of each request beside the connection's own budget.
    """

    def note(named: RateLimit | None) -> None:
        budget.note(connection.pk, named)
        if meter:
            meter(named)

    return ServiceNow(
        connection.base_url,
        _authority(connection),
        timeout=timeout or _timeout(),
        private_ok=addresses.is_sandbox(connection.base_url),
        meter=note,
    )


def _authority(connection: Connection) -> TokenSource | Basic:
    if connection.has_password and connection.password:
        return Basic(connection.integration_user, connection.password)
    return lambda renew: access_token(connection, renew=renew)


def prepare(connection: Connection) -> None:
    """Renew a token that is about to end before the work begins, not during it."""
    if not connection.has_password:
        access_token(connection)


def access_token(connection: Connection, *, renew: bool = False) -> str:
    """Return a token that is good for a minute; with `renew`, not the one at hand."""
    if connection.status == Connection.Status.REMOVED:
        raise Unauthorized("removed")
    if connection.has_password:
        raise Unauthorized("not_authorized")
    if not renew and connection.has_fresh_token():
        return str(connection.access_token)
    rejected = connection.access_token if renew else ""
    deadline = time.monotonic() + LONGEST_WAIT
    while not _claim(connection):
        if time.monotonic() > deadline:
            raise Unavailable("renewal_pending", retry_after=5)
        time.sleep(_PAUSE)
        if token := _renewed_by_another(connection, rejected):
            return token
    try:
        return _renewed_by_another(connection, rejected) or _renew(connection)
    finally:
        _release(connection)


def _renewed_by_another(connection: Connection, rejected: str) -> str:
    connection.refresh_from_db(fields=_COLUMNS)
    is_new = connection.access_token != rejected and connection.has_fresh_token()
    return connection.access_token if is_new else ""


def _claim(connection: Connection) -> bool:
    """Take the right to renew, if nobody who is alive has it."""
    now = timezone.now()
    free = Q(renewal_claimed_at=None) | Q(renewal_claimed_at__lt=now - CLAIM_LIFETIME)
    rows = Connection.objects.filter(free, pk=connection.pk)
    return rows.update(renewal_claimed_at=now) == 1


def _release(connection: Connection) -> None:
    Connection.objects.filter(pk=connection.pk).update(renewal_claimed_at=None)


def _renew(connection: Connection) -> str:
    try:
        tokens = _ask(connection)
    except ConnectorError as error:
        # Whatever the token was for has not been asked for yet.
        error.committed = "no"
        if isinstance(error, Unauthorized):
            connections.report_failure(connection, error)
        raise
    _store(connection, tokens)
    return tokens.access_token


def _ask(connection: Connection) -> Tokens:
    client = _client(connection)
    if connection.removed_at:
        raise Unauthorized("removed")
    if not connection.needs_consent:
        return oauth.client_credentials(client)
    if not connection.refresh_token:
        code = "no_refresh_token" if connection.access_token else "not_authorized"
        raise Unauthorized(code)
    return oauth.refresh(client, connection.refresh_token)


def _store(connection: Connection, tokens: Tokens | None, **more: Any) -> None:
    values: dict[str, Any] = {
        "access_token": tokens.access_token if tokens else "",
        "access_token_expires_at": tokens and _expiry(connection, tokens),
        **more,
    }
    # Usually none comes back with a renewal: the old one stays valid.
    if (
        tokens
        and tokens.refresh_token
        and tokens.refresh_token != connection.refresh_token
    ):
        values["refresh_token"] = tokens.refresh_token
        values["refresh_token_expires_at"] = timezone.now() + REFRESH_TOKEN_LIFETIME
    rows = Connection.objects.filter(pk=connection.pk, removed_at=None)
    rows.update(**values)
    for name, value in values.items():
        setattr(connection, name, value)


def _expiry(connection: Connection, tokens: Tokens) -> datetime:
    """Return when the token ends.

    An instance hands out the same token until it ends. Renewing that one early again
    and again is of no use, so it is used up, and its rejection renews it.
    """
    lifetime = timedelta(seconds=tokens.expires_in)
    if tokens.access_token == connection.access_token and lifetime <= RENEW_EARLY:
        lifetime += RENEW_EARLY
    return timezone.now() + lifetime


def exchange(connection: Connection) -> None:
    """Turn what was brought for the authorization into tokens, once."""
    with _renewing(connection):
        connection.refresh_from_db()
        if connection.pending_code:
            _exchange(connection, connection.pending_code)


def prove(connection: Connection) -> None:
    """Have the token endpoint renew the authorization now; raises what it says.

    A refusal changes nothing: the token at hand may still be good for a while.
    """
    with _renewing(connection):
        connection.refresh_from_db(fields=_COLUMNS)
        _store(connection, _ask(connection))


@contextmanager
def _renewing(connection: Connection) -> Iterator[None]:
    deadline = time.monotonic() + LONGEST_WAIT
    while not _claim(connection):
        if time.monotonic() > deadline:
            raise Unavailable("renewal_pending", retry_after=5)
        time.sleep(_PAUSE)
    try:
        yield
    finally:
        _release(connection)


def _exchange(connection: Connection, pending: dict[str, Any]) -> None:
    _let_go(connection)
    tokens = _first(connection, pending)
    # The old refresh token may belong to another user: never kept beside a new one.
    old, ends_at = connection.refresh_token, connection.refresh_token_expires_at
    connection.refresh_token = ""
    fresh: dict[str, Any] = {"refresh_token": "", "refresh_token_expires_at": None}
    _store(
        connection,
        tokens,
        **fresh,
        pending_code=None,
        authorized_at=timezone.now(),
        authorized_by_id=pending["user_id"],
    )
    if connection.refresh_token and connection.refresh_token == old:
        connections.update(connection, refresh_token_expires_at=ends_at)


def _first(connection: Connection, pending: dict[str, Any]) -> Tokens | None:
    """Return the first tokens of an authorization; a password needs none."""
    if connection.has_password:
        _try_password(connection)
        return None
    if not connection.needs_consent:
        return oauth.client_credentials(_client(connection))
    return _exchange_code(connection, pending)


def _try_password(connection: Connection) -> None:
    # Who is refused something has been let in.
    with suppress(Refused):
        servicenow(connection).list("sys_user", fields=["user_name"], limit=1)


def _exchange_code(connection: Connection, pending: dict[str, Any]) -> Tokens:
    try:
        return oauth.exchange_code(
            _client(connection),
            code=pending["code"],
            code_verifier=pending["code_verifier"],
            redirect_uri=pending["redirect_uri"],
        )
    except Unauthorized as error:
        age = timezone.now() - datetime.fromisoformat(pending["at"])
        if age > CODE_LIFETIME:
            raise Unauthorized("code_expired", error.evidence) from error
        raise


def _let_go(connection: Connection) -> None:
    """Give up a refresh token that ends soon or that is not needed any more.

    An instance hands the same one out until it ends, so that a new authorization
    would not last a day longer.
    """
    is_over = not connection.needs_consent or connection.ends_within(SOON)
    if connection.refresh_token and is_over:
        with suppress(ConnectorError):
            oauth.revoke(_client(connection), connection.refresh_token)


def revoke(connection: Connection) -> None:
    """Have the instance forget a removed connection's tokens, then wipe them here.

    While the instance cannot be reached the tokens stay, to be tried again, but not
    for long: a removal must not depend on the other side.
    """
    held = [token for token in _held(connection) if token]
    try:
        for token in held:
            oauth.revoke(_client(connection), token)
    except ConnectorError as error:
        if not isinstance(error, Unavailable) or _has_tried_enough(connection):
            connections.wipe_secrets(connection, revoked=False, code=error.code)
        return
    connections.wipe_secrets(connection, revoked=bool(held))


def _held(connection: Connection) -> tuple[str, str]:
    return connection.refresh_token, connection.access_token


def _has_tried_enough(connection: Connection) -> bool:
    removed_at = connection.removed_at
    return removed_at is None or timezone.now() - removed_at > REVOKE_FOR


def _client(connection: Connection) -> oauth.OAuthClient:
    return oauth.OAuthClient(
        base_url=connection.base_url,
        client_id=connection.client_id,
        client_secret=connection.client_secret,
        private_ok=addresses.is_sandbox(connection.base_url),
        timeout=_timeout(),
    )


def _timeout() -> tuple[float, float]:
    return settings.HTTP_CONNECT_TIMEOUT, settings.HTTP_READ_TIMEOUT
