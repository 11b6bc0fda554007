"""The pages of service requests: who may open one, what is shown, what is kept."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from allauth.socialaccount.models import SocialAccount
from django.core.management import call_command
from django.urls import reverse

from connector.models import AuditEvent, Tenant
from portal.audit_sentences import KINDS
from tests.factories import (
    ConnectionFactory,
    DeliveryFactory,
    HealthServiceFactory,
    RepositoryFactory,
    RequestDeliveryFactory,
    RequestUpdateFactory,
    ServiceIssueFactory,
    ServiceRequestFactory,
    SupportIntegrationFactory,
    SupportUserFactory,
    TicketFactory,
)
from tickets.support import accounts
from tickets.support.models import LinkedPerson, SupportIntegration
from tickets.support.service_requests import administrators, diagnostics
from tickets.support.service_requests.models import RequestDelivery, ServiceRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.test import Client
    from pytest_django import DjangoAssertNumQueries

    SignIn = Callable[[User], Client]

pytestmark = pytest.mark.django_db
LIST, NEW = reverse("support:requests"), reverse("support:request_new")
SETTINGS = reverse("support:request_settings")


def text_of(page: Any) -> str:
    return " ".join(page.content.decode().split())


def form(**changed: Any) -> dict[str, Any]:
    usual = {
        "title": "Mail is late",
        "description": "Since this morning.",
        "severity": "high",
        "contact_name": "Kim Lee",
        "contact_email": "kim@contoso.example",
        "once": str(uuid4()),
        "intent": "send",
    }
    return usual | changed


@pytest.fixture
def linked(tenant: Tenant, support: User, admin: User) -> User:
    """Somebody whose account a manager linked."""
    accounts.link_person(tenant, support, "support@contoso.example", actor=admin)
    return support


def test_who_has_no_known_admin_account_reads_why(
    tenant: Tenant, support: User, client_for: SignIn
) -> None:
    support.email = "support@contoso.example"
    support.save()
    browser = client_for(support)
    words = (
        "support@contoso.example is not a valid Microsoft 365 admin account. You need "
        "Microsoft 365 admin privileges to open a service request. In the app, link the "
        "admin account."
    )
    assert words in text_of(browser.get(NEW))
    answer = browser.post(NEW, form())
    assert words in text_of(answer)
    assert "Since this morning." in text_of(answer), "nothing typed is lost"
    assert not ServiceRequest.objects.exists()


def test_a_linked_person_opens_a_request_once(linked: User, client_for: SignIn) -> None:
    browser, sent = client_for(linked), form()
    preview = browser.post(NEW, sent | {"intent": "preview"})
    assert "Contact: Kim Lee, kim@contoso.example" in text_of(preview)
    assert not ServiceRequest.objects.exists()
    for _again in range(2):
        answer = browser.post(NEW, sent)
        case = ServiceRequest.objects.get()
        assert answer.headers["Location"] == case.get_absolute_url()
    assert (case.state, case.opened_by, case.opened_by_email) == (
        "new",
        linked,
        "support@contoso.example",
    )
    event = AuditEvent.objects.get(action="support.request_opened")
    assert (event.actor, event.target) == (linked, case.reference)


def test_a_sign_in_with_entra_as_an_admin_is_enough(
    tenant: Tenant, support: User, client_for: SignIn
) -> None:
    claims = {"id_token": {"preferred_username": "Support@contoso.example"}}
    SocialAccount.objects.create(
        user=support, provider="entra", uid="1", extra_data=claims
    )
    account = administrators.of_person(tenant, support)
    assert (account.email, account.is_admin) == ("support@contoso.example", True)
    client_for(support).post(NEW, form())
    assert ServiceRequest.objects.count() == 1


def test_an_email_one_entered_oneself_opens_nothing(
    linked: User, admin: User, client_for: SignIn
) -> None:
    """The address of a colleague who is an admin: the sign-in's pages take any."""
    browser = client_for(admin)
    address = reverse("account_email")
    named = {"email": "support@contoso.example"}
    browser.post(address, named | {"action_add": ""})
    browser.post(address, named | {"action_primary": ""})
    admin.refresh_from_db()
    assert admin.email == "support@contoso.example"
    assert "is not a valid Microsoft 365 admin account" in text_of(browser.get(NEW))
    browser.post(NEW, form())
    assert not ServiceRequest.objects.exists()


