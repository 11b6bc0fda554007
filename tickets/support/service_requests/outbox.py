"""The outbox of service requests: mails to Microsoft's support, notes into incidents.

A delivery is claimed with compare-and-set, as those of tickets are; only its row decides.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from connector import audit
from connector.exceptions import (
    ConnectorError,
    Misconfigured,
    Refused,
    Unauthorized,
    Unavailable,
)
from tickets import attempts
from tickets.outbox import SWEEP_LIMIT, error_values, pause, short_wait
from tickets.support.service_requests import deliveries, flow, notes, posting
from tickets.support.service_requests.models import RequestDelivery
from tickets.support.service_requests.queries import has_lapsed, is_due
from tickets.support.service_requests.states import State

if TYPE_CHECKING:
    from datetime import datetime

logger = logging.getLogger(__name__)

Channel = RequestDelivery.Channel
Status = RequestDelivery.Status


def claim(pk: int) -> RequestDelivery | None:
    """Return the delivery if it is due and nobody else works on it, else None."""
    now = timezone.now()
    row = RequestDelivery.objects.filter(pk=pk)
    if not attempts.take(row, now, is_due, lapsed=has_lapsed):
        return None
    delivery = row.select_related("request__tenant", "request__repository").get()
    if delivery.request.repository:
        delivery.request.repository.tenant = delivery.request.tenant
    return delivery if delivery.claimed_at == now else None


def deliver(pk: int) -> None:
    """Take one delivery a step further if it is due; harmless if it is not."""
    delivery = claim(pk)
    if delivery is None:
        return
    try:
        _send(delivery)
    except attempts.ClaimLost:
        logger.warning("request delivery %s was taken over", delivery.pk)
    except attempts.StillOpen as wait:
        _come_back(delivery, wait.until)
    except ConnectorError as error:
        _fail(delivery, error)
    except Exception:
        logger.exception("request delivery %s failed in the portal", delivery.pk)
        _fail(delivery, Unavailable("internal_error", committed="maybe"))


def _send(delivery: RequestDelivery) -> None:
    if delivery.channel == Channel.MAIL:
        _send_mail(delivery)
    elif notes.reason_against(delivery.request):
        deliveries.finish(delivery, Status.SKIPPED)
    else:
        notes.write(delivery)
        deliveries.finish(delivery, Status.DELIVERED)
        _let_others_out(delivery)


def _let_others_out(delivery: RequestDelivery) -> None:
    """Queue what waited for the sign-in: it works, or nothing could be answered."""
    repository = delivery.request.repository
    if repository and delivery.channel == Channel.NOTE:
        deliveries.release(repository)


def _send_mail(delivery: RequestDelivery) -> None:
    is_silent = deliveries.is_silent(delivery.request)
    if not is_silent:
        posting.post(delivery)
    status = Status.SKIPPED if is_silent else Status.DELIVERED
    # Before anything else can fail: what was acknowledged is not sent again.
    if deliveries.finish(delivery, status) and delivery.is_opening:
        _note_opening(delivery)


def _note_opening(delivery: RequestDelivery) -> None:
    """Bring the request on, unless it was cancelled or numbered meanwhile."""
    text = ""
    if delivery.status == Status.SKIPPED:
        text = _("Test environment: the mail was prepared, but not sent.")
    try:
        flow.move(delivery.request, State.SENT, by=flow.PORTAL, text=text)
    except flow.WrongState:
        logger.info("request %s went on before its mail", delivery.request_id)


def _come_back(delivery: RequestDelivery, until: datetime) -> None:
    """Look again soon, and once more when nothing can be committed any longer."""
    due_at = min(until, timezone.now() + pause(delivery.attempts, None))
    with transaction.atomic():
        if deliveries.leave(delivery, Status.QUEUED, due_at=due_at):
            _wake_at(delivery, due_at)


def _fail(delivery: RequestDelivery, error: ConnectorError) -> None:
    logger.warning("request delivery %s: %s", delivery.pk, error)
    values = error_values(error)
    if attempts.is_uncertain(error):
        values["unanswered_at"] = timezone.now()
    if isinstance(error, Refused):
        _give_up(delivery, error, values)
    elif isinstance(error, Unauthorized | Misconfigured):
        _wait_for_repository(delivery, values)
    else:
        _try_later(delivery, error, values)


def _give_up(
    delivery: RequestDelivery, error: ConnectorError, values: dict[str, Any]
) -> None:
    """Leave the delivery to a person: the other side said no, and would again."""
    with transaction.atomic():
        if deliveries.leave(delivery, Status.STOPPED, **values):
            audit.record(
                "support.request_stopped",
                tenant=delivery.request.tenant,
                target=delivery.request.reference,
                channel=delivery.channel,
                code=error.code,
            )
            _let_others_out(delivery)


def _wait_for_repository(delivery: RequestDelivery, values: dict[str, Any]) -> None:
    """Stop all notes of the repository after the first failure, not the last.

    Wrong passwords lock users out.
    """
    with transaction.atomic():
        deliveries.leave(delivery, Status.WAITING, **values)
        if delivery.request.repository:
            deliveries.park(delivery.request.repository)


def _try_later(
    delivery: RequestDelivery, error: ConnectorError, values: dict[str, Any]
) -> None:
    due_at = timezone.now() + pause(
        delivery.attempts, getattr(error, "retry_after", None)
    )
    with transaction.atomic():
        if deliveries.leave(delivery, Status.QUEUED, due_at=due_at, **values):
            _wake_at(delivery, due_at)


def _wake_at(delivery: RequestDelivery, due_at: datetime) -> None:
    wait = short_wait(due_at)
    if wait is not None:
        deliveries.wake(delivery.pk, after=wait)


def sweep() -> None:
    """Wake workers for what is due and was not woken, or whose worker died.

    A worker may have died before it noted what it had sent, too.
    """
    due = RequestDelivery.objects.due().order_by("due_at").values_list("pk", flat=True)
    for pk in due[:SWEEP_LIMIT]:
        deliveries.wake(pk)
    for delivery in RequestDelivery.objects.unnoted()[:SWEEP_LIMIT]:
        _note_opening(delivery)
