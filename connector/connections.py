"""The life of a connection: configured, working, broken, removed, revived."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from connector import audit, signals
from connector.exceptions import ConnectorError, Misconfigured, Unauthorized
from connector.models import Connection, Tenant

if TYPE_CHECKING:
    from django.contrib.auth.models import User

logger = logging.getLogger(__name__)

Status = Connection.Status
AuthType = Connection.AuthType
_NO_ERROR: dict[str, Any] = {
    "last_error_code": "",
    "last_error_words": "",
    "last_error_at": None,
}


@dataclass(frozen=True)
class Details:
    """What the set-up page asks for beside the instance."""

    integration_user: str
    auth_type: str = AuthType.AUTHORIZATION_CODE
    client_id: str = ""
    name: str = ""
    is_test: bool = False
    client_secret: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    def facts(self) -> dict[str, Any]:
        """Return what may be known."""
        return {
            "auth_type": str(self.auth_type),
            "client_id": self.client_id,
            "integration_user": self.integration_user,
            "name": self.name,
            "is_test": self.is_test,
        }

    def secrets(self) -> dict[str, str]:
        """Return what is to be stored; a secret of another type is not kept."""
        if self.auth_type == AuthType.BASIC:
            kept, dropped = "password", "client_secret"
        else:
            kept, dropped = "client_secret", "password"
        value = getattr(self, kept)
        return {dropped: ""} | ({kept: value} if value else {})


def update(connection: Connection, **values: Any) -> None:
    """Write these columns alone, so that no token another process wrote is undone."""
    for name, value in values.items():
        setattr(connection, name, value)
    connection.save(update_fields=list(values))


def configure(
    tenant: Tenant,
    *,
    actor: User,
    connection: Connection | None,
    base_url: str,
    details: Details,
) -> Connection:
    """Store what the set-up page asks for; an empty secret leaves the stored one.

    Without a connection one more is made. One to the same instance that was removed
    comes back with its tickets.
    """
    tenant.lock()
    mine = Connection.objects.of_servicenow(tenant)
    known = mine.filter(pk=connection.pk).first() if connection else None
    if known and known.base_url != base_url:
        known = _readdress(known, base_url)
    connection = known or _begin(tenant, base_url)
    update(connection, **details.facts(), **details.secrets())
    _record("connection.configured", connection, actor, **details.facts())
    return connection


def _readdress(draft: Connection, base_url: str) -> Connection | None:
    """Return the draft at another address; None where that has a connection already.

    What hangs on it stays, but no secret and no link comes to an instance they were
    not meant for.
    """
    mine = Connection.objects.for_tenant(draft.tenant)
    if mine.filter(base_url=base_url).exists():
        draft.delete()
        return None
    update(draft, base_url=base_url, **_NO_ERROR, **_without_secrets())
    _end_links(draft)
    return draft


def _end_links(connection: Connection) -> None:
    links = connection.hand_overs.filter(used_at=None, revoked_at=None)
    links.update(revoked_at=timezone.now())


def _begin(tenant: Tenant, base_url: str) -> Connection:
    """Return the connection to this instance: an active, a removed, or a new one."""
    mine = Connection.objects.of_servicenow(tenant)
    there: Connection | None = mine.filter(base_url=base_url).first()
    if there is not None:
        return there
    is_default = not mine.filter(is_default=True).exists()
    removed = Connection.objects.for_tenant(tenant).filter(base_url=base_url)
    connection: Connection | None = removed.order_by("-removed_at").first()
    if connection is None:
        return Connection.objects.create(
            tenant=tenant, base_url=base_url, is_default=is_default
        )
    fresh = {
        "removed_at": None,
        "status": Status.DRAFT,
        "is_default": is_default,
        **_NO_ERROR,
    }
    update(connection, **fresh, **_without_secrets())
    return connection


def relabel(connection: Connection, *, name: str, is_test: bool, actor: User) -> None:
    """Change what people call the connection, and whether its tickets are tests."""
    update(connection, name=name, is_test=is_test)
    _record("connection.relabelled", connection, actor, name=name, is_test=is_test)


def make_default(connection: Connection, *, actor: User | None) -> None:
    """Have tickets go there unless somebody chooses another connection."""
    connection.tenant.lock()
    mine = Connection.objects.of_servicenow(connection.tenant)
    mine.filter(is_default=True).update(is_default=False)
    update(connection, is_default=True)
    _record("connection.made_default", connection, actor)


def settle_default(tenant: Tenant) -> Connection | None:
    """Promote the oldest authorized connection if the default is none.

    Return the one that became the default.
    """
    settled = Connection.objects.of_servicenow(tenant).settled()
    oldest: Connection | None = settled.order_by("created_at", "pk").first()
    if oldest is None or settled.filter(is_default=True).exists():
        return None
    make_default(oldest, actor=None)
    return oldest


def stand_alone(connection: Connection) -> None:
    """End the wait to take another one's place: put the connection to use."""
    is_authorized = connection.status in {Status.CONNECTED, Status.BROKEN}
    update(connection, replaces=None, cards_enabled=is_authorized)


