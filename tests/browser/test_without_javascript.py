"""Everything can be done without JavaScript: pages reload where they would be live."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.browser.journey import INTEGRATION_USER, Journey
from tests.servers import Product

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.stack]

ACTION = "Require MFA for administrative roles"
BY_ITSELF = 60_000


@pytest.fixture
def journey(tmp_path: Path, browser: Browser) -> Iterator[Journey]:
    product = Product(tmp_path / "var").wait_until_ready()
    journey = Journey(product, browser)
    journey.page("security.admin", java_script_enabled=False)
    yield journey
    journey.close()
    product.close()
    assert journey.errors == []


def test_connect_share_follow_rename_and_remove(journey: Journey) -> None:
    page = journey.sign_in("security.admin")
    connect(journey, page)
    share(journey, page)
    plan(journey, page)
    rename_a_state(journey, page)
    remove(journey, page)


def connect(journey: Journey, page: Page) -> None:
    """The way leads on by itself, and the page reloads until it is connected."""
    journey.enter(page, *journey.install())
    journey.log_in_at_instance(page, INTEGRATION_USER)
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_text("is connected").first).to_be_visible(timeout=BY_ITSELF)


def share(journey: Journey, page: Page) -> None:
    """Preview by its button, nothing sent; then send, and see it arrive."""
    page.goto(f"{journey.product.url}/securescore/actions/")
    for _ in range(60):
        if page.get_by_role("link", name=ACTION, exact=True).count():
            break
        page.wait_for_timeout(500)
        page.goto(f"{journey.product.url}/securescore/actions/?q=")
    journey.share(page, ACTION)
    page.get_by_label("Ticket name").fill("Shared without JavaScript")
    page.get_by_label("High", exact=True).check()
    page.get_by_role("button", name="Preview").click()
    preview = page.locator("#preview")
    expect(preview.get_by_text("Shared without JavaScript").first).to_be_visible()
    expect(preview.get_by_text("correlation_id")).to_be_visible()
    page.get_by_role("button", name="Send to ServiceNow").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Shared without JavaScript"
    )
    arrived = page.get_by_text(re.compile(r"In ServiceNow as CHG\d{7}"))
    expect(arrived).to_be_visible(timeout=BY_ITSELF)

    page.goto(journey.product.url)
    page.get_by_label("More: ServiceNow change management tickets").click()
    page.get_by_role("button", name="Sync now").first.click()
    expect(page.get_by_text("Changes are being fetched")).to_be_visible()


def plan(journey: Journey, page: Page) -> None:
    """Filter by the button, change all that match, and one of them by its page."""
    page.goto(f"{journey.product.url}/securescore/actions/")
    page.locator("summary", has_text="Filters").click()
    page.get_by_label("Data", exact=True).check()
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("link", name="Category: Data")).to_be_visible()
    page.get_by_label(re.compile("^Select (?!all)")).first.check()
    page.get_by_role("button", name="Change selected").click()
    page.get_by_label("Add tags").fill("by hand")
    page.get_by_role("button", name="Change 1 action").click()
    expect(page.get_by_text("1 action changed.")).to_be_visible()
    page.get_by_role("table").get_by_role("link").last.click()
    page.get_by_label("Risk accepted").check()
    page.get_by_label("Reason for the status").fill("Accepted by the board")
    page.get_by_role("button", name="Save", exact=True).click()
    sent = page.locator(".timeline").get_by_text("Microsoft has the state Ignored")
    expect(sent).to_be_visible(timeout=BY_ITSELF)


def rename_a_state(journey: Journey, page: Page) -> None:
    page.goto(f"{journey.product.url}/tickets/states/")
    page.get_by_label("Own name: Assess").fill("Being weighed")
    page.get_by_role("button", name="Move up: Assess").click()
    expect(page.get_by_text("Not saved yet.")).to_be_visible()
    page.get_by_role("button", name="Preview Change request").click()
    expect(page.get_by_text("New order")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Own name: Assess")).to_have_value("Being weighed")
    page.get_by_role("button", name="Undo Change request").click()
    expect(page.get_by_label("Own name: Assess")).to_have_value("")


def remove(journey: Journey, page: Page) -> None:
    page.goto(f"{journey.product.url}/servicenow/configuration/")
    page.get_by_role("link", name="Remove connection").click()
    page.get_by_role("textbox").fill(journey.product.sandbox_url.partition("://")[2])
    page.get_by_role("button", name=re.compile("Remove")).click()
    expect(page.get_by_text("was removed")).to_be_visible()
    expect(page.get_by_text("Do you use ServiceNow?")).to_be_visible()
