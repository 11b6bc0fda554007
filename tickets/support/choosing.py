"""Which of an organisation's repositories a page is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404

from connector.choosing import key_in
from tickets.support.models import Repository, SupportIntegration

if TYPE_CHECKING:
    from connector.access import TenantRequest

PARAMETER = "repository"


def chosen(request: TenantRequest) -> Repository | None:
    """Return the repository the address names, else the first one, or None.

    Raises `Http404` for one that is not the organisation's.
    """
    wanted = request.GET.get(PARAMETER)
    mine = Repository.objects.for_tenant(request.tenant).with_progress()
    if not wanted:
        return _of(request, mine.first())
    return found(request, key_in(wanted) or 0)


def found(request: TenantRequest, pk: int) -> Repository:
    """Return a repository of the organisation; raises `Http404` otherwise."""
    mine = Repository.objects.for_tenant(request.tenant).with_progress()
    repository = _of(request, mine.filter(pk=pk).first())
    if repository is None:
        raise Http404
    return repository


def _of(request: TenantRequest, repository: Repository | None) -> Repository | None:
    if repository:
        repository.tenant = request.tenant
    return repository


def integration_of(request: TenantRequest) -> SupportIntegration:
    """Return the organisation's settings."""
    return SupportIntegration.objects.of(request.tenant)
