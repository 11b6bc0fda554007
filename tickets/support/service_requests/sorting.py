"""Sorting messages into the requests they belong to; what fits none waits for a person."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import NAMESPACE_OID, UUID, uuid5

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connector import audit
from tickets.support.models import SupportIntegration
from tickets.support.service_requests import case_numbers, flow, letters, references
from tickets.support.service_requests.inbound import wake
from tickets.support.service_requests.models import (
    InboundReceipt,
    RequestDelivery,
    ServiceRequest,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connector.models import Tenant
    from tickets.support.service_requests.letters import Letter

logger = logging.getLogger(__name__)

Status = InboundReceipt.Status
REASONS = {
    "unreadable": _("The portal cannot read it as a mail; it is kept as it came."),
    "no_reference": _("It names no request that is known here."),
    "foreign_sender": _("Its sender is not of the support address' domain."),
    "no_support_address": _("No support address is entered, so no sender is known."),
}
SWEEP_LIMIT = 100
# What was sorted in keeps only its name, so that a copy is known.
KEPT = timedelta(days=90)


@dataclass(frozen=True)
class Place:
    """Where a message belongs; without a request a person says it."""

    case: ServiceRequest | None
    reason: str = ""


def sort(pk: str) -> None:
    """Sort one message in; harmless if somebody did."""
    with transaction.atomic():
        rows = InboundReceipt.objects.select_for_update(of=("self",)).unsorted()
        receipt = rows.select_related("tenant").filter(pk=pk).first()
        if receipt is None:
            return
        try:
            letter = letters.read(bytes(receipt.raw or b""), receipt.content_type)
        except letters.Unreadable as error:
            logger.warning("message %s is unreadable: %s", receipt.pk, error)
            _leave_to_people(receipt, "unreadable")
            return
        _sort(receipt, letter)


def _sort(receipt: InboundReceipt, letter: Letter) -> None:
    _copy(receipt, letter)
    if _is_our_own(receipt.tenant, letter):
        # It went round: a reply address that leads back to itself.
        _settle(receipt, Status.DUPLICATE)
        return
    place = find(receipt.tenant, letter)
    if place.case is None:
        _leave_to_people(receipt, place.reason)
    else:
        _put(receipt, place.case, Status.MATCHED)


def _copy(receipt: InboundReceipt, letter: Letter) -> None:
    receipt.sender, receipt.author = letter.sender, letter.author
    receipt.subject, receipt.message_id = letter.subject, letter.message_id
    receipt.text, receipt.quoted = letter.text, letter.quoted
    receipt.attachments = list(letter.attachments)
    receipt.is_automatic = letter.is_automatic
    receipt.raw = None


def _is_our_own(tenant: Tenant, letter: Letter) -> bool:
    if not letter.message_id:
        return False
    mails = RequestDelivery.objects.filter(
        request__tenant=tenant, channel=RequestDelivery.Channel.MAIL
    )
    return mails.filter(payload__message_id=letter.message_id).exists()


def find(tenant: Tenant, letter: Letter) -> Place:
    """Return the request a letter is about, if its sender may speak for Microsoft."""
    integration = SupportIntegration.objects.of(tenant)
    case = _named(tenant, letter) or _numbered(tenant, letter, integration)
    if case is None:
        return Place(None, "no_reference")
    if not integration.support_address:
        return Place(None, "no_support_address")
    if not _is_of(letter.sender, integration.support_address):
        return Place(None, "foreign_sender")
    return Place(case)


def _named(tenant: Tenant, letter: Letter) -> ServiceRequest | None:
    """Return the request whose reference is named first: answered, subject, text."""
    places = [letter.replies_to, letter.subject, letter.text, letter.quoted]
    named = references.found_in(places)
    rows = ServiceRequest.objects.for_tenant(tenant).filter(reference__in=named)
    known = {
        case.reference: case for case in rows.select_related("tenant", "repository")
    }
    return next((known[one] for one in named if one in known), None)


def _numbered(
    tenant: Tenant, letter: Letter, integration: SupportIntegration
) -> ServiceRequest | None:
    """Return the one request with the case number the letter names, if it is one."""
    number = case_number_in(letter.subject, letter.text, integration)
    rows = ServiceRequest.objects.for_tenant(tenant).filter(case_number=number)
    found = list(rows.select_related("tenant", "repository")[:2]) if number else []
    return found[0] if len(found) == 1 else None


def case_number_in(subject: str, text: str, integration: SupportIntegration) -> str:
    """Return Microsoft's case number in a message, or ""."""
    return case_numbers.find([subject, text], integration.case_pattern)


