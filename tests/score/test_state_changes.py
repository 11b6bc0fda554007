"""How a status gets to Microsoft Graph, whatever happens on the way."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from connector.models import AuditEvent
from connector.sandbox import controls, graph_writes
from portal.score import plans, state_changes, tasks
from portal.score.models import ControlProfile, ScoreSync
from portal.score.plan_models import ActionEvent, ActionPlan, StateChange
from portal.score.plans import Wish
from portal.score.status import ActionStatus
from tests import factories
from tests.score.conftest import TOKEN

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connector.graph.client import Graph
    from connector.models import Tenant
    from tests.score.conftest import GraphServer

CONTROL = "AdminMFAV2"
REASON = "Accepted by the board"


@pytest.fixture
def known(tenant: Tenant, graph_server: GraphServer) -> Tenant:
    """A tenant with two controls the sandbox has as well."""
    for name in (CONTROL, "MFARegistrationV2"):
        factories.ControlProfileFactory(tenant=tenant, control_id=name)
    return tenant


def _accept(tenant: Tenant, admin: User, *names: str) -> StateChange:
    wish = Wish(status=ActionStatus.RISK_ACCEPTED, reason=REASON)
    plans.change(tenant, names or [CONTROL], wish, actor=admin)
    return StateChange.objects.order_by("pk").last()  # type: ignore[return-value]


def _status(tenant: Tenant, name: str = CONTROL) -> str:
    profiles = ControlProfile.objects.for_tenant(tenant).with_status()
    return str(profiles.get(control_id=name).status)


def _held(name: str = CONTROL) -> list[str]:
    """Return the states the sandbox was told, the oldest first."""
    updates = controls.profile(name)["controlStateUpdates"]
    return [update["state"] for update in updates if update["updatedDateTime"]]


def _patches(server: GraphServer) -> list[Any]:
    return [request for request in server.seen if request.method == "PATCH"]


def _make_due() -> None:
    StateChange.objects.update(due_at=timezone.now())


def test_the_body_is_what_microsoft_documents(
    graph: Graph, graph_server: GraphServer
) -> None:
    after = graph.set_control_state(
        CONTROL, state="Ignored", comment=REASON, assigned_to="sam"
    )
    [request] = _patches(graph_server)
    assert json.loads(request.get_data()) == {
        "assignedTo": "sam",
        "comment": REASON,
        "state": "Ignored",
        "vendorInformation": {
            "provider": "SecureScore",
            "providerVersion": None,
            "subProvider": None,
            "vendor": "Microsoft",
        },
    }
    assert after is not None
    assert (after.state, after.updates[-1].comment) == ("Ignored", REASON)


def test_an_answer_without_the_control_is_taken_as_well(
    graph: Graph, graph_server: GraphServer
) -> None:
    graph_server.say(CONTROL, "", status=204)
    kept = graph.set_control_state(CONTROL, state="Ignored", comment="", assigned_to="")
    assert kept is None


def test_a_state_is_sent_with_its_reason_and_then_counts_as_graphs(
    known: Tenant, admin: User
) -> None:
    change = _accept(known, admin)
    tasks.send_states(known.pk)

    change.refresh_from_db()
    assert (change.status, change.attempts) == ("sent", 1)
    assert _held() == ["Ignored"]
    profile = ControlProfile.objects.get(control_id=CONTROL)
    assert profile.state == "Ignored"
    assert profile.state_updates[-1]["comment"] == REASON
    assert ActionPlan.objects.get().hold == ""
    assert _status(known) == ActionStatus.RISK_ACCEPTED


def test_graph_is_not_told_what_it_says_already(
    known: Tenant, admin: User, graph_server: GraphServer
) -> None:
    controls.update(CONTROL, {"state": "Ignored"})
    change = _accept(known, admin)
    tasks.send_states(known.pk)

    change.refresh_from_db()
    assert change.status == "sent"
    assert _patches(graph_server) == []
    assert _held() == ["Ignored"]


def test_nothing_is_sent_while_a_sync_may_overwrite_it(
    known: Tenant, admin: User, graph_server: GraphServer
) -> None:
    change = _accept(known, admin)
    ScoreSync.objects.current(known)
    ScoreSync.objects.claim(known)
    tasks.send_states(known.pk)
    assert graph_server.seen == []

    ScoreSync.objects.update(finished_at=timezone.now())
    tasks.send_states(known.pk)
    change.refresh_from_db()
    assert change.status == "sent"


def test_two_workers_send_it_once(
    known: Tenant, admin: User, graph_server: GraphServer
) -> None:
    change = _accept(known, admin)
    assert StateChange.objects.claim(change.pk) is not None
    assert StateChange.objects.claim(change.pk) is None
    tasks.send_states(known.pk)

    assert _patches(graph_server) == []


def test_what_a_dead_worker_held_is_taken_over(known: Tenant, admin: User) -> None:
    change = _accept(known, admin)
    StateChange.objects.claim(change.pk)
    long_ago = timezone.now() - timedelta(minutes=5)
    StateChange.objects.update(claimed_at=long_ago)
    tasks.send_states(known.pk)

    change.refresh_from_db()
    assert (change.status, change.attempts) == ("sent", 2)


def test_a_lost_answer_is_settled_by_reading(
    known: Tenant, admin: User, graph_server: GraphServer
) -> None:
    graph_writes.waiting.append("lost")
    change = _accept(known, admin)
    tasks.send_states(known.pk)
    change.refresh_from_db()
    assert (change.status, change.error_code) == ("queued", "server_error")
    assert _status(known) == ActionStatus.RISK_ACCEPTED

    _make_due()
    tasks.send_states(known.pk)
    change.refresh_from_db()
    assert change.status == "sent"
    assert _held() == ["Ignored"]
    assert len(_patches(graph_server)) == 1


def test_a_missing_permission_is_named_and_can_be_tried_again(
    known: Tenant, admin: User
) -> None:
    graph_writes.waiting += ["forbidden", "forbidden"]
    change = _accept(known, admin, CONTROL, "MFARegistrationV2")
    tasks.send_states(known.pk)

    change.refresh_from_db()
    assert (change.status, change.error_code) == ("refused", "graph_forbidden_write")
    assert "SecurityEvents.ReadWrite.All" in change.error_words
    assert change.error_request_id
    assert _status(known) == ActionStatus.TO_ADDRESS
    events = ActionEvent.objects.filter(field="refused", control_id=CONTROL)
    assert events.get().new == "graph_forbidden_write"
    assert AuditEvent.objects.filter(action="actionplan.state_refused").count() == 2

    # The permission was granted: one retry is enough for all that waited for it.
    assert state_changes.retry(change, actor=admin) == 2
    assert _status(known) == ActionStatus.RISK_ACCEPTED
    tasks.send_states(known.pk)
    assert set(StateChange.objects.values_list("status", flat=True)) == {"sent"}


def test_a_refusal_keeps_graphs_words(
    known: Tenant, admin: User, graph_server: GraphServer
) -> None:
    error = {"error": {"code": "invalidRequest", "message": "Not this one."}}
    _read_well(graph_server)
    graph_server.say(CONTROL, error, status=400)
    change = _accept(known, admin)
    tasks.send_states(known.pk)

    change.refresh_from_db()
    assert (change.status, change.error_code) == ("refused", "graph_refused")
    assert change.error_words == "invalidRequest: Not this one."
    assert _status(known) == ActionStatus.TO_ADDRESS


def test_a_control_graph_does_not_know_is_refused(
    tenant: Tenant, admin: User, graph_server: GraphServer
) -> None:
    factories.ControlProfileFactory(tenant=tenant, control_id="Gone/1")
    change = _accept(tenant, admin, "Gone/1")
    tasks.send_states(tenant.pk)

    change.refresh_from_db()
    assert change.error_code == "graph_control_unknown"
    assert graph_server.seen[-1].environ["REQUEST_URI"].endswith("/Gone%2F1")


def test_a_pause_graph_asks_for_holds_all_others_too(
    known: Tenant, admin: User, graph_server: GraphServer
) -> None:
    graph_server.say(CONTROL, {}, status=429, Retry_After="120")
    _accept(known, admin, CONTROL, "MFARegistrationV2")
    tasks.send_states(known.pk)

    assert len(graph_server.seen) == 1
    soonest = timezone.now() + timedelta(seconds=110)
    assert all(change.due_at > soonest for change in StateChange.objects.all())
    tasks.send_states(known.pk)
    assert len(graph_server.seen) == 1


def test_a_token_that_is_refused_waits_for_its_repair(
    known: Tenant, admin: User, settings: Any
) -> None:
    change = _accept(known, admin)
    settings.GRAPH_ACCESS_TOKEN = "expired"
    tasks.send_states(known.pk)
    change.refresh_from_db()
    assert (change.status, change.error_code) == ("queued", "graph_unauthorized")
    assert change.waits_long

    settings.GRAPH_ACCESS_TOKEN = TOKEN
    assert state_changes.retry(change, actor=admin) == 1
    tasks.send_states(known.pk)
    change.refresh_from_db()
    assert change.status == "sent"


def test_a_state_that_bounces_is_not_written_twice(
    known: Tenant, admin: User, graph_server: GraphServer
) -> None:
    graph_writes.waiting.append("bounced")
    change = _accept(known, admin)
    tasks.send_states(known.pk)
    change.refresh_from_db()
    assert change.status == "queued"
    assert change.written_at is not None

    _make_due()
    tasks.send_states(known.pk)
    assert len(_patches(graph_server)) == 1
    StateChange.objects.update(
        due_at=timezone.now(), written_at=timezone.now() - timedelta(hours=2)
    )
    tasks.send_states(known.pk)
    change.refresh_from_db()
    assert (change.status, change.error_code) == ("refused", "graph_state_not_kept")
    assert _status(known) == ActionStatus.TO_ADDRESS
    assert len(_patches(graph_server)) == 1


def test_a_choice_made_meanwhile_is_sent_after_the_one_under_way(
    known: Tenant, admin: User
) -> None:
    first = _accept(known, admin)
    held = StateChange.objects.claim(first.pk)
    wish = Wish(status=ActionStatus.THIRD_PARTY, reason="Bought")
    plans.change(known, [CONTROL], wish, actor=admin)
    tasks.send_states(known.pk)
    assert _held() == []

    StateChange.objects.filter(pk=held.pk).update(status="sent", claimed_at=None)
    tasks.send_states(known.pk)
    assert _held() == ["ThirdParty"]
    assert _status(known) == ActionStatus.THIRD_PARTY


def test_the_outcome_of_an_older_choice_does_not_count(
    known: Tenant, admin: User
) -> None:
    graph_writes.waiting.append("lost")
    first = _accept(known, admin)
    tasks.send_states(known.pk)
    wish = Wish(status=ActionStatus.PLANNED, reason="Later")
    plans.change(known, [CONTROL], wish, actor=admin)

    tasks.send_states(known.pk)
    first.refresh_from_db()
    assert first.status == "replaced"
    assert _held() == ["Ignored", "Default"]
    assert _status(known) == ActionStatus.PLANNED
    assert ActionPlan.objects.get().hold == "here"


def test_a_choice_on_its_way_outlives_the_arrival_of_an_older_one(
    known: Tenant, admin: User, graph: Graph
) -> None:
    first = StateChange.objects.claim(_accept(known, admin).pk)
    wish = Wish(status=ActionStatus.PLANNED, reason="Later")
    plans.change(known, [CONTROL], wish, actor=admin)
    controls.update(CONTROL, {"state": "Ignored"})
    state_changes._finish(first, graph.control_profile(CONTROL))

    assert _status(known) == ActionStatus.PLANNED
    tasks.send_states(known.pk)
    assert _held() == ["Ignored", "Default"]


def test_the_sweep_wakes_only_for_what_is_due(
    known: Tenant, admin: User, graph_server: GraphServer, monkeypatch: Any
) -> None:
    woken: list[int] = []
    monkeypatch.setattr(state_changes, "wake", woken.append)
    tasks.sweep_states()
    _accept(known, admin)
    tasks.sweep_states()
    StateChange.objects.update(due_at=timezone.now() + timedelta(hours=1))
    tasks.sweep_states()

    assert woken == [known.pk, known.pk]


def _read_well(server: GraphServer) -> None:
    """Let the next read of the control go well; what follows is the test's own."""
    server.say(CONTROL, controls.profile(CONTROL))
