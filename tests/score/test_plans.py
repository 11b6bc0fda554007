"""What a change of action plans writes, for one control and for many."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from connector.models import AuditEvent
from portal.score import plans
from portal.score.models import ControlProfile
from portal.score.plan_models import (
    MOST_TAGS,
    ActionEvent,
    ActionPlan,
    ActionTag,
    StateChange,
)
from portal.score.plans import Wish
from portal.score.status import SETTABLE, ActionStatus
from tests import factories

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from connector.models import Tenant

DUE = date(2027, 1, 31)


def _status(tenant: Tenant, control_id: str = "MFA") -> str:
    profiles = ControlProfile.objects.for_tenant(tenant).with_status()
    return str(profiles.get(control_id=control_id).status)


def _plan(control_id: str = "MFA") -> ActionPlan:
    return ActionPlan.objects.get(control_id=control_id)


@pytest.fixture
def profile(tenant: Tenant) -> ControlProfile:
    return factories.ControlProfileFactory(tenant=tenant, control_id="MFA")


def _choose(
    tenant: Tenant, admin: User, status: ActionStatus, name: str = "MFA"
) -> Any:
    return plans.change(tenant, [name], Wish(status=status, reason="So."), actor=admin)


def test_all_five_statuses_can_be_set_and_completed_cannot() -> None:
    assert [status.label for status in SETTABLE] == [
        "To address",
        "Planned",
        "Risk accepted",
        "Resolved through third party",
        "Resolved through alternate mitigation",
    ]


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (ActionStatus.RISK_ACCEPTED, "Ignored"),
        (ActionStatus.THIRD_PARTY, "ThirdParty"),
    ],
)
def test_a_status_graph_knows_is_queued_and_counts_at_once(
    profile: ControlProfile,
    tenant: Tenant,
    admin: User,
    status: ActionStatus,
    state: str,
) -> None:
    _choose(tenant, admin, status)

    change = StateChange.objects.get()
    assert (change.control_id, change.state, change.comment) == ("MFA", state, "So.")
    assert change.requested_by == admin
    assert _status(tenant) == status


@pytest.mark.parametrize("status", [ActionStatus.PLANNED, ActionStatus.ALTERNATE])
def test_a_status_graph_has_no_value_for_stays_here(
    profile: ControlProfile, tenant: Tenant, admin: User, status: ActionStatus
) -> None:
    _choose(tenant, admin, status)

    assert not StateChange.objects.exists()
    assert _status(tenant) == status


def test_planned_takes_an_acceptance_back_in_graph(
    profile: ControlProfile, tenant: Tenant, admin: User
) -> None:
    ControlProfile.objects.update(state="Ignored")
    _choose(tenant, admin, ActionStatus.PLANNED)

    assert StateChange.objects.get().state == "Default"
    assert _status(tenant) == ActionStatus.PLANNED


@pytest.mark.parametrize("status", [s for s in SETTABLE if s != "to_address"])
def test_device_controls_are_kept_here(
    tenant: Tenant, admin: User, status: ActionStatus
) -> None:
    factories.ControlProfileFactory(tenant=tenant, control_id="scid_2010")
    _choose(tenant, admin, status, "scid_2010")

    assert not StateChange.objects.exists()
    assert _status(tenant, "scid_2010") == status


def test_what_graph_says_itself_goes_before_what_is_kept_here(
    profile: ControlProfile, tenant: Tenant, admin: User
) -> None:
    _choose(tenant, admin, ActionStatus.PLANNED)
    ControlProfile.objects.update(state="ThirdParty")
    assert _status(tenant) == ActionStatus.THIRD_PARTY
    ControlProfile.objects.update(state="Default", score=10.0)
    assert _status(tenant) == ActionStatus.COMPLETED


def test_a_completed_action_keeps_its_status(
    profile: ControlProfile, tenant: Tenant, admin: User
) -> None:
    ControlProfile.objects.update(score=10.0)
    outcome = _choose(tenant, admin, ActionStatus.RISK_ACCEPTED)

    assert (outcome.changed, outcome.completed) == (0, 1)
    assert _status(tenant) == ActionStatus.COMPLETED


def test_a_newer_choice_replaces_what_still_waits(
    profile: ControlProfile, tenant: Tenant, admin: User
) -> None:
    _choose(tenant, admin, ActionStatus.RISK_ACCEPTED)
    _choose(tenant, admin, ActionStatus.THIRD_PARTY)
    _choose(tenant, admin, ActionStatus.TO_ADDRESS)

    statuses = [change.status for change in StateChange.objects.order_by("pk")]
    assert statuses == ["replaced", "replaced"]
    assert _status(tenant) == ActionStatus.TO_ADDRESS


def test_graph_is_told_again_while_nobody_knows_what_it_holds(
    profile: ControlProfile, tenant: Tenant, admin: User
) -> None:
    _choose(tenant, admin, ActionStatus.RISK_ACCEPTED)
    StateChange.objects.update(status="sending", attempts=1)
    _choose(tenant, admin, ActionStatus.PLANNED)

    newest = StateChange.objects.order_by("pk").last()
    assert newest is not None
    assert (newest.state, newest.status) == ("Default", "queued")


def test_every_changed_field_has_its_line_with_who_and_why(
    profile: ControlProfile, tenant: Tenant, admin: User, operator: User
) -> None:
    wish = Wish(
        status=ActionStatus.PLANNED,
        reason="Next quarter",
        notes="Ask first",
        owner=operator,
        due_date=DUE,
        tags=["Q4", "audit"],
    )
    plans.change(tenant, ["MFA"], wish, actor=admin)
    plans.change(tenant, ["MFA"], Wish(owner=None, tags=["Q4"]), actor=operator)

    told = [
        (event.actor_name, event.field, event.old, event.new)
        for event in ActionEvent.objects.order_by("pk")
    ]
    assert told == [
        ("security.admin", "status", "to_address", "planned"),
        ("security.admin", "notes", "", "Ask first"),
        ("security.admin", "owner", "", "security.operator"),
        ("security.admin", "due_date", "", "2027-01-31"),
        ("security.admin", "tags", "", "audit, Q4"),
        ("security.operator", "owner", "security.operator", ""),
        ("security.operator", "tags", "audit, Q4", "Q4"),
    ]
    assert ActionEvent.objects.get(field="status").reason == "Next quarter"
    assert [tag.name for tag in _plan().tags.all()] == ["Q4"]
    audited = AuditEvent.objects.filter(action="actionplan.changed").latest("at")
    assert audited.facts == {"count": 1, "fields": ["owner", "tags"]}


def test_nothing_new_writes_nothing(
    profile: ControlProfile, tenant: Tenant, admin: User
) -> None:
    wish = Wish(status=ActionStatus.TO_ADDRESS, reason="x", notes="", tags=())
    outcome = plans.change(tenant, ["MFA"], wish, actor=admin)

    assert outcome.changed == 0
    assert not ActionEvent.objects.exists()
    assert not AuditEvent.objects.exists()
    assert _plan().version == 0


def test_tags_are_one_whatever_their_case(
    profile: ControlProfile, tenant: Tenant, admin: User
) -> None:
    plans.change(tenant, ["MFA"], Wish(tags=["Audit"]), actor=admin)
    plans.change(tenant, ["MFA"], Wish(more_tags=["AUDIT", "q4"]), actor=admin)
    plans.change(tenant, ["MFA"], Wish(fewer_tags=["Q4"]), actor=admin)

    assert [tag.name for tag in _plan().tags.all()] == ["Audit"]
    assert ActionTag.objects.count() == 2


def test_an_action_has_a_bounded_number_of_tags(
    profile: ControlProfile, tenant: Tenant, admin: User
) -> None:
    words = [f"tag {n}" for n in range(MOST_TAGS)]
    plans.change(tenant, ["MFA"], Wish(tags=words), actor=admin)
    outcome = plans.change(tenant, ["MFA"], Wish(more_tags=["one more"]), actor=admin)

    assert (outcome.changed, outcome.full) == (0, 1)
    assert _plan().tags.count() == MOST_TAGS


def test_controls_of_others_are_left_alone(
    profile: ControlProfile, tenant: Tenant, other_tenant: Tenant, admin: User
) -> None:
    factories.ControlProfileFactory(tenant=other_tenant, control_id="Theirs")
    wish = Wish(notes="mine")
    outcome = plans.change(tenant, ["MFA", "Theirs", "Nothing"], wish, actor=admin)

    assert outcome.changed == 1
    assert list(ActionPlan.objects.values_list("control_id", flat=True)) == ["MFA"]


def test_hundreds_are_changed_with_a_handful_of_queries(
    tenant: Tenant, admin: User, django_assert_max_num_queries: Any
) -> None:
    rows = factories.ControlProfileFactory.build_batch(300, tenant=tenant)
    ControlProfile.objects.bulk_create(rows)
    names = [row.control_id for row in rows]
    wish = Wish(
        status=ActionStatus.RISK_ACCEPTED, reason="All", owner=admin, due_date=DUE
    )
    with django_assert_max_num_queries(40):
        outcome = plans.change(tenant, names, wish, actor=admin)

    assert (outcome.changed, outcome.sent) == (300, 300)
    assert ActionEvent.objects.count() == 900
    assert AuditEvent.objects.get().facts["count"] == 300
