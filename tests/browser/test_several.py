"""A second instance beside the first: added, chosen for a ticket, marked as a test."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from connector.sandbox.server import Installation, Running, serve
from tests.browser.journey import INTEGRATION_USER, Journey
from tests.browser.test_accessibility import complaints, usable
from tests.servers import Product, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.stack]

PASSWORD = "password-of-the-integration-user"
NAME = "Mailbox rules need a look"
# Pages that look different once something is connected.
CONNECTED = [
    "/servicenow/configuration/",
    "/servicenow/configuration/?connection=1",
    "/servicenow/setup/?connection=1&step=enter",
    "/servicenow/setup/?connection=1&step=authorize",
    "/servicenow/setup/?connection=1&step=check",
    "/servicenow/remove/?connection=1",
    "/ticketProvisioning?connection=1",
    "/tickets/states/",
    "/tickets/mapping/",
    "/tickets/mapping/?kind=incident",
    "/tickets/new/?kind=incident",
    "/tickets/reprovision/",
]


@pytest.fixture
def ports() -> tuple[int, ...]:
    return free_port(), free_port(), free_port()


@pytest.fixture
def product(tmp_path: Path, ports: tuple[int, ...]) -> Iterator[Product]:
    """A product that may call three instances of this process."""
    urls = ",".join(f"http://127.0.0.1:{port}" for port in ports)
    product = Product(tmp_path / "var", SERVICENOW_SANDBOX_URL=urls)
    yield product.wait_until_ready()
    product.close()


@pytest.fixture
def instances(product: Product, ports: tuple[int, ...]) -> Iterator[list[Running]]:
    installation = Installation(
        password=PASSWORD, redirect_url=f"{product.url}/oauth/complete/servicenow/"
    )
    running = [serve(installation, port=port) for port in ports]
    yield running
    for one in running:
        one.close()


def test_add_a_test_instance_and_share_to_it(
    product: Product, instances: list[Running], browser: Browser
) -> None:
    journey = Journey(product, browser)
    page = journey.sign_in("security.admin")
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{product.url}/servicenow/setup/")
    connect(page, instances[0])
    page.goto(f"{product.url}/servicenow/configuration/")
    page.get_by_role("link", name="Add another connection").click()
    page.get_by_label("Name (optional)").fill("Trial")
    page.get_by_label("This is a test instance").check()
    connect(page, instances[1])

    page.goto(f"{product.url}/servicenow/configuration/")
    trial = page.get_by_role("region", name="Trial")
    expect(trial.get_by_text("TEST", exact=True)).to_be_visible()
    expect(trial.get_by_text("Connected", exact=True)).to_be_visible()
    share(page, product)
    marks_everywhere(page, product, instances[1])
    everybody_can_use_what_is_connected(page, product)
    move(page, product, instances[2])
    journey.close()


def connect(page: Page, instance: Running) -> None:
    enter(page, instance)
    page.get_by_role("button", name="Authorize").click()
    consent(page, instance)
    host = instance.url.partition("://")[2]
    expect(page.get_by_text(f"({host}) is connected")).to_be_visible(timeout=30_000)


def enter(page: Page, instance: Running) -> None:
    page.get_by_label("Instance name").fill(instance.url)
    page.get_by_label("Client ID").fill(Installation.client_id)
    page.get_by_label("Client secret").fill(Installation.client_secret)
    page.get_by_label("Integration user").fill(INTEGRATION_USER)


def consent(page: Page, instance: Running) -> None:
    expect(page).to_have_url(re.compile(re.escape(instance.url)))
    page.get_by_label("User name").fill(INTEGRATION_USER)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name="Allow").click()


def share(page: Page, product: Product) -> None:
    page.goto(f"{product.url}/tickets/new/?kind=incident")
    page.get_by_label("Ticket name").fill(NAME)
    page.get_by_label("Medium", exact=True).check()
    page.get_by_label("Recommendation category").select_option("Data")
    preview = page.locator("#preview")
    expect(preview.get_by_text(NAME, exact=True)).to_be_visible()
    page.get_by_label("Trial").check()
    expect(preview.get_by_text(f"[TEST] {NAME}")).to_be_visible()
    expect(preview.get_by_text("Goes to Trial")).to_be_visible()
    assert complaints(page) == []
    page.get_by_role("button", name="Send to ServiceNow").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(NAME)
    expect(page.get_by_text(re.compile(r"INC\d{7}")).first).to_be_visible(
        timeout=30_000
    )


def marks_everywhere(page: Page, product: Product, instance: Running) -> None:
    sql = "SELECT short_description AS name FROM task WHERE correlation_id <> ''"
    assert [row["name"] for row in instance.store.execute(sql)] == [f"[TEST] {NAME}"]
    for path in ("/tickets/", "/"):
        page.goto(f"{product.url}{path}")
        row = page.get_by_role("row", name=re.compile(NAME))
        expect(row.get_by_text("TEST", exact=True)).to_be_visible()
        expect(row.get_by_text("Trial")).to_be_visible()
        assert complaints(page) == []
    card = page.get_by_role("region", name="ServiceNow incident management tickets")
    card.locator("summary", has_text="View all tickets in ServiceNow").click()
    link = card.get_by_role("link", name=re.compile("^Trial"))
    expect(link).to_have_attribute("href", re.compile(re.escape(instance.url)))


def everybody_can_use_what_is_connected(page: Page, product: Product) -> None:
    page.goto(f"{product.url}/tickets/")
    page.get_by_role("link", name=NAME).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(NAME)
    ticket = page.url.removeprefix(product.url)
    page.goto(f"{product.url}/ticketProvisioning")
    run = page.get_by_role("table").get_by_role("link").first.get_attribute("href")
    for path in (*CONNECTED, ticket, f"{ticket}edit/", f"{ticket}note/", run):
        page.goto(f"{product.url}{path}")
        usable(page)


def move(page: Page, product: Product, instance: Running) -> None:
    """Begin to take the tickets to another address: they are looked up there."""
    page.goto(f"{product.url}/tickets/reprovision/")
    enter(page, instance)
    page.get_by_role("button", name="Authorize the new address").click()
    consent(page, instance)
    expect(page.get_by_text("Nothing was written yet")).to_be_visible(timeout=30_000)
    usable(page)
