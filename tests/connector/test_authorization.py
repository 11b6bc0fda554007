"""The whole way to a connection, over HTTP: portal, consent page, token endpoint."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from django.contrib.auth.models import Group
from django.db import connection as database
from django.urls import reverse
from django.utils import timezone
from social_django.models import UserSocialAuth

from connector import authorization, connections, signals, tasks, tokens
from connector.choosing import address
from connector.models import AuditEvent, Connection
from connector.servicenow.query import Query
from portal import roles
from tests.connector.conftest import INSTALLATION
from tests.factories import ConnectionFactory, UserFactory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.contrib.auth.models import User
    from django.http import HttpResponse
    from django.test import Client

    from connector.models import Tenant
    from connector.sandbox.server import Running
    from tests.connector.conftest import Walker

    Walk = Callable[[User], Walker]

pytestmark = pytest.mark.django_db
BEGIN = reverse("social:begin", args=["servicenow"])


@pytest.fixture
def announced() -> Iterator[list[Connection]]:
    heard: list[Connection] = []

    def listen(connection: Connection, **_: Any) -> None:
        heard.append(connection)

    signals.authorized.connect(listen)
    yield heard
    signals.authorized.disconnect(listen)


def text_of(response: HttpResponse) -> str:
    return response.content.decode()


def changed(location: str, **values: str | None) -> str:
    """Return the way back with other parameters; None leaves one out."""
    parts = urlsplit(location)
    query = {**dict(parse_qsl(parts.query)), **values}
    left = {name: value for name, value in query.items() if value is not None}
    return parts._replace(query=urlencode(left)).geturl()


def setup_of(connection: Connection) -> str:
    return address("connector:setup", connection)


def test_authorize_leads_to_the_instances_consent_page(walk: Walk, admin: User) -> None:
    response = walk(admin).set_up()

    asked = parse_qs(urlsplit(response.context["address"]).query)
    assert asked["client_id"] == [INSTALLATION.client_id]
    assert asked["redirect_uri"] == ["http://testserver/oauth/complete/servicenow/"]
    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["state"][0].isalnum()
    assert len(asked["state"][0]) >= 32
    assert "no-store" in response["Cache-Control"]
    # A redirect after a form would be stopped by form-action.
    assert response.status_code == 200
    assert 'http-equiv="refresh"' in text_of(response)


def test_allowed(walk: Walk, admin: User, announced: list[Connection]) -> None:
    walker = walk(admin)
    back = walker.consent(walker.set_up().context["address"])
    page = walker.come_back(back)

    waiting = Connection.objects.get()
    assert page.redirect_chain == [(setup_of(Connection.objects.get()), 302)]
    assert waiting.status == Connection.Status.AUTHORIZING
    assert waiting.access_token == ""
    assert "every 1s" in text_of(page)

    tasks.authorize(waiting.pk)

    connection = Connection.objects.get()
    assert connection.status == Connection.Status.CONNECTED
    assert connection.cards_enabled
    assert connection.pending_code is None
    assert connection.remote_user_name == INSTALLATION.user_name
    assert connection.authorized_by == admin
    assert connection.has_fresh_token()
    assert connection.refresh_token_expires_at is not None
    assert [one.pk for one in announced] == [connection.pk]
    assert UserSocialAuth.objects.count() == 0
    event = AuditEvent.objects.get(action="connection.authorized")
    assert (event.actor, event.target) == (admin, connection.host)


def test_the_token_works(walk: Walk, admin: User) -> None:
    connection = walk(admin).connect()

    client = tokens.servicenow(connection)
    made = client.create("incident", {"short_description": "x"}, fields=["number"])
    found = client.list(
        "incident", Query().equals("number", made.value("number")), fields=["state"]
    )
    assert made.value("number").startswith("INC")
    assert made.request_id
    assert [row.sys_id for row in found.records] == [made.sys_id]
    assert found.records[0].display("state") == "New"


def test_the_status_shows_who_and_what_without_reloading(
    walk: Walk, admin: User
) -> None:
    walker = walk(admin)
    walker.connect()

    text = text_of(walker.client.get(reverse("connector:setup_status")))
    assert "m365.integration" in text
    assert "is connected" in text
    assert "hx-trigger" not in text
    assert "See every question and answer" in text


def test_the_task_may_run_twice(
    walk: Walk, admin: User, announced: list[Connection]
) -> None:
    connection = walk(admin).connect()
    tasks.authorize(connection.pk)

    assert len(announced) == 1
    assert AuditEvent.objects.filter(action="connection.authorized").count() == 1


def test_two_workers_with_the_same_task_announce_once(
    walk: Walk, admin: User, announced: list[Connection]
) -> None:
    walker = walk(admin)
    walker.come_back(walker.consent(walker.set_up().context["address"]))
    workers = [Connection.objects.get(), Connection.objects.get()]

    for connection in workers:
        authorization.complete(connection)

    assert len(announced) == 1
    assert AuditEvent.objects.filter(action="connection.authorized").count() == 1
    assert Connection.objects.get().status == Connection.Status.CONNECTED


def test_a_task_that_died_after_the_exchange_is_taken_up_again(
    walk: Walk, admin: User, announced: list[Connection]
) -> None:
    walker = walk(admin)
    walker.come_back(walker.consent(walker.set_up().context["address"]))
    connection = Connection.objects.get()
    tokens.exchange(connection)

    tasks.authorize(connection.pk)

    assert Connection.objects.get().status == Connection.Status.CONNECTED
    assert len(announced) == 1


def test_secrets_show_nowhere(
    walk: Walk, admin: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    walker = walk(admin)
    back = walker.consent(walker.set_up().context["address"])
    pages = text_of(walker.come_back(back))
    connection = Connection.objects.get()
    pending = connection.pending_code
    rows = _rows()
    tasks.authorize(connection.pk)
    connection.refresh_from_db()
    for name in ("setup", "setup_status", "configuration", "provisioning", "remove"):
        pages += text_of(walker.client.get(reverse(f"connector:{name}")))

    secrets = [
        INSTALLATION.client_secret,
        connection.access_token,
        connection.refresh_token,
        pending["code"],
        pending["code_verifier"],
    ]
    for secret in secrets:
        assert len(secret) > 10
        assert secret not in pages
        assert secret not in rows + _rows()
        assert secret not in caplog.text


def _rows() -> str:
    with database.cursor() as cursor:
        cursor.execute("SELECT * FROM connector_connection")
        return f"{cursor.fetchall()} {list(AuditEvent.objects.values())}"


def test_denied(walk: Walk, admin: User) -> None:
    walker = walk(admin)
    back = walker.consent(walker.set_up().context["address"], answer="deny")
    page = walker.come_back(back)

    assert "You selected Deny in ServiceNow" in text_of(page)
    assert page.redirect_chain == [(setup_of(Connection.objects.get()), 302)]
    assert Connection.objects.get().status == Connection.Status.DRAFT
    event = AuditEvent.objects.get(action="connection.authorization_failed")
    assert event.facts == {"code": "declined"}


def test_a_refusal_without_state_is_still_understood(walk: Walk, admin: User) -> None:
    walker = walk(admin)
    back = walker.consent(walker.set_up().context["address"], answer="deny")

    page = walker.come_back(changed(back, state=None))
    assert "You selected Deny in ServiceNow" in text_of(page)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"state": "0" * 32}, "belongs to another request"),
        ({"state": None}, "did not say which request it belongs to"),
        ({"code": None}, "came without a permission"),
        ({"code": None, "error": "invalid_client"}, "ServiceNow refused the request"),
        ({"code": None, "error": "server_error"}, "could not show its consent page"),
    ],
    ids=["wrong state", "no state", "no code", "refused", "failed"],
)
def test_a_way_back_that_is_wrong_changes_nothing(
    change: dict[str, str | None], sentence: str, walk: Walk, admin: User
) -> None:
    walker = walk(admin)
    back = walker.consent(walker.set_up().context["address"])

    page = walker.come_back(changed(back, **change))

    assert sentence in text_of(page)
    stored = Connection.objects.get()
    assert stored.status == Connection.Status.DRAFT
    assert stored.pending_code is None


def test_the_instances_words_are_shown_but_not_of_a_forged_link(
    walk: Walk, admin: User
) -> None:
    walker = walk(admin)
    back = walker.consent(walker.set_up().context["address"])
    said = {
        "error": "invalid_client",
        "error_description": "Unknown client",
        "code": None,
    }

    assert "Unknown client" not in text_of(
        walker.come_back(changed(back, **said, state=None))
    )
    assert "Unknown client" in text_of(walker.come_back(changed(back, **said)))


def test_a_replayed_way_back_is_refused(walk: Walk, admin: User) -> None:
    walker = walk(admin)
    back = walker.consent(walker.set_up().context["address"])
    walker.come_back(back)
    tasks.authorize(Connection.objects.get().pk)

    page = walker.come_back(back)

    assert "was answered already, or your session here has ended" in text_of(page)
    assert Connection.objects.get().status == Connection.Status.CONNECTED


def test_another_person_cannot_finish_it(
    walk: Walk, admin: User, tenant: Tenant, client_for: Callable[[User], Client]
) -> None:
    walker = walk(admin)
    back = walker.consent(walker.set_up().context["address"])
    colleague = _colleague(tenant)

    walker.client = client_for(colleague)
    page = walker.come_back(back)

    assert "was answered already, or your session here has ended" in text_of(page)
    assert Connection.objects.get().status == Connection.Status.DRAFT


def test_a_session_handed_on_to_another_person_is_refused(
    walk: Walk, admin: User, tenant: Tenant
) -> None:
    walker = walk(admin)
    back = walker.consent(walker.set_up().context["address"])
    session = walker.client.session
    session["servicenow_state"]["user_id"] = str(_colleague(tenant).pk)
    session.save()

    page = walker.come_back(back)

    assert "Somebody else began this authorization" in text_of(page)
    assert Connection.objects.get().status == Connection.Status.DRAFT


def _colleague(tenant: Tenant) -> User:
    return UserFactory(role=roles.SECURITY_ADMINISTRATOR, tenant=tenant)


def test_who_was_signed_out_meanwhile_is_told_after_signing_in(
    walk: Walk, admin: User
) -> None:
    walker = walk(admin)
    back = walker.consent(walker.set_up().context["address"])
    walker.client.logout()

    page = walker.come_back(back)

    assert page.redirect_chain[-1][0].startswith(reverse("account_login"))
    assert Connection.objects.get().status == Connection.Status.DRAFT


def test_who_lost_the_permission_meanwhile_is_refused(walk: Walk, admin: User) -> None:
    walker = walk(admin)
    back = walker.consent(walker.set_up().context["address"])
    admin.groups.set(Group.objects.filter(name=roles.SECURITY_READER))

    assert walker.come_back(back).status_code == 403
    assert Connection.objects.get().status == Connection.Status.DRAFT


def test_begin_posted_directly_takes_the_own_connection_only(
    tenant: Tenant,
    other_tenant: Tenant,
    admin: User,
    reader: User,
    client_for: Callable[[User], Client],
) -> None:
    own = ConnectionFactory(tenant=tenant, draft=True)
    foreign = ConnectionFactory(tenant=other_tenant, draft=True)

    client = client_for(admin)
    assert own.host in text_of(client.post(BEGIN, {"connection": own.pk}))
    assert client.post(BEGIN, {"connection": foreign.pk}).status_code == 404
    assert client.post(BEGIN, {"connection": "1'"}).status_code == 404
    assert client.post(BEGIN).status_code == 404
    assert client_for(reader).post(BEGIN, {"connection": own.pk}).status_code == 403


def test_an_expired_code_asks_to_authorize_again(
    walk: Walk, admin: User, instance: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    walker = walk(admin)
    walker.come_back(walker.consent(walker.set_up().context["address"]))
    late = time.time() + 120
    instance.store.clock = lambda: late
    monkeypatch.setattr(tokens.timezone, "now", _later(120))

    _finish("code_expired", Connection.Status.DRAFT)
    monkeypatch.undo()
    page = text_of(walker.client.get(reverse("connector:setup")))
    assert "The permission from ServiceNow came too late" in page


def _later(seconds: int) -> Callable[[], Any]:
    at = timezone.now() + timedelta(seconds=seconds)
    return lambda: at


def _finish(code: str, status: str) -> Connection:
    """Run the task and check what it is left with."""
    tasks.authorize(Connection.objects.get().pk)
    connection = Connection.objects.get()
    assert (connection.last_error_code, connection.status) == (code, status)
    assert connection.pending_code is None
    event = AuditEvent.objects.filter(action="connection.authorization_failed")
    assert event.get().facts["code"] == code
    return connection


def test_a_wrong_secret_lists_the_likely_causes(walk: Walk, admin: User) -> None:
    walker = walk(admin)
    address = walker.set_up(client_secret="not-the-secret").context["address"]
    walker.come_back(walker.consent(address))

    _finish("exchange_rejected", Connection.Status.DRAFT)
    page = text_of(walker.client.get(reverse("connector:setup")))
    assert "did not accept the client ID or client secret" in page
    assert "System OAuth &gt; Application Registry" in page
    assert "server_error: access_denied" in page


def test_an_instance_that_fell_asleep_is_named(
    walk: Walk, admin: User, instance: Running
) -> None:
    walker = walk(admin)
    walker.come_back(walker.consent(walker.set_up().context["address"]))
    instance.faults.add("hibernating", path="oauth")

    _finish("hibernating", Connection.Status.DRAFT)
    page = text_of(walker.client.get(reverse("connector:setup")))
    assert "The instance is asleep" in page


def test_an_instance_that_is_gone_is_named(
    walk: Walk, admin: User, instance: Running
) -> None:
    walker = walk(admin)
    walker.come_back(walker.consent(walker.set_up().context["address"]))
    instance.faults.add("cut", path="oauth")

    _finish("connection_lost", Connection.Status.DRAFT)


def test_a_failed_re_authorization_leaves_the_old_one_working(
    walk: Walk, admin: User, instance: Running
) -> None:
    walker = walk(admin)
    before = walker.connect()
    page = walker.client.post(reverse("connector:authorize"))
    walker.come_back(walker.consent(page.context["address"]))
    instance.faults.add("redirect", path="oauth")
    mended: list[Connection] = []

    def listen(connection: Connection, **_: Any) -> None:
        mended.append(connection)

    signals.mended.connect(listen)
    after = _finish("sign_in_page", Connection.Status.CONNECTED)
    signals.mended.disconnect(listen)
    assert [one.pk for one in mended] == [after.pk]
    assert after.access_token == before.access_token
    assert after.refresh_token == before.refresh_token


def test_signing_in_as_oneself_is_noticed(walk: Walk, admin: User) -> None:
    walker = walk(admin)
    connection = walker.connect(user="it.agent")

    assert connection.is_someone_else
    text = text_of(walker.client.get(reverse("connector:setup")))
    assert "Authorized as another user" in text
    assert "Not You" in text


def test_not_you_switches_to_the_integration_user(walk: Walk, admin: User) -> None:
    walker = walk(admin)
    walker.connect(user="it.agent")

    page = walker.client.post(reverse("connector:authorize"))
    asked = walker.browser.get(page.context["address"])
    walker._submit(asked, {"answer": "switch"}, allow_redirects=True)
    walker.come_back(walker.consent(page.context["address"]))
    tasks.authorize(Connection.objects.get().pk)

    connection = Connection.objects.get()
    assert connection.remote_user_name == "m365.integration"
    assert not connection.is_someone_else


def test_an_authorization_that_ends_soon_is_replaced_by_a_new_one(
    walk: Walk, admin: User, instance: Running
) -> None:
    walker = walk(admin)
    connection = walker.connect()
    old = connection.refresh_token
    soon = timezone.now() + timedelta(days=10)
    connections.update(connection, refresh_token_expires_at=soon)

    walker.connect()

    connection.refresh_from_db()
    assert connection.refresh_token != old
    assert connection.refresh_token_expires_at - timezone.now() > timedelta(days=99)


def test_a_refresh_token_that_is_handed_out_again_keeps_its_end(
    walk: Walk, admin: User
) -> None:
    walker = walk(admin)
    connection = walker.connect()
    old, ends_at = connection.refresh_token, timezone.now() + timedelta(days=60)
    connections.update(connection, refresh_token_expires_at=ends_at)

    walker.connect()

    connection.refresh_from_db()
    assert connection.refresh_token == old
    assert connection.refresh_token_expires_at == ends_at
