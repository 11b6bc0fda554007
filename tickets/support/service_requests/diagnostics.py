"""What is attached to a service request: facts Microsoft will ask for, and no secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from connector import redaction
from tickets.models import Ticket
from tickets.support import matching
from tickets.support.health_models import HealthService
from tickets.support.models import Repository, SupportIntegration
from tickets.support.service_requests.models import TEXT_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connector.models import Tenant

MOST_TICKETS = 5


def gather(
    tenant: Tenant,
    about: str,
    *,
    repository: Repository | None = None,
    incident: str = "",
    ticket: Ticket | None = None,
    given: Mapping[str, str] | None = None,
) -> str:
    """Return the readable text for a request about something; `given` came with it."""
    parts = [
        _("Collected: %(at)s") % {"at": _now()},
        *_organization(tenant),
        *_instance(repository, incident),
        *_health(tenant, about),
        *(_ticket(ticket) if ticket else []),
        *(_given(name, text) for name, text in (given or {}).items()),
    ]
    return clean(tenant, "\n".join(parts))


def clean(tenant: Tenant, text: str) -> str:
    """Return the text as it may leave the portal: without secrets, and bounded."""
    text = redaction.without_secrets(text, _secrets(tenant))
    return text if len(text) <= TEXT_LIMIT else f"{text[: TEXT_LIMIT - 1]}…"


def _secrets(tenant: Tenant) -> list[str]:
    integration = SupportIntegration.objects.of(tenant)
    found = [integration.outbound_secret, integration.inbound_secret]
    for repository in Repository.objects.for_tenant(tenant):
        found += [repository.client_secret, repository.rest_password]
    return [secret for secret in found if secret]


def _now() -> str:
    now = timezone.localtime()
    return f"{formats.date_format(now, 'DATETIME_FORMAT')} {now.tzname()}"


def _organization(tenant: Tenant) -> list[str]:
    directory = SupportIntegration.objects.of(tenant).directory
    named = f"{tenant.name} ({directory})" if directory else tenant.name
    return [_("Organization: %(name)s") % {"name": named}]


def _instance(repository: Repository | None, incident: str) -> list[str]:
    lines = []
    if repository:
        named = f"{repository.repository_id} ({repository.host})"
        lines.append(_("ServiceNow instance: %(name)s") % {"name": named})
    if incident:
        lines.append(_("Incident: %(number)s") % {"number": incident})
    return lines


def _health(tenant: Tenant, about: str) -> list[str]:
    issues = matching.issues_like(tenant, about)
    services = HealthService.objects.for_tenant(tenant).exclude(status="")
    troubled = services.degraded().order_by("name")
    return [
        "",
        _("Service health issues that match:"),
        *_list(
            f"{i.issue_id}: {i.title} ({i.service}, {i.shown.label})" for i in issues
        ),
        _("Services that are not healthy:"),
        *_list(f"{one.name}: {one.shown.label}" for one in troubled),
    ]


def _list(lines: Iterable[str]) -> list[str]:
    return [f"- {line}" for line in lines] or [f"- {_('none')}"]


def _ticket(ticket: Ticket) -> list[str]:
    """Return the ticket, and the newest ones about the same improvement action."""
    alike = Ticket.objects.for_tenant(ticket.tenant).exclude(pk=ticket.pk)
    others = alike.of_control(ticket.control_id) if ticket.control_id else alike.none()
    rows = [_tell(ticket)]
    rows += [_tell(one) for one in others.with_state()[:MOST_TICKETS]]
    return ["", _("Tickets:"), *_list(rows)]


def _tell(ticket: Ticket) -> str:
    created = formats.date_format(timezone.localtime(ticket.created_at), "DATE_FORMAT")
    state = getattr(ticket, "state_label", "") or ticket.remote_state or "-"
    named = ticket.number or _("not in ServiceNow")
    kind = ticket.get_kind_display()
    return f"{kind} {named}: {ticket.name} ({state}, {created})"


def _given(name: str, text: str) -> str:
    return f"\n{name}:\n{text}"