def test_agents_count_by_their_linked_account_or_a_verified_one_of_nobody_else(
    tenant: Tenant, support: User, linked: User
) -> None:
    for name in ("kim@contoso.example", "a@contoso.example", "support@contoso.example"):
        claims = {"id_token": {"preferred_username": name}}
        SocialAccount.objects.create(
            user=support, provider="entra", uid=name, extra_data=claims
        )
    repository = RepositoryFactory(tenant=tenant)
    other = RepositoryFactory(tenant=tenant)
    SupportUserFactory(
        repository=repository, user_name="it.agent", linked_email="a@contoso.example"
    )

    def account(
        user_name: str, email: str, where: Any = repository
    ) -> tuple[str, bool]:
        found = administrators.of_agent(where, user_name, email)
        return found.email, found.is_admin

    assert account("it.agent", "it@contoso.example") == ("a@contoso.example", True)
    assert account("lee.gu", "Kim@contoso.example") == ("Kim@contoso.example", True)
    for theirs in ("A@contoso.example", "support@contoso.example"):
        assert account("lee.gu", theirs) == (theirs, False), "linked to somebody else"
    assert account("it.agent", "a@contoso.example", other) == (
        "a@contoso.example",
        True,
    )
    assert account("lee.gu", "lee@contoso.example") == ("lee@contoso.example", False)
    assert account("it.agent", "it@x.example", other) == ("it@x.example", False)
    assert account("lee.gu", "") == ("lee.gu", False)
    assert account("", "") == ("", False)


def test_a_link_of_another_organisation_does_not_count(
    linked: User, other_tenant: Tenant, outsider: User
) -> None:
    outsider.email = "support@contoso.example"
    account = administrators.of_person(other_tenant, outsider)
    assert not account.is_admin


def test_with_insights_only_nothing_can_be_opened(
    tenant: Tenant, linked: User, client_for: SignIn
) -> None:
    SupportIntegrationFactory(
        tenant=tenant, basic_auth_allowed=False, single_tenant=False
    )
    browser = client_for(linked)
    assert "With Insights only" in text_of(browser.get(NEW))
    browser.post(NEW, form())
    assert not ServiceRequest.objects.exists()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"title": ""}, "Enter a title."),
        ({"title": "Two\nlines"}, "Write one line"),
        ({"description": ""}, "Describe the problem."),
        ({"description": "a\x00b"}, "Null characters"),
        ({"severity": "none"}, "valid choice"),
        ({"contact_email": "kim"}, "valid email"),
        ({"contact_email": f"kim@{'a' * 63}.{'b.' * 99}example"}, "254 characters"),
        ({"once": "x"}, "valid UUID"),
        ({"repository": "999999"}, "valid choice"),
        ({"incident_number": "INC1"}, "Choose the instance"),
    ],
)
def test_a_wrong_form_says_so_and_keeps_what_was_typed(
    changed: dict[str, str],
    words: str,
    tenant: Tenant,
    linked: User,
    client_for: SignIn,
) -> None:
    RepositoryFactory(tenant=tenant)
    sent = form(**{"contact_phone": "+82 2 555", **changed})
    answer = client_for(linked).post(NEW, sent)
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert "+82 2 555" in text_of(answer)
    assert not ServiceRequest.objects.exists()


def test_the_diagnostics_follow_what_is_typed_unless_somebody_changes_them(
    tenant: Tenant, linked: User, client_for: SignIn
) -> None:
    HealthServiceFactory(tenant=tenant, status="servicedegradation")
    ServiceIssueFactory(tenant=tenant, issue_id="EX77", title="Mailboxes get mail late")
    browser = client_for(linked)
    collected = browser.get(NEW).context["form"]["diagnostics"].value()
    assert "Exchange Online: Service degradation" in collected
    assert "EX77" not in collected
    about = form(title="Mailboxes late", description="Outlook shows no mail.")
    about |= {"intent": "preview", "initial-diagnostics": collected}
    page = browser.post(NEW, about | {"diagnostics": collected})
    assert "EX77: Mailboxes get mail late" in page.context["preview"]
    fresh = page.context["form"]["diagnostics"].value()
    browser.post(NEW, about | {"diagnostics": fresh, "intent": "send"})
    assert "EX77" in ServiceRequest.objects.get().diagnostics
    page = browser.post(NEW, about | {"diagnostics": "Mine"})
    assert page.context["preview"].endswith("Mine")
    page = browser.post(NEW, about | {"diagnostics": ""})
    assert "Diagnostics" not in page.context["preview"]


