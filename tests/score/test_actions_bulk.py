"""Changing a selection of improvement actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from portal.score.plan_models import ActionPlan, StateChange
from tests import factories

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.test import Client

    from connector.models import Tenant

    SignIn = Callable[[User], Client]

BULK = "/securescore/bulk/"


@pytest.fixture
def many(tenant: Tenant) -> Tenant:
    """Sixty open actions and one that is completed."""
    factories.SnapshotFactory(tenant=tenant)
    for n in range(60):
        factories.ControlProfileFactory(
            tenant=tenant,
            control_id=f"C{n:02}",
            rank=n,
            category="Apps" if n % 2 else "Data",
        )
    factories.ControlProfileFactory(
        tenant=tenant, control_id="Done", score=10.0, rank=99
    )
    return tenant


def _apply(client: Client, selection: str, **values: str) -> Any:
    data = {"intent": "apply", "selection": selection, "query": "show=open", **values}
    return client.post(BULK, data, follow=True)


def test_ticked_actions_are_named_before_they_are_changed(
    many: Tenant, admin: User, client_for: SignIn
) -> None:
    answer = client_for(admin).post(
        BULK, {"control": ["C01", "C02", "Nothing"], "query": "show=open&sort=name"}
    )
    assert answer.status_code == 200
    assert "Change 2 improvement actions" in answer.text
    assert answer.context["chosen"].control_ids == ["C01", "C02"]
    assert 'href="/securescore/actions/?show=open&amp;sort=name"' in answer.text
    assert not ActionPlan.objects.exists()


def test_all_that_match_are_those_of_every_page(
    many: Tenant, admin: User, client_for: SignIn
) -> None:
    data = {"everything": "1", "control": ["C01"], "query": "category=Apps&page=2"}
    answer = client_for(admin).post(BULK, data)
    chosen = answer.context["chosen"]
    assert len(chosen.control_ids) == 30
    assert chosen.control_ids[:3] == ["C01", "C03", "C05"]
    assert "and 10 more" in answer.text


def test_owner_due_date_tags_and_status_are_set_at_once(
    many: Tenant, admin: User, operator: User, client_for: SignIn
) -> None:
    answer = _apply(
        client_for(admin),
        "C01\r\nC02\r\nDone",
        status="risk_accepted",
        reason="Not this year",
        owner=str(operator.pk),
        due="set",
        due_date="2027-02-01",
        more_tags="Q1",
    )
    plans = ActionPlan.objects.filter(owner=operator, due_date="2027-02-01")
    assert set(plans.values_list("control_id", flat=True)) == {"C01", "C02", "Done"}
    assert set(StateChange.objects.values_list("control_id", "comment")) == {
        ("C01", "Not this year"),
        ("C02", "Not this year"),
    }
    assert "3 actions changed." in answer.text
    assert "2 statuses are being sent to Microsoft." in answer.text
    assert "1 is Completed by its points" in answer.text


def test_what_is_left_as_it_is_stays(
    many: Tenant, admin: User, operator: User, client_for: SignIn
) -> None:
    client = client_for(admin)
    _apply(client, "C01", owner=str(operator.pk), due="set", due_date="2027-02-01")
    _apply(client, "C01\nC02", more_tags="Q1")
    plan = ActionPlan.objects.get(control_id="C01")
    assert (plan.owner, str(plan.due_date)) == (operator, "2027-02-01")
    _apply(client, "C01", owner="none", due="clear", fewer_tags="q1")
    plan.refresh_from_db()
    assert (plan.owner, plan.due_date, plan.tags.count()) == (None, None, 0)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "Choose what to change."),
        ({"status": "planned"}, "Say why the status is changed."),
        ({"due": "set"}, "Enter the due date."),
        ({"due": "set", "due_date": "x"}, "Enter a date, for example"),
        ({"owner": "12345"}, "Select a valid choice"),
        ({"status": "completed", "reason": "x"}, "Select a valid choice"),
    ],
)
def test_what_is_missing_is_asked_for_and_the_selection_kept(
    many: Tenant,
    admin: User,
    client_for: SignIn,
    values: dict[str, str],
    message: str,
) -> None:
    answer = _apply(client_for(admin), "C01\nC02", fewer_tags="", **values)
    assert answer.status_code == 422
    assert message in answer.text
    assert answer.context["chosen"].control_ids == ["C01", "C02"]
    assert not ActionPlan.objects.exists()


def test_nothing_ticked_leads_back(
    many: Tenant, admin: User, client_for: SignIn
) -> None:
    answer = client_for(admin).post(BULK, {"query": "owner=me"}, follow=True)
    assert answer.redirect_chain == [("/securescore/actions/?owner=me", 302)]
    assert "Tick at least one improvement action." in answer.text


def test_only_who_may_edit_is_offered_it(
    many: Tenant, reader: User, operator: User, outsider: User, client_for: SignIn
) -> None:
    for user in (reader, operator):
        text = client_for(user).get("/securescore/actions/").text
        assert "Change selected" not in text
        assert "Selected as CSV" in text
        assert client_for(user).post(BULK, {"control": ["C01"]}).status_code == 403
    answer = client_for(outsider).post(BULK, {"control": ["C01"]})
    assert answer.status_code == 302
