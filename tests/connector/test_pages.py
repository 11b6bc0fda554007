"""Who may open and do what on the pages of the connection, and what forms say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse

from connector.connections import Details, configure, update
from connector.messages import explain
from connector.models import Connection
from connector.probes import FAILED, OK, Finding
from tests.factories import ConnectionFactory

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.test import Client

    from connector.models import Tenant

    ClientFor = Callable[[User], Client]

pytestmark = pytest.mark.django_db
SETUP = reverse("connector:setup")
PROVISIONING = reverse("connector:provisioning")
CONFIGURATION = reverse("connector:configuration")
GOOD = {
    "instance": "acme",
    "client_id": "id",
    "client_secret": "a-new-secret",
    "integration_user": "m365.integration",
}
PAGES = ["setup", "setup_status", "configuration", "provisioning", "remove"]
ACTIONS = ["setup", "authorize", "check", "provisioning", "remove"]
READ = {
    "admin": set(PAGES),
    "operator": {"setup_status", "configuration", "provisioning"},
    "reader": {"setup_status", "configuration", "provisioning"},
    "helpdesk": {"configuration"},
    "support": set(),
}


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("who", READ)
def test_each_role_opens_its_pages(
    who: str, page: str, request: Any, tenant: Tenant, client_for: ClientFor
) -> None:
    ConnectionFactory(tenant=tenant)
    client = client_for(request.getfixturevalue(who))

    response = client.get(reverse(f"connector:{page}"))
    assert response.status_code == (200 if page in READ[who] else 403)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("who", ["operator", "reader", "helpdesk", "support"])
def test_only_the_security_administrator_changes_anything(
    who: str, action: str, request: Any, tenant: Tenant, client_for: ClientFor
) -> None:
    before = ConnectionFactory(tenant=tenant, cards_enabled=False)
    client = client_for(request.getfixturevalue(who))

    response = client.post(
        reverse(f"connector:{action}"), {"confirmation": before.host, **GOOD}
    )
    assert response.status_code == 403
    after = Connection.objects.get()
    assert (after.base_url, after.cards_enabled) == (before.base_url, False)
    assert after.removed_at is None


@pytest.mark.parametrize("page", [*PAGES, "authorize", "check"])
def test_strangers_are_asked_to_sign_in(page: str, client: Client) -> None:
    response = client.get(reverse(f"connector:{page}"))
    assert response.url.startswith(reverse("account_login"))


@pytest.mark.parametrize("action", ["authorize", "check", "remove"])
def test_another_organisation_has_no_such_connection(
    action: str, tenant: Tenant, outsider: User, client_for: ClientFor
) -> None:
    connection = ConnectionFactory(tenant=tenant)
    response = client_for(outsider).post(
        reverse(f"connector:{action}"), {"confirmation": connection.host}
    )
    assert response.status_code == 404


def test_another_organisations_pages_do_not_name_it(
    tenant: Tenant, outsider: User, client_for: ClientFor
) -> None:
    connection = ConnectionFactory(tenant=tenant)
    client = client_for(outsider)
    for page in ("setup", "configuration", "provisioning"):
        text = client.get(reverse(f"connector:{page}")).content.decode()
        assert connection.host not in text


def test_provisioning_is_where_people_know_it() -> None:
    assert PROVISIONING == "/ticketProvisioning"


def test_the_helpdesk_sees_the_state_names_only(
    tenant: Tenant, helpdesk: User, client_for: ClientFor
) -> None:
    connection = ConnectionFactory(tenant=tenant)
    text = client_for(helpdesk).get(CONFIGURATION).content.decode()

    assert reverse("tickets:states") in text
    assert connection.host not in text
    for name in ("setup", "provisioning", "remove", "check"):
        assert f'"{reverse(f"connector:{name}")}"' not in text


def test_a_reader_sees_the_status_but_no_buttons(
    tenant: Tenant, reader: User, client_for: ClientFor
) -> None:
    connection = ConnectionFactory(tenant=tenant)
    text = client_for(reader).get(CONFIGURATION).content.decode()

    assert connection.host in text
    for name in ("setup", "authorize", "remove", "check"):
        assert f'"{reverse(f"connector:{name}")}"' not in text


def test_the_exchange_is_shown_before_anything_is_sent(
    admin: User, client_for: ClientFor
) -> None:
    text = client_for(admin).get(SETUP).content.decode()

    assert "http://testserver/oauth/complete/servicenow/" in text
    for words in ("the client secret", "user ID of who creates the ticket", "Not You"):
        assert words in text
    assert Connection.objects.count() == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"instance": ""}, "Enter the instance name."),
        ({"instance": "http://acme.service-now.com"}, "Only https:// addresses"),
        ({"instance": "https://a:b@acme.service-now.com"}, "user name and password"),
        ({"instance": "acme.example.com"}, "not a ServiceNow host"),
        ({"instance": "10.0.0.1"}, "not an IP address"),
        ({"instance": 300 * "a"}, "too long"),
        ({"client_id": ""}, "Enter the client ID."),
        ({"client_secret": ""}, "Enter the client secret."),
        ({"integration_user": " "}, "Enter the user ID of the integration user."),
    ],
    ids=lambda value: str(value)[:30],
)
def test_each_mistake_is_named_and_the_rest_is_kept(
    change: dict[str, str], words: str, admin: User, client_for: ClientFor
) -> None:
    response = client_for(admin).post(SETUP, GOOD | change)
    text = response.content.decode()

    assert response.status_code == 422
    assert text.count(words) == 2, "once in the summary, once at the field"
    assert "Error:" in text
    for name in ("client_id", "integration_user"):
        if name not in change:
            assert f'value="{GOOD[name]}"' in text
    assert GOOD["client_secret"] not in text
    assert Connection.objects.count() == 0


def test_an_empty_secret_keeps_the_stored_one(
    tenant: Tenant, admin: User, client_for: ClientFor
) -> None:
    ConnectionFactory(tenant=tenant, base_url="https://acme.service-now.com")
    client = client_for(admin)
    assert "A secret is stored" in client.get(f"{SETUP}?step=enter").content.decode()

    response = client.post(SETUP, GOOD | {"client_secret": "", "client_id": "other"})

    assert response.status_code == 200
    stored = Connection.objects.get()
    assert (stored.client_id, stored.client_secret) == ("other", "client-secret")


def test_a_stored_secret_is_not_sent_to_another_instance(
    tenant: Tenant, admin: User, client_for: ClientFor
) -> None:
    ConnectionFactory(tenant=tenant, draft=True)
    response = client_for(admin).post(SETUP, GOOD | {"client_secret": ""})

    assert response.status_code == 422
    assert "Enter the client secret." in response.content.decode()


def test_a_draft_may_turn_to_another_instance(
    tenant: Tenant, admin: User, client_for: ClientFor
) -> None:
    ConnectionFactory(tenant=tenant, draft=True)
    client_for(admin).post(SETUP, GOOD)

    assert Connection.objects.get().base_url == "https://acme.service-now.com"


def test_a_connection_in_use_is_moved_rather_than_overwritten(
    tenant: Tenant, admin: User, client_for: ClientFor
) -> None:
    connection = ConnectionFactory(tenant=tenant)
    response = client_for(admin).post(SETUP, GOOD)

    assert response.status_code == 422
    assert "If the instance moved, select Re-provision" in response.content.decode()
    assert Connection.objects.get().base_url == connection.base_url


def test_changed_details_leave_a_token_alone_that_was_renewed_meanwhile(
    tenant: Tenant, admin: User
) -> None:
    connection = ConnectionFactory(
        tenant=tenant, base_url="https://acme.service-now.com"
    )
    changed = configure(
        tenant,
        actor=admin,
        connection=connection,
        base_url="https://acme.service-now.com",
        details=Details(client_id="other", integration_user="someone"),
    )
    Connection.objects.update(access_token="renewed")
    update(changed, integration_user="someone.else")

    assert Connection.objects.get().access_token == "renewed"


def test_save_brings_the_cards_back(
    tenant: Tenant, admin: User, client_for: ClientFor
) -> None:
    ConnectionFactory(tenant=tenant, cards_enabled=False)
    client = client_for(admin)
    assert "Select Authorize, or Save" in client.get(PROVISIONING).content.decode()

    response = client.post(PROVISIONING, follow=True)

    assert "Saved." in response.content.decode()
    assert Connection.objects.get().is_usable


@pytest.mark.parametrize("has_draft", [True, False])
def test_save_before_an_authorization_says_what_is_missing(
    has_draft: bool, tenant: Tenant, admin: User, client_for: ClientFor
) -> None:
    if has_draft:
        ConnectionFactory(tenant=tenant, draft=True)
    response = client_for(admin).post(PROVISIONING)

    assert response.status_code == 422
    assert "Nothing was saved" in response.content.decode()


def test_provisioning_repeats_the_instances_words(
    tenant: Tenant, admin: User, client_for: ClientFor
) -> None:
    ConnectionFactory(
        tenant=tenant, broken=True, last_error_words="Invalid <b>table</b>"
    )
    text = client_for(admin).get(PROVISIONING).content.decode()

    assert "Invalid &lt;b&gt;table&lt;/b&gt;" in text
    assert explain("invalid_grant").title in text


@pytest.mark.parametrize("path", [PROVISIONING, CONFIGURATION])
def test_good_news_from_before_the_connection_broke_is_not_shown(
    tenant: Tenant, admin: User, client_for: ClientFor, path: str
) -> None:
    good = [
        Finding("token", OK, "yes").as_dict(),
        Finding("owner", OK, "same").as_dict(),
    ]
    connection = ConnectionFactory(tenant=tenant, broken=True, probes=good)

    text = client_for(admin).get(path).content.decode()

    assert "Not checked since the connection broke." in text
    assert "Access token until" not in text
    bad = Finding("token", FAILED, "token_rejected").as_dict()
    Connection.objects.filter(pk=connection.pk).update(probes=[bad])
    text = client_for(admin).get(path).content.decode()
    assert "Not checked since" not in text


@pytest.mark.parametrize("draft", [True, False, None])
def test_the_card_offers_the_next_step(
    draft: bool | None, tenant: Tenant, admin: User, client_for: ClientFor
) -> None:
    if draft is not None:
        ConnectionFactory(tenant=tenant, draft=draft, cards_enabled=False)
    text = client_for(admin).get(reverse("portal:home")).content.decode()

    assert "Do you use ServiceNow?" in text
    assert (reverse("connector:provisioning") in text) is True
    assert ("Connect to ServiceNow" in text) is (draft is not False)


def test_the_card_tells_a_reader_whom_to_ask(
    reader: User, client_for: ClientFor
) -> None:
    text = client_for(reader).get(reverse("portal:home")).content.decode()

    assert "A Security Administrator can connect it." in text
    assert "Connect to ServiceNow" not in text
