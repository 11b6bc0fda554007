"""The page of one improvement action: its plan, its neighbours, its history."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from connector import markup
from connector.sandbox import graph_writes
from portal.score import plans, tasks
from portal.score.models import ControlProfile
from portal.score.plan_models import ActionEvent, ActionPlan, StateChange
from portal.score.plans import Wish
from portal.score.status import ActionStatus
from tests import factories

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.test import Client

    from connector.models import Tenant
    from tests.score.conftest import GraphServer

    SignIn = Callable[[User], Client]

URL = "/securescore/actions/AdminMFAV2/"


@pytest.fixture
def three(tenant: Tenant) -> Tenant:
    """Three open actions, in this order, and one that is done."""
    factories.SnapshotFactory(tenant=tenant, date=timezone.localdate())
    for rank, name in enumerate(("First", "AdminMFAV2", "Last"), start=1):
        factories.ControlProfileFactory(tenant=tenant, control_id=name, rank=rank)
    factories.ControlProfileFactory(tenant=tenant, control_id="Done", score=10.0)
    return tenant


def _form(**values: str) -> dict[str, str]:
    return {
        "status": "to_address",
        "reason": "",
        "notes": "",
        "tags": "",
        "owner": "",
        "due_date": "",
        "version": "0",
        **values,
    }


def test_the_plan_is_saved_and_told(
    three: Tenant, admin: User, operator: User, client_for: SignIn
) -> None:
    client = client_for(admin)
    form = _form(
        status="planned",
        reason="Next quarter",
        notes="Two\r\nlines",
        tags=" Q4 ,audit,, q4",
        owner=str(operator.pk),
        due_date="2027-01-31",
    )
    answer = client.post(URL, form, follow=True)

    plan = ActionPlan.objects.get()
    assert (plan.status, plan.notes, plan.owner) == ("planned", "Two\nlines", operator)
    assert sorted(tag.name for tag in plan.tags.all()) == ["audit", "q4"]
    assert "The action plan is saved." in answer.text
    assert "Kept here only: Microsoft Graph has no value for Planned" in answer.text
    titles = [line.title for line in answer.context["timeline"]]
    assert "Status changed from To address to Planned" in titles
    assert "security.operator is the owner" in titles
    assert "Due on Jan 31, 2027" in titles


def test_a_new_status_needs_a_reason_and_nothing_typed_is_lost(
    three: Tenant, admin: User, client_for: SignIn
) -> None:
    form = _form(status="risk_accepted", notes="Kept", tags="a, b", due_date="soon")
    answer = client_for(admin).post(URL, form)

    assert answer.status_code == 422
    assert "Say why the status is changed." in answer.text
    assert "Enter a date, for example" in answer.text
    assert "Kept" in answer.text
    assert 'value="a, b"' in answer.text
    assert re.search(r'value="risk_accepted"[^>]* checked', answer.text)
    assert "<title>Error:" in answer.text
    for target in re.findall(r'href="#(id_\w+)"', answer.text):
        assert f'id="{target}"' in answer.text
    assert not ActionEvent.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"notes": "x" * 4001},
        {"notes": "nul\x07"},
        {"tags": "y" * 41},
        {"tags": ",".join(map(str, range(21)))},
        {"owner": "999999"},
        {"status": "completed", "reason": "x"},
        {"reason": "x" * 1001},
    ],
)
def test_input_is_bounded(
    three: Tenant, admin: User, client_for: SignIn, wrong: dict[str, str]
) -> None:
    assert client_for(admin).post(URL, _form(**wrong)).status_code == 422


def test_an_owner_is_a_member_of_the_organisation(
    three: Tenant, admin: User, outsider: User, client_for: SignIn
) -> None:
    answer = client_for(admin).post(URL, _form(owner=str(outsider.pk)))
    assert answer.status_code == 422


def test_an_older_form_does_not_undo_newer_work(
    three: Tenant, admin: User, client_for: SignIn
) -> None:
    plans.change(three, ["AdminMFAV2"], Wish(notes="Newer"), actor=admin)
    client = client_for(admin)
    answer = client.post(URL, _form(notes="Older", version="0"))

    assert answer.status_code == 422
    assert "security.admin changed this plan while you had it open" in answer.text
    assert 'name="version" value="1"' in answer.text
    assert ActionPlan.objects.get().notes == "Newer"
    assert client.post(URL, _form(notes="Older", version="1")).status_code == 302


def test_a_reader_sees_the_plan_and_why_it_cannot_be_edited(
    three: Tenant, admin: User, reader: User, operator: User, client_for: SignIn
) -> None:
    plans.change(three, ["AdminMFAV2"], Wish(notes="<b>Plain</b>"), actor=admin)
    for user in (reader, operator):
        client = client_for(user)
        text = client.get(URL).text
        assert "&lt;b&gt;Plain&lt;/b&gt;" in text
        assert "plan-form" not in text
        assert "It needs: Security Administrator." in text
        assert client.post(URL, _form(notes="x")).status_code == 403


def test_a_completed_action_offers_no_status(
    three: Tenant, admin: User, client_for: SignIn
) -> None:
    client = client_for(admin)
    url = "/securescore/actions/Done/"
    text = client.get(url).text
    assert "This status is system generated" in text
    assert 'name="status"' not in text
    assert client.post(url, _form(notes="Still")).status_code == 302
    assert ActionPlan.objects.get().notes == "Still"


def test_a_device_action_says_where_its_status_counts(
    three: Tenant, admin: User, client_for: SignIn
) -> None:
    factories.ControlProfileFactory(tenant=three, control_id="scid_2010")
    text = client_for(admin).get("/securescore/actions/scid_2010/").text
    assert "Microsoft Graph takes no status of device actions" in text
    assert "Microsoft gets it as the comment" not in text


def test_previous_and_next_follow_the_list(
    three: Tenant, admin: User, client_for: SignIn
) -> None:
    client = client_for(admin)
    place = client.get(f"{URL}?show=open").context["place"]
    assert (place.number, place.count) == (2, 3)
    assert place.back == "/securescore/actions/?show=open"
    assert place.previous == "/securescore/actions/First/?show=open&at=0"
    assert place.next == "/securescore/actions/Last/?show=open&at=2"
    turned = client.get(f"{URL}?show=open&sort=-rank&at=7").context["place"]
    assert turned.next == "/securescore/actions/First/?show=open&sort=-rank&at=2"
    assert client.get("/securescore/actions/First/").context["place"].previous == ""


def test_an_action_that_left_the_list_still_has_its_neighbours(
    three: Tenant, admin: User, client_for: SignIn
) -> None:
    form = _form(status="risk_accepted", reason="x")
    answer = client_for(admin).post(f"{URL}?show=open", form, follow=True)
    place = answer.context["place"]
    assert (place.number, place.count) == (0, 2)
    assert place.previous == "/securescore/actions/First/?show=open&at=0"
    assert place.next == "/securescore/actions/Last/?show=open&at=1"


def test_save_and_close_returns_to_the_list(
    three: Tenant, admin: User, client_for: SignIn
) -> None:
    form = _form(notes="x", intent="close")
    answer = client_for(admin).post(f"{URL}?show=open&sort=name", form)
    assert answer.headers["Location"] == "/securescore/actions/?show=open&sort=name"


def test_the_history_has_who_and_when_from_everywhere(
    three: Tenant, admin: User, client_for: SignIn
) -> None:
    yesterday = timezone.now() - timedelta(days=1)
    ControlProfile.objects.filter(control_id="AdminMFAV2").update(
        state_updates=[
            {
                "state": "ThirdParty",
                "updatedDateTime": yesterday.isoformat(),
                "updatedBy": "carol@contoso.com",
                "comment": "Bought <it>",
            },
            {"state": "Default", "updatedDateTime": None, "updatedBy": ""},
        ]
    )
    for age, score in ((1, 5.0), (0, 2.0)):
        snapshot = factories.SnapshotFactory(
            tenant=three, date=timezone.localdate() - timedelta(days=age + 10)
        )
        factories.ControlScoreFactory(
            snapshot=snapshot, control_id="AdminMFAV2", score=score
        )
    connection = factories.ConnectionFactory(tenant=three)
    ticket = factories.TicketFactory(
        connection=connection, control_id="AdminMFAV2", delivered=True
    )
    plans.change(three, ["AdminMFAV2"], Wish(notes="n"), actor=admin)

    response = client_for(admin).get(URL)
    told = [(line.title, line.actor) for line in response.context["timeline"]]
    assert told == [
        ("Notes: n", "security.admin"),
        (f"Shared to ServiceNow: {ticket.number}", "security.admin"),
        (
            "In Microsoft Secure Score: Resolved through third party",
            "carol@contoso.com",
        ),
        ("\N{MINUS SIGN}3 points, now 2", "The system"),
    ]
    assert "Bought &lt;it&gt;" in response.text


def test_a_status_on_its_way_is_watched_and_the_page_then_loaded_again(
    three: Tenant, admin: User, client_for: SignIn, graph_server: GraphServer
) -> None:
    client = client_for(admin)
    form = _form(status="risk_accepted", reason="Board")
    text = client.post(URL, form, follow=True).text
    assert "the status is being sent to Microsoft" in text
    assert "Being sent to Microsoft: Risk accepted" in text
    watched = client.get("/securescore/status/AdminMFAV2/")
    assert 'hx-trigger="every 2s"' in watched.text

    tasks.send_states(three.pk)
    done = client.get("/securescore/status/AdminMFAV2/")
    assert (done.status_code, done.headers["HX-Refresh"]) == (204, "true")
    response = client.get(URL)
    assert 'id="sending"' not in response.text
    titles = [line.title for line in response.context["timeline"]]
    assert titles == [
        "Microsoft has the state Ignored",
        "Status changed from To address to Risk accepted",
    ]


def test_a_refusal_is_shown_with_its_words_repair_and_retry(
    three: Tenant,
    admin: User,
    reader: User,
    client_for: SignIn,
    graph_server: GraphServer,
) -> None:
    graph_writes.waiting.append("forbidden")
    client = client_for(admin)
    client.post(URL, _form(status="third_party", reason="Bought"))
    tasks.send_states(three.pk)

    text = client.get(URL).text
    assert "Resolved through third party was not taken" in text
    assert "The application may not change Secure Score" in text
    assert "Grant it SecurityEvents.ReadWrite.All" in text
    assert "accessDenied: Missing scopes." in text
    assert "/securescore/retry/AdminMFAV2/" in text
    assert "/securescore/retry/AdminMFAV2/" not in client_for(reader).get(URL).text

    client.post("/securescore/retry/AdminMFAV2/")
    tasks.send_states(three.pk)
    assert StateChange.objects.get().status == "sent"
    assert client.get(URL).context["row"].status == ActionStatus.THIRD_PARTY


def test_a_refused_status_can_be_withdrawn(
    three: Tenant, admin: User, client_for: SignIn, graph_server: GraphServer
) -> None:
    graph_writes.waiting.append("forbidden")
    client = client_for(admin)
    client.post(URL, _form(status="third_party", reason="Bought"))
    tasks.send_states(three.pk)

    retry = "/securescore/retry/AdminMFAV2/"
    text = client.post(retry, {"intent": "withdraw"}, follow=True).text
    assert "The status is withdrawn." in text
    assert "was not taken" not in text.partition('id="history"')[0]
    assert "Resolved through third party was withdrawn" in text
    assert StateChange.objects.get().status == "replaced"
    text = client.post(retry, {"intent": "withdraw"}, follow=True).text
    assert "The status is withdrawn." not in text


def test_learn_more_has_the_links_of_the_text() -> None:
    html = markup.clean(
        '<p>Open <a href="https://entra.microsoft.com/x">the center</a>, read'
        ' <a href="https://learn.microsoft.com/a">How  it works</a> and'
        ' <a href="https://learn.microsoft.com/a">again</a> or'
        ' <a href="https://learn.microsoft.com.evil.example/b">this</a>.</p>'
    )
    assert markup.links(html) == [
        markup.Link("https://learn.microsoft.com/a", "How it works")
    ]


@pytest.mark.parametrize("url", ["mailto:a@b.example", "ftp://a.example", "//a.b/c"])
def test_links_are_https_or_http_alone(url: str) -> None:
    assert "href" not in markup.clean(f'<a href="{url}">x</a>')


@pytest.mark.parametrize(
    ("services", "is_met"),
    [(["HasExchange"], True), (["HasSharePoint"], False), ([], None)],
)
def test_prerequisites_say_whether_the_product_is_there(
    tenant: Tenant,
    reader: User,
    client_for: SignIn,
    services: list[str],
    is_met: bool | None,
) -> None:
    factories.SnapshotFactory(
        tenant=tenant, enabled_services=services, date=timezone.localdate()
    )
    factories.ControlProfileFactory(
        tenant=tenant, control_id="AdminMFAV2", service="EXO"
    )
    response = client_for(reader).get(URL)
    assert response.context["prerequisite"].is_met is is_met


def test_the_page_takes_few_queries_however_long_its_history(
    synced: Tenant, admin: User, client_for: SignIn, django_assert_max_num_queries: Any
) -> None:
    for n in range(30):
        wish = Wish(notes=f"note {n}", tags=[f"tag {n}"])
        plans.change(synced, ["AdminMFAV2"], wish, actor=admin)
    client = client_for(admin)
    with django_assert_max_num_queries(20):
        assert client.get(f"{URL}?show=open&sort=due").status_code == 200


def test_its_tickets_say_which_are_tests(
    three: Tenant, admin: User, client_for: SignIn
) -> None:
    trial = factories.ConnectionFactory(tenant=three, is_test=True)
    factories.TicketFactory(connection=trial, control_id="AdminMFAV2")

    assert ">TEST<" in client_for(admin).get(URL).content.decode()


def test_a_default_that_takes_no_tickets_hides_no_other(
    three: Tenant, admin: User, client_for: SignIn
) -> None:
    factories.ConnectionFactory(tenant=three, cards_enabled=False)
    factories.ConnectionFactory(tenant=three, is_default=False)

    assert (
        "/securescore/share/AdminMFAV2/" in client_for(admin).get(URL).content.decode()
    )
