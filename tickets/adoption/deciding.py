"""What people decide about an adoption: begin, look again, take over, discard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from connector import audit, connections
from connector.models import Connection
from connector.tasks import revoke
from tickets.adoption.models import Adoption
from tickets.waking import wake

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connector.models import Tenant

Status = Adoption.Status
_NO_ERROR = {"error_code": "", "error_words": ""}


class AddressTaken(Exception):
    """The new address is that of a connection in use."""


def move(
    source: Connection, *, base_url: str, details: connections.Details, actor: User
) -> Adoption:
    """Begin to move a connection to its instance's new address.

    The connection works on until what was found there is taken over. Raises
    `AddressTaken` if somebody connected that address in the same moment.
    """
    target = connections.configure(
        source.tenant, actor=actor, connection=None, base_url=base_url, details=details
    )
    if target.status != Connection.Status.DRAFT or target == source:
        raise AddressTaken
    connections.update(target, replaces=source, cards_enabled=False, is_default=False)
    connections.settle_default(source.tenant)
    return begin(source, target, actor=actor)


def begin(source: Connection, target: Connection, *, actor: User) -> Adoption:
    """Have the tickets of one connection looked up at another; nothing is written."""
    source.tenant.lock()
    there: Adoption | None = Adoption.objects.unfinished().filter(source=source).first()
    if there is not None:
        return there
    adoption: Adoption = Adoption.objects.create(
        tenant=source.tenant, source=source, target=target, asked_by=actor
    )
    record("adoption.started", adoption, actor)
    wake("adopt", adoption.pk)
    return adoption


def compare_again(adoption: Adoption) -> bool:
    """Forget what was found and look once more; False while that is no choice."""
    return _change(
        adoption, [Status.READY, Status.FAILED], status=Status.COMPARING, **_NO_ERROR
    )


def accept(adoption: Adoption, *, actor: User) -> bool:
    """Have the tickets taken over as shown; False if that is not to be decided."""
    with transaction.atomic():
        now = timezone.now()
        if not _change(
            adoption, [Status.READY], status=Status.APPLYING, started_at=now
        ):
            return False
        record("adoption.accepted", adoption, actor, **adoption.counts)
    return True


def _change(adoption: Adoption, before: list[Status], **values: Any) -> bool:
    row = Adoption.objects.filter(pk=adoption.pk, status__in=before)
    if row.update(claimed_at=None, due_at=timezone.now(), **values) != 1:
        return False
    wake("adopt", adoption.pk)
    return True


def discard(adoption: Adoption, *, actor: User | None) -> bool:
    """Leave everything as it was; False once tickets may have moved."""
    with transaction.atomic():
        row = Adoption.objects.unfinished().filter(pk=adoption.pk)
        if not adoption.target.is_removed:
            row = row.filter(started_at=None)
        ended = {"status": Status.DISCARDED, "finished_at": timezone.now()}
        if row.update(claimed_at=None, **ended) != 1:
            return False
        record("adoption.discarded", adoption, actor)
        if adoption.target.replaces_id == adoption.source_id:
            connections.remove(adoption.target, actor=actor)
            revoke.delay_on_commit(adoption.target_id)
    return True


def forsake(target: Connection) -> None:
    """End what was to bring tickets to a connection that was removed."""
    mine = Adoption.objects.unfinished().filter(target=target)
    for adoption in mine.filter(started_at=None).select_related("source", "target"):
        discard(adoption, actor=None)
    mine.update(status=Status.FAILED, claimed_at=None, error_code="removed")


def left_behind(tenant: Tenant) -> list[Connection]:
    """Return the removed connections that hold tickets, with their number as `left`."""
    removed = Connection.objects.removed().for_tenant(tenant).for_show()
    counted = removed.annotate(left=Count("tickets")).filter(left__gt=0)
    return list(counted.order_by("-removed_at"))


def record(action: str, adoption: Adoption, actor: User | None, **facts: Any) -> None:
    """Write an act on an adoption into the audit trail."""
    audit.record(
        action,
        tenant=adoption.tenant,
        actor=actor,
        target=adoption.target.host,
        source=adoption.source.host,
        **facts,
    )
