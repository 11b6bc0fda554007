"""What follows from a check: what is kept, what breaks, what mends, who may look."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from django.utils import timezone

from connector import runs, tasks
from connector.models import AuditEvent, Connection, ProbeRun
from connector.probes import FAILED, OK, UNKNOWN, WARNING, Finding, routine, stored
from connector.sandbox import circumstances, people
from tests.connector.wire import ok, refusal, scripted
from tests.factories import ConnectionFactory, ProbeRunFactory

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.test import Client

    from connector.models import Tenant
    from tests.connector.asking import World
    from tests.connector.conftest import Walker

    Walk = Callable[[User], Walker]
    ClientFor = Callable[[User], Client]

pytestmark = pytest.mark.django_db


def examine(connection: Connection) -> dict[str, Finding]:
    tasks.examine(runs.begin(connection).pk)
    connection.refresh_from_db()
    return {finding.id: finding for finding in stored(connection)}


def test_an_authorization_is_followed_by_a_check(walk: Walk, admin: User) -> None:
    connection = walk(admin).connect()

    assert {finding.id for finding in stored(connection)} == {p.id for p in routine()}
    assert not [finding for finding in stored(connection) if finding.is_trouble]
    [run] = ProbeRun.objects.all()
    assert (run.asked_by, run.only) == (admin, "")
    assert run.finished_at is not None
    assert connection.remote_user_name == "m365.integration"


def test_an_admin_may_read_the_release(walk: Walk, admin: User) -> None:
    connection = walk(admin).connect(user="admin")

    assert connection.release == "Australia"


def test_an_instance_asleep_does_not_break_the_connection(world: World) -> None:
    world.fault("hibernating", path="all")
    findings = examine(world.connection)

    assert findings["awake"].verdict == FAILED
    assert world.connection.status == Connection.Status.CONNECTED
    assert world.connection.last_error_code == "hibernating"


@pytest.mark.parametrize("host", ["https://no-such-instance.invalid"])
def test_a_name_that_leads_nowhere_is_kept_as_the_error(
    host: str, world: World
) -> None:
    world.portal(base_url=host)
    examine(world.connection)
    assert world.connection.last_error_code == "unknown_host"
    assert world.connection.status == Connection.Status.CONNECTED


def test_a_locked_integration_user_breaks_the_connection(world: World) -> None:
    world.user(locked_out="true")
    findings = examine(world.connection)

    assert findings["token"].verdict == FAILED
    assert world.connection.status == Connection.Status.BROKEN
    assert AuditEvent.objects.filter(action="connection.broken").count() == 1

    world.user(locked_out="false")
    tasks.watch(world.connection.pk)

    assert Connection.objects.get().status == Connection.Status.CONNECTED
    assert AuditEvent.objects.filter(action="connection.mended").count() == 1


def test_a_broken_connection_is_watched_with_few_requests(world: World) -> None:
    world.portal(status="broken", last_error_code="invalid_table")
    tasks.watch(world.connection.pk)

    assert Connection.objects.get().status == Connection.Status.CONNECTED
    assert world.requests <= 6
    assert not ProbeRun.objects.exists(), "the history is for what people asked"


def test_a_table_that_stays_missing_keeps_the_connection_broken(world: World) -> None:
    world.portal(status="broken", last_error_code="invalid_table")
    world.fault("acl", table="incident")
    tasks.watch(world.connection.pk)
    assert Connection.objects.get().status == Connection.Status.BROKEN


def test_a_user_table_that_ignores_the_question_names_nobody(
    tenant: Tenant, settings: pytest.FixtureRequest
) -> None:
    rows = [{"sys_id": n * 32, "user_name": n, "name": n} for n in "ab"]
    with scripted(ok(rows)) as server:
        settings.SERVICENOW_SANDBOX_URL = server.url
        findings = examine(ConnectionFactory(tenant=tenant, base_url=server.url))

    assert findings["owner"].verdict == UNKNOWN


def test_the_address_the_instance_saw_is_shown(
    tenant: Tenant, settings: pytest.FixtureRequest
) -> None:
    words = "Security restricted: Access restricted (203.0.113.7 not authorized)"
    with scripted(refusal(403, words)) as server:
        settings.SERVICENOW_SANDBOX_URL = server.url
        findings = examine(ConnectionFactory(tenant=tenant, base_url=server.url))

    assert findings["address"].verdict == FAILED
    assert "203.0.113.7" in findings["address"].answer
    assert findings["address"].evidence == words
    assert findings["token"].code == "not_asked"


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
    world: World,
) -> None:
    world.roles()
    world.row("incident", short_description="x")
    assert examine(world.connection)["incident"].verdict == FAILED
    people.add_role(world.instance.store, world.user_id, "itil")
    assert examine(world.connection)["incident"].verdict == OK


def test_check_again_replaces_one_finding_and_leaves_the_others(world: World) -> None:
    circumstances.set_clock(world.instance.store, {"skew": 600})
    before = examine(world.connection)
    assert before["clock"].verdict == WARNING
    circumstances.set_clock(world.instance.store, {})

    tasks.examine(runs.begin(world.connection, only="clock").pk)

    world.connection.refresh_from_db()
    after = {finding.id: finding for finding in stored(world.connection)}
    assert after.pop("clock").verdict == OK
    del before["clock"]
    assert after == before


def test_check_again_says_what_has_to_come_first(world: World) -> None:
    world.fault("hibernating", path="all")
    run = runs.begin(world.connection, only="incident")
    tasks.examine(run.pk)
    world.connection.refresh_from_db()
    found = {finding.id: finding for finding in stored(world.connection)}
    assert found["incident"].code == "not_asked"
    assert found["awake"].verdict == FAILED


def test_what_waited_for_the_one_question_is_asked_when_it_is_mended(
    world: World,
) -> None:
    world.user(locked_out="true")
    assert examine(world.connection)["incident"].code == "not_asked"
    world.user(locked_out="false")
    tasks.examine(runs.begin(world.connection, only="token").pk)

    found = {f.id: f.verdict for f in stored(Connection.objects.get())}
    assert found["incident"] == OK
    assert Connection.objects.get().status == Connection.Status.CONNECTED


def test_answers_are_kept_as_they_arrive(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    keep = runs._keep

    def watching(run: ProbeRun, finding: Finding) -> None:
        keep(run, finding)
        seen.append(len(ProbeRun.objects.get().answers))

    monkeypatch.setattr(runs, "_keep", watching)
    examine(world.connection)
    assert seen == list(range(1, len(routine()) + 1))


def test_a_round_is_carried_out_once(world: World) -> None:
    run = runs.begin(world.connection)
    assert runs.carry_out(run) is not None
    requests = world.requests
    assert runs.carry_out(ProbeRun.objects.get()) is None
    tasks.examine(run.pk)
    assert world.requests == requests


def test_two_at_once_are_one_round(tenant: Tenant) -> None:
    connection = ConnectionFactory(tenant=tenant)
    first = runs.begin(connection)
    assert runs.begin(connection) == first
    assert runs.begin(connection, only="token") != first
    assert runs.begin(connection, anew=True) != first


@pytest.mark.parametrize("name", ["started_at", "claimed_at"])
def test_a_dead_workers_round_is_in_nobodys_way(name: str, tenant: Tenant) -> None:
    connection = ConnectionFactory(tenant=tenant)
    long_ago = timezone.now() - timedelta(minutes=5)
    dead = ProbeRunFactory(
        connection=connection, finished_at=None, started_at=long_ago, claimed_at=None
    )
    ProbeRun.objects.update(**{name: long_ago})
    assert runs.under_way(connection) is None
    assert runs.begin(connection) != dead


def test_only_the_last_twenty_are_kept(tenant: Tenant) -> None:
    connection = ConnectionFactory(tenant=tenant)
    other = ProbeRunFactory(connection=ConnectionFactory())
    for _ in range(25):
        run = runs.begin(connection, anew=True)
    assert ProbeRun.objects.filter(connection=connection).count() == 20
    assert ProbeRun.objects.filter(pk__in=[run.pk, other.pk]).count() == 2


def test_a_removed_connection_is_not_asked(world: World) -> None:
    run = runs.begin(world.connection)
    world.portal(status="removed", removed_at=timezone.now())
    tasks.examine(run.pk)
    assert world.requests == 0


def test_the_answer_of_check_now_comes_by_itself(
    world: World, admin: User, client_for: ClientFor
) -> None:
    client = client_for(admin)
    response = client.post(reverse("connector:check"), {"page": "provisioning"})
    query = {"connection": world.connection.pk}
    assert response.url == reverse("connector:provisioning", query=query)
    total = len(routine())
    text = client.get(response.url).content.decode()
    assert f"Checking … 0 of {total} questions" in " ".join(text.split())
    assert 'hx-trigger="every 2s"' in text
    assert "<noscript><meta http-equiv" in text

    tasks.examine(ProbeRun.objects.get().pk)
    text = client.get(response.url).content.decode()
    assert "Checking" not in text
    assert "hx-trigger" not in text
