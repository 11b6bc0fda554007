"""The history: derived once, kept for ever, filtered, told in sentences."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from connector.sandbox import controls
from portal.score import ledger, sync
from portal.score.models import (
    ControlProfile,
    ControlScore,
    ScoreEvent,
    ScoreSync,
    Snapshot,
)
from tests import factories

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.test import Client

    from connector.models import Tenant
    from tests.score.conftest import GraphServer

    SignIn = Callable[[User], Client]

HISTORY = "/securescore/history/"


@pytest.fixture
def days(tenant: Tenant) -> list[Snapshot]:
    """Three days: one action lost points, one gained, one came, one went."""
    today = timezone.localdate()
    points = [
        {"Lost": 9.0, "Won": 0.0, "Gone": 1.0},
        {"Lost": 9.0, "Won": 4.0, "Gone": 1.0},
        {"Lost": 0.0, "Won": 4.004, "New": 3.0},
    ]
    made = []
    for age, scores in zip((2, 1, 0), points, strict=True):
        day = factories.SnapshotFactory(
            tenant=tenant,
            date=today - timedelta(days=age),
            current_score=sum(scores.values()),
            max_score=40.0,
        )
        for name, score in scores.items():
            factories.ControlScoreFactory(
                snapshot=day, control_id=name, score=score, category="Device"
            )
        made.append(day)
    for name, title in (("Lost", "Ransomware"), ("Won", "Require MFA"), ("New", "N")):
        factories.ControlProfileFactory(
            tenant=tenant, control_id=name, title=title, max_score=9.0
        )
    return made


@pytest.fixture
def told(days: list[Snapshot], tenant: Tenant) -> list[Snapshot]:
    ledger.derive(tenant)
    return days


def _rows() -> list[tuple[Any, ...]]:
    events = ScoreEvent.objects.order_by("date", "control_id")
    return list(events.values_list("control_id", "kind", "before", "after"))


def test_points_become_entries(told: list[Snapshot]) -> None:
    assert _rows() == [
        ("Won", "gained", 0.0, 4.0),
        ("Gone", "removed", 1.0, None),
        ("Lost", "regressed", 9.0, 0.0),
        ("New", "added", None, 3.0),
    ]
    days = Snapshot.objects.order_by("date").values_list("gained", "regressed")
    assert list(days) == [(0.0, 0.0), (4.0, 0.0), (0.0, 9.0)]


def test_deriving_again_changes_nothing(told: list[Snapshot], tenant: Tenant) -> None:
    before = _rows()
    Snapshot.objects.update(gained=None)
    ledger.derive(tenant)
    assert _rows() == before


def test_a_day_corrected_afterwards_is_derived_anew(
    told: list[Snapshot], tenant: Tenant
) -> None:
    ControlScore.objects.filter(snapshot=told[2], control_id="Lost").update(score=9)
    Snapshot.objects.filter(pk=told[2].pk).update(gained=None)
    ledger.derive(tenant)
    assert ("Lost", "regressed", 9.0, 0.0) not in _rows()


def test_chunks_join_without_a_seam(
    days: list[Snapshot], tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "CHUNK", 1)
    ledger.derive(tenant)
    assert len(_rows()) == 4


def test_what_people_set_at_microsoft_is_attributed_to_them(
    synced: Tenant, graph_server: GraphServer, reader: User, client_for: SignIn
) -> None:
    wish = {"state": "ThirdParty", "comment": "Bought elsewhere"}
    controls.update("AdminMFAV2", wish)
    for _ in range(2):
        ScoreSync.objects.update(due_at=timezone.now())
        sync.run(synced)
    mark = ScoreEvent.objects.get(kind="marked")
    assert (mark.actor, mark.status) == ("app@tenant.example", "ThirdParty")
    text = " ".join(client_for(reader).get(f"{HISTORY}?kind=marked").text.split())
    assert "app@tenant.example marked" in text
    assert "as Resolved through third party" in text
    assert "Bought elsewhere" in text


def test_points_of_third_party_actions_are_asserted(
    synced: Tenant, graph_server: GraphServer
) -> None:
    # Set 30 days ago: the days before are observed, those since asserted.
    profile = ControlProfile.objects.filter(score__gt=0).first()
    assert profile is not None
    since = datetime.now(UTC) - timedelta(days=30)
    update = {"state": "ThirdParty", "updatedDateTime": since.isoformat()}
    profile.state, profile.state_updates = "ThirdParty", [update]
    profile.save()
    Snapshot.objects.update(gained=None, asserted=None)
    ledger.derive(synced)
    newest = Snapshot.objects.latest_for(synced)
    assert newest is not None
    assert newest.asserted == pytest.approx(profile.score)
    long_ago = Snapshot.objects.get(date=newest.date - timedelta(days=40))
    assert long_ago.asserted == 0
    lately = Snapshot.objects.get(date=newest.date - timedelta(days=10))
    points = lately.control_scores.get(control_id=profile.control_id).score
    assert lately.asserted == pytest.approx(points)
    # What was counted on its day stays, whatever Graph tells later.
    Snapshot.objects.filter(pk=lately.pk).update(asserted=77.0, gained=None)
    ledger.derive(synced)
    lately.refresh_from_db()
    assert lately.asserted == 77.0


def test_a_status_set_in_the_portal_is_told_as_well(
    told: list[Snapshot], reader: User, client_for: SignIn
) -> None:
    profile = ControlProfile.objects.get(control_id="Won")
    ledger.note_status(profile, status="planned", actor="jo", comment="In May")
    text = " ".join(client_for(reader).get(HISTORY).text.split())
    assert "jo marked" in text
    assert "as Planned" in text


def test_what_microsoft_changes_is_told_and_counted(
    synced: Tenant, graph_server: GraphServer, reader: User, client_for: SignIn
) -> None:
    client = client_for(reader)
    profile = ControlProfile.objects.get(control_id="AdminMFAV2")
    assert profile.changed_at is None
    ControlProfile.objects.filter(pk=profile.pk).update(max_score=4.0)
    ScoreSync.objects.update(due_at=timezone.now())
    sync.run(synced)
    event = ScoreEvent.objects.get(kind="updated")
    assert (event.control_id, event.before, event.maximum) == ("AdminMFAV2", 4.0, 10.0)
    counters = client.get("/securescore/").context["overview"].counters
    assert {c.label: c.count for c in counters}["Recently updated"] == 1
    assert "(worth 10 points, 4 before)" in client.get(HISTORY).text
    listed = client.get("/securescore/actions/?flag=updated").context["rows"]
    assert [row.profile.control_id for row in listed] == ["AdminMFAV2"]


def test_a_name_in_other_case_is_the_same_action(
    tenant: Tenant, graph_server: GraphServer
) -> None:
    day = {"createdDateTime": "2026-11-20T00:00:00Z", "currentScore": 5}
    score = {"controlName": "adminMFAv2", "controlCategory": "identity", "score": 5}
    profile = {"id": "AdminMFAV2", "title": "Require MFA", "maxScore": 10}
    graph_server.say("secureScores", {"value": [{**day, "controlScores": [score]}]})
    graph_server.say("secureScoreControlProfiles", {"value": [profile]})
    sync.run(tenant)
    stored = ControlProfile.objects.get()
    assert (stored.control_id, stored.score, stored.title) == (
        "AdminMFAV2",
        5.0,
        "Require MFA",
    )


def test_open_types_keep_what_is_not_read(
    tenant: Tenant, graph_server: GraphServer
) -> None:
    vendor = {"provider": "SecureScore", "vendor": "Microsoft"}
    day = {
        "createdDateTime": "2026-11-20T00:00:00Z",
        "vendorInformation": vendor,
        "controlScores": [
            {
                "controlName": "A",
                "score": 1,
                "on": "true",
                "count": "5",
                "x\x00": "\x00y",
            }
        ],
        "averageComparativeScores": [
            {"basis": "AllTenants", "averageScore": 4, "appsScore": 2}
        ],
    }
    profile = {"id": "A", "vendorInformation": vendor, "invented": {"deep": [1]}}
    graph_server.say("secureScores", {"value": [day]})
    graph_server.say("secureScoreControlProfiles", {"value": [profile]})
    sync.run(tenant)
    snapshot, stored = Snapshot.objects.get(), ControlProfile.objects.get()
    assert snapshot.extra == {"vendorInformation": vendor}
    assert snapshot.comparisons[0]["appsScore"] == 2
    assert stored.extra == {"vendorInformation": vendor, "invented": {"deep": [1]}}
    assert stored.score_extra == {"on": "true", "count": "5", "x": "y"}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["New", "Lost", "Gone", "Won"]),
        ("?kind=regressed", ["Lost"]),
        ("?category=Device&kind=gained", ["Won"]),
        ("?q=require", ["Won"]),
        ("?action=Lost", ["Lost"]),
        ("?who=people", []),
        ("?who=system&kind=added", ["New"]),
        ("?kind=invented", ["New", "Lost", "Gone", "Won"]),
        ("?since=TODAY", ["New", "Lost", "Gone"]),
        ("?until=YESTERDAY", ["Won"]),
        ("?since=never", ["New", "Lost", "Gone", "Won"]),
    ],
)
def test_history_is_narrowed(
    told: list[Snapshot], reader: User, client_for: SignIn, query: str, names: list[str]
) -> None:
    today = timezone.localdate()
    query = query.replace("YESTERDAY", str(today - timedelta(days=1)))
    response = client_for(reader).get(HISTORY + query.replace("TODAY", str(today)))
    found = [entry.event.control_id for entry in response.context["entries"]]
    assert sorted(found) == sorted(names)


def test_history_sums_up_what_it_lists(
    told: list[Snapshot], reader: User, client_for: SignIn
) -> None:
    response = client_for(reader).get(HISTORY)
    assert response.context["sums"] == {"gained": 4.0, "regressed": 9.0}
    text = " ".join(response.text.split())
    assert "9 points regressed for" in text
    assert ">0/9<" in text
    assert 'href="/securescore/actions/Lost/"' in text
    # Microsoft dropped it: it has no page.
    assert 'href="/securescore/actions/Gone/"' not in text


def test_htmx_gets_the_history_alone(
    told: list[Snapshot], reader: User, client_for: SignIn
) -> None:
    headers = {"HX-Request": "true", "HX-Target": "list"}
    text = client_for(reader).get(HISTORY, headers=headers).text
    assert text.strip().startswith('<div class="stack" id="list"')


def test_another_organisations_history_is_its_own(
    told: list[Snapshot], outsider: User, client_for: SignIn
) -> None:
    response = client_for(outsider).get(f"{HISTORY}?action=Lost")
    assert response.context["entries"] == []
    assert response.context["action"] is None
