"""Pages of the repositories: add, edit, remove, test the connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.db import transaction
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from connector.access import require
from tickets.support import configuration
from tickets.support.api import addresses
from tickets.support.choosing import found, integration_of
from tickets.support.models import Repository
from tickets.support.repository_forms import RepositoryForm
from tickets.support.views import MANAGE, VIEW
from tickets.support.walkthrough import Walkthrough

if TYPE_CHECKING:
    from django.http import HttpResponse

    from connector.access import TenantRequest


@never_cache
@require_http_methods(["GET", "POST"])
@require(MANAGE)
def add(request: TenantRequest) -> HttpResponse:
    """Take a new repository with all its values."""
    return _enter(request, Repository(tenant=request.tenant))


@never_cache
@require_http_methods(["GET", "POST"])
@require(MANAGE)
def edit(request: TenantRequest, pk: int) -> HttpResponse:
    """Take the values of a repository."""
    return _enter(request, found(request, pk))


def _enter(request: TenantRequest, repository: Repository) -> HttpResponse:
    setup = integration_of(request).setup
    if setup is None:
        message = _("Answer the two questions first: they decide on the fields.")
        messages.info(request, message)
        return redirect("support:decision")
    form = RepositoryForm(request.unsent or None, repository=repository, setup=setup)
    if request.method == "POST":
        with transaction.atomic():
            # Validated under the lock: two people may enter the same instance.
            request.tenant.lock()
            form = RepositoryForm(request.POST, repository=repository, setup=setup)
            if form.is_valid():
                configuration.enter(
                    repository, form.cleaned_data, setup=setup, actor=request.user
                )
                messages.success(request, _("Saved. Test the connection now."))
                return redirect("support:repository", repository.pk)
    context = {
        "form": form,
        "repository": repository,
        "integration": integration_of(request),
        "setup": setup,
    }
    status = 422 if request.POST and form.errors else 200
    return render(
        request, "tickets/support/repository_form.html", context, status=status
    )


@never_cache
@require_GET
@require(VIEW)
def detail(request: TenantRequest, pk: int) -> HttpResponse:
    """Show a repository, its live checks and its users."""
    return _detail(request, found(request, pk), "tickets/support/repository.html")


@never_cache
@require_GET
@require(VIEW)
def status(request: TenantRequest, pk: int) -> HttpResponse:
    """Show how far the test of a connection has come."""
    return _detail(request, found(request, pk), "tickets/support/_test.html")


def _detail(
    request: TenantRequest, repository: Repository, template: str
) -> HttpResponse:
    integration = integration_of(request)
    setup = integration.setup
    context = {
        "repository": repository,
        "integration": integration,
        "setup": setup,
        "is_complete": repository.is_complete_for(setup),
        "way": Walkthrough(integration, repository, setup) if setup else None,
        "users": repository.users.all(),
        "connector_url": addresses.connector_url(repository),
    }
    return render(request, template, context)


@require_http_methods(["GET", "POST"])
@require(MANAGE)
def remove(request: TenantRequest, pk: int) -> HttpResponse:
    """Name the consequences, and remove a repository when that was confirmed."""
    repository = found(request, pk)
    if request.method == "POST":
        with transaction.atomic():
            configuration.remove(repository, actor=request.user)
        words = {"repository": repository.repository_id}
        messages.success(request, _("%(repository)s was removed.") % words)
        return redirect("support:settings")
    context = {"repository": repository, "integration": integration_of(request)}
    return render(request, "tickets/support/remove.html", context)
