"""The list of improvement actions: what it shows, in which order, under which name."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from portal.score import columns, plans
from portal.score.list_models import SavedView
from portal.score.models import ControlProfile, ControlScore, Snapshot
from portal.score.plan_models import ActionTag
from portal.score.plans import Wish
from portal.score.status import ActionStatus
from tests import factories

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.test import Client

    from connector.models import Tenant

    SignIn = Callable[[User], Client]

URL = "/securescore/actions/"
TODAY = timezone.localdate()


@pytest.fixture
def four(tenant: Tenant, admin: User, operator: User) -> Tenant:
    """Four actions of 60 days, planned for differently."""
    rows: list[dict[str, Any]] = [
        {"control_id": "Mine", "title": "A mine", "category": "Apps", "rank": 1},
        {"control_id": "Late", "title": "B late", "user_impact": "high", "rank": 2},
        {"control_id": "Full", "title": "C full", "score": 10.0, "rank": 3},
        {"control_id": "scid_1", "title": "D device", "category": "Device", "rank": 4},
    ]
    for row in rows:
        factories.ControlProfileFactory(tenant=tenant, **row)
    for age in (60, 20, 0):
        snapshot = factories.SnapshotFactory(
            tenant=tenant, date=TODAY - timedelta(days=age)
        )
        for row in rows:
            score = row.get("score", 2.0)
            if row["control_id"] == "Late" and age > 20:
                score = 5.0
            if row["control_id"] == "scid_1" and age > 20:
                continue
            factories.ControlScoreFactory(
                snapshot=snapshot, control_id=row["control_id"], score=score
            )
    wish = Wish(owner=admin, tags=["Q4"], due_date=TODAY + timedelta(days=3))
    plans.change(tenant, ["Mine"], wish, actor=admin)
    wish = Wish(
        owner=operator,
        due_date=TODAY - timedelta(days=1),
        status=ActionStatus.PLANNED,
        reason="Soon",
        notes="=A note",
    )
    plans.change(tenant, ["Late"], wish, actor=admin)
    connection = factories.ConnectionFactory(tenant=tenant)
    factories.TicketFactory(connection=connection, control_id="Mine")
    factories.TicketFactory(
        connection=connection, control_id="Late", delivered=True, remote_state="3"
    )
    return tenant


def _found(client: Client, query: str) -> list[str]:
    response = client.get(f"{URL}?{query}", follow=True)
    return [row.profile.control_id for row in response.context["rows"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Mine", "Late", "scid_1"]),
        ("show=finished", ["Full"]),
        ("show=all", ["Mine", "Late", "Full", "scid_1"]),
        ("status=planned", ["Late"]),
        ("status=planned&status=completed", ["Late", "Full"]),
        ("category=Apps&category=Device", ["Mine", "scid_1"]),
        ("points=open", ["Mine", "Late", "scid_1"]),
        ("points=full", ["Full"]),
        ("ticket=open", ["Mine"]),
        ("ticket=any", ["Mine", "Late"]),
        ("ticket=none", ["Full", "scid_1"]),
        ("owner=me", ["Mine"]),
        ("owner=none", ["Full", "scid_1"]),
        ("due=overdue", ["Late"]),
        ("due=soon", ["Mine"]),
        ("due=set", ["Mine", "Late"]),
        ("due=none", ["Full", "scid_1"]),
        ("user_impact=high", ["Late"]),
        ("flag=regressed", ["Late"]),
        ("owner=me&ticket=open&category=Apps&due=soon", ["Mine"]),
        ("owner=me&ticket=none", []),
        ("owner=99999&stale=zebra&due=never", ["Mine", "Late", "Full", "scid_1"]),
        ("show=all&sort=-due", ["Mine", "Late", "Full", "scid_1"]),
        ("show=all&sort=owner", ["Mine", "Late", "Full", "scid_1"]),
        ("show=all&sort=-status", ["Full", "Late", "Mine", "scid_1"]),
        ("show=all&sort=-user_impact", ["Late", "Mine", "Full", "scid_1"]),
        ("show=all&group=status", ["Mine", "scid_1", "Late", "Full"]),
        ("show=all&group=category", ["Late", "Full", "scid_1", "Mine"]),
    ],
)
def test_filters_combine_and_order(
    four: Tenant, admin: User, client_for: SignIn, query: str, found: list[str]
) -> None:
    assert _found(client_for(admin), query) == found


def test_a_tag_is_a_filter(four: Tenant, admin: User, client_for: SignIn) -> None:
    tag = ActionTag.objects.get(name="Q4")
    assert _found(client_for(admin), f"tag={tag.pk}") == ["Mine"]


def test_stale_means_neither_points_nor_plan_have_changed(
    four: Tenant, admin: User, client_for: SignIn
) -> None:
    client = client_for(admin)
    # The points of Late fell 20 days ago, scid_1 came then, two plans are of today.
    assert _found(client, "stale=30") == ["Full"]
    assert _found(client, "stale=10") == ["Full", "scid_1"]
    plans_of = plans.ActionPlan.objects
    plans_of.update(updated_at=timezone.now() - timedelta(days=40))
    assert _found(client, "stale=30") == ["Mine", "Full"]
    assert _found(client, "stale=10") == ["Mine", "Late", "Full", "scid_1"]


def test_what_microsoft_did_not_take_can_be_found(
    four: Tenant, admin: User, client_for: SignIn
) -> None:
    wish = Wish(status=ActionStatus.RISK_ACCEPTED, reason="x")
    plans.change(four, ["Mine"], wish, actor=admin)
    client = client_for(admin)
    assert _found(client, "microsoft=waiting") == ["Mine"]
    plans.StateChange.objects.update(status="refused")
    assert _found(client, "microsoft=refused") == ["Mine"]


def test_the_open_view_is_shown_and_can_be_taken_away(
    four: Tenant, admin: User, client_for: SignIn
) -> None:
    response = client_for(admin).get(URL)
    [chip] = response.context["chips"]
    assert (chip.label, chip.url) == ("Show: Open", "?show=all")
    assert "View: Open" in response.text


def test_an_address_keeps_only_what_says_something(
    four: Tenant, admin: User, client_for: SignIn
) -> None:
    client = client_for(admin)
    empty = "q=&show=open&status=planned&owner=&due=&sort=rank&page=&foreign=x"
    answer = client.get(f"{URL}?{empty}")
    assert answer.headers["Location"] == f"{URL}?show=open&status=planned"
    assert client.get(f"{URL}?q=&owner=").headers["Location"] == f"{URL}?show=all"
    usual = "".join(f"&col={key}" for key in columns.DEFAULT)
    answer = client.get(f"{URL}?owner=me{usual}")
    assert answer.headers["Location"] == f"{URL}?owner=me"
    part = client.get(
        f"{URL}?{empty}", headers={"HX-Request": "true", "HX-Target": "list"}
    )
    assert part.headers["HX-Push-Url"] == f"{URL}?show=open&status=planned"


def test_groups_have_their_size_on_all_pages(
    tenant: Tenant, admin: User, client_for: SignIn
) -> None:
    factories.ControlProfileFactory.create_batch(30, tenant=tenant, category="Data")
    factories.ControlProfileFactory.create_batch(3, tenant=tenant, category="Apps")
    response = client_for(admin).get(f"{URL}?group=category")
    [group] = response.context["groups"]
    assert (group.label, group.total, len(group.rows)) == ("Data", 30, 25)
    assert response.context["page"].paginator.count == 33
    groups = client_for(admin).get(f"{URL}?group=category&page=2").context["groups"]
    assert [(g.label, g.total, len(g.rows)) for g in groups] == [
        ("Data", 30, 5),
        ("Apps", 3, 3),
    ]


def test_every_column_of_the_requirement_is_there_and_can_be_left_out(
    four: Tenant, admin: User, client_for: SignIn
) -> None:
    client = client_for(admin)
    text = client.get(URL).text
    for column in columns.COLUMNS[:13]:
        assert f'data-label="{column.label}"' in text, column.key
    text = client.get(f"{URL}?col=owner&col=notes").text
    assert 'data-label="Owner"' in text
    assert "=A note" in text
    assert 'data-label="Rank"' not in text


def test_an_overdue_action_is_marked_until_it_is_finished(
    four: Tenant, admin: User, client_for: SignIn
) -> None:
    client = client_for(admin)
    rows = client.get(f"{URL}?show=all").context["rows"]
    assert [row.is_overdue for row in rows] == [False, True, False, False]
    ControlProfile.objects.filter(control_id="Late").update(score=10.0)
    rows = client.get(f"{URL}?show=all").context["rows"]
    assert not any(row.is_overdue for row in rows)


def test_three_years_of_five_hundred_take_few_queries(
    tenant: Tenant,
    admin: User,
    client_for: SignIn,
    django_assert_max_num_queries: Any,
) -> None:
    profiles = factories.ControlProfileFactory.build_batch(500, tenant=tenant)
    ControlProfile.objects.bulk_create(profiles)
    days = [
        Snapshot(
            tenant=tenant,
            date=TODAY - timedelta(days=age),
            current_score=1,
            max_score=2,
            calculated_at=timezone.now(),
        )
        for age in range(3 * 365)
    ]
    Snapshot.objects.bulk_create(days)
    ControlScore.objects.bulk_create(
        [
            ControlScore(snapshot=day, control_id=p.control_id, category="", score=2)
            for day in (days[0], days[30], days[90], days[-1])
            for p in profiles
        ]
    )
    names = [profile.control_id for profile in profiles]
    plans.change(tenant, names[:200], Wish(owner=admin, tags=["x"]), actor=admin)
    connection = factories.ConnectionFactory(tenant=tenant)
    for name in names[:60]:
        factories.TicketFactory(connection=connection, control_id=name)
    client = client_for(admin)
    for query in ("size=100", "size=100&group=owner&sort=-due", "stale=90&ticket=none"):
        with django_assert_max_num_queries(15):
            assert client.get(f"{URL}?{query}").context["rows"]


# Saved views


def _save(client: Client, name: str, query: str, **more: str) -> Any:
    data = {"name": name, "query": query, **more}
    return client.post("/securescore/views/", data)


def test_a_view_is_kept_under_its_name(
    four: Tenant, admin: User, operator: User, client_for: SignIn
) -> None:
    client = client_for(admin)
    answer = _save(client, "My quarter", "show=open&owner=me&page=3&sort=due&x=1")
    assert answer.headers["Location"] == f"{URL}?show=open&owner=me&sort=due"
    text = client.get(answer.headers["Location"]).text
    assert "View: My quarter" in text
    assert "My quarter" not in client_for(operator).get(URL).text


def test_the_same_name_is_the_same_view(
    four: Tenant, admin: User, client_for: SignIn
) -> None:
    client = client_for(admin)
    _save(client, "Mine", "owner=me")
    _save(client, "MINE", "due=soon", is_shared="on")
    view = SavedView.objects.get()
    assert (view.name, view.query, view.is_shared) == ("MINE", "due=soon", True)


def test_a_shared_view_is_everybodys_but_only_its_owner_deletes_it(
    four: Tenant,
    admin: User,
    reader: User,
    outsider: User,
    client_for: SignIn,
) -> None:
    _save(client_for(admin), "Board", "category=Apps", is_shared="on")
    view = SavedView.objects.get()
    delete = f"/securescore/views/{view.pk}/delete/"
    text = client_for(reader).get(URL).text
    assert "?category=Apps" in text
    assert delete not in text
    assert client_for(reader).post(delete).status_code == 404
    assert "Board" not in client_for(outsider).get(URL).text
    assert client_for(admin).post(delete).status_code == 302
    assert not SavedView.objects.exists()


def test_a_view_without_a_name_is_asked_for_one(
    four: Tenant, reader: User, client_for: SignIn
) -> None:
    answer = _save(client_for(reader), " ", "owner=me")
    assert answer.status_code == 422
    assert "Enter a name for the view." in answer.text
    assert 'value="owner=me"' in answer.text
