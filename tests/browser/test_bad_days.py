"""What people see when the instance sleeps, forgets or refuses, and how it ends well."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser.journey import INTEGRATION_USER, Journey
from tests.servers import Product

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.stack]

INCIDENT = re.compile(r"In ServiceNow as INC\d{7}")
# Patience for what goes on by itself on a slow machine.
BY_ITSELF = 60_000


@pytest.fixture(scope="module")
def unlucky(
    tmp_path_factory: pytest.TempPathFactory, browser: Browser
) -> Iterator[Product]:
    """A product of its own, connected, that does not take minutes for a second try."""
    product = Product(
        tmp_path_factory.mktemp("unlucky") / "var",
        OUTBOX_BACK_OFF="3",
        OUTBOX_SETTLE="4",
        OUTBOX_SWEEP_INTERVAL="2",
    ).wait_until_ready()
    journey = Journey(product, browser)
    page = journey.sign_in("security.admin")
    journey.enter(page, *journey.install())
    journey.log_in_at_instance(page, INTEGRATION_USER)
    allow(page)
    journey.close()
    yield product
    product.close()


@pytest.fixture
def journey(unlucky: Product, browser: Browser) -> Iterator[Journey]:
    journey = Journey(unlucky, browser)
    yield journey
    set_faults(unlucky)
    journey.close()
    assert journey.errors == []


def allow(page: Page) -> None:
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_text("is connected").first).to_be_visible(timeout=BY_ITSELF)


def set_faults(product: Product, *rules: dict[str, Any]) -> None:
    url = f"{product.sandbox_url}/_sandbox/faults"
    assert requests.put(url, json=rules, timeout=10).status_code == 200


def incidents_of(product: Product) -> int:
    """Return how many incidents the portal made; fail if one is there twice."""
    url = f"{product.sandbox_url}/_sandbox/stats"
    figures = requests.get(url, timeout=10).json()
    assert figures["duplicates"] == []
    count: int = figures["correlated"]["incident"]
    return count


def create_incident(journey: Journey, page: Page, name: str) -> None:
    page.goto(f"{journey.product.url}/tickets/new/?kind=incident")
    page.get_by_label("Ticket name").fill(name)
    page.get_by_label("Low", exact=True).check()
    page.get_by_label(re.compile("category", re.I)).select_option("Apps")
    page.get_by_role("button", name="Send to ServiceNow").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def test_a_ticket_waits_for_an_instance_that_sleeps(journey: Journey) -> None:
    before = incidents_of(journey.product)
    set_faults(journey.product, {"kind": "hibernating"})
    page = journey.sign_in("security.operator")

    create_incident(journey, page, "Sent at night")

    said = page.locator("#progress")
    expect(said.get_by_text("The instance is asleep")).to_be_visible()
    expect(said.get_by_text("Developer instances hibernate")).to_be_visible()
    expect(said.get_by_text("so it is not created twice")).to_be_visible()
    expect(said.get_by_text("Your instance is hibernating")).to_be_visible()
    expect(said.get_by_text("Next attempt:")).to_be_visible()
    assert incidents_of(journey.product) == before
    set_faults(journey.product)
    expect(said.get_by_text(INCIDENT)).to_be_visible(timeout=BY_ITSELF)
    expect(
        page.locator(".timeline").get_by_text("Created in ServiceNow")
    ).to_be_visible()
    assert incidents_of(journey.product) == before + 1


def test_an_answer_that_is_lost_makes_no_second_ticket(journey: Journey) -> None:
    before = incidents_of(journey.product)
    set_faults(
        journey.product, {"kind": "cut_after_commit", "method": "POST", "count": 1}
    )
    page = journey.sign_in("security.operator")

    create_incident(journey, page, "Answered into the void")

    expect(page.get_by_text(INCIDENT)).to_be_visible(timeout=BY_ITSELF)
    expect(page.get_by_text("an earlier attempt had arrived")).to_be_visible()
    assert incidents_of(journey.product) == before + 1


def test_a_revoked_token_shows_everywhere_until_it_is_mended(journey: Journey) -> None:
    before = incidents_of(journey.product)
    revoke(journey)
    page = journey.sign_in("security.admin")
    create_incident(journey, page, "Sent with a revoked token")
    ticket = page.url

    expect(page.get_by_text("Waiting for the connection to ServiceNow")).to_be_visible()
    for path in ("/", "/tickets/", "/securescore/", "/audit/", ticket):
        page.goto(path if path == ticket else f"{journey.product.url}{path}")
        banner = page.get_by_role("region", name="needs attention")
        expect(banner).to_contain_text("The authorization could not be renewed")
    reader = journey.sign_in("security.reader")
    expect(reader.get_by_text("A Security Administrator can repair")).to_be_visible()

    page.get_by_role("link", name="Repair the connection").click()
    expect(
        page.get_by_text("Not checked since the connection broke").first
    ).to_be_visible()
    page.get_by_role("button", name="Authorize").click()
    page.wait_for_url(lambda url: url.startswith(journey.product.sandbox_url))
    journey.log_in_at_instance(page, INTEGRATION_USER)
    allow(page)
    page.goto(ticket)
    expect(page.get_by_text(INCIDENT)).to_be_visible(timeout=BY_ITSELF)
    expect(page.get_by_role("region", name="needs attention")).to_have_count(0)
    assert incidents_of(journey.product) == before + 1


def revoke(journey: Journey) -> None:
    """Have the instance's administrator revoke every token of the portal."""
    page = journey.page("admin of the instance")
    page.goto(f"{journey.product.sandbox_url}/login.do")
    journey.log_in_at_instance(page, "admin")
    page.goto(f"{journey.product.sandbox_url}/x_mioms_m365ticket/status")
    page.get_by_text("Revoke", exact=True).click()
    page.get_by_role("button", name="Revoke all tokens").click()
    expect(page.get_by_text("Not connected")).to_be_visible()