def _is_of(sender: str, support_address: str) -> bool:
    """Say whether the sender is of the address' domain, or of one below it."""
    theirs = sender.rpartition("@")[2].lower()
    wanted = support_address.rpartition("@")[2].lower()
    return theirs == wanted or theirs.endswith(f".{wanted}")


def _put(
    receipt: InboundReceipt,
    case: ServiceRequest,
    status: str,
    actor: User | None = None,
) -> None:
    integration = SupportIntegration.objects.of(case.tenant)
    words = flow.Words(
        author=receipt.author or receipt.sender,
        text=receipt.text or receipt.subject,
        key=_key_of(receipt),
        quoted=receipt.quoted,
        attachments=receipt.attachments,
        is_automatic=receipt.is_automatic,
        case_number=case_number_in(receipt.subject, receipt.text, integration),
    )
    is_new = flow.hear(case, words) is not None
    receipt.request = case
    _settle(receipt, status if is_new else Status.DUPLICATE, actor)


def _key_of(receipt: InboundReceipt) -> UUID:
    """Return the same key for the same mail, however it came in."""
    return uuid5(NAMESPACE_OID, receipt.message_id or receipt.digest)


def _leave_to_people(receipt: InboundReceipt, reason: str) -> None:
    receipt.status, receipt.reason = Status.UNMATCHED, reason
    receipt.save()
    audit.record(
        "support.message_unmatched",
        tenant=receipt.tenant,
        target=receipt.sender or receipt.pk,
        reason=reason,
    )


def _settle(receipt: InboundReceipt, status: str, actor: User | None = None) -> None:
    receipt.status, receipt.settled_at = status, timezone.now()
    receipt.settled_by_name = actor.get_username() if actor else ""
    if status != Status.DROPPED:
        receipt.text = receipt.quoted = ""
    receipt.save()


def assign(receipt: InboundReceipt, case: ServiceRequest, *, actor: User) -> bool:
    """Put a message that waits into a request; False if somebody was faster."""
    with transaction.atomic():
        if not _hold(receipt):
            return False
        if receipt.reason == "unreadable":
            receipt.text = plain_of(receipt)
        _put(receipt, case, Status.ASSIGNED, actor)
        audit.record(
            "support.message_assigned",
            tenant=receipt.tenant,
            actor=actor,
            target=case.reference,
            sender=receipt.sender,
        )
    return True


def drop(receipt: InboundReceipt, *, actor: User) -> bool:
    """Say that a message belongs to no request; False if somebody was faster."""
    with transaction.atomic():
        if not _hold(receipt):
            return False
        _settle(receipt, Status.DROPPED, actor)
        audit.record(
            "support.message_dropped",
            tenant=receipt.tenant,
            actor=actor,
            target=receipt.sender or receipt.pk,
            subject=receipt.subject,
        )
    return True


def _hold(receipt: InboundReceipt) -> bool:
    """Take a waiting message out of everybody else's hands."""
    rows = InboundReceipt.objects.filter(pk=receipt.pk, status=Status.UNMATCHED)
    return rows.update(status=Status.ASSIGNED) == 1


def plain_of(receipt: InboundReceipt) -> str:
    """Return what can be shown of a message that cannot be read."""
    raw = bytes(receipt.raw or b"")[: 8 * 1024]
    return letters.parted(raw.decode("utf-8", "replace"))[0]


def sweep() -> None:
    """Wake workers for what nobody sorted in, and forget what is long settled."""
    minute_ago = timezone.now() - timedelta(minutes=1)
    late = InboundReceipt.objects.unsorted().filter(received_at__lt=minute_ago)
    for pk in late.order_by("received_at").values_list("pk", flat=True)[:SWEEP_LIMIT]:
        wake(pk)
    old = InboundReceipt.objects.filter(settled_at__lt=timezone.now() - KEPT)
    old.delete()
