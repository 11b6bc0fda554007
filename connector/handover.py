"""Hand-over links: a ServiceNow administrator enters the credentials, and no more."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from connector import audit, connections
from connector.models import Connection, HandOver

if TYPE_CHECKING:
    from django.contrib.auth.models import User

_SALT = "connector.handover"
# What may be chosen, in days.
LIFETIMES = (1, 3, 7)
DEFAULT_LIFETIME = 3


class LinkError(Exception):
    """The link does not work; `code` is invalid, expired, used, revoked or over."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def create(connection: Connection, *, actor: User, days: int) -> HandOver:
    """Make the one link of a connection that was not authorized yet.

    Earlier links stop working.
    """
    with transaction.atomic():
        revoke(connection, actor=actor)
        link = HandOver.objects.create(
            connection=connection,
            created_by=actor,
            expires_at=timezone.now() + timedelta(days=days),
        )
        _record("handover.created", link, actor, days=days)
    return link


def revoke(connection: Connection, *, actor: User) -> bool:
    """Make the open links of the connection useless; False if there were none."""
    rows = connection.hand_overs.filter(used_at=None, revoked_at=None)
    is_open = [link for link in rows if link.is_open]
    rows.update(revoked_at=timezone.now())
    for link in is_open:
        _record("handover.revoked", link, actor)
    return bool(is_open)


def current(connection: Connection | None) -> HandOver | None:
    """Return the newest link of the connection, open or not, or None."""
    return connection.hand_overs.first() if connection else None


def address(link: HandOver) -> str:
    """Return the link as it is sent to somebody."""
    token = signing.Signer(salt=_SALT).sign(link.pk.hex)
    path = reverse("connector:handover", args=[token])
    return f"{settings.SITE_URL}{path}"


def find(token: str) -> HandOver:
    """Return the link that still works; raises `LinkError`."""
    try:
        key = signing.Signer(salt=_SALT).unsign(token)
    except signing.BadSignature as error:
        raise LinkError("invalid") from error
    rows = HandOver.objects.select_related("connection__tenant", "created_by")
    link = rows.filter(pk=UUID(key)).first()
    if link is None:
        raise LinkError("invalid")
    if code := _obstacle(link):
        raise LinkError(code)
    return link


def _obstacle(link: HandOver) -> str:
    if link.used_at:
        return "used"
    if link.revoked_at:
        return "revoked"
    if timezone.now() >= link.expires_at:
        return "expired"
    # Authorized or removed meanwhile: what is entered now would change what works.
    connection = link.connection
    is_waiting = connection.status == Connection.Status.DRAFT
    return "" if is_waiting and not connection.has_password else "over"


def note_opened(link: HandOver) -> None:
    """Keep when the link was opened for the first time."""
    if HandOver.objects.filter(pk=link.pk, opened_at=None).update(
        opened_at=timezone.now()
    ):
        _record("handover.opened", link, None)


def use(link: HandOver, *, client_id: str, client_secret: str) -> None:
    """Store what was entered; raises `LinkError` if somebody was faster."""
    with transaction.atomic():
        link.connection.tenant.lock()
        link.connection.refresh_from_db(fields=["status", "auth_type"])
        if code := _obstacle(link):
            raise LinkError(code)
        unused = HandOver.objects.filter(pk=link.pk, used_at=None, revoked_at=None)
        if unused.update(used_at=timezone.now()) != 1:
            raise LinkError("used")
        connections.update(
            link.connection, client_id=client_id, client_secret=client_secret
        )
        _record("handover.used", link, None, client_id=client_id)


def _record(action: str, link: HandOver, actor: User | None, **facts: object) -> None:
    connection = link.connection
    audit.record(
        action, tenant=connection.tenant, actor=actor, target=connection.host, **facts
    )