def test_a_business_rule_is_quoted_until_it_is_switched_off(journey: Journey) -> None:
    before = incidents_of(journey.product)
    rule = {"kind": "business_rule", "method": "POST", "rule": "No tickets on Sundays"}
    set_faults(journey.product, rule)
    page = journey.sign_in("security.operator")

    create_incident(journey, page, "Refused on Sunday")

    said = page.locator("#progress")
    expect(
        said.get_by_text("A business rule on the instance refused it")
    ).to_be_visible()
    expect(said.get_by_text("No tickets on Sundays")).to_be_visible()
    set_faults(journey.product)
    said.get_by_role("button", name="Try again").click()
    expect(page.get_by_text(INCIDENT)).to_be_visible(timeout=BY_ITSELF)
    assert incidents_of(journey.product) == before + 1


def test_a_session_that_ends_in_mid_form_loses_nothing(journey: Journey) -> None:
    before = incidents_of(journey.product)
    page = journey.sign_in("security.operator")
    page.goto(f"{journey.product.url}/tickets/new/?kind=incident")
    page.get_by_label("Ticket name").fill("Typed over lunch <b>^")
    page.locator("textarea").fill("First line\nSecond line")
    page.get_by_label("Low", exact=True).check()
    page.get_by_label(re.compile("category", re.I)).select_option("Apps")
    page.context.clear_cookies(name="portal_session")

    page.get_by_label("Ticket name").press("End")
    page.get_by_label("Ticket name").press_sequentially(" and after")
    expect(page.get_by_text("Your session has ended")).to_be_visible()
    page.get_by_role("button", name="Send to ServiceNow").click()
    expect(page.get_by_text("What you typed is kept")).to_be_visible()
    page.get_by_label("Username").fill("security.operator")
    page.get_by_label("Password").fill(journey.product.password("security.operator"))
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_text("Nothing was sent yet")).to_be_visible()
    expect(page.get_by_label("Ticket name")).to_have_value(
        "Typed over lunch <b>^ and after"
    )
    expect(page.locator("textarea")).to_have_value("First line\nSecond line")
    page.get_by_role("button", name="Send to ServiceNow").click()
    expect(page.get_by_text(INCIDENT)).to_be_visible(timeout=BY_ITSELF)
    assert incidents_of(journey.product) == before + 1
