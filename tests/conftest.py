"""The cast and the situations most tests start from."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
import requests
from django.core.cache import cache
from django.test import Client

from connector import budget
from connector.sandbox.server import Installation, serve
from portal import roles
from tests import factories, servers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.contrib.auth.models import User
    from playwright.sync_api import Browser, Page
    from pytest_django.fixtures import SettingsWrapper

    from connector.models import Connection, Tenant
    from connector.sandbox.server import Running


INSTALLATION = Installation(
    password="password-of-the-integration-user",
    redirect_url="http://testserver/oauth/complete/servicenow/",
)
_CHROMIUM = [
    "--no-sandbox",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(autouse=True)
def _no_rate_limits_of_the_test_before() -> None:
    cache.clear()
    budget.forget()


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


@pytest.fixture
def sandbox(settings: SettingsWrapper) -> Iterator[Running]:
    """A ServiceNow instance in this process, with the installation checklist done."""
    with serve(INSTALLATION) as running:
        settings.SERVICENOW_SANDBOX_URL = running.url
        yield running


@pytest.fixture
def connection(tenant: Tenant, sandbox: Running) -> Connection:
    """A connection to the sandbox with tokens of its integration user."""
    form = {
        "grant_type": "password",
        "username": INSTALLATION.user_name,
        "password": INSTALLATION.password,
        "client_id": INSTALLATION.client_id,
        "client_secret": INSTALLATION.client_secret,
    }
    answer = requests.post(f"{sandbox.url}/oauth_token.do", data=form, timeout=10)
    tokens = answer.json()
    return factories.ConnectionFactory(
        tenant=tenant,
        base_url=sandbox.url,
        client_id=INSTALLATION.client_id,
        client_secret=INSTALLATION.client_secret,
        access_token=tokens["access_token"],
        refresh_token=tokens["refresh_token"],
    )


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A private Redis, in case a test needs a real broker."""
    redis = servers.Redis()
    yield redis.url
    redis.close()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Product]:
    """The whole product, ready; one for all tests that only use it."""
    product = servers.Product(tmp_path_factory.mktemp("product") / "var")
    yield product.wait_until_ready()
    product.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A Chromium that talks to nobody but the pages it is sent to."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=servers.chromium(), args=_CHROMIUM
        )
        yield chromium
        chromium.close()


@pytest.fixture
def browser_page(browser: Browser) -> Iterator[Page]:
    """A fresh page, without cookies, that fails the test on an error in a script."""
    context = browser.new_context()
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


def missing(what: str) -> None:
    """Skip the test; in CI nothing may be left out, so fail there."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(f"{what} is missing, and CI leaves nothing out")
    pytest.skip(f"{what} is missing")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what this machine has no programs for, and put the browser's tests last.

    Its driver runs an event loop in this thread until the session ends, and Django
    refuses its database beside one.
    """
    items.sort(key=_needs_browser)
    reasons = {}
    if not servers.chromium():
        reasons["browser"] = "Chromium is missing: apt-get install chromium"
    if not servers.postgres_folder():
        reasons["postgres"] = "PostgreSQL is missing: apt-get install postgresql"
    for item in items:
        for name in reasons.keys() & {mark.name for mark in item.iter_markers()}:
            item.add_marker(pytest.mark.skip(reason=reasons[name]))


def _needs_browser(item: pytest.Item) -> bool:
    return item.get_closest_marker("browser") is not None
