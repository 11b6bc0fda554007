"""Link account: which Microsoft 365 admin account a user of ServiceNow has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib import messages
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from connector.access import require
from tickets.support import accounts
from tickets.support.choosing import integration_of
from tickets.support.forms import AccountForm, PersonForm
from tickets.support.models import LinkedPerson, Repository, SupportUser
from tickets.support.setups import INSIGHTS
from tickets.support.views import MANAGE, VIEW

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpResponse

    from connector.access import TenantRequest


@dataclass(frozen=True)
class Row:
    """A user, and since when the linked account is known to be an admin's."""

    person: SupportUser
    seen_at: datetime | None


@never_cache
@require_http_methods(["GET", "POST"])
@require(VIEW)
def account(request: TenantRequest) -> HttpResponse:
    """Show who has which account, and take a link."""
    if request.method == "POST":
        response: HttpResponse = _link(request)
        return response
    return _page(request, form=_form(request, request.unsent))


@require(MANAGE)
def _link(request: TenantRequest) -> HttpResponse:
    form = _form(request, request.POST)
    if not form.is_valid():
        return _page(request, form=form, status=422)
    values = form.cleaned_data
    with transaction.atomic():
        accounts.link(
            values["repository"],
            values["user_name"],
            values["email"],
            actor=request.user,
        )
    words = {"user": values["user_name"], "email": values["email"]}
    messages.success(request, _("%(user)s is linked to %(email)s.") % words)
    return redirect("support:account")


@require_POST
@require(MANAGE)
def unlink(request: TenantRequest, pk: int) -> HttpResponse:
    """Forget the account of a user."""
    people = SupportUser.objects.for_tenant(request.tenant).linked()
    person = get_object_or_404(people, pk=pk)
    person.repository.tenant = request.tenant
    with transaction.atomic():
        accounts.unlink(person, actor=request.user)
    messages.success(request, _("The link was removed."))
    return redirect("support:account")


def _form(request: TenantRequest, data: object) -> AccountForm:
    repositories = Repository.objects.for_tenant(request.tenant)
    user_name = request.GET.get("user", "")[:100]
    return AccountForm(
        data or None, repositories=repositories, initial={"user_name": user_name}
    )


@require_POST
@require(MANAGE)
def link_person(request: TenantRequest) -> HttpResponse:
    """Take the account of somebody of the portal."""
    form = PersonForm(request.POST, tenant=request.tenant)
    if not form.is_valid():
        return _page(request, person_form=form, status=422)
    user, email = form.cleaned_data["user"], form.cleaned_data["email"]
    with transaction.atomic():
        accounts.link_person(request.tenant, user, email, actor=request.user)
    words = {"user": user.get_username(), "email": email}
    messages.success(request, _("%(user)s is linked to %(email)s.") % words)
    return redirect("support:account")


@require_POST
@require(MANAGE)
def unlink_person(request: TenantRequest, pk: int) -> HttpResponse:
    """Forget the account of somebody of the portal."""
    people = LinkedPerson.objects.for_tenant(request.tenant).select_related("user")
    person = get_object_or_404(people, pk=pk)
    person.tenant = request.tenant
    with transaction.atomic():
        accounts.unlink_person(person, actor=request.user)
    messages.success(request, _("The link was removed."))
    return redirect("support:account")


def _page(
    request: TenantRequest,
    *,
    form: AccountForm | None = None,
    person_form: PersonForm | None = None,
    status: int = 200,
) -> HttpResponse:
    seen = accounts.seen_as_admin(request.tenant)
    integration = integration_of(request)
    people = SupportUser.objects.for_tenant(request.tenant)
    linked = LinkedPerson.objects.for_tenant(request.tenant).select_related("user")
    context = {
        "form": form or _form(request, None),
        "person_form": person_form or PersonForm(tenant=request.tenant),
        "integration": integration,
        "rows": [Row(one, seen.get(one.linked_email.lower())) for one in people],
        "people": [(one, seen.get(one.email.lower())) for one in linked],
        "has_repositories": Repository.objects.for_tenant(request.tenant).exists(),
        "has_administrators": integration.setup is not INSIGHTS,
    }
    return render(request, "tickets/support/account.html", context, status=status)
