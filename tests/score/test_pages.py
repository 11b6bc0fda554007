"""The Secure Score pages."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from connector.models import AuditEvent
from portal.score.models import ScoreSync, Snapshot
from portal.score.sharing import share_menu
from tests import factories
from tickets.models import Ticket

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

    from connector.models import Tenant
    from tests.score.conftest import GraphServer

    SignIn = Callable[[User], Client]

ACTION = "/securescore/actions/AdminMFAV2/"
SHARE = "/securescore/share/AdminMFAV2/"
PAGES = [
    *("/securescore/", "/securescore/actions/", ACTION, "/securescore/history/"),
    *("/securescore/trends/", "/securescore/alerts/", "/securescore/organizations/"),
]


@pytest.fixture
def scored(tenant: Tenant) -> Tenant:
    """A tenant with a few actions of every kind, over three days."""
    today = timezone.localdate()
    snapshots = [
        factories.SnapshotFactory(
            tenant=tenant,
            date=today - timedelta(days=age),
            current_score=20.0 - age,
            max_score=40.0,
        )
        for age in range(3)
    ]
    rows: list[dict[str, Any]] = [
        {"control_id": "AdminMFAV2", "title": "Require MFA", "score": 2.0, "rank": 1},
        {"control_id": "Done", "title": "All done", "score": 10.0, "rank": 2},
        {"control_id": "Risk", "title": "Accepted", "state": "Ignored", "rank": 3},
        {"control_id": "Third", "title": "Bought", "state": "ThirdParty", "rank": 4},
        {"control_id": "New", "title": "Zebra", "category": "Apps", "rank": 5},
        {"control_id": "Unscored", "title": "Elsewhere", "score": None},
        {"control_id": "Old", "title": "Old one", "deprecated": True},
    ]
    for row in rows:
        profile = factories.ControlProfileFactory(tenant=tenant, **row)
        if profile.score is None or profile.control_id == "Old":
            continue
        for snapshot in snapshots:
            is_oldest = snapshot is snapshots[-1]
            if profile.control_id == "New" and is_oldest:
                continue
            factories.ControlScoreFactory(
                snapshot=snapshot,
                control_id=profile.control_id,
                category=profile.category,
                score=profile.score + (3 if is_oldest and profile.rank == 1 else 0),
            )
    return tenant


def _titles(response: Any) -> list[str]:
    return [row.profile.title for row in response.context["rows"]]


def test_every_page_asks_to_sign_in(db: None) -> None:
    for url in [*PAGES, SHARE]:
        response = Client().get(url)
        assert (response.status_code, response.url) == (
            302,
            f"/accounts/login/?next={url}",
        )


def test_every_role_sees_the_score(
    scored: Tenant,
    reader: User,
    helpdesk: User,
    support: User,
    client_for: SignIn,
) -> None:
    for user in (reader, helpdesk, support):
        client = client_for(user)
        assert {client.get(url).status_code for url in PAGES} == {200}


def test_without_a_role_nothing_is_seen(scored: Tenant, client_for: SignIn) -> None:
    client = client_for(factories.UserFactory(tenant=scored))
    assert {client.get(url).status_code for url in PAGES} == {403}
    assert client.post("/securescore/sync/").status_code == 403


def test_another_organisation_sees_nothing_of_it(
    scored: Tenant, outsider: User, client_for: SignIn
) -> None:
    client = client_for(outsider)
    assert client.get(ACTION).status_code == 404
    assert client.get(SHARE).status_code == 404
    assert client.get("/securescore/").context["overview"] is None
    assert _titles(client.get("/securescore/actions/?scope=all")) == []
    assert client.get("/securescore/history/").context["entries"] == []


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("", ["Require MFA", "Zebra"]),
        ("?show=all", ["Require MFA", "All done", "Accepted", "Bought", "Zebra"]),
        ("?status=to_address", ["Require MFA", "Zebra"]),
        ("?status=completed", ["All done"]),
        ("?status=risk_accepted", ["Accepted"]),
        ("?status=third_party", ["Bought"]),
        ("?category=Apps", ["Zebra"]),
        (
            "?category=Invented",
            ["Require MFA", "All done", "Accepted", "Bought", "Zebra"],
        ),
        ("?q=mfa+require", ["Require MFA"]),
        ("?q=adminmfav2", ["Require MFA"]),
        ("?q=nothing", []),
        ("?flag=regressed", ["Require MFA"]),
        ("?flag=added", ["Zebra"]),
        ("?scope=unscored", ["Elsewhere"]),
        ("?scope=deprecated", ["Old one"]),
        ("?status=to_address&category=Apps", ["Zebra"]),
        (
            "?show=all&sort=-rank",
            ["Zebra", "Bought", "Accepted", "All done", "Require MFA"],
        ),
        (
            "?show=all&sort=name",
            ["Accepted", "All done", "Bought", "Require MFA", "Zebra"],
        ),
        (
            "?show=all&sort=-points",
            ["All done", "Require MFA", "Accepted", "Bought", "Zebra"],
        ),
        (
            "?show=all&sort=impact",
            ["All done", "Require MFA", "Accepted", "Bought", "Zebra"],
        ),
        (
            "?show=all&sort=invented",
            ["Require MFA", "All done", "Accepted", "Bought", "Zebra"],
        ),
    ],
)
def test_list_is_narrowed_and_sorted(
    scored: Tenant, reader: User, client_for: SignIn, query: str, titles: list[str]
) -> None:
    response = client_for(reader).get(f"/securescore/actions/{query}")
    assert _titles(response) == titles


def test_each_applied_filter_can_be_taken_away(
    scored: Tenant, reader: User, client_for: SignIn
) -> None:
    url = "/securescore/actions/?q=mfa&status=to_address&sort=name"
    chips = client_for(reader).get(url).context["chips"]
    assert [chip.label for chip in chips] == ["Search: mfa", "Status: To address"]
    assert [chip.url for chip in chips] == [
        "?status=to_address&sort=name",
        "?q=mfa&sort=name",
    ]


def test_list_is_paged(tenant: Tenant, reader: User, client_for: SignIn) -> None:
    factories.ControlProfileFactory.create_batch(60, tenant=tenant)
    client = client_for(reader)
    url = "/securescore/actions/"
    sizes = {
        query: len(client.get(f"{url}{query}").context["rows"])
        for query in ("", "?page=3", "?size=50", "?size=100", "?size=7", "?page=x")
    }
    assert sizes == {
        "": 25,
        "?page=3": 10,
        "?size=50": 50,
        "?size=100": 60,
        "?size=7": 25,
        "?page=x": 25,
    }


def test_htmx_gets_the_list_alone(
    scored: Tenant, reader: User, client_for: SignIn
) -> None:
    headers = {"HX-Request": "true", "HX-Target": "list"}
    response = client_for(reader).get("/securescore/actions/?q=mfa", headers=headers)
    assert response.text.strip().startswith('<div class="stack" id="list"')
    assert "<html" not in response.text
    assert "HX-Request" in response.headers["Vary"]


def test_the_list_names_the_newest_ticket_of_an_action(
    scored: Tenant, reader: User, client_for: SignIn
) -> None:
    connection = factories.ConnectionFactory(tenant=scored)
    theirs = {"connection": connection, "control_id": "AdminMFAV2"}
    factories.TicketFactory(**theirs, created_at=timezone.now() - timedelta(days=1))
    newest = factories.TicketFactory(**theirs, delivered=True)
    stranger = factories.TicketFactory(control_id="AdminMFAV2", delivered=True)
    text = client_for(reader).get("/securescore/actions/?q=AdminMFAV2").text
    assert f'<a href="{newest.get_absolute_url()}">{newest.number}</a>' in text
    assert "+1 more" in text
    assert stranger.number not in text


@pytest.mark.parametrize("url", PAGES)
def test_pages_take_few_queries_however_many_actions(
    synced: Tenant,
    admin: User,
    client_for: SignIn,
    url: str,
    django_assert_max_num_queries: Any,
) -> None:
    connection = factories.ConnectionFactory(tenant=synced)
    for control_id in ("AdminMFAV2", "MFARegistrationV2"):
        factories.TicketFactory(connection=connection, control_id=control_id)
    client = client_for(admin)
    with django_assert_max_num_queries(18):
        assert client.get(url, {"size": "100"}).status_code == 200


def test_overview_says_what_the_pictures_say(
    scored: Tenant, reader: User, client_for: SignIn
) -> None:
    response = client_for(reader).get("/securescore/")
    text = response.text
    assert "Secure Score: 50%" in text
    assert "20/40 points achieved" in text
    counts = {c.label: c.count for c in response.context["overview"].counters}
    assert counts == {
        "Regressed": 1,
        "To address": 2,
        "Planned": 0,
        "Risk accepted": 1,
        "Recently added": 1,
        "Recently updated": 0,
    }
    top = response.context["overview"].top
    assert [(row.profile.title, row.impact) for row in top] == [
        ("Require MFA", 20.0),
        ("Zebra", 20.0),
    ]


def test_counters_lead_to_as_many_actions(
    synced: Tenant, reader: User, client_for: SignIn
) -> None:
    client = client_for(reader)
    for counter in client.get("/securescore/").context["overview"].counters:
        listed = client.get(counter.url).context["page"].paginator.count
        assert (counter.label, listed) == (counter.label, counter.count)


def test_categories_add_up_to_the_score(synced: Tenant) -> None:
    from portal.score.overview import category_points

    latest = Snapshot.objects.latest_for(synced)
    assert latest is not None
    points = category_points(synced)
    assert sum(row.achieved for row in points) == pytest.approx(latest.current_score)
    assert sum(row.maximum for row in points) == pytest.approx(latest.max_score)
    assert [row.label for row in points] == ["Identity", "Data", "Device", "Apps"]


def test_a_failed_sync_is_shown_in_graphs_words(
    tenant: Tenant, reader: User, client_for: SignIn
) -> None:
    factories.SnapshotFactory(tenant=tenant)
    ScoreSync.objects.create(
        tenant=tenant,
        error_code="graph_forbidden",
        error_words="accessDenied: <b>Missing</b> scope",
        error_request_id="r-77",
        tried_at=timezone.now(),
        finished_at=timezone.now(),
        due_at=timezone.now() + timedelta(hours=1),
    )
    text = client_for(reader).get("/securescore/").text
    assert "The application lacks the permission SecurityEvents.Read.All" in text
    assert "API permissions &gt; Add a permission" in text
    assert "accessDenied: &lt;b&gt;Missing&lt;/b&gt; scope" in text
    assert "r-77" in text


def test_old_numbers_are_marked(
    tenant: Tenant, reader: User, client_for: SignIn
) -> None:
    factories.SnapshotFactory(tenant=tenant)
    long_ago = timezone.now() - timedelta(days=3)
    ScoreSync.objects.create(
        tenant=tenant,
        succeeded_at=long_ago,
        tried_at=long_ago,
        finished_at=long_ago,
        due_at=long_ago,
    )
    assert "These numbers are old" in client_for(reader).get("/securescore/").text


def test_the_home_page_waits_for_the_first_score_and_no_longer(
    tenant: Tenant, reader: User, client_for: SignIn
) -> None:
    client = client_for(reader)
    asks_again = 'hx-select="#score"'
    assert asks_again in client.get("/").text

    now = timezone.now()
    failed = ScoreSync.objects.current(tenant)
    failed.due_at = now + timedelta(hours=1)
    failed.tried_at, failed.finished_at, failed.error_code = now, now, "timeout"
    failed.save()
    assert asks_again not in client.get("/").text
    failed.delete()
    factories.SnapshotFactory(tenant=tenant)
    assert asks_again not in client.get("/").text


def test_before_the_first_sync_pages_say_so(
    tenant: Tenant, reader: User, client_for: SignIn
) -> None:
    client = client_for(reader)
    assert "No score yet" in client.get("/securescore/").text
    assert "No improvement actions yet" in client.get("/securescore/actions/").text
    assert "No history yet" in client.get("/securescore/history/").text
    assert "No score yet" in client.get("/").text


def test_sync_now_makes_the_sync_due_once(
    tenant: Tenant, reader: User, client_for: SignIn
) -> None:
    client = client_for(reader)
    response = client.post("/securescore/sync/", follow=True)
    assert "Fetching the score" in response.text
    assert ScoreSync.objects.claim(tenant)
    response = client.post("/securescore/sync/", follow=True)
    assert "A sync was started a moment ago." in response.text
    event = AuditEvent.objects.get(action="score.sync_requested")
    assert (event.tenant, event.actor) == (tenant, reader)
    assert client.get("/securescore/sync/").status_code == 405


def test_a_waiting_page_is_loaded_again_when_the_sync_ended(
    tenant: Tenant, reader: User, client_for: SignIn, graph_server: GraphServer
) -> None:
    client = client_for(reader)
    client.post("/securescore/sync/")
    waiting = client.get("/securescore/sync/status/")
    assert waiting.text.strip().startswith('<div class="alert alert--info" id="sync"')
    from portal.score import sync

    sync.run(tenant)
    done = client.get("/securescore/sync/status/")
    assert (done.status_code, done.headers["HX-Refresh"]) == (204, "true")


def test_the_home_card_shows_the_score(
    scored: Tenant, reader: User, client_for: SignIn
) -> None:
    text = client_for(reader).get("/").text
    assert "Secure Score: 50%" in text
    assert "20/40 points achieved" in text
    day = date_format(timezone.localdate(), "DATE_FORMAT")
    assert f"Score last calculated {day}" in text


def test_action_page_shows_the_cleaned_steps_and_history(
    scored: Tenant, reader: User, client_for: SignIn
) -> None:
    response = client_for(reader).get(ACTION)
    assert "<p>Turn it on.</p>" in response.text
    assert 'href="https://portal.example.com/action" target="_blank"' in response.text
    [event] = response.context["history"].events
    assert (event.before, event.after) == (5.0, 2.0)
    assert "1 event" in response.text
    assert "2/10" in response.text


def test_an_action_without_address_has_no_manage_button(
    tenant: Tenant, reader: User, client_for: SignIn
) -> None:
    factories.ControlProfileFactory(
        tenant=tenant, control_id="odd/id ?&", action_url="", score=None
    )
    url = reverse("score:action", args=["odd/id ?&"])
    response = client_for(reader).get(url)
    assert response.status_code == 200
    assert "Manage<" not in response.text
    assert "never scored" in response.text


def test_share_links_are_encoded(tenant: Tenant, admin: User) -> None:
    profile = factories.ControlProfileFactory(
        tenant=tenant,
        control_id="A&B/c d",
        title="50% of MFA & more? Yes + no",
        description="First line\nÖ & second",
    )
    menu = share_menu(profile, None, admin)
    assert menu.link == "http://testserver/securescore/actions/A&B/c%20d/"
    mail = urlsplit(menu.email)
    assert (mail.scheme, mail.path) == ("mailto", "")
    assert "+" not in mail.query
    fields = dict(pair.split("=") for pair in mail.query.split("&"))
    assert unquote(fields["subject"]) == profile.title
    assert unquote(fields["body"]) == (f"First line\r\nÖ & second\r\n\r\n{menu.link}")
    teams = urlsplit(menu.teams)
    assert teams.hostname == "teams.microsoft.com"
    assert parse_qs(teams.query) == {"href": [menu.link], "msgText": [profile.title]}
    assert urlsplit(menu.planner).scheme == "https"


def test_share_menu_has_the_five_entries(
    scored: Tenant, admin: User, client_for: SignIn
) -> None:
    text = client_for(admin).get(ACTION).text
    menu = text[text.index("menu__panel", text.index("Share")) :]
    names = ["Copy Link", "Email", "Microsoft Teams", "Microsoft Planner", "ServiceNow"]
    positions = [menu.index(name) for name in names]
    assert positions == sorted(positions)
    assert f'data-copy="http://testserver{ACTION}"' in menu


SITUATIONS = [
    ("none", "ServiceNow is not connected.", "/servicenow/setup/"),
    ("draft", "ServiceNow is not connected.", "/servicenow/setup/"),
    ("cards off", "Sharing is not turned on yet.", "/ticketProvisioning"),
    ("broken", "ServiceNow needs attention.", "/ticketProvisioning"),
]


def _connect(tenant: Tenant, situation: str) -> None:
    traits: dict[str, dict[str, Any]] = {
        "draft": {"draft": True},
        "cards off": {"cards_enabled": False},
        "broken": {"broken": True, "cards_enabled": False},
    }
    if situation in traits:
        factories.ConnectionFactory(tenant=tenant, **traits[situation])


@pytest.mark.parametrize(("situation", "reason", "help_url"), SITUATIONS)
def test_servicenow_is_disabled_with_its_reason(
    scored: Tenant,
    admin: User,
    operator: User,
    client_for: SignIn,
    situation: str,
    reason: str,
    help_url: str,
) -> None:
    _connect(scored, situation)
    for_admin = client_for(admin).get(ACTION).text
    assert 'aria-disabled="true"' in for_admin
    note = re.search(r'id="servicenow-note">(.*?)</p>', for_admin)
    assert note is not None
    assert note[1].startswith(reason)
    assert f'href="{help_url}"' in note[1]
    for_operator = client_for(operator).get(ACTION).text
    assert f"{reason} Ask a Security Administrator." in for_operator


def test_servicenow_is_offered_when_connected(
    scored: Tenant, operator: User, reader: User, client_for: SignIn
) -> None:
    factories.ConnectionFactory(tenant=scored)
    text = client_for(operator).get(ACTION).text
    assert f'<a class="menu__item" href="{SHARE}">' in text
    assert 'aria-disabled="true"' not in text
    text = client_for(reader).get(ACTION).text
    assert 'aria-disabled="true"' in text
    assert "Your role cannot share tickets." in text


def test_a_broken_connection_that_worked_keeps_sharing(
    scored: Tenant, operator: User, client_for: SignIn
) -> None:
    factories.ConnectionFactory(tenant=scored, broken=True)
    text = client_for(operator).get(ACTION).text
    assert f'href="{SHARE}"' in text
    assert "The ticket is kept and sent afterwards." in text


def test_sharing_needs_the_role(
    scored: Tenant, reader: User, client_for: SignIn
) -> None:
    client = client_for(reader)
    assert client.get(SHARE).status_code == 403
    assert client.post(SHARE).status_code == 403
    assert not Ticket.objects.exists()


def test_sharing_fills_the_task_form(
    scored: Tenant, operator: User, client_for: SignIn
) -> None:
    factories.ConnectionFactory(tenant=scored)
    response = client_for(operator).get(SHARE)
    assert response.status_code == 200
    assert "Require MFA" in response.text
    assert f"http://testserver{ACTION}" in response.text