def test_no_secret_is_in_the_diagnostics(tenant: Tenant) -> None:
    integration = SupportIntegrationFactory(
        tenant=tenant, outbound_secret="secret-out", inbound_secret="secret-in"
    )
    repository = RepositoryFactory(tenant=tenant)
    secrets = [
        *(integration.outbound_secret, integration.inbound_secret),
        *(repository.client_secret, repository.rest_password),
    ]
    given = {"log": f"Bearer abcdefghijkl {' '.join(secrets)}"}
    text = diagnostics.gather(tenant, "x", repository=repository, given=given)
    assert "log:" in text
    assert not [one for one in [*secrets, "abcdefghijkl"] if one in text]


def test_a_ticket_fills_the_form_and_both_pages_lead_to_each_other(
    tenant: Tenant, linked: User, client_for: SignIn
) -> None:
    connection = ConnectionFactory(tenant=tenant)
    repository = RepositoryFactory(tenant=tenant, endpoint=connection.base_url)
    ticket = TicketFactory(
        connection=connection, kind="incident", delivered=True, number="INC0010001"
    )
    DeliveryFactory(ticket=ticket, status="delivered")
    browser = client_for(linked)
    page = text_of(browser.get(ticket.get_absolute_url()))
    assert f"{NEW}?ticket={ticket.pk}" in page
    filled = browser.get(NEW, {"ticket": ticket.pk}).context["form"]
    assert filled["title"].value() == ticket.name
    assert filled["repository"].value() == repository.pk
    assert filled["incident_number"].value() == "INC0010001"
    assert f"Incident INC0010001: {ticket.name}" in filled["diagnostics"].value()
    sent = form(repository=repository.pk, incident_number="INC0010001")
    browser.post(f"{NEW}?ticket={ticket.pk}", sent)
    case = ServiceRequest.objects.get()
    assert case.ticket == ticket
    assert case.reference in text_of(browser.get(ticket.get_absolute_url()))
    assert ticket.get_absolute_url() in text_of(browser.get(case.get_absolute_url()))


def test_a_request_of_an_agent_shows_on_the_ticket_of_the_same_incident(
    tenant: Tenant, reader: User, client_for: SignIn
) -> None:
    connection = ConnectionFactory(tenant=tenant)
    repository = RepositoryFactory(tenant=tenant, endpoint=connection.base_url)
    ticket = TicketFactory(connection=connection, kind="incident", delivered=True)
    DeliveryFactory(ticket=ticket, status="delivered")
    elsewhere = RepositoryFactory(tenant=tenant)
    more: dict[str, Any] = {"tenant": tenant, "incident_sys_id": ticket.sys_id}
    here = ServiceRequestFactory(repository=repository, **more)
    there = ServiceRequestFactory(repository=elsewhere, **more)
    page = text_of(client_for(reader).get(ticket.get_absolute_url()))
    assert here.reference in page
    assert there.reference not in page
    assert "Contact Microsoft support" not in page, "a reader opens nothing"


def test_a_foreign_ticket_fills_no_form(
    linked: User, other_tenant: Tenant, client_for: SignIn
) -> None:
    theirs = TicketFactory(connection=ConnectionFactory(tenant=other_tenant))
    answer = client_for(linked).get(NEW, {"ticket": theirs.pk})
    assert answer.status_code == 404


def test_a_case_by_hand_from_text_to_close(
    tenant: Tenant, support: User, client_for: SignIn
) -> None:
    case = ServiceRequestFactory(tenant=tenant)
    browser, page = client_for(support), case.get_absolute_url()
    shown = text_of(browser.get(page))
    assert "Microsoft offers no public interface" in shown
    assert "admin.microsoft.com" in shown

    def act(name: str, **sent: str) -> Any:
        url = reverse(f"support:request_{name}", args=[case.reference])
        return browser.post(url, sent, follow=True)

    assert act("case", case_number="a b").status_code == 422
    act("case", case_number="2305260050000123")
    act("update", text="More facts.", once=str(uuid4()))
    act("state", state="waiting", seen="open", text="They ask for logs.")
    act("update", text="Here are the logs.", once=str(uuid4()))
    act("state", state="solved", seen="open")
    act("state", state="closed", seen="solved")
    case.refresh_from_db()
    assert (case.state, case.case_number) == ("closed", "2305260050000123")
    states = case.updates.exclude(state="").order_by("pk")
    assert [one.state for one in states] == [
        *("open", "waiting", "open", "solved", "closed")
    ]
    shown = text_of(browser.get(page))
    assert "Paste this into the case" in shown
    assert "This request is final." in shown


