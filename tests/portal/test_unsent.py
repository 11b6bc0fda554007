"""A session that ends in the middle of a form: nothing is sent, nothing is lost."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from connector.models import Connection
from portal import unsent
from tests.factories import ConnectionFactory, UserFactory
from tickets.models import Ticket

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from pytest_django.fixtures import SettingsWrapper

    from connector.models import Tenant

NEW = "/tickets/new/?kind=incident"
SETUP = "/servicenow/setup/"
TYPED = {
    "name": "Mailbox rules ^ need a look",
    "description": "First line\nSecond <b>line</b>",
    "priority": "high",
    "category": "Data",
    "intent": "send",
}


@pytest.fixture
def browser(
    operator: User, tenant: Tenant, client_for: Callable[[User], Client]
) -> Client:
    ConnectionFactory(tenant=tenant)
    return client_for(operator)


def _field(page: Any, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.content.decode())
    assert found
    return html.unescape(found[1])


def _opened(browser: Client, path: str = NEW) -> dict[str, str]:
    """Open the form and return what it carries beside what people type."""
    page = browser.get(path)
    hidden = {unsent.OWNER: _field(page, unsent.OWNER)}
    return hidden | ({"token": _field(page, "token")} if path == NEW else {})


def test_what_was_typed_is_there_after_signing_in(
    browser: Client, operator: User
) -> None:
    form = TYPED | _opened(browser)
    browser.logout()

    refused = browser.post(NEW, form)

    assert refused.status_code == 302
    assert refused.url == "/accounts/login/?next=/tickets/new/%3Fkind%3Dincident"
    assert "nothing was sent" in browser.get(refused.url).content.decode()
    assert not Ticket.objects.exists()
    browser.force_login(operator)
    page = browser.get(NEW)
    text = html.unescape(page.content.decode())
    assert "Nothing was sent yet" in text
    assert f'value="{TYPED["name"]}"' in text
    assert TYPED["description"] in text
    sent = browser.post(NEW, form | {"token": _field(page, "token")})
    assert sent.url == Ticket.objects.get().get_absolute_url()
    assert "Mailbox rules" not in browser.get(NEW).content.decode()


def test_the_real_sign_in_keeps_it_too(
    browser: Client, operator: User, settings: SettingsWrapper
) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    operator.set_password("correct horse battery")
    operator.save()
    browser.force_login(operator)
    form = TYPED | _opened(browser)
    browser.logout()
    refused = browser.post(NEW, form)

    page = browser.post(
        refused.url,
        {"login": operator.username, "password": "correct horse battery", "next": NEW},
        follow=True,
    )

    assert TYPED["name"] in page.content.decode()


def test_somebody_else_does_not_get_it(browser: Client, tenant: Tenant) -> None:
    form = TYPED | _opened(browser)
    browser.logout()
    browser.post(NEW, form)

    browser.force_login(UserFactory(role="Security Operator", tenant=tenant))

    assert TYPED["name"] not in browser.get(NEW).content.decode()


@pytest.mark.parametrize(
    "change",
    [
        {unsent.OWNER: ""},
        {unsent.OWNER: "WzEsMV0:forged"},
        {"description": "x" * 50_000},
    ],
)
def test_strangers_fill_no_session(
    browser: Client, operator: User, change: dict[str, str]
) -> None:
    form = TYPED | _opened(browser) | change
    browser.logout()

    refused = browser.post(NEW, form, headers={"Referer": f"http://testserver{NEW}"})

    assert refused.url == "/accounts/login/?next=/tickets/new/%3Fkind%3Dincident"
    assert "unsent" not in browser.session
    text = browser.get(refused.url).content.decode()
    assert "Sign in and do it once more" in text
    browser.force_login(operator)
    assert TYPED["name"] not in browser.get(NEW).content.decode()


def test_the_client_secret_is_not_kept(
    admin: User, client_for: Callable[[User], Client]
) -> None:
    browser = client_for(admin)
    typed = {
        "instance": "acme",
        "client_id": "the-client-id",
        "client_secret": "the-client-secret",
        "integration_user": "m365.integration",
    }
    form = typed | _opened(browser, SETUP)
    browser.logout()

    browser.post(SETUP, form)

    assert "the-client-id" in str(dict(browser.session))
    assert "the-client-secret" not in str(dict(browser.session))
    browser.force_login(admin)
    page = browser.get(SETUP)
    assert page.status_code == 200
    assert 'value="the-client-id"' in page.content.decode()
    assert "Enter the client secret." in page.content.decode()
    assert not Connection.objects.exists()


def test_a_private_key_is_not_kept(
    admin: User, client_for: Callable[[User], Client]
) -> None:
    browser = client_for(admin)
    page = "/settings/graph/"
    typed = {"client_id": "the-client-id", "private_key": "the-private-key"}
    form = typed | _opened(browser, page)
    browser.logout()

    browser.post(page, form)

    assert "the-client-id" in str(dict(browser.session))
    assert "the-private-key" not in str(dict(browser.session))


@pytest.mark.parametrize(
    ("referrer", "back"),
    [
        ("http://testserver/tickets/7/", "/tickets/7/"),
        ("http://testserver//evil.example/", "/"),
        ("https://evil.example/tickets/", "/"),
        ("", "/"),
    ],
)
def test_a_button_pressed_too_late_leads_back_to_its_page(
    client: Client, db: None, referrer: str, back: str
) -> None:
    answer = client.post("/tickets/7/retry/", headers={"Referer": referrer})

    assert answer.status_code == 302
    assert answer.url == f"/accounts/login/?next={back}"
    assert "nothing was done" in client.get(answer.url).content.decode()


def test_a_live_part_is_told_apart_from_the_sign_in_page(
    client: Client, db: None
) -> None:
    answer = client.get("/tickets/7/progress/", headers={"HX-Request": "true"})

    assert answer.status_code == 401
    assert answer.content == b""


def test_a_form_from_before_the_last_sign_in_comes_back_filled_in(
    operator: User, tenant: Tenant
) -> None:
    ConnectionFactory(tenant=tenant)
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(operator)
    form = TYPED | _opened(browser) | {"csrfmiddlewaretoken": 32 * "x"}

    refused = browser.post(NEW, form, headers={"Referer": f"http://testserver{NEW}"})

    text = html.unescape(refused.content.decode())
    assert refused.status_code == 403
    assert "Nothing was sent" in text
    assert "What you typed is kept" in text
    assert f'href="{NEW}"' in text
    assert TYPED["name"] in html.unescape(browser.get(NEW).content.decode())


def test_a_forged_form_of_another_site_is_not_kept(
    operator: User, tenant: Tenant
) -> None:
    ConnectionFactory(tenant=tenant)
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(operator)

    refused = browser.post(NEW, TYPED, headers={"Origin": "https://evil.example"})

    assert refused.status_code == 403
    assert "Content-Security-Policy" in refused
    assert TYPED["name"] not in browser.get(NEW).content.decode()


@pytest.mark.parametrize("path", ["/tickets/sync/", "/servicenow/authorize/"])
def test_the_address_of_a_button_is_explained(
    admin: User, client_for: Callable[[User], Client], path: str
) -> None:
    answer = client_for(admin).get(path)

    assert answer.status_code == 405
    assert answer["Allow"] == "POST"
    assert "There is nothing to show here" in answer.content.decode()


def test_a_ticket_that_came_too_late_is_not_lost(
    browser: Client, connection_gone: None
) -> None:
    answer = browser.post(NEW, TYPED)

    assert answer.status_code == 409
    text = html.unescape(answer.content.decode())
    assert TYPED["name"] in text
    assert "Copy what you want to keep" in text


@pytest.fixture
def connection_gone(browser: Client) -> None:
    Connection.objects.update(status=Connection.Status.REMOVED)
