"""The cast and the situations most tests start from."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from django.core.cache import cache
from django.test import Client

from portal import roles
from tests import factories, servers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.contrib.auth.models import User

    from connector.models import Tenant


@pytest.fixture(autouse=True)
def _no_rate_limits_of_the_test_before() -> None:
    cache.clear()


@pytest.fixture
def tenant(db: None) -> Tenant:
    return factories.TenantFactory(name="Contoso Electronics", slug="contoso")


@pytest.fixture
def other_tenant(db: None) -> Tenant:
    return factories.TenantFactory(name="Fabrikam", slug="fabrikam")


@pytest.fixture
def admin(tenant: Tenant) -> User:
    return _person("security.admin", roles.SECURITY_ADMINISTRATOR, tenant)


@pytest.fixture
def operator(tenant: Tenant) -> User:
    return _person("security.operator", roles.SECURITY_OPERATOR, tenant)


@pytest.fixture
def reader(tenant: Tenant) -> User:
    return _person("security.reader", roles.SECURITY_READER, tenant)


@pytest.fixture
def helpdesk(tenant: Tenant) -> User:
    return _person("helpdesk.admin", roles.HELPDESK_ADMINISTRATOR, tenant)


@pytest.fixture
def support(tenant: Tenant) -> User:
    return _person("support.admin", roles.SERVICE_SUPPORT_ADMINISTRATOR, tenant)


@pytest.fixture
def outsider(other_tenant: Tenant) -> User:
    """A Security Administrator, but of another organisation."""
    return _person("outsider", roles.SECURITY_ADMINISTRATOR, other_tenant)


def _person(username: str, role: str, tenant: Tenant) -> User:
    return factories.UserFactory(username=username, role=role, tenant=tenant)


@pytest.fixture
def client_for() -> Callable[[User], Client]:
    """Return a browser-like client in which that person is signed in."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A private Redis, in case a test needs a real broker."""
    redis = servers.Redis()
    yield redis.url
    redis.close()


def missing(what: str) -> None:
    """Skip the test; in CI nothing may be left out, so fail there."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(f"{what} is missing, and CI leaves nothing out")
    pytest.skip(f"{what} is missing")
