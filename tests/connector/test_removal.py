"""The end of a connection, with the instance awake and away."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse
from django.utils import timezone

from connector import signals, tasks, tokens
from connector.models import AuditEvent, Connection
from tests.connector.conftest import INSTALLATION
from tests.factories import ConnectionFactory, TicketFactory

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.http import HttpResponse
    from django.test import Client

    from connector.models import Tenant
    from connector.sandbox.server import Running
    from tests.connector.conftest import Walker

    Walk = Callable[[User], Walker]

pytestmark = pytest.mark.django_db
REMOVE = reverse("connector:remove")


def remove(client: Client, connection: Connection) -> HttpResponse:
    return client.post(REMOVE, {"confirmation": connection.host})


def live_tokens(instance: Running) -> int:
    rows = instance.store.execute("SELECT count(*) AS n FROM _token WHERE revoked = 0")
    return int(rows[0]["n"])


def secrets_of(connection: Connection) -> list[str]:
    return [
        connection.access_token,
        connection.refresh_token,
        connection.client_secret,
    ]


def test_the_instance_revokes_and_the_portal_forgets(
    walk: Walk, admin: User, instance: Running
) -> None:
    walker = walk(admin)
    connection = walker.connect()
    heard: list[Any] = []

    def listen(connection: Connection, **_: Any) -> None:
        heard.append(connection.pk)

    signals.removed.connect(listen)
    response = remove(walker.client, connection)
    signals.removed.disconnect(listen)
    assert response.url == reverse("portal:home")
    assert live_tokens(instance) == 2
    tasks.revoke(connection.pk)

    assert live_tokens(instance) == 0
    stored = Connection.objects.get()
    assert stored.status == Connection.Status.REMOVED
    assert not stored.cards_enabled
    assert secrets_of(stored) == ["", "", ""]
    assert heard == [connection.pk]
    wiped = AuditEvent.objects.get(action="connection.wiped")
    assert wiped.facts == {"revoked": True}


def test_an_instance_that_is_away_is_asked_again_and_then_left(
    walk: Walk, admin: User, instance: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    walker = walk(admin)
    connection = walker.connect()
    remove(walker.client, connection)
    instance.faults.add("hibernating", path="oauth")

    tasks.revoke(connection.pk)
    assert Connection.objects.get().refresh_token == connection.refresh_token
    assert Connection.objects.in_need_of_care().count() == 1

    later = timezone.now() + timedelta(minutes=16)
    monkeypatch.setattr(tokens.timezone, "now", lambda: later)
    tasks.revoke(connection.pk)

    stored = Connection.objects.get()
    assert secrets_of(stored) == ["", "", ""]
    assert Connection.objects.in_need_of_care().count() == 0
    wiped = AuditEvent.objects.get(action="connection.wiped")
    assert wiped.facts == {"revoked": False, "code": "hibernating"}


@pytest.mark.parametrize("typed", ["", "acme", "contoso"])
def test_the_name_must_be_typed(typed: str, admin: User, client_for: Any) -> None:
    connection = ConnectionFactory(tenant=admin.tenants.get())
    response = client_for(admin).post(REMOVE, {"confirmation": typed})

    assert response.status_code == 422
    assert f"Type the instance name exactly as shown: {connection.host}" in (
        response.content.decode()
    )
    assert Connection.objects.get().removed_at is None


def test_the_short_name_will_do(admin: User, client_for: Any) -> None:
    connection = ConnectionFactory(tenant=admin.tenants.get())
    typed = connection.host.partition(".")[0].upper()
    client_for(admin).post(REMOVE, {"confirmation": typed})

    assert Connection.objects.get().removed_at is not None


def test_a_connection_without_tokens_is_wiped_at_once(
    admin: User, client_for: Any
) -> None:
    connection = ConnectionFactory(tenant=admin.tenants.get(), draft=True)
    remove(client_for(admin), connection)

    assert secrets_of(Connection.objects.get()) == ["", "", ""]


def test_the_same_instance_comes_back_with_its_tickets(walk: Walk, admin: User) -> None:
    walker = walk(admin)
    connection = walker.connect()
    ticket = TicketFactory(connection=connection)
    remove(walker.client, connection)

    again = walker.connect()
    tasks.revoke(again.pk)

    assert again.pk == ticket.connection_id
    stored = Connection.objects.get()
    assert stored.status == Connection.Status.CONNECTED
    assert stored.client_secret == INSTALLATION.client_secret
    assert stored.has_fresh_token()


def test_another_instance_is_another_connection(
    walk: Walk, admin: User, tenant: Tenant
) -> None:
    old = ConnectionFactory(tenant=tenant, status="removed", removed_at=timezone.now())
    assert walk(admin).connect().pk != old.pk
