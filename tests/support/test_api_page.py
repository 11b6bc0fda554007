"""The page Connector API: what is copied, pasted and looked up there."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.factories import RepositoryFactory, SupportIntegrationFactory
from tests.support.calling import know_the_keys
from tests.support.entra import DIRECTORY, LOGIN, OUTBOUND, Directory
from tickets.support.api import scripts
from tickets.support.api.endpoints import REGISTRY
from tickets.support.api.error_texts import PROBLEMS
from tickets.support.call_models import ConnectorCall

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from django.contrib.auth.models import User
    from django.test import Client

    from connector.models import Tenant
    from tests.support.calling import Instance
    from tickets.support.models import SupportIntegration

pytestmark = pytest.mark.django_db
PAGE = "/support/api/"


@pytest.fixture
def browser(helpdesk: User, client_for: Callable[[User], Client]) -> Client:
    return client_for(helpdesk)


def text(browser: Client) -> str:
    answer = browser.get(PAGE)
    assert answer.status_code == 200
    return answer.content.decode()


def test_everything_to_copy_is_computed(
    browser: Client, tenant: Tenant, other_tenant: Tenant
) -> None:
    SupportIntegrationFactory(tenant=tenant)
    mine = RepositoryFactory(tenant=tenant)
    theirs = RepositoryFactory(tenant=other_tenant)
    know_the_keys(Directory())
    page = text(browser)
    base = "http://testserver/api/support/v1/repositories"
    assert f'value="{base}/{mine.connector_key}"' in page
    assert str(theirs.connector_key) not in page
    assert f'value="{LOGIN}/oauth2/token"' in page
    assert f"grant_type=client_credentials&amp;resource={OUTBOUND}" in page
    assert f'value="{LOGIN}/oauth2/v2.0/token"' in page
    assert f"grant_type=client_credentials&amp;scope={OUTBOUND}/.default" in page
    assert f"<code>{DIRECTORY}</code>" in page
    assert "http://testserver/api/support/v1/openapi.json" in page
    for name in ("X-ServiceNow-User", "X-ServiceNow-User-Roles"):
        assert name in page


def test_the_tables_are_those_of_the_registries(browser: Client) -> None:
    page = text(browser)
    for code in PROBLEMS:
        assert f'id="error-{code}"' in page
    for operation in REGISTRY:
        assert operation in page
    assert (
        "The token is for &lt;found&gt; and not for the outbound application." in page
    )
    assert "complete the final set up step for the app." in page


def test_before_the_set_up_the_page_says_what_is_missing(browser: Client) -> None:
    page = text(browser)
    assert "No repositories yet" in page
    assert "The Outbound App ID or the directory is missing" in page
    assert "No calls yet" in page


def test_keys_that_could_not_be_fetched_are_said(
    browser: Client, integration: SupportIntegration
) -> None:
    known = know_the_keys(Directory())
    known.error_code, known.error_words = "timeout", "Nobody answered."
    known.save()
    page = text(browser)
    assert "The signing keys could not be fetched" in page
    assert "Nobody answered." in page
    assert "of the last fetch that went well" in page


def test_the_last_calls_are_listed_with_the_reason_of_a_refusal(
    browser: Client, calling: Instance, other_tenant: Tenant
) -> None:
    calling.get()
    calling.get(token="")
    usual = {"direction": "inbound", "method": "GET", "address": "/"}
    ConnectorCall.objects.create(**usual, tenant=other_tenant, purpose="foreign")
    ConnectorCall.objects.create(**usual, tenant=None, purpose="nobody's")
    page = text(browser)
    assert "token_missing" in page
    assert "carries no header Authorization" in page
    assert "foreign" not in page
    assert "nobody&#x27;s" not in page


def test_scripts_are_shown_and_sent_as_they_are(
    browser: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "README.txt").write_text("Create what follows.")
    (tmp_path / "Connector.js").write_text("var a = '<b>' && 1;")
    (tmp_path / "notes.md").write_text("not for the instance")
    monkeypatch.setattr(scripts, "FOLDER", tmp_path)
    page = text(browser)
    assert "Connector.js" in page
    assert "var a = &#x27;&lt;b&gt;&#x27; &amp;&amp; 1;" in page
    assert "Create what follows." in page
    answer = browser.get("/support/api/scripts/")
    assert answer["Content-Disposition"].startswith("attachment")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        assert sorted(packed.namelist()) == ["Connector.js", "README.txt"]
        assert packed.read("Connector.js").decode() == "var a = '<b>' && 1;"


def test_the_repository_s_page_shows_its_address(
    browser: Client, calling: Instance, reader: User, client_for: Callable[..., Client]
) -> None:
    path = f"/support/repositories/{calling.repository.pk}/"
    assert (
        f"http://testserver{calling.base}</code>" in browser.get(path).content.decode()
    )
    # Whoever may only look is not led to a page that refuses.
    assert PAGE not in client_for(reader).get(path).content.decode()
