"""The sync over the wire: what it stores, and how it fails."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from celery.signals import beat_init
from django.db import connection as database
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone

from connector.models import GraphAccess, Tenant
from portal.score import sync, tasks
from portal.score.models import ControlProfile, ControlScore, ScoreSync, Snapshot

if TYPE_CHECKING:
    from tests.score.conftest import GraphServer

SCORES = "secureScores"
PROFILES = "secureScoreControlProfiles"
DIRECTORY = "5b1d0c52-7a3e-4c8f-9a64-2f0e6d93c1ab"


def _again(tenant: Tenant) -> ScoreSync:
    """Sync although it is not due, and return how that went."""
    ScoreSync.objects.current(tenant)
    ScoreSync.objects.for_tenant(tenant).update(due_at=timezone.now())
    sync.run(tenant)
    return ScoreSync.objects.current(tenant)


def _score(day: str = "2026-11-20", **values: Any) -> dict[str, Any]:
    row = {
        "azureTenantId": DIRECTORY,
        "createdDateTime": f"{day}T00:00:00Z",
        "currentScore": 5.0,
        "maxScore": 10.0,
        "controlScores": [
            {"controlName": "A", "controlCategory": "Identity", "score": 5.0}
        ],
    }
    return row | values


def _profile(**values: Any) -> dict[str, Any]:
    row = {
        "id": "A",
        "title": "Action A",
        "controlCategory": "Identity",
        "maxScore": 10.0,
    }
    return row | values


def _say(
    server: GraphServer, scores: list[Any], profiles: list[Any] | None = None
) -> None:
    server.say(SCORES, {"value": scores})
    server.say(PROFILES, {"value": [_profile()] if profiles is None else profiles})


def _rows() -> dict[str, list[dict[str, Any]]]:
    """Return all rows without what must differ from sync to sync."""
    kept = {}
    for model in (Snapshot, ControlProfile, ControlScore):
        rows = model._default_manager.order_by("pk").values()
        kept[model.__name__] = [
            {name: value for name, value in row.items() if name != "synced_at"}
            for row in rows
        ]
    return kept


def test_the_first_sync_fetches_ninety_days(synced: Tenant) -> None:
    latest = Snapshot.objects.latest_for(synced)
    assert Snapshot.objects.count() == 90
    assert latest is not None
    assert latest.date == datetime.now(UTC).date()
    total = sum(row.score for row in latest.control_scores.all())
    assert total == pytest.approx(latest.current_score)
    assert {row["basis"] for row in latest.comparisons} == {
        "AllTenants",
        "TotalSeats",
        "IndustryTypes",
    }


def test_the_tenant_learns_its_directory(synced: Tenant) -> None:
    assert synced.microsoft_tenant_id == DIRECTORY


def test_actions_carry_the_points_of_the_newest_day(synced: Tenant) -> None:
    latest = Snapshot.objects.latest_for(synced)
    assert latest is not None
    scored = dict(
        ControlProfile.objects.filter(score__isnull=False).values_list(
            "control_id", "score"
        )
    )
    told = dict(latest.control_scores.values_list("control_id", "score"))
    assert scored == told


def test_actions_without_score_and_scores_without_action_are_both_kept(
    synced: Tenant,
) -> None:
    unscored = ControlProfile.objects.get(control_id="MDA_GitHub_MFA")
    assert unscored.score is None
    orphan = ControlProfile.objects.get(control_id="spo_legacy_auth")
    assert (orphan.title, orphan.score) == ("spo_legacy_auth", 0.0)


def test_twice_is_once(synced: Tenant) -> None:
    before = _rows()
    assert _again(synced).error_code == ""
    assert _rows() == before


def test_later_syncs_fetch_the_missing_days_and_two_more(
    synced: Tenant, graph_server: GraphServer
) -> None:
    today = datetime.now(UTC).date()
    Snapshot.objects.filter(date__gt=today - timedelta(days=4)).delete()
    graph_server.seen.clear()
    _again(synced)
    assert graph_server.seen[0].args["$top"] == "7"
    assert Snapshot.objects.count() == 90


def test_a_score_that_changes_afterwards_is_corrected(
    tenant: Tenant, graph_server: GraphServer
) -> None:
    _say(graph_server, [_score()])
    sync.run(tenant)
    moved = [{"controlName": "B", "controlCategory": "Data", "score": 7.0}]
    _say(graph_server, [_score(currentScore=7.0, controlScores=moved)])
    assert _again(tenant).error_code == ""
    snapshot = Snapshot.objects.get()
    assert snapshot.current_score == 7.0
    assert list(snapshot.control_scores.values_list("control_id", "score")) == [
        ("B", 7.0)
    ]
    assert ControlProfile.objects.get(control_id="A").score is None


def test_two_scores_of_one_day_are_the_later_one(
    tenant: Tenant, graph_server: GraphServer
) -> None:
    later = _score(createdDateTime="2026-11-20T09:00:00Z", currentScore=6.0)
    _say(graph_server, [later, _score()])
    sync.run(tenant)
    assert Snapshot.objects.get().current_score == 6.0


def test_html_is_cleaned_on_the_way_in(
    tenant: Tenant, graph_server: GraphServer
) -> None:
    odd = _profile(
        remediation='<p onclick="x()">Do <script>alert(1)</script><a href="javascript:x">it</a></p>',
        remediationImpact="<img src=x onerror=alert(1)>Little",
        actionUrl="javascript:alert(1)",
    )
    told = {"controlName": "A", "description": "<p>Why <b>now</b></p>", "score": 1}
    _say(graph_server, [_score(controlScores=[told])], [odd])
    sync.run(tenant)
    stored = ControlProfile.objects.get()
    assert stored.remediation == (
        '<p>Do <a target="_blank" rel="noopener noreferrer">it</a></p>'
    )
    assert stored.remediation_impact == "Little"
    assert stored.action_url == ""
    assert stored.description == "Why now"


def test_odd_data_is_stored_as_far_as_it_goes(
    tenant: Tenant, graph_server: GraphServer
) -> None:
    odd = [
        _profile(
            title="T" * 600 + "\x00",
            service="S" * 200,
            maxScore="9.5",
            rank="many",
            userImpact="Medium",
            threats=["Account Breach", "accountBreach"],
            controlCategory="identity",
            deprecated="false",
            lastModifiedDateTime=None,
            controlStateUpdates=None,
            invented={"deep": [1]},
        ),
        _profile(id="x" * 201),
        _profile(),
        {"title": "no id"},
    ]
    scores = [_score(), {"currentScore": 1}, _score("2026-11-19", controlScores=None)]
    _say(graph_server, scores, odd)
    sync.run(tenant)
    assert ScoreSync.objects.get().error_code == ""
    assert Snapshot.objects.count() == 2
    assert ControlProfile.objects.get().title == "Action A"
    _say(graph_server, [_score()], odd[:1])
    _again(tenant)
    stored = ControlProfile.objects.get()
    assert (len(stored.title), len(stored.service)) == (500, 80)
    assert (stored.max_score, stored.rank, stored.category) == (9.5, None, "Identity")
    assert (stored.user_impact, stored.threats) == ("moderate", ["Account breach"])


def test_a_tenant_without_any_score_is_no_failure(
    tenant: Tenant, graph_server: GraphServer
) -> None:
    _say(graph_server, [], [])
    sync.run(tenant)
    assert ScoreSync.objects.get().error_code == ""
    assert not Snapshot.objects.exists()


def test_another_organisations_score_is_never_stored(
    tenant: Tenant, graph_server: GraphServer
) -> None:
    tenant.microsoft_tenant_id = "11111111-2222-3333-4444-555555555555"
    tenant.save()
    sync.run(tenant)
    failed = ScoreSync.objects.get()
    assert failed.error_code == "graph_other_tenant"
    assert DIRECTORY in failed.error_words
    assert not Snapshot.objects.exists()


def test_a_second_organisation_does_not_get_the_first_ones_score(
    synced: Tenant, other_tenant: Tenant
) -> None:
    sync.run(other_tenant)
    assert ScoreSync.objects.current(other_tenant).error_code == "graph_not_configured"
    assert not Snapshot.objects.for_tenant(other_tenant).exists()


def test_what_was_entered_for_another_directory_gets_no_score(
    synced: Tenant, other_tenant: Tenant
) -> None:
    entered = {"client_id": "app", "client_secret": "secret"}
    GraphAccess.objects.create(tenant=other_tenant, directory_id=DIRECTORY, **entered)
    sync.run(other_tenant)
    assert ScoreSync.objects.current(other_tenant).error_code == "graph_other_tenant"
    assert not Snapshot.objects.for_tenant(other_tenant).exists()


@pytest.mark.parametrize(
    ("status", "headers", "code", "wait"),
    [
        (429, {"Retry_After": "1800"}, "rate_limited", timedelta(seconds=1800)),
        (429, {"Retry_After": "30"}, "rate_limited", sync.SOON),
        (503, {"Retry_After": "30"}, "server_error", sync.SOON),
        (401, {}, "graph_unauthorized", sync.LATER),
        (403, {}, "graph_forbidden", sync.LATER),
    ],
    ids=lambda value: str(value),
)
def test_a_failure_is_kept_and_tried_again_later(
    tenant: Tenant,
    graph_server: GraphServer,
    status: int,
    headers: dict[str, str],
    code: str,
    wait: timedelta,
) -> None:
    error = {"error": {"code": "someCode", "message": "Why it was so."}}
    graph_server.say(SCORES, error, status=status, request_id="r-1", **headers)
    sync.run(tenant)
    failed = ScoreSync.objects.get()
    assert (failed.error_code, failed.error_request_id) == (code, "r-1")
    assert failed.error_words == "someCode: Why it was so."
    assert failed.succeeded_at is None
    assert failed.finished_at is not None
    assert failed.due_at - failed.finished_at == wait


def test_a_failure_half_way_stores_nothing(
    tenant: Tenant, graph_server: GraphServer
) -> None:
    graph_server.say(PROFILES, {}, status=500)
    sync.run(tenant)
    assert ScoreSync.objects.get().error_code == "server_error"
    assert not Snapshot.objects.exists()
    assert Tenant.objects.get().microsoft_tenant_id == ""


def test_success_forgets_the_failure_before(
    tenant: Tenant, graph_server: GraphServer
) -> None:
    graph_server.say(SCORES, {}, status=401)
    sync.run(tenant)
    mended = _again(tenant)
    assert (mended.error_code, mended.error_words, mended.error_request_id) == (
        "",
        "",
        "",
    )
    assert mended.succeeded_at is not None


def test_without_configuration_it_says_so(tenant: Tenant) -> None:
    sync.run(tenant)
    assert ScoreSync.objects.get().error_code == "graph_not_configured"


def test_outside_calls_are_never_inside_a_transaction(
    tenant: Tenant,
    graph_server: GraphServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    depths = []
    outer = len(database.savepoint_ids)
    pages = sync.auth.Graph._get

    def watched(self: Any, *args: Any) -> Any:
        depths.append(len(database.savepoint_ids) - outer)
        return pages(self, *args)

    monkeypatch.setattr(sync.auth.Graph, "_get", watched)
    sync.run(tenant)
    assert set(depths) == {0}


def test_only_what_is_due_is_synced(synced: Tenant, graph_server: GraphServer) -> None:
    graph_server.seen.clear()
    sync.run(synced)
    assert graph_server.seen == []


def test_a_claim_is_given_once(tenant: Tenant) -> None:
    ScoreSync.objects.current(tenant)
    claims = [ScoreSync.objects.claim(tenant), ScoreSync.objects.claim(tenant)]
    assert claims == [True, False]


def test_the_claim_of_a_dead_worker_lapses(tenant: Tenant) -> None:
    ScoreSync.objects.current(tenant)
    ScoreSync.objects.claim(tenant)
    ScoreSync.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    assert ScoreSync.objects.claim(tenant)


def test_every_organisation_is_due_at_first_and_again_after_six_hours(
    synced: Tenant, other_tenant: Tenant
) -> None:
    assert sync.due_tenants() == [other_tenant.pk]
    ScoreSync.objects.for_tenant(synced).update(due_at=timezone.now())
    assert sync.due_tenants() == sorted([synced.pk, other_tenant.pk])
    claimed = ScoreSync.objects.current(synced)
    assert claimed.succeeded_at is not None


def test_the_tasks_sync_by_key(tenant: Tenant, graph_server: GraphServer) -> None:
    with override_settings(CELERY_TASK_ALWAYS_EAGER=True):
        tasks.sync(tenant.pk)
    assert Snapshot.objects.count() == 90
    ControlScore.objects.all().delete()
    tasks.sync(tenant.pk)
    assert not ControlScore.objects.exists()


def test_a_sync_writes_with_few_queries(
    tenant: Tenant, graph_server: GraphServer
) -> None:
    sync.run(tenant)
    with CaptureQueriesContext(database) as queries:
        _again(tenant)
    assert len(queries) < 60


def test_starting_the_clock_starts_the_sync() -> None:
    with tasks.sync_due.app.connection_for_read() as broker:
        queue = broker.SimpleQueue("portal")
        queue.clear()
        beat_init.send(sender=None)
        message = queue.get(timeout=2)
        message.ack()
    assert message.headers["task"] == "portal.score.tasks.sync_due"