def test_the_second_of_two_who_change_the_state_is_told(
    tenant: Tenant, support: User, client_for: SignIn
) -> None:
    case = ServiceRequestFactory(tenant=tenant, state="solved")
    url = reverse("support:request_state", args=[case.reference])
    sent = {"state": "closed", "seen": "open", "text": "Done with it."}
    answer = client_for(support).post(url, sent)
    assert answer.status_code == 422
    assert "changed the state meanwhile" in text_of(answer)
    assert "Done with it." in text_of(answer)
    sent = {"state": "waiting", "seen": "solved"}
    assert client_for(support).post(url, sent).status_code == 422
    case.refresh_from_db()
    assert case.state == "solved"


def test_a_case_is_not_called_open_without_its_number(
    tenant: Tenant, support: User, client_for: SignIn
) -> None:
    case = ServiceRequestFactory(tenant=tenant, state="sent")
    page = client_for(support).get(case.get_absolute_url())
    assert 'value="open"' not in text_of(page)
    url = reverse("support:request_state", args=[case.reference])
    client_for(support).post(url, {"state": "open", "seen": "sent"})
    case.refresh_from_db()
    assert case.state == "sent"


def test_the_same_update_sent_twice_is_told_once(
    tenant: Tenant, support: User, client_for: SignIn
) -> None:
    case = ServiceRequestFactory(tenant=tenant, state="open")
    url = reverse("support:request_update", args=[case.reference])
    sent = {"text": "More", "once": str(uuid4())}
    for _again in range(2):
        client_for(support).post(url, sent)
    assert case.updates.count() == 1
    empty = client_for(support).post(url, {"text": "", "once": str(uuid4())})
    assert empty.status_code == 422


def test_a_note_that_was_refused_says_what_and_offers_to_try_again(
    tenant: Tenant, support: User, reader: User, client_for: SignIn
) -> None:
    case = ServiceRequestFactory(
        tenant=tenant,
        repository=RepositoryFactory(tenant=tenant),
        incident_number="INC0010001",
    )
    delivery = RequestDeliveryFactory(
        request=case,
        status="stopped",
        error_code="business_rule",
        error_words="Operation against incident was aborted by Business Rule X",
        error_status=403,
    )
    page = text_of(client_for(reader).get(case.get_absolute_url()))
    assert "Unable to save ticket details. Please contact App support." in page
    assert "aborted by Business Rule X" in page
    assert "exempt the integration user" in page
    assert "Try again" not in page
    assert "Not all told" in text_of(client_for(reader).get(LIST))
    url = reverse("support:delivery_retry", args=[case.reference, delivery.pk])
    assert url in text_of(client_for(support).get(case.get_absolute_url()))
    client_for(support).post(url)
    delivery.refresh_from_db()
    assert delivery.status == "queued"
    url = reverse("support:delivery_discard", args=[case.reference, delivery.pk])
    client_for(support).post(url)
    assert RequestDelivery.objects.get().status == "discarded"


def test_the_page_asks_again_while_something_is_on_its_way(
    tenant: Tenant, reader: User, client_for: SignIn
) -> None:
    case = ServiceRequestFactory(tenant=tenant)
    delivery = RequestDeliveryFactory(request=case)
    browser = client_for(reader)
    assert "every 2s" in text_of(browser.get(case.get_absolute_url()))
    url = reverse("support:request_progress", args=[case.reference])
    assert "HX-Refresh" not in browser.get(url).headers
    RequestDelivery.objects.filter(pk=delivery.pk).update(status="delivered")
    assert browser.get(url).headers["HX-Refresh"] == "true"


def test_the_list_is_narrowed_by_the_address(
    tenant: Tenant, reader: User, client_for: SignIn
) -> None:
    repository = RepositoryFactory(tenant=tenant)
    rows = {
        "real": ServiceRequestFactory(tenant=tenant, case_number="42424242"),
        "test": ServiceRequestFactory(tenant=tenant, is_test=True, state="open"),
        "done": ServiceRequestFactory(
            tenant=tenant, state="closed", repository=repository
        ),
    }
    foreign = ServiceRequestFactory(tenant=Tenant.objects.create(name="x", slug="x"))
    for query, found in (
        ({}, {"real", "test", "done"}),
        ({"state": "unfinished"}, {"real", "test"}),
        ({"state": "open"}, {"test"}),
        ({"test": "yes"}, {"test"}),
        ({"test": "no"}, {"real", "done"}),
        ({"repository": repository.pk}, {"done"}),
        ({"q": "4242"}, {"real"}),
        ({"q": rows["done"].reference.lower()}, {"done"}),
        ({"state": "nonsense"}, {"real", "test", "done"}),
        ({"q": "nothing at all"}, set()),
    ):
        page = text_of(client_for(reader).get(LIST, query))
        assert {name for name, row in rows.items() if row.reference in page} == found
        assert foreign.reference not in page


