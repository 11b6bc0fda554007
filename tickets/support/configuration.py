"""What is decided and entered for an organisation: answers, settings, repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector import audit, signing_keys
from tickets.support import steps
from tickets.support.guides import guide_for
from tickets.support.models import Repository, SupportIntegration
from tickets.support.service_requests import deliveries

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connector.models import Tenant
    from tickets.support.setups import Setup

# Kept as they are when nothing was typed.
_SECRETS = ("client_secret", "rest_password")
_COMMON = ("repository_id", "endpoint", "is_test")
# What not every set-up has.
_EMPTY: dict[str, Any] = {"client_secret": "", "refresh_token_expiry": None}


def decide(tenant: Tenant, *, basic_auth: bool, single: bool, actor: User) -> None:
    """Store both answers; steps that are not of the new set-up are to be done again."""
    integration = _stored(tenant)
    old = integration.setup
    integration.basic_auth_allowed = basic_auth
    integration.single_tenant = single
    integration.save(update_fields=["basic_auth_allowed", "single_tenant"])
    new = integration.setup
    if new and old != new:
        for repository in Repository.objects.for_tenant(tenant):
            steps.drop_foreign(repository, guide_for(new))
    audit.record(
        "support.decided",
        tenant=tenant,
        actor=actor,
        target=new.label if new else "",
        basic_authentication=basic_auth,
        single_tenant=single,
    )


def change(tenant: Tenant, values: dict[str, Any], *, actor: User) -> None:
    """Store these settings and leave all others as they are."""
    if not values:
        return
    integration = _stored(tenant)
    for name, value in values.items():
        setattr(integration, name, value)
    integration.save(update_fields=list(values))
    audit.record(
        "support.settings_changed",
        tenant=tenant,
        actor=actor,
        settings=sorted(values),
    )
    _fetch_keys(integration)


def directories() -> set[str]:
    """Return the directories of all organisations that have one."""
    rows = SupportIntegration.objects.select_related("tenant")
    return {row.directory.strip().lower() for row in rows if row.directory}


def _fetch_keys(integration: SupportIntegration) -> None:
    """Have the keys there before the instance first calls."""
    if integration.directory:
        signing_keys.ask(signing_keys.of(integration.directory))


def _stored(tenant: Tenant) -> SupportIntegration:
    integration, _created = SupportIntegration.objects.get_or_create(tenant=tenant)
    return integration


def start(tenant: Tenant, values: dict[str, Any], *, actor: User) -> Repository:
    """Begin with an instance: a draft that its guide can be followed for."""
    repository: Repository = Repository.objects.create(tenant=tenant, **values)
    _record("support.repository_added", repository, actor)
    return repository


def enter(
    repository: Repository, values: dict[str, Any], *, setup: Setup, actor: User
) -> Repository:
    """Store what was entered for a set-up; what it does not have is forgotten."""
    is_new = repository.pk is None
    values = {**values, **_kept(repository, values, setup)}
    for name in (*_COMMON, *setup.fields):
        setattr(repository, name, values.get(name))
    for name, empty in _EMPTY.items():
        if name not in setup.fields:
            setattr(repository, name, empty)
    repository.entered_for = setup.id
    repository.save()
    # What waited for another password may go out now.
    deliveries.try_one(repository)
    action = "support.repository_added" if is_new else "support.repository_changed"
    _record(action, repository, actor)
    _fetch_keys(_stored(repository.tenant))
    return repository


def _kept(
    repository: Repository, values: dict[str, Any], setup: Setup
) -> dict[str, Any]:
    """Return the stored secrets that stay: of this instance, this set-up, untouched."""
    stays = (repository.endpoint, repository.entered_for) == (
        values["endpoint"],
        setup.id,
    )
    return {
        name: getattr(repository, name) if stays else ""
        for name in _SECRETS
        if not values.get(name)
    }


def remove(repository: Repository, *, actor: User) -> None:
    """Forget a repository with its secrets, steps, checks and linked accounts."""
    _record("support.repository_removed", repository, actor)
    # What waited for its sign-in has nothing to wait for any more.
    deliveries.release(repository)
    repository.delete()


def _record(action: str, repository: Repository, actor: User) -> None:
    audit.record(
        action,
        tenant=repository.tenant,
        actor=actor,
        target=repository.repository_id,
        endpoint=repository.endpoint,
        authentication=repository.auth_type,
    )
