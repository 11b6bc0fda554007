"""Tokens: renewed once, kept encrypted, lost loudly."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest
from django.db import connection as database
from django.utils import timezone

from connector import tokens
from connector.exceptions import Unauthorized, Unavailable
from connector.models import AuditEvent, Connection
from connector.signals import mended
from connector.tokens import access_token
from connector.upkeep import watch
from tests.connector.wire import Reply, Script, ok, refusal, scripted
from tests.factories import ConnectionFactory

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper as Settings

SECRETS = ["new-access-token", "old-refresh-token", "the-client-secret"]
DENIED = Reply(401, '{"error_description":"access_denied","error":"server_error"}')


def issued(**more: object) -> Reply:
    body = {"access_token": "new-access-token", "expires_in": 1799, "scope": ""}
    return Reply(200, json.dumps(body | more))


def expired(server: Script, settings: Settings, **values: object) -> Connection:
    settings.SERVICENOW_SANDBOX_URL = server.url
    return ConnectionFactory(
        base_url=server.url,
        client_secret="the-client-secret",
        access_token="old-access-token",
        access_token_expires_at=timezone.now() + timedelta(seconds=30),
        refresh_token="old-refresh-token",
        **values,
    )


@pytest.mark.django_db
def test_a_fresh_token_is_used_as_it_is() -> None:
    assert access_token(ConnectionFactory()) == "access-token"


@pytest.mark.django_db
def test_a_token_is_renewed_before_it_ends(settings: Settings) -> None:
    with scripted(issued()) as server:
        connection = expired(server, settings)
        assert access_token(connection) == "new-access-token"

    form = {name: value[0] for name, value in parse_qs(server.seen[0].body).items()}
    assert (server.seen[0].method, server.seen[0].path) == ("POST", "/oauth_token.do")
    assert server.seen[0].query == {}
    assert form["grant_type"] == "refresh_token"
    assert form["refresh_token"] == "old-refresh-token"
    assert form["client_secret"] == "the-client-secret"
    stored = Connection.objects.get()
    assert stored.access_token == "new-access-token"
    assert stored.has_fresh_token()
    assert stored.renewal_claimed_at is None


@pytest.mark.django_db
def test_the_old_refresh_token_is_kept_when_none_comes_back(settings: Settings) -> None:
    with scripted(issued()) as server:
        connection = expired(server, settings)
        ends_at = connection.refresh_token_expires_at
        access_token(connection)

    stored = Connection.objects.get()
    assert stored.refresh_token == "old-refresh-token"
    assert stored.refresh_token_expires_at == ends_at


@pytest.mark.django_db
def test_a_new_refresh_token_is_taken_over(settings: Settings) -> None:
    with scripted(issued(refresh_token="new-refresh-token")) as server:
        access_token(expired(server, settings))

    stored = Connection.objects.get()
    assert stored.refresh_token == "new-refresh-token"
    left = stored.refresh_token_expires_at - timezone.now()
    assert timedelta(days=99) < left <= timedelta(days=100)


@pytest.mark.django_db
def test_a_token_that_is_handed_out_again_is_used_up(settings: Settings) -> None:
    reply = issued(access_token="old-access-token", expires_in=30)
    with scripted(reply) as server:
        connection = expired(server, settings)
        for _ in range(5):
            assert access_token(connection) == "old-access-token"

    assert len(server.seen) == 1


@pytest.mark.django_db(transaction=True)
def test_many_threads_renew_once(settings: Settings) -> None:
    with scripted(Reply(200, issued().body, delay=0.3)) as server:
        pk = expired(server, settings).pk

        def ask(_: int) -> str:
            try:
                return access_token(Connection.objects.get(pk=pk))
            finally:
                database.close()

        with ThreadPoolExecutor(8) as pool:
            found = set(pool.map(ask, range(8)))

    assert found == {"new-access-token"}
    assert len(server.seen) == 1


@pytest.mark.django_db(transaction=True)
def test_many_threads_whose_token_was_rejected_renew_once(settings: Settings) -> None:
    with scripted(Reply(200, issued().body, delay=0.3)) as server:
        pk = expired(server, settings).pk
        held = [Connection.objects.get(pk=pk) for _ in range(6)]

        def ask(connection: Connection) -> str:
            try:
                return access_token(connection, renew=True)
            finally:
                database.close()

        with ThreadPoolExecutor(6) as pool:
            found = set(pool.map(ask, held))

    assert found == {"new-access-token"}
    assert len(server.seen) == 1


@pytest.mark.django_db
def test_a_claim_of_a_dead_process_does_not_last(settings: Settings) -> None:
    with scripted(issued()) as server:
        dead = timezone.now() - timedelta(minutes=1)
        connection = expired(server, settings, renewal_claimed_at=dead)
        assert access_token(connection) == "new-access-token"


@pytest.mark.django_db
def test_waiting_for_another_process_ends(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "LONGEST_WAIT", 0.2)
    with scripted(issued()) as server:
        alive = timezone.now()
        connection = expired(server, settings, renewal_claimed_at=alive)
        with pytest.raises(Unavailable) as caught:
            access_token(connection)

    assert caught.value.code == "renewal_pending"
    assert server.seen == []


@pytest.mark.django_db
@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refused_renewal_breaks_the_connection_once(
    status: int, settings: Settings
) -> None:
    with scripted(Reply(status, DENIED.body)) as server:
        connection = expired(server, settings)
        for _ in range(2):
            with pytest.raises(Unauthorized) as caught:
                access_token(connection)

    assert caught.value.code == "refresh_rejected"
    assert caught.value.evidence.words == "server_error: access_denied"
    stored = Connection.objects.get()
    assert stored.status == Connection.Status.BROKEN
    assert stored.last_error_code == "refresh_rejected"
    assert AuditEvent.objects.filter(action="connection.broken").count() == 1
    assert stored.renewal_claimed_at is None


@pytest.mark.django_db
def test_an_instance_asleep_does_not_break_the_connection(settings: Settings) -> None:
    page = "<html><title>Instance Hibernating page</title></html>"
    with scripted(Reply(200, page)) as server, pytest.raises(Unavailable) as caught:
        access_token(expired(server, settings))

    assert (caught.value.code, caught.value.committed) == ("hibernating", "no")
    assert Connection.objects.get().status == Connection.Status.CONNECTED


@pytest.mark.django_db
def test_a_public_client_asks_for_a_new_authorization() -> None:
    connection = ConnectionFactory(refresh_token="", access_token_expires_at=None)
    with pytest.raises(Unauthorized) as caught:
        access_token(connection)

    assert caught.value.code == "no_refresh_token"


@pytest.mark.django_db
def test_a_removed_connection_hands_out_nothing() -> None:
    connection = ConnectionFactory(status="removed", removed_at=timezone.now())
    with pytest.raises(Unauthorized) as caught:
        access_token(connection)

    assert caught.value.code == "removed"


@pytest.mark.django_db
def test_a_token_rejected_in_the_middle_of_work_is_renewed(settings: Settings) -> None:
    rejection = refusal(401, "User is not authenticated")
    with scripted(rejection, issued(), ok([])) as server:
        connection = expired(server, settings)
        connection.access_token_expires_at = timezone.now() + timedelta(hours=1)
        connection.save()
        tokens.servicenow(connection).list("incident", fields=[])

    sent = [seen.headers.get("Authorization") for seen in server.seen]
    assert sent == ["Bearer old-access-token", None, "Bearer new-access-token"]


@pytest.mark.django_db
def test_secrets_are_not_readable_in_the_database_or_logs(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with scripted(issued(), DENIED) as server:
        connection = expired(server, settings)
        access_token(connection)
        with pytest.raises(Unauthorized) as caught:
            access_token(connection, renew=True)
    with database.cursor() as cursor:
        cursor.execute("SELECT * FROM connector_connection")
        kept = f"{cursor.fetchall()} {list(AuditEvent.objects.values())}"

    for secret in SECRETS:
        assert secret not in kept
        assert secret not in caplog.text
        assert secret not in f"{caught.value!r} {caught.value}"


@pytest.mark.django_db
def test_a_broken_connection_mends_itself_when_the_token_works(
    settings: Settings,
) -> None:
    heard: list[Connection] = []

    def listen(connection: Connection, **_: object) -> None:
        heard.append(connection)

    mended.connect(listen)
    try:
        with scripted(issued(), ok([])) as server:
            broken = expired(server, settings, broken=True)
            broken.last_error_code = "refresh_rejected"
            broken.save()
            watch(broken)
    finally:
        mended.disconnect(listen)

    stored = Connection.objects.get()
    assert (stored.status, stored.last_error_code) == ("connected", "")
    assert [one.pk for one in heard] == [stored.pk]


@pytest.mark.django_db
@pytest.mark.parametrize(("left", "days"), [(29, 30), (13.5, 14), (2, 3), (0.5, 1)])
def test_the_end_of_the_authorization_is_announced_once(
    left: float, days: int, settings: Settings
) -> None:
    with scripted(ok([])) as server:
        settings.SERVICENOW_SANDBOX_URL = server.url
        connection = ConnectionFactory(
            base_url=server.url,
            refresh_token_expires_at=timezone.now() + timedelta(days=left),
        )
        watch(connection)
        watch(connection)

    events = AuditEvent.objects.filter(action="connection.ending")
    assert [event.facts["days"] for event in events] == [days]