def test_an_empty_list_says_how_requests_come_about(
    tenant: Tenant, reader: User, client_for: SignIn
) -> None:
    page = text_of(client_for(reader).get(LIST))
    assert "No service requests yet" in page
    assert "Contact Microsoft support" not in page


def test_a_test_environment_shows_everywhere(
    tenant: Tenant, linked: User, client_for: SignIn
) -> None:
    SupportIntegrationFactory(tenant=tenant, is_test=True)
    browser = client_for(linked)
    browser.post(NEW, form())
    case = ServiceRequest.objects.get()
    assert case.is_test
    for url in (LIST, NEW, case.get_absolute_url(), SETTINGS):
        assert "TEST environment" in text_of(browser.get(url)), url
    shown = text_of(browser.get(case.get_absolute_url()))
    assert "do not open a case with Microsoft" in shown


def test_the_settings_want_an_address_for_mails(
    tenant: Tenant, admin: User, client_for: SignIn
) -> None:
    browser = client_for(admin)
    wrong = browser.post(SETTINGS, {"request_transport": "email", "case_pattern": "("})
    assert wrong.status_code == 422
    assert "Enter the address requests are sent to." in text_of(wrong)
    assert "no regular expression" in text_of(wrong)
    sent = {
        "request_transport": "email",
        "support_address": "support@microsoft.example",
        "reply_address": "cases@contoso.example",
        "case_pattern": r"X-(\d+)",
    }
    browser.post(SETTINGS, sent)
    found = SupportIntegration.objects.get()
    assert (found.request_transport, found.case_pattern) == ("email", r"X-(\d+)")
    assert "support@microsoft.example" in text_of(browser.get(LIST))
    event = AuditEvent.objects.get(action="support.settings_changed")
    assert "support_address" in event.facts["settings"]


def test_a_manager_links_somebody_of_the_portal(
    tenant: Tenant, admin: User, support: User, reader: User, client_for: SignIn
) -> None:
    browser, url = client_for(admin), reverse("support:link_person")
    sent = {"user": support.pk, "email": "one@contoso.example"}
    assert browser.post(url, {**sent, "user": reader.pk}).status_code == 422
    assert browser.post(url, {**sent, "email": "x"}).status_code == 422
    for email in ("one@contoso.example", "two@contoso.example"):
        browser.post(url, {**sent, "email": email})
    person = LinkedPerson.objects.get()
    assert (person.email, person.linked_by_name) == (
        "two@contoso.example",
        "security.admin",
    )
    assert "two@contoso.example" in text_of(browser.get(reverse("support:account")))
    browser.post(reverse("support:unlink_person", args=[person.pk]))
    assert not LinkedPerson.objects.exists()
    actions = AuditEvent.objects.filter(action="support.account_linked")
    assert actions.count() == 2


def test_the_demonstration_can_open_a_request(client_for: SignIn, db: None) -> None:
    call_command("demo", stdout=io.StringIO())
    person = LinkedPerson.objects.get(user__username="support.admin")
    client_for(person.user).post(NEW, form())
    assert ServiceRequest.objects.get().opened_by == person.user


def test_every_act_has_its_sentence() -> None:
    acts = {"opened", "moved", "numbered", "updated", "answered", "stopped"}
    acts |= {"retried", "discarded"}
    assert {f"support.request_{act}" for act in acts} <= set(KINDS)
    assert {
        f"support.message_{act}" for act in ("unmatched", "assigned", "dropped")
    } <= (set(KINDS))


def test_many_requests_cost_no_more_queries(
    tenant: Tenant,
    support: User,
    client_for: SignIn,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    repository = RepositoryFactory(tenant=tenant)
    for _number in range(6):
        case = ServiceRequestFactory(tenant=tenant, repository=repository)
        for _update in range(4):
            RequestUpdateFactory(request=case)
    browser = client_for(support)
    for url in (LIST, case.get_absolute_url()):
        browser.get(url)
        with django_assert_max_num_queries(18):
            assert browser.get(url).status_code == 200
