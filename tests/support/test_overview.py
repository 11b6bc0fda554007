"""The overview of the support integration: its figures, and where they lead."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from tests.factories import (
    ConnectorCallFactory,
    InboundReceiptFactory,
    RepositoryFactory,
    ServiceIssueFactory,
    ServiceRequestFactory,
    SolutionFactory,
    SupportIntegrationFactory,
)
from tickets.support import glance

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.test import Client
    from pytest_django import DjangoAssertNumQueries

    from connector.models import Tenant

    SignIn = Callable[[User], Client]

pytestmark = pytest.mark.django_db
OVERVIEW = reverse("support:overview")
FIGURES = glance.Glance(
    calls=3, refused=2, issues=1, requests=3, waiting=1, mails=1, solutions=2
)


def fill(tenant: Tenant) -> None:
    """Make rows that count, and beside each one that does not."""
    repository = RepositoryFactory(tenant=tenant)
    for status in (200, 401, 403):
        ConnectorCallFactory(repository=repository, status=status)
    yesterday = timezone.now() - timedelta(hours=25)
    ConnectorCallFactory(repository=repository, status=401, at=yesterday)
    ConnectorCallFactory(repository=repository, status=401, direction="outbound")
    for state in ("new", "waiting", "solved", "closed", "cancelled"):
        ServiceRequestFactory(tenant=tenant, state=state)
    InboundReceiptFactory(tenant=tenant)
    InboundReceiptFactory(tenant=tenant, status="assigned")
    for is_published in (True, True, False):
        SolutionFactory(tenant=tenant, is_published=is_published)
    for is_resolved in (True, False):
        ServiceIssueFactory(tenant=tenant, is_resolved=is_resolved)


def shown(page: str) -> dict[str, str]:
    part = page[page.index('id="glance-title"') :]
    part = part[: part.index("</section>")]
    pairs = re.findall(r"<dt>(.*?)</dt>\s*<dd[^>]*>(.*?)</dd>", part, re.DOTALL)
    return {label: " ".join(strip_tags(value).split()) for label, value in pairs}


def test_the_figures_are_those_of_the_organisation(
    tenant: Tenant,
    other_tenant: Tenant,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    fill(tenant)
    with django_assert_max_num_queries(5):
        assert glance.of(tenant) == FIGURES
    assert glance.of(other_tenant) == glance.Glance(0, 0, 0, 0, 0, 0, 0)


def test_the_overview_leads_to_what_needs_somebody(
    tenant: Tenant, helpdesk: User, client_for: SignIn
) -> None:
    fill(tenant)
    page = client_for(helpdesk).get(OVERVIEW).content.decode()
    assert list(shown(page).values()) == [
        *("3 2 refused See why", "3 1 waits for you", "1", "1", "2")
    ]
    for name in ("diagnosis", "request_inbox", "library", "health"):
        assert f'<a href="{reverse(f"support:{name}")}">' in page
    calls = f'{reverse("support:calls")}?direction=inbound&amp;since=day">3<'
    assert calls in page
    assert f'{reverse("support:requests")}?state=unfinished">3<' in page


@pytest.mark.parametrize(
    ("page", "tab"),
    [
        ("support:library", "support:solutions"),
        ("support:solution_new", "support:solutions"),
        ("support:request_inbox", "support:requests"),
        ("support:request_settings", "support:settings"),
        ("support:repository_add", "support:settings"),
        ("support:calls", "support:diagnosis"),
    ],
)
def test_a_page_below_a_tab_marks_it(
    page: str, tab: str, tenant: Tenant, helpdesk: User, client_for: SignIn
) -> None:
    SupportIntegrationFactory(tenant=tenant)
    text = client_for(helpdesk).get(reverse(page)).content.decode()
    marked = re.findall(r'class="tabs__tab" href="([^"]+)" aria-current="true"', text)
    assert marked == [reverse(tab)]


def test_a_reader_sees_figures_without_the_way_to_closed_pages(
    tenant: Tenant, reader: User, client_for: SignIn
) -> None:
    fill(tenant)
    page = client_for(reader).get(OVERVIEW).content.decode()
    assert shown(page)["Calls in 24 hours"] == "3 2 refused"
    assert "Inbox" not in shown(page)
    assert reverse("support:diagnosis") not in page
    assert reverse("support:calls") not in page
