"""What an examination finds out, and what follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.urls import reverse

from connector import tasks
from connector.models import AuditEvent, Connection
from connector.probes import Probe, stored
from connector.sandbox import people
from tests.connector.wire import Reply, ok, refusal, scripted
from tests.factories import ConnectionFactory

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.test import Client

    from connector.models import Tenant
    from connector.sandbox.server import Running
    from tests.connector.conftest import Walker

    Walk = Callable[[User], Walker]

pytestmark = pytest.mark.django_db


@pytest.fixture
def connected(walk: Walk, admin: User) -> Connection:
    return walk(admin).connect()


def examine(connection: Connection) -> dict[str, Probe]:
    tasks.check(connection.pk)
    connection.refresh_from_db()
    return {probe.id: probe for probe in stored(connection)}


def test_all_is_well(connected: Connection) -> None:
    probes = {probe.id: probe for probe in stored(connected)}

    assert {name: probe.verdict for name, probe in probes.items()} == {
        "reachable": "ok",
        "token": "ok",
        "owner": "ok",
        # An integration user may not read the release: no reason to worry.
        "release": "unknown",
        "task": "ok",
        "change_request": "ok",
        "incident": "ok",
        "labels": "unknown",
        "lifetime": "ok",
    }
    assert all(probe.question and probe.answer for probe in probes.values())
    assert probes["release"].repair == ""


def test_an_admin_may_read_the_release(walk: Walk, admin: User) -> None:
    connection = walk(admin).connect(user="admin")

    assert connection.release == "Australia"


def test_a_release_that_is_too_old_is_named(
    walk: Walk, admin: User, instance: Running
) -> None:
    instance.store.execute(
        "UPDATE sys_properties SET value = 'glide-jakarta-05-03-2017__patch9' "
        "WHERE name = 'glide.war'"
    )
    probes = examine(walk(admin).connect(user="admin"))

    assert (probes["release"].verdict, probes["release"].answer) == (
        "failed",
        "No: Jakarta.",
    )


def test_rows_that_are_hidden_are_a_failure(
    connected: Connection, instance: Running
) -> None:
    instance.store.execute("DELETE FROM sys_user_has_role")
    with_rows = {"short_description": "x", "sys_class_name": "incident"}
    from connector.sandbox.schema import TABLES

    instance.store.insert(TABLES["incident"], with_rows)
    probes = examine(connected)

    assert probes["incident"].verdict == "failed"
    assert "may see none of them" in probes["incident"].answer
    assert "sn_incident_read" in probes["incident"].repair


def test_an_instance_asleep_fails_the_first_question_only(
    connected: Connection, instance: Running
) -> None:
    instance.faults.add("hibernating")
    probes = examine(connected)

    assert probes["reachable"].verdict == "failed"
    assert "asleep" in probes["reachable"].answer
    assert {probe.verdict for probe in probes.values()} == {"failed", "unknown"}
    assert connected.status == Connection.Status.CONNECTED
    assert connected.last_error_code == "hibernating"


def test_a_locked_integration_user_breaks_the_connection(
    connected: Connection, instance: Running
) -> None:
    instance.store.execute("UPDATE sys_user SET locked_out = 'true'")
    probes = examine(connected)

    assert probes["token"].verdict == "failed"
    assert connected.status == Connection.Status.BROKEN
    assert AuditEvent.objects.filter(action="connection.broken").count() == 1

    instance.store.execute("UPDATE sys_user SET locked_out = 'false'")
    tasks.watch(connected.pk)

    assert Connection.objects.get().status == Connection.Status.CONNECTED
    assert AuditEvent.objects.filter(action="connection.mended").count() == 1


def test_what_a_check_leaves_open_is_said_so(
    tenant: Tenant, settings: pytest.FixtureRequest
) -> None:
    replies = [ok([]), ok([]), refusal(403, "No"), ok([], X_Total_Count="9")]
    replies += [Reply(500, "boom"), ok([])]
    with scripted(*replies) as server:
        settings.SERVICENOW_SANDBOX_URL = server.url
        probes = examine(ConnectionFactory(tenant=tenant, base_url=server.url))

    found = {name: (probe.verdict, probe.code) for name, probe in probes.items()}
    assert found["owner"] == ("unknown", "hidden")
    assert found["task"] == ("failed", "forbidden")
    assert found["change_request"] == ("failed", "rows_hidden")
    assert found["incident"] == ("unknown", "server_error")


def test_a_user_table_that_ignores_the_question_names_nobody(
    tenant: Tenant, settings: pytest.FixtureRequest
) -> None:
    rows = [{"sys_id": n * 32, "user_name": n, "name": n} for n in "ab"]
    with scripted(ok(rows), ok([])) as server:
        settings.SERVICENOW_SANDBOX_URL = server.url
        probes = examine(ConnectionFactory(tenant=tenant, base_url=server.url))

    assert probes["owner"].verdict == "unknown"


def test_a_filter_on_addresses_is_explained(
    tenant: Tenant, settings: pytest.FixtureRequest
) -> None:
    words = "Security restricted: Access restricted (203.0.113.7 not authorized)"
    with scripted(refusal(403, words)) as server:
        settings.SERVICENOW_SANDBOX_URL = server.url
        probes = examine(ConnectionFactory(tenant=tenant, base_url=server.url))

    assert probes["token"].verdict == "failed"
    assert "IP Address Access Control" in probes["token"].repair
    assert probes["token"].evidence == words


def test_every_connection_gets_what_its_status_asks_for(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[str, int]] = []
    for name in ("authorize", "watch", "revoke"):
        task = getattr(tasks, name)
        monkeypatch.setattr(
            task, "delay", lambda pk, name=name: sent.append((name, pk))
        )
    working = ConnectionFactory()
    broken = ConnectionFactory(broken=True)
    waiting = ConnectionFactory(status="authorizing")
    ConnectionFactory(draft=True)
    removed = ConnectionFactory(status="removed", removed_at=working.created_at)
    ConnectionFactory(
        status="removed",
        removed_at=working.created_at,
        access_token_expires_at=None,
        refresh_token_expires_at=None,
    )

    tasks.check_connections()

    assert sorted(sent) == sorted(
        [
            ("watch", working.pk),
            ("watch", broken.pk),
            ("authorize", waiting.pk),
            ("revoke", removed.pk),
        ]
    )


def test_a_role_that_was_given_shows_at_the_next_check(
    walk: Walk, admin: User, instance: Running
) -> None:
    connection = walk(admin).connect(user="alex.personal")
    from connector.sandbox.schema import TABLES

    row = {"short_description": "x", "sys_class_name": "incident"}
    instance.store.insert(TABLES["incident"], row)
    assert examine(connection)["incident"].verdict == "failed"
    people.add_role(instance.store, connection.remote_user_sys_id, "itil")
    assert examine(connection)["incident"].verdict == "ok"


def test_the_answer_of_check_now_comes_by_itself(
    connected: Connection, admin: User, client_for: Callable[[User], Client]
) -> None:
    client = client_for(admin)
    response = client.post(reverse("connector:check"), {"page": "provisioning"})
    assert response.url.startswith(reverse("connector:provisioning"))
    assert "Checking" in client.get(response.url).content.decode()

    tasks.check(connected.pk)
    assert "Checking" not in client.get(response.url).content.decode()