def _without_secrets() -> dict[str, Any]:
    return {
        "client_secret": "",
        "password": "",
        "access_token": "",
        "access_token_expires_at": None,
        "refresh_token": "",
        "refresh_token_expires_at": None,
        "pending_code": None,
        "renewal_claimed_at": None,
    }


def enable_cards(connection: Connection, *, actor: User) -> None:
    """Show the ticket cards on the home page and offer sharing."""
    update(connection, cards_enabled=True)
    _record("connection.provisioned", connection, actor)


def remove(connection: Connection, *, actor: User | None) -> Connection | None:
    """End a connection; its tokens are wiped once the instance revoked them.

    Return the connection that became the default in its place, if one did.
    """
    connection.tenant.lock()
    has_tokens = connection.access_token or connection.refresh_token
    gone: dict[str, Any] = {"pending_code": None} if has_tokens else _without_secrets()
    update(
        connection,
        status=Status.REMOVED,
        removed_at=timezone.now(),
        cards_enabled=False,
        is_default=False,
        replaces=None,
        probes=[],
        **gone,
    )
    # Should the connection come back, its old links must not.
    _end_links(connection)
    _record("connection.removed", connection, actor)
    for waiting in Connection.objects.active().filter(replaces=connection):
        stand_alone(waiting)
    signals.removed.send(sender=Connection, connection=connection)
    return settle_default(connection.tenant)


def wipe_secrets(connection: Connection, *, revoked: bool, code: str = "") -> None:
    """Forget tokens and secret of a removed connection; do nothing if it came back."""
    with transaction.atomic():
        removed = Connection.objects.filter(pk=connection.pk, status=Status.REMOVED)
        if removed.update(**_without_secrets()):
            facts = {"revoked": revoked} | ({"code": code} if code else {})
            _record("connection.wiped", connection, None, **facts)


def report_failure(connection: Connection, error: ConnectorError) -> None:
    """Keep what went wrong; an authorization or set-up error breaks the connection."""
    changes = {
        "last_error_code": error.code,
        "last_error_words": error.evidence.words,
        "last_error_at": timezone.now(),
    }
    if isinstance(error, Unauthorized | Misconfigured):
        _break(connection, error, changes)
    else:
        # What broke it stays on show until it is mended.
        _change(connection, changes, status=Status.CONNECTED)


def _break(
    connection: Connection, error: ConnectorError, changes: dict[str, Any]
) -> None:
    with transaction.atomic():
        broken = {**changes, "status": Status.BROKEN}
        if _change(connection, broken, status=Status.CONNECTED):
            logger.warning("connection %s is broken: %s", connection.pk, error)
            facts = {"code": error.code, "words": error.evidence.words}
            _record("connection.broken", connection, None, **facts)


def report_success(connection: Connection) -> None:
    """Clear what went wrong; a broken connection works again from now on."""
    if connection.status == Status.CONNECTED and not connection.last_error_code:
        return
    mended = {**_NO_ERROR, "status": Status.CONNECTED}
    with transaction.atomic():
        if _change(connection, mended, status=Status.BROKEN):
            logger.info("connection %s works again", connection.pk)
            _record("connection.mended", connection, None)
            signals.mended.send(sender=Connection, connection=connection)
    _change(connection, _NO_ERROR, status=Status.CONNECTED)


def _change(connection: Connection, changes: dict[str, Any], *, status: str) -> bool:
    """Write the changes if the stored status is still this one."""
    rows = Connection.objects.filter(pk=connection.pk, status=status)
    if not rows.update(**changes):
        return False
    for name, value in changes.items():
        setattr(connection, name, value)
    return True


def _record(
    action: str, connection: Connection, actor: User | None, **facts: Any
) -> None:
    audit.record(
        action, tenant=connection.tenant, actor=actor, target=connection.host, **facts
    )
