"""Pages of service requests: the list, a new one, one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from connector.access import require
from connector.choosing import key_in
from tickets import filters as ticket_filters
from tickets import lists
from tickets.models import Kind, Ticket
from tickets.support.choosing import integration_of
from tickets.support.models import Repository
from tickets.support.service_requests import (
    administrators,
    diagnostics,
    flow,
    mails,
    notes,
    opening,
    progress,
    timeline,
    transport,
)
from tickets.support.service_requests.filters import RequestFilter
from tickets.support.service_requests.forms import (
    CaseForm,
    RequestForm,
    StateForm,
    UpdateForm,
)
from tickets.support.service_requests.models import InboundReceipt, ServiceRequest
from tickets.support.service_requests.states import State
from tickets.support.views import VIEW

if TYPE_CHECKING:
    from django.http import HttpResponse

    from connector.access import TenantRequest
    from tickets.support.service_requests.administrators import Account

MANAGE = "tickets.manage_servicerequest"


@never_cache
@require_GET
@require(VIEW)
def request_list(request: TenantRequest) -> HttpResponse:
    """List the service requests, narrowed by the address."""
    mine = ServiceRequest.objects.for_tenant(request.tenant).for_list()
    filterset = RequestFilter(request.GET, queryset=mine, tenant=request.tenant)
    integration = integration_of(request)
    waiting = InboundReceipt.objects.for_tenant(request.tenant).waiting()
    way = transport.chosen(integration)
    context = {
        "integration": integration,
        "page": lists.page_of(request, filterset.qs),
        "filterset": filterset,
        "chips": ticket_filters.chips(filterset, request.GET),
        "transport": way,
        "explanation": way.explanation(integration),
        "may_manage": request.user.has_perm(MANAGE),
        "waiting": waiting.count(),
    }
    return lists.answer(request, "tickets/support/requests.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@require(MANAGE)
def request_new(request: TenantRequest) -> HttpResponse:
    """Take a request, show exactly what would be sent, and open it."""
    ticket, account = _ticket(request), _account(request)
    form = _form(request, ticket, account)
    integration = integration_of(request)
    obstacle = opening.obstacle(integration, account)
    intent = request.POST.get("intent")
    is_valid = request.method == "POST" and form.is_valid()
    if is_valid and intent == "send" and not obstacle:
        return _open(request, form, ticket, account)
    way = transport.chosen(integration)
    context = {
        "integration": integration,
        "form": form,
        "ticket": ticket,
        "account": account,
        "obstacle": obstacle,
        "transport": way,
        "explanation": way.explanation(integration),
        **(_previewed(request, form, ticket) if is_valid and intent != "edit" else {}),
    }
    status = 422 if request.POST and form.errors else 200
    return render(request, "tickets/support/request_new.html", context, status=status)


def _previewed(
    request: TenantRequest, form: RequestForm, ticket: Ticket | None
) -> dict[str, str]:
    """Return what Microsoft would read, the diagnostics up to date."""
    collected = form.data.get("initial-diagnostics", "")
    if form.is_as_collected and form.cleaned_data["diagnostics"]:
        collected = _diagnostics(request, form.cleaned_data, ticket)
        form.attach(collected)
    case = opening.draft(
        request.tenant, form.wish(), reference=_("made when it is opened")
    )
    return {"preview": mails.opening_text(case), "collected": collected}


def _diagnostics(
    request: TenantRequest, values: dict[str, Any], ticket: Ticket | None
) -> str:
    about = (values.get("title", ""), values.get("description", ""))
    return diagnostics.gather(
        request.tenant,
        "\n".join(about),
        repository=values.get("repository"),
        incident=values.get("incident_number", ""),
        ticket=ticket,
    )


def _account(request: TenantRequest) -> Account:
    return administrators.of_person(request.tenant, request.user)


def _ticket(request: TenantRequest) -> Ticket | None:
    """Return the ticket the address names; raises `Http404` for a foreign one."""
    wanted = request.GET.get("ticket")
    if not wanted:
        return None
    mine = Ticket.objects.for_tenant(request.tenant).with_state()
    ticket: Ticket = get_object_or_404(
        mine.select_related("connection"), pk=key_in(wanted) or 0
    )
    ticket.tenant = request.tenant
    return ticket


def _form(
    request: TenantRequest, ticket: Ticket | None, account: Account
) -> RequestForm:
    repositories = Repository.objects.for_tenant(request.tenant)
    initial: dict[str, Any] = {
        "severity": "normal",
        "contact_name": request.user.get_full_name() or request.user.get_username(),
        "contact_email": account.email if "@" in account.email else "",
    }
    mine = _repository_of(ticket, request)
    if ticket:
        initial |= {"title": ticket.name, "description": ticket.description}
    if ticket and mine and ticket.kind == Kind.INCIDENT:
        initial |= {"repository": mine, "incident_number": ticket.number}
    if request.method == "GET":
        initial["diagnostics"] = _diagnostics(request, initial, ticket)
    data = request.POST or request.unsent or None
    return RequestForm(data, repositories=repositories, initial=initial)


def _repository_of(ticket: Ticket | None, request: TenantRequest) -> Repository | None:
    """Return the repository of the instance a ticket is on."""
    if ticket is None:
        return None
    mine = Repository.objects.for_tenant(request.tenant)
    repository: Repository | None = mine.filter(
        endpoint=ticket.connection.base_url
    ).first()
    return repository


def _open(
    request: TenantRequest, form: RequestForm, ticket: Ticket | None, account: Account
) -> HttpResponse:
    case, _is_new = opening.open_once(
        request.tenant,
        form.wish(),
        by=flow.person(request.user),
        account=account,
        repository=form.cleaned_data.get("repository"),
        ticket=ticket,
    )
    return redirect(case)


def find(request: TenantRequest, reference: str) -> ServiceRequest:
    """Return a request of the organisation; raises `Http404` otherwise."""
    mine = ServiceRequest.objects.for_tenant(request.tenant)
    rows = mine.select_related("repository", "ticket")
    case: ServiceRequest = get_object_or_404(rows.named(reference))
    case.tenant = request.tenant
    if case.repository:
        case.repository.tenant = request.tenant
    return case


@never_cache
@require_GET
@require(VIEW)
def request_detail(request: TenantRequest, reference: str) -> HttpResponse:
    """Show one request: where it is, what is to be done, all that happened."""
    return page(request, find(request, reference))


def page(
    request: TenantRequest, case: ServiceRequest, status: int = 200, **typed: Any
) -> HttpResponse:
    """Return the page of a request, with the forms as they were typed."""
    integration = integration_of(request)
    context = {
        **_on_the_way(request, case),
        "integration": integration,
        "lines": timeline.of(case),
        "transport": transport.of(case),
        "explanation": transport.note_for(case, integration),
        "admin_center": transport.ADMIN_CENTER,
        "text": mails.opening_text(case),
        "is_by_hand": case.transport == transport.Manual.id,
        "is_to_be_handed_over": case.state == State.NEW
        and case.transport == transport.Manual.id,
        "state_form": StateForm(case=case),
        "case_form": CaseForm(initial={"case_number": case.case_number}),
        "update_form": UpdateForm(request.unsent or None),
        **typed,
    }
    return render(request, "tickets/support/request.html", context, status=status)


@never_cache
@require_GET
@require(VIEW)
def request_progress(request: TenantRequest, reference: str) -> HttpResponse:
    """Show how far mails and notes are; when all have arrived, the whole page is news."""
    context = _on_the_way(request, find(request, reference))
    response = render(request, "tickets/support/_request_progress.html", context)
    if not context["refresh"]:
        response["HX-Refresh"] = "true"
    return response


def _on_the_way(request: TenantRequest, case: ServiceRequest) -> dict[str, Any]:
    items = progress.of(case)
    noted = case.deliveries.filter(channel="note", status="delivered").count()
    return {
        "case": case,
        "items": items,
        "refresh": progress.next_look(items),
        "silence": notes.reason_against(case),
        "noted": noted,
        "may_manage": request.user.has_perm(MANAGE),
    }
