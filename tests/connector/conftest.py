"""An instance, and a person who walks between it and the portal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import requests
from django.urls import reverse

from connector import tasks
from connector.models import Connection
from connector.sandbox.seed import password_of
from connector.sandbox.server import Installation, Running, serve
from tests.connector.asking import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.contrib.auth.models import User
    from django.http import HttpResponse
    from django.test import Client
    from pytest_django.fixtures import SettingsWrapper

PASSWORD = "password-of-the-integration-user"
INSTALLATION = Installation(password=PASSWORD)


@pytest.fixture
def instance(settings: SettingsWrapper) -> Iterator[Running]:
    """A ServiceNow instance with both steps of the installation checklist done."""
    with serve(INSTALLATION) as running:
        settings.SERVICENOW_SANDBOX_URL = running.url
        yield running


@pytest.fixture
def world(sandbox: Running, connection: Connection, settings: SettingsWrapper) -> World:
    """An instance with nothing wrong, and a connection that works."""
    return World(sandbox, connection, settings)


class Walker:
    """A person with one browser, signed in to the portal, on the way to ServiceNow."""

    def __init__(self, client: Client, instance: Running) -> None:
        self.client = client
        self.instance = instance
        self.browser = requests.Session()

    def set_up(self, **changed: str) -> HttpResponse:
        """Fill in the set-up page and select Authorize."""
        form = {
            "instance": self.instance.url,
            "client_id": INSTALLATION.client_id,
            "client_secret": INSTALLATION.client_secret,
            "integration_user": INSTALLATION.user_name,
        }
        return self.client.post(reverse("connector:setup"), form | changed)

    def consent(
        self, address: str, answer: str = "allow", user: str = "m365.integration"
    ) -> str:
        """Sign in to the instance, answer it, and return where it sends the browser."""
        password = PASSWORD
        if user != INSTALLATION.user_name:
            password = password_of(self.instance.store, user)
        page = self.browser.get(address)
        if "user_password" in page.text:
            form = {"user_name": user, "user_password": password}
            page = self._submit(page, form, allow_redirects=True)
        back = self._submit(page, {"answer": answer}, allow_redirects=False)
        return back.headers["Location"]

    def _submit(
        self, page: requests.Response, form: dict[str, str], **options: bool
    ) -> requests.Response:
        found = re.search(r'name="sysparm_ck"[^>]*value="([^"]+)"', page.text)
        token = {"sysparm_ck": found[1]} if found else {}
        return self.browser.post(page.url, form | token, **options)

    def come_back(self, location: str) -> HttpResponse:
        """Follow the instance's redirect into the portal."""
        parts = urlsplit(location)
        return self.client.get(f"{parts.path}?{parts.query}", follow=True)

    def connect(self, user: str = "m365.integration") -> Connection:
        """Walk the whole way and return the connection."""
        address = self.set_up().context["address"]
        self.come_back(self.consent(address, user=user))
        connection = Connection.objects.get(removed_at=None)
        tasks.authorize(connection.pk)
        connection.refresh_from_db()
        return connection


@pytest.fixture
def walk(
    client_for: Callable[[User], Client], instance: Running
) -> Iterator[Callable[[User], Walker]]:
    """Return a way to send a person to the instance."""
    walkers: list[Walker] = []

    def start(user: User) -> Walker:
        walkers.append(Walker(client_for(user), instance))
        return walkers[-1]

    yield start
    for walker in walkers:
        walker.browser.close()
