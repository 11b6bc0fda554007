"""What every answer tells the browser, and what a hostile request gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cryptography.fernet import Fernet

from tests.factories import ConnectionFactory

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.cookies import Morsel

    from django.contrib.auth.models import User
    from django.http import HttpResponse
    from django.test import Client

    from connector.models import Tenant

pytestmark = pytest.mark.django_db
SECRET = "the-client-secret"
# (path, expected status): pages for people and pages of every kind of failure.
ANSWERS = [
    ("/", 200),
    ("/tickets/", 200),
    ("/tickets/new/", 200),
    ("/tickets/states/", 200),
    ("/securescore/", 200),
    ("/securescore/actions/", 200),
    ("/servicenow/setup/", 200),
    ("/servicenow/configuration/", 200),
    ("/servicenow/remove/", 200),
    ("/ticketProvisioning", 200),
    ("/audit/", 200),
    ("/accounts/2fa/", 200),
    ("/accounts/logout/", 200),
    ("/livez", 200),
    ("/nothing/here/", 404),
    ("/tickets/999999999999999999999999/", 404),
    ("/tickets/sync/", 405),
    ("/oauth/complete/servicenow/?code=x&state=y", 302),
]


@pytest.fixture
def browser(
    admin: User, tenant: Tenant, client_for: Callable[[User], Client]
) -> Client:
    ConnectionFactory(tenant=tenant, client_secret=SECRET)
    return client_for(admin)


def _is_guarded(answer: HttpResponse) -> bool:
    policy = answer["Content-Security-Policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["frame-ancestors"] == "'none'"
    assert directives["base-uri"] == "'none'"
    assert directives["form-action"] == "'self'"
    assert "unsafe" not in policy
    assert "*" not in policy
    assert "http:" not in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    return True


@pytest.mark.parametrize(("path", "status"), ANSWERS)
def test_every_page_forbids_what_it_does_not_need(
    browser: Client, path: str, status: int
) -> None:
    answer = browser.get(path)

    assert answer.status_code == status
    assert _is_guarded(answer)
    assert answer["X-Frame-Options"] == "DENY"


def test_the_sign_in_page_forbids_it_too(client: Client) -> None:
    assert _is_guarded(client.get("/accounts/login/"))


def test_the_failure_page_tells_no_secret(
    browser: Client, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    browser.raise_request_exception = False

    answer = browser.get("/servicenow/setup/")

    assert answer.status_code == 500
    assert _is_guarded(answer)
    text = answer.content.decode()
    assert "The portal failed to show this page" in text
    assert "Traceback" not in text
    for secret in (SECRET, *settings.ENCRYPTION_KEYS, settings.SECRET_KEY):
        assert secret not in text + caplog.text


@pytest.mark.parametrize(
    "host", ["evil.example", "testserver.evil.example", "testserver@evil.example"]
)
def test_another_host_name_is_refused(browser: Client, host: str) -> None:
    answer = browser.get("/", headers={"Host": host})

    assert answer.status_code == 400
    assert host not in answer.content.decode()


def test_a_proxys_word_for_the_host_is_not_taken(client: Client) -> None:
    answer = client.get("/", headers={"X-Forwarded-Host": "evil.example"})

    assert answer["Location"] == "/accounts/login/?next=/"


def test_the_session_is_out_of_reach_of_scripts(client: Client, admin: User) -> None:
    admin.set_password("correct horse battery")
    admin.save()
    before = client.cookies.get("portal_session")
    answer = client.post(
        "/accounts/login/",
        {"login": admin.username, "password": "correct horse battery"},
    )

    cookie: Morsel[str] = answer.cookies["portal_session"]
    assert before is None
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "https://evil.example/", "/\\evil.example", "\t//e.x"]
)
def test_signing_in_leads_nowhere_else(
    client: Client, admin: User, wanted: str
) -> None:
    admin.set_password("correct horse battery")
    admin.save()
    form = {"login": admin.username, "password": "correct horse battery"}

    answer = client.post("/accounts/login/", form | {"next": wanted})

    assert answer["Location"] == "/"
