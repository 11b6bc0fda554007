"""The three ways to sign in to an instance: what each needs, and that all work."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from django.utils import timezone

from connector import connections, runs, tasks, tokens, upkeep
from connector.exceptions import Unauthorized
from connector.models import AuditEvent, Connection
from connector.probes import stored
from connector.sandbox.schema import TABLES
from tests.connector.conftest import INSTALLATION, PASSWORD
from tests.connector.wire import Reply, ok, refusal, scripted
from tests.factories import ConnectionFactory, DeliveryFactory, TicketFactory
from tickets import outbox, sync
from tickets.models import Delivery, SyncCursor, Ticket

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.http import HttpResponse
    from django.test import Client
    from pytest_django.fixtures import SettingsWrapper as Settings

    from connector.models import Tenant
    from connector.sandbox.server import Running

    SignIn = Callable[[User], Client]

pytestmark = pytest.mark.django_db
SETUP = reverse("connector:setup")
TYPES = Connection.AuthType
GRANT = "glide.oauth.inbound.client.credential.grant_type.enabled"
RESTRICTION = "glide.authenticate.basic_auth.restriction"
FORM = {
    TYPES.CLIENT_CREDENTIALS: {
        "auth_type": "client_credentials",
        "client_id": INSTALLATION.client_id,
        "client_secret": INSTALLATION.client_secret,
        "integration_user": INSTALLATION.user_name,
    },
    TYPES.BASIC: {
        "auth_type": "basic",
        "integration_user": INSTALLATION.user_name,
        "password": PASSWORD,
    },
}
WITHOUT_CONSENT = list(FORM)
DENIED = '{"error_description":"access_denied","error":"server_error"}'


def switch(instance: Running, name: str, value: str) -> None:
    """Set a system property of the instance."""
    store, table = instance.store, TABLES["sys_properties"]
    row = store.first("sys_properties", name=name)
    if row:
        store.update(table, row["sys_id"], {"value": value})
    else:
        store.insert(table, {"name": name, "value": value})


@pytest.fixture
def open_instance(instance: Running) -> Running:
    """An instance that takes client credentials and passwords."""
    store = instance.store
    user = store.first("sys_user", user_name=INSTALLATION.user_name)
    entity = store.first("oauth_entity", client_id=INSTALLATION.client_id)
    assert user is not None
    assert entity is not None
    store.update(TABLES["oauth_entity"], entity["sys_id"], {"user": user["sys_id"]})
    switch(instance, GRANT, "true")
    switch(instance, f"{RESTRICTION}.active", "false")
    switch(instance, f"{RESTRICTION}.enforce", "false")
    return instance


def submit(client: Client, instance: Running, **form: str) -> HttpResponse:
    return client.post(SETUP, {"instance": instance.url} | form)


def connect(client: Client, instance: Running, auth_type: TYPES) -> Connection:
    answer = submit(client, instance, **FORM[auth_type])
    assert answer.status_code == 302
    pk = Connection.objects.get(removed_at=None).pk
    assert answer.url == f"{SETUP}?connection={pk}"
    connection = Connection.objects.get(removed_at=None)
    assert connection.status == "authorizing"
    tasks.authorize(connection.pk)
    connection.refresh_from_db()
    return connection


@pytest.mark.parametrize("auth_type", WITHOUT_CONSENT)
def test_a_connection_is_made_without_a_consent_page(
    auth_type: TYPES, admin: User, client_for: SignIn, open_instance: Running
) -> None:
    client = client_for(admin)
    connection = connect(client, open_instance, auth_type)

    assert (connection.status, connection.auth_type) == ("connected", auth_type)
    assert connection.cards_enabled
    assert connection.remote_user_name == INSTALLATION.user_name
    assert connection.authorized_by == admin
    assert connection.refresh_token == ""
    verdicts = {probe.id: probe.verdict for probe in stored(connection)}
    assert verdicts["owner"] == "ok"
    assert verdicts["incident"] == "ok"
    event = AuditEvent.objects.get(action="connection.configured")
    assert event.facts["auth_type"] == auth_type
    assert PASSWORD not in str(event.facts)
    text = client.get(reverse("connector:configuration")).content.decode()
    assert connection.get_auth_type_display() in text
    assert "Authorization until" not in text
    assert PASSWORD not in text
    assert PASSWORD not in client.get(SETUP).content.decode()


@pytest.mark.parametrize("auth_type", WITHOUT_CONSENT)
def test_tickets_go_out_and_come_back(
    auth_type: TYPES, admin: User, client_for: SignIn, open_instance: Running
) -> None:
    connection = connect(client_for(admin), open_instance, auth_type)
    delivery = DeliveryFactory(ticket=TicketFactory(connection=connection))

    outbox.deliver(delivery.pk)
    sync.pull(connection, forced=True)

    delivery.refresh_from_db()
    assert delivery.status == Delivery.Status.DELIVERED
    assert SyncCursor.objects.get().error_code == ""
    assert Ticket.objects.get().number


@pytest.mark.parametrize("auth_type", WITHOUT_CONSENT)
def test_a_look_now_and_then_finds_all_well(
    auth_type: TYPES, admin: User, client_for: SignIn, open_instance: Running
) -> None:
    connection = connect(client_for(admin), open_instance, auth_type)
    upkeep.watch(connection)
    upkeep.examine(runs.begin(connection))

    assert connection.status == "connected"
    assert not AuditEvent.objects.filter(action="connection.ending").exists()


def test_a_client_asks_for_its_next_token_by_itself(
    admin: User, client_for: SignIn, open_instance: Running
) -> None:
    connection = connect(client_for(admin), open_instance, TYPES.CLIENT_CREDENTIALS)
    old = connection.access_token
    tokens.oauth.revoke(tokens._client(connection), old)

    page = tokens.servicenow(connection).list("incident", fields=["number"])

    assert page.total is not None
    assert connection.access_token not in {"", old}


@pytest.mark.parametrize("auth_type", WITHOUT_CONSENT)
def test_nothing_is_left_of_a_removed_connection(
    auth_type: TYPES, admin: User, client_for: SignIn, open_instance: Running
) -> None:
    client = client_for(admin)
    connection = connect(client, open_instance, auth_type)
    held = connection.access_token
    client.post(reverse("connector:remove"), {"confirmation": connection.host})
    tasks.revoke(connection.pk)

    connection.refresh_from_db()
    assert connection.status == "removed"
    assert connection.password == connection.client_secret == ""
    assert connection.access_token == ""
    event = AuditEvent.objects.get(action="connection.wiped")
    assert event.facts["revoked"] is bool(held)
    [row] = open_instance.store.execute(
        "SELECT count(*) AS n FROM _token WHERE revoked = 0"
    )
    assert row["n"] == 0
    with pytest.raises(Unauthorized) as caught:
        tokens.servicenow(connection).list("incident", fields=["number"])
    assert caught.value.code == "removed"


def failed(client: Client, instance: Running, **form: str) -> tuple[Connection, str]:
    """Try to connect and return the connection and what its page says."""
    submit(client, instance, **form)
    connection = Connection.objects.get()
    tasks.authorize(connection.pk)
    connection.refresh_from_db()
    text = client.get(SETUP).content.decode()
    return connection, " ".join(text.split())


@pytest.mark.parametrize("cause", ["property", "secret"])
def test_a_refused_client_is_told_what_to_look_at(
    cause: str, admin: User, client_for: SignIn, open_instance: Running
) -> None:
    form = dict(FORM[TYPES.CLIENT_CREDENTIALS])
    if cause == "property":
        switch(open_instance, GRANT, "false")
    else:
        form["client_secret"] = "another secret"
    connection, text = failed(client_for(admin), open_instance, **form)

    assert (connection.status, connection.last_error_code) == (
        "draft",
        "client_rejected",
    )
    assert "OAuth Application User" in text
    assert GRANT in text
    assert "access_denied" in text


@pytest.mark.parametrize("cause", ["restriction", "password"])
def test_a_refused_password_explains_the_restriction(
    cause: str, admin: User, client_for: SignIn, open_instance: Running
) -> None:
    form = dict(FORM[TYPES.BASIC])
    if cause == "restriction":
        switch(open_instance, f"{RESTRICTION}.active", "true")
        switch(open_instance, f"{RESTRICTION}.enforce", "true")
    else:
        form["password"] = "another password"
    connection, text = failed(client_for(admin), open_instance, **form)

    assert (connection.status, connection.last_error_code) == (
        "draft",
        "basic_rejected",
    )
    assert "snc_basic_auth_api_access" in text
    assert "not authenticated" in connection.last_error_words.lower()


def basic(url: str, settings: Settings, **more: object) -> Connection:
    settings.SERVICENOW_SANDBOX_URL = url
    values = {"client_id": "", "client_secret": "", "access_token": ""}
    return ConnectionFactory(
        base_url=url,
        auth_type=TYPES.BASIC,
        password="pass:wörd",
        access_token_expires_at=None,
        refresh_token="",
        refresh_token_expires_at=None,
        **values | more,
    )


def test_a_password_is_tried_once_and_never_shown(settings: Settings) -> None:
    echo = base64.b64encode("m365.integration:pass:wörd".encode()).decode()
    reply = refusal(401, "User is not authenticated", f"pass:wörd {echo}")
    with scripted(reply) as server:
        connection = basic(server.url, settings)
        delivery = DeliveryFactory(ticket=TicketFactory(connection=connection))
        outbox.deliver(delivery.pk)
        # Neither the check nor the sweep may lock the user out.
        upkeep.watch(Connection.objects.get())
        outbox.deliver(delivery.pk)

    [seen] = server.seen
    assert seen.headers["Authorization"] == f"Basic {echo}"
    found = Connection.objects.get()
    assert (found.status, found.last_error_code) == ("broken", "basic_rejected")
    assert "wörd" not in found.last_error_words
    assert echo not in found.last_error_words
    delivery.refresh_from_db()
    assert delivery.status == Delivery.Status.WAITING


def test_a_second_factor_is_named(settings: Settings) -> None:
    reply = refusal(401, "User is not authenticated", **{"X-MFA_TOKEN": "invalid"})
    with scripted(reply) as server, pytest.raises(Unauthorized) as caught:
        tokens.servicenow(basic(server.url, settings)).list("task", fields=["number"])

    assert caught.value.code == "basic_needs_code"


def test_a_person_mends_a_refused_password(settings: Settings) -> None:
    user = {"sys_id": "a" * 32, "user_name": "m365.integration", "name": "M"}
    with scripted(ok([user])) as server:
        connection = basic(
            server.url, settings, broken=True, last_error_code="basic_rejected"
        )
        upkeep.watch(connection)
        assert server.seen == []
        upkeep.examine(runs.begin(connection))

    assert Connection.objects.get().status == "connected"


def test_a_token_of_a_client_is_never_refreshed(settings: Settings) -> None:
    body = '{"access_token":"new","expires_in":1799,"refresh_token":"extra"}'
    with scripted(Reply(200, body)) as server:
        settings.SERVICENOW_SANDBOX_URL = server.url
        connection = ConnectionFactory(
            base_url=server.url,
            auth_type=TYPES.CLIENT_CREDENTIALS,
            access_token_expires_at=timezone.now(),
            refresh_token="",
            refresh_token_expires_at=None,
        )
        assert tokens.access_token(connection) == "new"

    assert "grant_type=client_credentials" in server.seen[0].body
    assert Connection.objects.get().refresh_token == ""


def test_a_refused_client_breaks_the_connection(settings: Settings) -> None:
    with scripted(Reply(401, DENIED)) as server:
        settings.SERVICENOW_SANDBOX_URL = server.url
        connection = ConnectionFactory(
            base_url=server.url,
            auth_type=TYPES.CLIENT_CREDENTIALS,
            access_token_expires_at=timezone.now(),
        )
        with pytest.raises(Unauthorized):
            tokens.access_token(connection)

    found = Connection.objects.get()
    assert (found.status, found.last_error_code) == ("broken", "client_rejected")


def test_another_way_to_sign_in_leaves_nothing_of_the_old_one(
    tenant: Tenant, admin: User, client_for: SignIn, open_instance: Running
) -> None:
    client = client_for(admin)
    connect(client, open_instance, TYPES.CLIENT_CREDENTIALS)
    connection = connect(client, open_instance, TYPES.BASIC)
    assert (connection.client_id, connection.client_secret) == ("", "")
    assert (connection.access_token, connection.refresh_token) == ("", "")

    connection = connect(client, open_instance, TYPES.CLIENT_CREDENTIALS)
    assert connection.password == ""
    assert connection.has_fresh_token()


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"auth_type": "basic", "password": ""}, "Enter the password of the"),
        ({"auth_type": "basic", "integration_user": "a:b"}, "user with a colon"),
        ({"auth_type": "client_credentials", "client_id": ""}, "Enter the client ID."),
        (
            {"auth_type": "client_credentials", "client_secret": ""},
            "Enter the client secret.",
        ),
        ({"auth_type": "saml"}, "Select a valid choice."),
    ],
    ids=str,
)
def test_each_way_demands_what_it_needs(
    form: dict[str, str], words: str, admin: User, client_for: SignIn, instance: Running
) -> None:
    good = {
        "client_id": "client",
        "client_secret": "s3cret-of-the-client",
        "integration_user": "m365.integration",
        "password": "pass-of-the-user",
    }
    answer = submit(client_for(admin), instance, **good | form)
    text = answer.content.decode()

    assert answer.status_code == 422
    assert text.count(words) == 2, "once in the summary, once at the field"
    assert "s3cret-of-the-client" not in text
    assert "pass-of-the-user" not in text


def test_the_form_explains_which_way_needs_what(
    admin: User, client_for: SignIn
) -> None:
    text = client_for(admin).get(SETUP).content.decode()

    for words in ("recommended", "not recommended; refused by new instances", GRANT):
        assert words in text
    checked = text[: text.index("checked")].rpartition("<input")[2]
    assert 'value="authorization_code"' in checked
    # The name.
    assert text.count("(optional)") == 1


def test_an_empty_password_keeps_the_stored_one(
    tenant: Tenant, admin: User, client_for: SignIn, open_instance: Running
) -> None:
    client = client_for(admin)
    connect(client, open_instance, TYPES.BASIC)
    page = client.get(f"{SETUP}?step=enter").content.decode()
    assert "A password is stored" in page

    submit(client, open_instance, **FORM[TYPES.BASIC] | {"password": ""})

    assert Connection.objects.get().password == PASSWORD


def test_secrets_of_details_are_not_printed() -> None:
    details = connections.Details("user", TYPES.BASIC, password="hidden-one")
    assert "hidden-one" not in repr(details)
