"""From a goal to its tickets: proposed, reviewed, shared once, as one or each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from connector.models import AuditEvent
from portal.score import share_plans
from portal.score.models import ControlProfile
from portal.score.share_plan_models import SharePlan
from tests import factories
from tickets import outbox
from tickets.mapping import DESCRIPTION_LIMIT
from tickets.models import Delivery, Kind, Ticket, TicketAction

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.test import Client

    from connector.models import Connection, Tenant
    from connector.sandbox.server import Running

    SignIn = Callable[[User], Client]

PLAN = "/securescore/plan/"
NEW = f"{PLAN}new/"


@pytest.fixture
def scored(tenant: Tenant) -> Tenant:
    """Five actions with 9, 8, 6, 3 and 0 points left; 120 of 300 points today."""
    factories.SnapshotFactory(tenant=tenant, date=timezone.localdate())
    for name, left, cost in (
        ("Nine", 9, "high"),
        ("Eight", 8, "low"),
        ("Six", 6, "low"),
        ("Three", 3, "moderate"),
        ("None", 0, "low"),
    ):
        factories.ControlProfileFactory(
            tenant=tenant,
            control_id=name,
            title=f"Do {name}",
            score=10.0 - left,
            implementation_cost=cost,
            category="Apps" if name == "Six" else "Data",
        )
    return tenant


def _proposed(client: Client, **query: str) -> list[str]:
    answer = client.get(PLAN, query)
    assert answer.status_code == 200, answer.text
    return [row.profile.control_id for row in answer.context["rows"]]


def _reviewed(client: Client, *names: str) -> SharePlan:
    answer = client.post(NEW, {"control": names})
    assert answer.status_code == 302
    plan: SharePlan = SharePlan.objects.get(pk=answer.url.split("/")[-2])
    return plan


def _form_data(
    client: Client, plan: SharePlan, intent: str, *names: str, **more: str
) -> dict[str, Any]:
    first = client.get(plan.get_absolute_url()).context["form"]
    data = {
        "name": first["name"].value(),
        "priority": first["priority"].value(),
        "due_date": str(first["due_date"].value()),
        "connection": str(first["connection"].value()),
    }
    return {**data, "intent": intent, "control": names, **more}


def _form(
    client: Client, plan: SharePlan, intent: str, *names: str, **more: str
) -> Any:
    data = _form_data(client, plan, intent, *names, **more)
    return client.post(plan.get_absolute_url(), data)


def test_a_number_of_actions_takes_those_with_most_points_left(
    scored: Tenant, reader: User, client_for: SignIn
) -> None:
    assert _proposed(client_for(reader), goal="count", count="2") == ["Nine", "Eight"]
    answer = client_for(reader).get(PLAN, {"goal": "count", "count": "2"})
    assert answer.context["outlook"].new_percent == pytest.approx(100 * 137 / 300)
    assert "Review and share" not in answer.text


def test_a_target_takes_the_fewest_and_then_the_cheapest(
    scored: Tenant, reader: User, client_for: SignIn
) -> None:
    client = client_for(reader)
    # 8 points are needed; Nine costs more than Eight.
    assert _proposed(client, goal="target", target="42.66") == ["Eight"]
    assert _proposed(client, goal="target", target="43") == ["Nine"]
    assert _proposed(client, goal="target", target="40") == []


def test_an_unreachable_target_says_how_much_is_missing(
    scored: Tenant, reader: User, client_for: SignIn
) -> None:
    answer = client_for(reader).get(PLAN, {"goal": "target", "target": "50"})
    assert len(answer.context["rows"]) == 4
    assert "fall short of it by 4 points" in answer.text


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"max_cost": "low"}, ["Eight", "Six"]),
        ({"max_cost": "moderate"}, ["Eight", "Six", "Three"]),
        ({"max_impact": "low"}, ["Eight", "Six", "Three"]),
        ({"category": "Apps"}, ["Six"]),
    ],
)
def test_filters_narrow_what_may_be_taken(
    query: dict[str, str],
    names: list[str],
    scored: Tenant,
    reader: User,
    client_for: SignIn,
) -> None:
    ControlProfile.objects.filter(control_id="Nine").update(user_impact="high")
    assert _proposed(client_for(reader), goal="count", count="9", **query) == names


def test_open_tickets_and_accepted_risks_are_left_out_unless_wanted(
    scored: Tenant, reader: User, client_for: SignIn
) -> None:
    ControlProfile.objects.filter(control_id="Nine").update(state="Ignored")
    together = factories.TicketFactory(connection__tenant=scored)
    TicketAction.objects.create(ticket=together, control_id="Eight")
    factories.TicketFactory(connection=together.connection, control_id="Six")
    client = client_for(reader)
    assert _proposed(client, goal="count", count="9") == ["Three"]
    wanted = {"goal": "count", "count": "9", "with_open": "on"}
    assert _proposed(client, **wanted) == ["Eight", "Six", "Three"]
    assert "Nine" in _proposed(client, goal="count", count="9", with_accepted="on")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"goal": "target"}, "Enter the score to reach."),
        ({"goal": "count", "count": "0"}, "greater than or equal to 1"),
        ({"goal": "x"}, "Select a valid choice"),
    ],
)
def test_a_goal_without_its_number_is_asked_for(
    query: dict[str, str],
    message: str,
    scored: Tenant,
    reader: User,
    client_for: SignIn,
) -> None:
    answer = client_for(reader).get(PLAN, query)
    assert answer.status_code == 422
    assert message in answer.text


def test_shared_as_one_it_is_one_change_request_of_all(
    scored: Tenant,
    connection: Connection,
    sandbox: Running,
    operator: User,
    client_for: SignIn,
) -> None:
    client = client_for(operator)
    plan = _reviewed(client, "Nine", "Eight", "Six")
    data = _form_data(client, plan, "one", "Nine", "Six")
    for _ in range(2):
        assert client.post(plan.get_absolute_url(), data).url == plan.get_absolute_url()
    late = client.post(plan.get_absolute_url(), {**data, "name": ""})
    assert late.context["form"] is None

    ticket = Ticket.objects.get()
    assert ticket.kind == Kind.CHANGE_REQUEST
    assert ticket.control_ids == ["Nine", "Six"]
    outbox.deliver(Delivery.objects.get().pk)
    ticket.refresh_from_db()
    sql = "SELECT * FROM task WHERE correlation_id = ?"
    [row] = sandbox.store.execute(sql, [str(ticket.correlation_id)])
    assert "1. Do Nine (+9 points, cost high, user impact low)" in row["description"]
    assert "2. Do Six" in row["description"]
    assert "Do Eight" not in row["description"]
    assert plan.get_absolute_url() in row["description"]
    assert AuditEvent.objects.get(action="score.plan_shared").facts["count"] == 2
    shared = client.get(plan.get_absolute_url()).text
    assert ticket.number in shared
    assert "Share as one</button>" not in shared


def test_every_action_of_a_shared_ticket_shows_it(
    scored: Tenant, connection: Connection, operator: User, client_for: SignIn
) -> None:
    client = client_for(operator)
    _form(client, _reviewed(client, "Nine", "Six"), "one", "Nine", "Six")
    ticket = Ticket.objects.get()
    link = f'href="{ticket.get_absolute_url()}"'
    for name in ("Nine", "Six"):
        assert link in client.get(f"/securescore/actions/{name}/").text
    listed = client.get("/securescore/actions/", {"ticket": "open"}).text
    assert "Do Nine" in listed
    assert "Do Eight" not in listed
    assert listed.count(link) == 2
    assert "/securescore/actions/Six/" in client.get(ticket.get_absolute_url()).text
    assert "Secure Score: 2" in client.get("/tickets/", {"search": "Nine"}).text


def test_share_each_makes_one_ticket_per_action(
    scored: Tenant, connection: Connection, operator: User, client_for: SignIn
) -> None:
    client = client_for(operator)
    plan = _reviewed(client, "Nine", "Eight", "Six")
    answer = _form(client, plan, "each", "Nine", "Eight", priority="high")
    assert answer.status_code == 302
    tickets = Ticket.objects.order_by("pk")
    assert [(t.control_id, t.name, t.priority) for t in tickets] == [
        ("Nine", "Do Nine", "high"),
        ("Eight", "Do Eight", "high"),
    ]
    assert Delivery.objects.filter(operation="create").count() == 2


def test_a_plan_is_shared_once_whoever_comes_second(
    scored: Tenant, connection: Connection, operator: User, client_for: SignIn
) -> None:
    client = client_for(operator)
    plan = _reviewed(client, "Nine", "Eight")
    chosen = share_plans.rows(scored, ["Nine", "Eight"], None)
    values = {"name": "Both", "priority": "low", "due_date": None}
    more: dict[str, Any] = {"connection": connection, "actor": operator}
    share_plans.share(plan, chosen, values, how="one", **more)
    for how in ("one", "each"):
        with pytest.raises(share_plans.AlreadyShared):
            share_plans.share(plan, chosen, values, how=how, **more)
    assert Ticket.objects.count() == 1


def test_what_is_wrong_is_said_and_what_was_typed_is_kept(
    scored: Tenant, connection: Connection, operator: User, client_for: SignIn
) -> None:
    client = client_for(operator)
    plan = _reviewed(client, "Nine", "Eight")
    nothing = _form(client, plan, "one", name="My name")
    assert nothing.status_code == 422
    assert "Tick at least one improvement action." in nothing.text
    assert 'value="My name"' in nothing.text
    nameless = _form(client, plan, "one", "Nine", name="")
    assert nameless.status_code == 422
    assert nameless.context["count"] == 1
    sums = _form(client, plan, "sums", "Eight", name="My name")
    assert (sums.status_code, sums.context["outlook"].points) == (200, 8.0)
    assert 'value="My name"' in sums.text
    assert not Ticket.objects.exists()


def test_an_action_with_an_open_ticket_is_not_ticked_at_first(
    scored: Tenant, connection: Connection, operator: User, client_for: SignIn
) -> None:
    factories.TicketFactory(connection=connection, control_id="Nine")
    client = client_for(operator)
    page = client.get(_reviewed(client, "Nine", "Eight").get_absolute_url())
    assert [ticked for _row, ticked, _busy in page.context["rows"]] == [False, True]


def test_the_lists_selection_leads_to_the_same_review(
    scored: Tenant, connection: Connection, operator: User, client_for: SignIn
) -> None:
    client = client_for(operator)
    assert f'formaction="{NEW}"' in client.get("/securescore/actions/").text
    answer = client.post(NEW, {"everything": "1", "query": "category=Data&show=open"})
    plan = SharePlan.objects.get()
    assert answer.url == plan.get_absolute_url()
    assert set(plan.control_ids) == {"Nine", "Eight", "Three"}
    back = client.post(NEW, {"query": "category=Data"})
    assert back.url == "/securescore/actions/?category=Data"
    goal = client.post(NEW, {"goal_query": "goal=count&count=2"})
    assert goal.url == f"{PLAN}?goal=count&count=2"


def test_without_a_connection_the_plan_is_kept(
    scored: Tenant, operator: User, client_for: SignIn
) -> None:
    client = client_for(operator)
    plan = _reviewed(client, "Nine")
    assert "ServiceNow is not connected." in client.get(plan.get_absolute_url()).text
    data = {"intent": "one", "control": "Nine"}
    assert client.post(plan.get_absolute_url(), data).status_code == 409
    assert not Ticket.objects.exists()


def test_a_long_list_stays_within_servicenows_limit(
    tenant: Tenant, operator: User
) -> None:
    latest = factories.SnapshotFactory(tenant=tenant, date=timezone.localdate())
    for n in range(80):
        factories.ControlProfileFactory(
            tenant=tenant, control_id=f"C{n}", title=f"{n} {'x' * 90}\x07"
        )
    names = [f"C{n}" for n in range(80)]
    plan = share_plans.start(tenant, names, user=operator)
    text = share_plans.described(plan, share_plans.rows(tenant, names, latest))
    assert len(text) <= DESCRIPTION_LIMIT
    assert "more\n\nThe whole plan: " in text
    assert "\x07" not in text


def test_the_review_asks_the_database_alike_for_many(
    scored: Tenant,
    connection: Connection,
    operator: User,
    client_for: SignIn,
    django_assert_max_num_queries: Any,
) -> None:
    for n in range(60):
        factories.ControlProfileFactory(tenant=scored, control_id=f"C{n}")
        factories.TicketFactory(connection=connection, control_id=f"C{n}")
    client = client_for(operator)
    plan = _reviewed(client, *(f"C{n}" for n in range(60)))
    with django_assert_max_num_queries(20):
        client.get(plan.get_absolute_url())
