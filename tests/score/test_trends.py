"""Overview, metrics and trends, and all organisations side by side."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from connector.models import AuditEvent
from portal.score import buckets, ledger
from portal.score.licences import has_licence
from portal.score.models import ControlProfile, ScoreSync, ScoreZone, Snapshot
from portal.score.status import ActionStatus
from tests import factories

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.test import Client

    from connector.models import Tenant

    SignIn = Callable[[User], Client]

OVERVIEW, TRENDS = "/securescore/", "/securescore/trends/"
ORGANIZATIONS = "/securescore/organizations/"


@pytest.fixture
def years(tenant: Tenant) -> Tenant:
    """A tenant with 400 days of scores."""
    today = timezone.localdate()
    Snapshot.objects.bulk_create(
        Snapshot(
            tenant=tenant,
            date=today - timedelta(days=age),
            current_score=100.0 - age / 10,
            max_score=200.0,
            gained=1.0,
            regressed=0.5,
            asserted=20.0,
            accepted=3,
            calculated_at=timezone.now() - timedelta(days=age),
            comparisons=[
                {"basis": "AllTenants", "averageScore": 44.0, "seats": ""},
                {"basis": "TotalSeats", "averageScore": 0, "seats": "1 - 100"},
            ],
        )
        for age in range(400)
    )
    return tenant


@pytest.fixture
def scored(tenant: Tenant) -> Tenant:
    """Two scored days, and actions of every status; one product without licence."""
    for age in (1, 0):
        factories.SnapshotFactory(
            tenant=tenant,
            date=timezone.localdate() - timedelta(days=age),
            current_score=20.0,
            max_score=100.0,
            enabled_services=["HasExchange"],
        )
    rows: list[dict[str, Any]] = [
        {"control_id": "Open", "service": "EXO", "score": 5.0},
        {"control_id": "Risk", "service": "EXO", "score": 0.0, "state": "Ignored"},
        {
            "control_id": "Bought",
            "service": "EXO",
            "score": 10.0,
            "state": "ThirdParty",
        },
        {"control_id": "Unlicensed", "service": "Intune", "score": 5.0},
    ]
    for row in rows:
        factories.ControlProfileFactory(tenant=tenant, **row)
    ledger.derive(tenant)
    return tenant


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ("?range=7", 7),
        ("?range=30", 30),
        ("", 90),
        ("?range=180", 183),
        ("?range=365", 366),
        ("?range=all", 400),
        ("?range=invented", 90),
    ],
)
def test_the_range_is_as_long_as_was_chosen(
    years: Tenant, reader: User, client_for: SignIn, query: str, days: int
) -> None:
    response = client_for(reader).get(OVERVIEW + query)
    summary = response.context["overview"].chart.summary
    first = timezone.localdate() - timedelta(days=days - 1)
    # Long ranges are drawn by week: the first that is drawn is of the same week.
    told = [
        f"on {first + timedelta(days=n):%b} {(first + timedelta(days=n)).day}, "
        for n in range(7 if days > 120 else 1)
    ]
    assert any(words in summary for words in told)
    assert 'aria-current="true"' in response.text


def test_included_scores_say_how_far_they_reach(
    scored: Tenant, reader: User, client_for: SignIn
) -> None:
    url = f"{OVERVIEW}?include=license&include=achievable&include=planned"
    overview = client_for(reader).get(url).context["overview"]
    assert {reach.view.value: reach.percent for reach in overview.reaches} == {
        "planned": 20.0,
        # 20 achieved, 5 left of the open one and 10 of the accepted risk.
        "license": 35.0,
        "achievable": 25.0,
    }
    assert len(overview.chart.lines) == 4
    [identity] = overview.breakdown
    assert {r.view.value: r.percent for r in identity.reaches}["achievable"] == 62.5


def test_planned_counts_whatever_the_status_says(
    scored: Tenant, reader: User, client_for: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    from portal.score import board

    planned = board.Board._action

    def as_planned(self: board.Board, profile: ControlProfile) -> board.Action:
        profile.status = ActionStatus.PLANNED  # type: ignore[attr-defined]
        return planned(self, profile)

    monkeypatch.setattr(board.Board, "_action", as_planned)
    url = f"{OVERVIEW}?include=planned"
    overview = client_for(reader).get(url).context["overview"]
    assert {c.label: c.count for c in overview.counters}["Planned"] == 4
    assert [reach.percent for reach in overview.reaches] == [40.0]


def test_asserted_points_are_told_apart(
    scored: Tenant, reader: User, client_for: SignIn
) -> None:
    client = client_for(reader)
    text = client.get(OVERVIEW).text
    assert "10 observed by Microsoft, 10 asserted" in text
    trends = client.get(TRENDS).context["trends"]
    assert (trends.observed, trends.asserted, trends.accepted) == (10.0, 10.0, 1)


def test_points_are_broken_down_by_product(
    scored: Tenant, reader: User, client_for: SignIn
) -> None:
    client = client_for(reader)
    rows = client.get(f"{OVERVIEW}?by=product").context["overview"].breakdown
    assert [(row.label, row.achieved, row.maximum) for row in rows] == [
        ("Exchange Online", 15.0, 30.0),
        ("Microsoft Intune", 5.0, 10.0),
    ]
    assert client.get(rows[1].url).context["page"].paginator.count == 1


@pytest.mark.parametrize(
    ("service", "enabled", "has_it"),
    [
        ("EXO", ["HasExchange"], True),
        ("EXO", ["hasexchange"], True),
        ("Intune", ["HasExchange"], False),
        ("MDA_SF", ["HasOCAS"], True),
        ("MDA_SF", ["HasExchange"], False),
        ("AzureAD", ["HasExchange"], True),
        ("Invented", ["HasExchange"], True),
        ("Intune", [], True),
    ],
)
def test_what_microsoft_does_not_tell_counts_as_licensed(
    service: str, enabled: list[str], has_it: bool
) -> None:
    assert has_licence(service, enabled) is has_it


def test_tickets_are_counted_by_the_names_of_their_states(
    scored: Tenant, reader: User, client_for: SignIn
) -> None:
    connection = factories.ConnectionFactory(tenant=scored)
    factories.TicketStateFactory(
        connection=connection, value="-5", default_label="New", label="Fresh"
    )
    factories.TicketFactory.create_batch(2, connection=connection, delivered=True)
    factories.TicketFactory(connection=connection, delivered=True, remote_state="99")
    factories.TicketFactory(connection=connection)
    factories.TicketFactory(delivered=True)
    states = client_for(reader).get(OVERVIEW).context["overview"].tickets
    assert [(state.label, state.count) for state in states] == [
        ("Fresh", 2),
        ("99", 1),
        ("Not in ServiceNow yet", 1),
    ]


def test_too_few_alike_is_said_not_drawn_as_zero(
    years: Tenant, reader: User, client_for: SignIn
) -> None:
    client = client_for(reader)
    assert client.get(OVERVIEW).text.count("Not available due to limited data") == 2
    heads = client.get(TRENDS).context["trends"].comparison.heads
    assert heads == ("Your score", "All organizations")


def test_a_day_without_comparison_is_stood_in_for_by_the_one_before(
    years: Tenant, reader: User, client_for: SignIn
) -> None:
    # Of a year a day in a week is drawn, counted back from the newest.
    week_ago = timezone.localdate() - timedelta(days=7)
    Snapshot.objects.filter(date=week_ago).update(comparisons=[])

    shown = client_for(reader).get(f"{TRENDS}?range=all").context["trends"].comparison

    assert [row.values[1] for row in shown.rows[:4]] == ["44%", "-", "44%", "44%"]
    assert [line.tone for line in shown.lines] == ["blue", "grey"]


def test_changes_add_up(years: Tenant, reader: User, client_for: SignIn) -> None:
    trends = client_for(reader).get(f"{TRENDS}?range=30").context["trends"]
    changes = trends.changes
    assert (changes.gained, changes.regressed) == (29.0, 14.5)
    assert changes.total == pytest.approx(2.9)
    assert changes.gained - changes.regressed + changes.other == pytest.approx(2.9)
    assert trends.regression.rows[0].values == ("14.5",)


def test_every_chart_has_its_table(
    years: Tenant, reader: User, client_for: SignIn
) -> None:
    text = client_for(reader).get(f"{TRENDS}?range=all").text
    assert text.count('<svg class="chart__svg"') == 6
    assert text.count('<details class="chart__twin">') == 6
    assert len(text) < 200_000


def test_one_day_alone_is_no_trouble(
    tenant: Tenant, reader: User, client_for: SignIn
) -> None:
    factories.SnapshotFactory(tenant=tenant, max_score=0.0, current_score=0.0)
    client = client_for(reader)
    assert client.get(TRENDS).status_code == 200
    assert client.get(OVERVIEW).status_code == 200


def test_zones_are_set_and_shown(
    years: Tenant, admin: User, client_for: SignIn
) -> None:
    client = client_for(admin)
    assert client.get(OVERVIEW).context["overview"].zone == "okay"
    client.post("/securescore/zones/", {"okay_from": "20", "good_from": "49"})
    assert client.get(OVERVIEW).context["overview"].zone == "good"
    assert "Okay from 20%, good from 49%." in client.get(TRENDS).text
    event = AuditEvent.objects.get(action="score.zones_set")
    assert event.facts == {"okay": 20, "good": 49}


@pytest.mark.parametrize(
    "typed", [("70", "40"), ("50", "50"), ("0", "50"), ("50", "100"), ("", "50")]
)
def test_zones_out_of_order_are_refused(
    tenant: Tenant, admin: User, client_for: SignIn, typed: tuple[str, str]
) -> None:
    form = {"okay_from": typed[0], "good_from": typed[1]}
    response = client_for(admin).post("/securescore/zones/", form)
    assert response.status_code == 422
    assert not ScoreZone.objects.exists()
    assert f'value="{typed[1]}"' in response.text


def test_days_become_weeks_and_months() -> None:
    start = date(2026, 1, 1)
    days = [(start + timedelta(days=n), 1.0, 0.5) for n in range(400)]
    assert [len(buckets.of(days[:count])) for count in (1, 30, 90, 400)] == [
        1,
        30,
        14,
        14,
    ]
    for count in (30, 90, 400):
        assert sum(bar.gained for bar in buckets.of(days[:count])) == count
    # What lies between two days is nothing, not left out.
    assert [bar.gained for bar in buckets.of([days[0], days[3]])] == [1, 0, 0, 1]


def test_organisations_stand_side_by_side(
    years: Tenant, other_tenant: Tenant, reader: User, client_for: SignIn
) -> None:
    factories.TenantFactory(name="Not a member's")
    reader.tenants.add(other_tenant)
    connection = factories.ConnectionFactory(tenant=years)
    factories.TicketFactory(connection=connection, delivered=True)
    factories.TicketFactory(connection=connection, delivered=True, remote_state="3")
    ScoreSync.objects.create(tenant=other_tenant, error_code="graph_forbidden")
    client = client_for(reader)
    response = client.get(ORGANIZATIONS)
    contoso, fabrikam = response.context["rows"]
    assert (contoso.tenant, contoso.open_tickets, contoso.status) == (
        years,
        1,
        "synced",
    )
    assert contoso.change == pytest.approx(1.5)
    assert (fabrikam.snapshot, fabrikam.change, fabrikam.status) == (
        None,
        None,
        "failed",
    )
    assert "Not a member" not in response.text
    client.post("/organization/", {"tenant": other_tenant.pk})
    assert "No score yet" in client.get(OVERVIEW).text


def test_many_organisations_take_as_few_queries(
    tenant: Tenant, reader: User, client_for: SignIn, django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        one = factories.TenantFactory()
        reader.tenants.add(one)
        factories.SnapshotFactory(tenant=one, current_score=number)
    client = client_for(reader)
    with django_assert_max_num_queries(11):
        response = client.get(ORGANIZATIONS)
    assert len(response.context["rows"]) == 13


def test_a_waiting_page_says_how_far_the_sync_has_come(
    tenant: Tenant, reader: User, client_for: SignIn
) -> None:
    ScoreSync.objects.create(
        tenant=tenant,
        tried_at=timezone.now(),
        due_at=timezone.now() + timedelta(minutes=3),
        step="scores",
        step_count=60,
    )
    client = client_for(reader)
    assert "Step 1 of 3: 60 days of scores so far" in client.get(OVERVIEW).text
    ScoreSync.objects.update(step="actions", step_count=200)
    status = client.get("/securescore/sync/status/").text
    assert "Step 2 of 3: 200 improvement actions so far" in status
