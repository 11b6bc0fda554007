"""The doctor: the same diagnosis in a terminal, for people and for machines."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from connector.models import GraphAccess, ProbeRun
from connector.probes import routine
from portal import diagnostics, heartbeat, tasks
from portal.celery import app
from tests.factories import (
    ConnectionFactory,
    RepositoryFactory,
    SupportIntegrationFactory,
)
from tests.support import situations

if TYPE_CHECKING:
    from connector.models import Connection, Tenant
    from connector.sandbox.server import Running

pytestmark = pytest.mark.django_db
GRAPH = ("GRAPH_TENANT_ID", "GRAPH_CLIENT_ID", "GRAPH_CLIENT_SECRET")


@pytest.fixture
def healthy(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """A portal whose workers answer and whose schedule keeps going."""
    # In the tests' broker, which is memory, no worker listens.
    monkeypatch.setattr(app.control, "ping", lambda **_: [{"worker-1": {"ok": "pong"}}])
    tasks.beat()
    for name in GRAPH:
        setattr(settings, name, f"value of {name}")


def doctor(*words: str) -> tuple[int, str]:
    """Run it and return its exit code and what it printed."""
    output, code = io.StringIO(), 0
    try:
        call_command("doctor", *words, stdout=output)
    except SystemExit as end:
        code = int(end.code or 0)
    return code, output.getvalue()


def test_all_is_well(healthy: None, connection: Connection) -> None:
    code, text = doctor()

    assert code == 0
    assert "Redis: it answers." in text
    assert "Workers: 1 answer." in text
    assert f"SERVICENOW {connection.pk}: {connection.host}" in text
    assert "[ok]      Is the instance awake and reachable?" in text
    assert "FAILED" not in text
    [run] = ProbeRun.objects.all()
    assert run.asked_by is None
    assert run.finished_at is not None


def test_a_failure_is_printed_with_its_repair(
    healthy: None, connection: Connection, sandbox: Running
) -> None:
    sandbox.faults.add("ip_filter", path="all")
    code, text = doctor()

    assert code == 1
    assert "[FAILED]  Does the instance let the portal's address in?" in text
    assert "“Security restricted: Access restricted (127.0.0.1 not authorized)”" in text
    assert "1. Open System Security > IP Address Access Control" in text
    assert "Who: ServiceNow administrator" in text
    assert "**" not in text


def test_machines_get_json(
    healthy: None, connection: Connection, sandbox: Running
) -> None:
    code, text = doctor("--json")
    told = json.loads(text)

    assert (code, told["ok"]) == (0, True)
    [one] = told["connections"]
    assert (one["id"], one["host"]) == (connection.pk, connection.host)
    assert [f["id"] for f in one["findings"]] == [probe.id for probe in routine()]
    sandbox.faults.add("hibernating", path="all")
    code, text = doctor("--json")
    told = json.loads(text)
    assert (code, told["ok"]) == (1, False)
    awake = next(f for f in told["connections"][0]["findings"] if f["id"] == "awake")
    assert awake["verdict"] == "failed"
    assert awake["repair"]


def test_one_organisation_or_one_connection(
    healthy: None, connection: Connection, tenant: Tenant, other_tenant: Tenant
) -> None:
    other = ConnectionFactory(
        tenant=other_tenant, base_url="https://no-such-instance.invalid"
    )
    assert doctor("--connection", str(connection.pk))[0] == 0
    assert doctor("--tenant", tenant.slug)[0] == 0
    code, text = doctor("--tenant", other_tenant.slug)
    assert code == 1
    assert other.host in text
    assert connection.host not in text


@pytest.mark.parametrize("words", [["--tenant", "none"], ["--connection", "4711"]])
def test_what_does_not_exist_is_a_wrong_call(healthy: None, words: list[str]) -> None:
    with pytest.raises(CommandError) as caught:
        doctor(*words)
    assert caught.value.returncode == 2


def test_a_test_ticket_that_failed_long_ago_is_no_failure_today(
    healthy: None, connection: Connection
) -> None:
    old = {"id": "incident_test", "verdict": "failed", "code": "acl", "facts": {}}
    connection.probes = [old]
    connection.save()
    assert doctor()[0] == 0


def test_no_secret_is_printed(
    healthy: None, connection: Connection, sandbox: Running
) -> None:
    secrets = [
        connection.client_secret,
        connection.access_token,
        connection.refresh_token,
    ]
    connection.last_error_words = f"cross-scope access policy {secrets[1]}"
    connection.save()
    for words in ([], ["--json"]):
        _code, text = doctor(*words)
        assert "cross-scope access policy" in text
        for secret in secrets:
            assert secret not in text


def test_the_portals_own_troubles_are_named(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SITE_URL = "no address"
    settings.GRAPH_TENANT_ID = "only this"
    monkeypatch.setattr(app.control, "ping", lambda **_: [])
    code, text = doctor()

    assert code == 1
    assert "SITE_URL is not an origin." in text
    assert "Workers: none answers." in text
    assert "Beat: it has never run." in text
    assert "or set: GRAPH_CLIENT_ID, GRAPH_CLIENT_SECRET" in text
    assert "No connection was examined." in text


def test_a_schedule_that_stopped_is_named() -> None:
    tasks.beat()
    heartbeat.Heartbeat.objects.update(at=timezone.now() - timedelta(hours=1))
    found = {sign.id: sign for sign in diagnostics.signs()}
    assert found["beat"].verdict == "failed"
    assert "nothing was scheduled since" in found["beat"].answer
    tasks.beat()
    found = {sign.id: sign for sign in diagnostics.signs()}
    assert found["beat"].verdict == "ok"


def test_a_broker_that_is_away_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.conf, "broker_write_url", "redis://127.0.0.1:1/0")
    found = {sign.id: sign for sign in diagnostics.signs()}
    assert found["redis"].verdict == "failed"
    assert "REDIS_URL" in found["redis"].steps[0]
    assert "worker" not in found


def test_an_access_to_graph_may_be_entered_in_the_portal(
    tenant: Tenant, settings: Any
) -> None:
    settings.GRAPH_TENANT_ID = settings.GRAPH_CLIENT_ID = ""
    settings.GRAPH_CLIENT_SECRET = settings.GRAPH_ACCESS_TOKEN = ""
    found = {sign.id: sign.verdict for sign in diagnostics.signs()}
    assert found["graph"] == "warning"
    GraphAccess.objects.create(tenant=tenant, client_id="entered")
    found = {sign.id: sign.verdict for sign in diagnostics.signs()}
    assert found["graph"] == "ok"


def test_each_repository_has_a_line_with_what_is_wrong(
    healthy: None, tenant: Tenant
) -> None:
    SupportIntegrationFactory(tenant=tenant)
    well, wrong, personal, _new = (
        RepositoryFactory(tenant=tenant, repository_id=name, entered_for=entered)
        for name, entered in (
            *(("well", "basic"), ("wrong", "basic")),
            *(("personal", "basic"), ("new", "")),
        )
    )
    for one, code in ((well, ""), (wrong, "token_audience")):
        situations.call(one, "solutions.search", code)
    situations.call(personal, "requests.open", "account_not_linked", user_name="kim")
    code, text = doctor()
    assert code == 1
    assert f"[ok]      well ({well.host}): nothing is wrong" in text
    line = f"[FAILED]  wrong ({wrong.host}): The token is for another application"
    assert line in text
    assert "[WARNING] personal" in text
    assert "[?]       new" in text
    told = {one["id"]: one for one in json.loads(doctor("--json")[1])["repositories"]}
    assert told[wrong.pk]["causes"][0]["id"] == "token_audience"
    assert told[wrong.pk]["causes"][0]["repair"]
    wrong.delete()
    assert doctor()[0] == 0


def test_repositories_are_those_of_the_organisation(
    healthy: None, tenant: Tenant, other_tenant: Tenant
) -> None:
    RepositoryFactory(tenant=other_tenant, repository_id="of-the-other")
    assert "of-the-other" in doctor()[1]
    assert "of-the-other" not in doctor("--tenant", tenant.slug)[1]
