"""Opening a service request: who may, once, and what goes out."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from connector import audit
from tickets.support.models import SupportIntegration
from tickets.support.service_requests import (
    deliveries,
    diagnostics,
    notes,
    references,
    transport,
)
from tickets.support.service_requests.models import RequestUpdate, ServiceRequest
from tickets.support.service_requests.states import State
from tickets.support.setups import INSIGHTS

if TYPE_CHECKING:
    from connector.models import Tenant
    from tickets.models import Ticket
    from tickets.support.models import Repository
    from tickets.support.service_requests.administrators import Account
    from tickets.support.service_requests.flow import By
    from tickets.support.service_requests.queries import ServiceRequestQuerySet

Via = ServiceRequest.Via
# A reference that is taken is made anew; two in a row happen to nobody.
_TRIES = 5


@dataclass(frozen=True)
class Wish:
    """What somebody wants to ask Microsoft."""

    title: str
    description: str
    severity: str
    contact_name: str
    contact_email: str
    contact_phone: str = ""
    diagnostics: str = ""
    incident_sys_id: str = ""
    incident_number: str = ""
    caller_id: UUID = field(default_factory=uuid4)


class CannotOpen(Exception):
    """No request can be opened; `code` says why for machines, `words` for people."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(code)
        self.code = code
        self.words = words


def obstacle(integration: SupportIntegration, account: Account) -> CannotOpen | None:
    """Return why this account cannot open a request now, or None."""
    if integration.setup is INSIGHTS:
        words = _("With Insights only no service request can be opened.")
        return CannotOpen("feature_not_included", words)
    if not account.is_admin:
        return CannotOpen("account_not_linked", account.refusal)
    return None


def open_once(
    tenant: Tenant,
    wish: Wish,
    *,
    by: By,
    account: Account,
    repository: Repository | None = None,
    ticket: Ticket | None = None,
) -> tuple[ServiceRequest, bool]:
    """Return the request with the caller's id, and whether it was opened just now.

    Raises `CannotOpen`.
    """
    via = Via.PORTAL if by.actor else Via.CONNECTOR
    mine = ServiceRequest.objects.for_tenant(tenant).filter(
        opened_via=via, caller_id=wish.caller_id
    )
    if via == Via.CONNECTOR:
        mine = mine.filter(repository=repository)
    if known := mine.first():
        return known, False
    integration = SupportIntegration.objects.of(tenant)
    if why := obstacle(integration, account):
        raise why
    case = draft(
        tenant,
        wish,
        repository=repository,
        repository_name=repository.repository_id if repository else "",
        ticket=ticket,
        opened_via=via,
        opened_by=by.actor,
        opened_by_name=by.name[:150],
        opened_by_email=account.email[:254],
        transport=transport.chosen(integration).id,
    )
    case.is_test = deliveries.is_silent(case, integration)
    return _stored(case, mine, by)


def _stored(
    case: ServiceRequest, mine: ServiceRequestQuerySet, by: By
) -> tuple[ServiceRequest, bool]:
    """Store the request, unless somebody sent the same one at once."""
    for _try in range(_TRIES):
        try:
            with transaction.atomic():
                case.save(force_insert=True)
                _begin(case, by)
        except IntegrityError:
            if known := mine.first():
                return known, False
            # The reference is taken.
            case.reference = references.new()
        else:
            return case, True
    message = "no free reference was found"
    raise RuntimeError(message)


def draft(tenant: Tenant, wish: Wish, **more: Any) -> ServiceRequest:
    """Return the request as it would be opened, unsaved."""
    case = ServiceRequest(tenant=tenant, **asdict(wish), **more)
    case.diagnostics = diagnostics.clean(tenant, case.diagnostics)
    return case


def _begin(case: ServiceRequest, by: By) -> None:
    """Write the first line of everything, and have the request sent."""
    update = RequestUpdate.objects.create(
        request=case,
        key=case.caller_id,
        source=by.source,
        author=by.name[:200],
        state=State.NEW,
        at=case.created_at,
    )
    audit.record(
        "support.request_opened",
        tenant=case.tenant,
        actor=by.actor,
        target=case.reference,
        by=by.name,
        account=case.opened_by_email,
        severity=case.severity,
        transport=case.transport,
        test=case.is_test,
    )
    words = _("Opened: %(title)s\nSeverity: %(severity)s") % {
        "title": case.title,
        "severity": case.get_severity_display(),
    }
    notes.queue(case, words, once=str(update.key))
    transport.of(case).send(case)
