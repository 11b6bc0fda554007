"""What is to be told to somebody else about a request: queued, given up, sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_OID, UUID, uuid5

from celery import current_app
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from connector import audit
from tickets.support.models import SupportIntegration
from tickets.support.service_requests.models import RequestDelivery
from tickets.work import NO_ERROR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.contrib.auth.models import User

    from tickets.support.models import Repository
    from tickets.support.service_requests.models import ServiceRequest

Channel = RequestDelivery.Channel
Status = RequestDelivery.Status
# What a person has decided who sends it again all the same.
_DECIDED: dict[str, dict[str, Any]] = {
    "note_unverifiable": {"unanswered_at": None, "attempts": 0},
}


def is_silent(
    case: ServiceRequest, integration: SupportIntegration | None = None
) -> bool:
    """Say whether nothing about the request may leave the portal: a test environment."""
    integration = integration or SupportIntegration.objects.of(case.tenant)
    is_test = case.is_test or integration.is_test
    return is_test or bool(case.repository and case.repository.is_test)


def marker_of(case: ServiceRequest, channel: str, once: str) -> UUID:
    """Return what tells one delivery from all others, the same each time."""
    return uuid5(NAMESPACE_OID, f"{case.reference}/{channel}/{once}")


def queue(
    case: ServiceRequest,
    channel: str,
    payload: Mapping[str, str],
    marker: UUID,
    *,
    is_opening: bool = False,
) -> RequestDelivery | None:
    """Write down what is to be sent; None if it was written down before.

    Called in the transaction of what is told.
    """
    try:
        with transaction.atomic():
            delivery = RequestDelivery.objects.create(
                request=case,
                channel=channel,
                payload=dict(payload),
                marker=marker,
                is_opening=is_opening,
            )
    except IntegrityError:
        return None
    wake(delivery.pk)
    return delivery


def wake(pk: int, after: float = 0) -> None:
    """Have a worker look at a delivery; without a broker the sweep does."""

    def send() -> None:
        name = "tickets.support.tasks.deliver_request"
        current_app.send_task(name, [pk], countdown=after or None)

    transaction.on_commit(send, robust=True)


def retry(delivery: RequestDelivery, *, actor: User) -> bool:
    """Send a stopped or waiting delivery again now; False if it is not one.

    What it has to wait for goes out before it.
    """
    idle = RequestDelivery.objects.idle().filter(pk=delivery.pk)
    values = _DECIDED.get(delivery.error_code, {})
    with transaction.atomic():
        if idle.update(status=Status.QUEUED, due_at=timezone.now(), **values) != 1:
            return False
        _record("support.request_retried", delivery.request, delivery, actor)
        before = RequestDelivery.objects.filter(
            request=delivery.request_id,
            channel=delivery.channel,
            pk__lt=delivery.pk,
            status__in=[Status.WAITING, Status.QUEUED],
        ).order_by("pk")
        first = before.first() or delivery
        before.update(status=Status.QUEUED, due_at=timezone.now())
        wake(first.pk)
    return True


def discard(delivery: RequestDelivery, *, actor: User) -> bool:
    """Give up what was not sent; False if it is on its way, or was sent."""
    idle = RequestDelivery.objects.idle().filter(pk=delivery.pk)
    with transaction.atomic():
        if idle.update(status=Status.DISCARDED, finished_at=timezone.now()) != 1:
            return False
        _record("support.request_discarded", delivery.request, delivery, actor)
        _wake_next(delivery)
    return True


def _wake_next(delivery: RequestDelivery) -> None:
    """Wake a worker for what waited behind this one."""
    behind = RequestDelivery.objects.filter(
        request=delivery.request_id, channel=delivery.channel, pk__gt=delivery.pk
    )
    first = behind.filter(status=Status.QUEUED).order_by("pk").first()
    if first:
        wake(first.pk)


def withdraw_mails(case: ServiceRequest) -> bool:
    """Take back mails that were not sent; return whether Microsoft knows the request."""
    mails = RequestDelivery.objects.filter(request=case, channel=Channel.MAIL)
    mails.idle().update(status=Status.DISCARDED, finished_at=timezone.now())
    # One without an answer may have arrived all the same.
    is_told = Q(status__in=[Status.SENDING, Status.DELIVERED])
    may_be_told = Q(unanswered_at__isnull=False)
    return mails.filter(is_told | may_be_told, is_opening=True).exists()


def try_one(repository: Repository) -> None:
    """Queue the first of the notes that wait for the repository.

    If it gets in, so do the others; if not, the password was tried once.
    """
    waiting = RequestDelivery.objects.of_repository(repository).filter(
        status=Status.WAITING
    )
    if first := waiting.order_by("pk").first():
        waiting.filter(pk=first.pk).update(status=Status.QUEUED, due_at=timezone.now())
        wake(first.pk)


def release(repository: Repository) -> None:
    """Queue all notes that waited for the repository: signing in works."""
    mine = RequestDelivery.objects.of_repository(repository)
    waiting = mine.filter(status=Status.WAITING)
    if waiting.update(status=Status.QUEUED, due_at=timezone.now()):
        for delivery in mine.due():
            wake(delivery.pk)


def park(repository: Repository) -> None:
    """Have the notes that are queued wait until the repository is mended."""
    mine = RequestDelivery.objects.of_repository(repository)
    mine.filter(status=Status.QUEUED).update(status=Status.WAITING)


def finish(delivery: RequestDelivery, status: str) -> bool:
    """Note that a claimed delivery is done with; False if somebody else took it over."""
    mine = RequestDelivery.objects.filter(
        pk=delivery.pk, status=Status.SENDING, claimed_at=delivery.claimed_at
    )
    is_ours = mine.update(
        status=status,
        claimed_at=None,
        finished_at=timezone.now(),
        unanswered_at=None,
        **NO_ERROR,
    )
    if is_ours:
        delivery.status = status
        _wake_next(delivery)
    return bool(is_ours)


def leave(delivery: RequestDelivery, status: str, **values: Any) -> bool:
    """Give a claimed delivery out of hand; False if somebody else took it over."""
    mine = RequestDelivery.objects.filter(
        pk=delivery.pk, status=Status.SENDING, claimed_at=delivery.claimed_at
    )
    return mine.update(status=status, claimed_at=None, **values) == 1


def _record(
    action: str, case: ServiceRequest, delivery: RequestDelivery, actor: User
) -> None:
    audit.record(
        action,
        tenant=case.tenant,
        actor=actor,
        target=case.reference,
        channel=delivery.channel,
    )
