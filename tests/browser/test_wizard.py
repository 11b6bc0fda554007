"""The set-up in Chromium: left at each step, gone on with by others, finished."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.browser.journey import INTEGRATION_USER, Journey
from tests.browser.test_accessibility import usable
from tests.servers import Product

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.stack]
SLOW = 45_000


@pytest.fixture
def journey(
    tmp_path_factory: pytest.TempPathFactory, browser: Browser
) -> Iterator[Journey]:
    folder: Path = tmp_path_factory.mktemp("wizard") / "var"
    product = Product(folder)
    journey = Journey(product.wait_until_ready(), browser)
    yield journey
    journey.close()
    product.close()
    assert journey.errors == []


def resume(journey: Journey, page: Page) -> Page:
    """Leave, sign out, and come back to the set-up as if it were another day."""
    page.context.clear_cookies()
    page = journey.sign_in("security.admin")
    page.goto(f"{journey.product.url}/servicenow/setup/")
    return page


def current(page: Page, label: str) -> None:
    expect(page.locator("[aria-current=step]")).to_have_text(label, timeout=SLOW)


def look(page: Page) -> None:
    """Expect that everybody can use the page, in a window of its own.

    The tool that looks for complaints writes styles into it, which are no errors.
    """
    other = page.context.new_page()
    other.goto(page.url)
    usable(other)
    other.close()


def test_the_set_up_is_left_and_resumed_at_every_step(journey: Journey) -> None:
    client_id, client_secret = journey.install()
    page = resume(journey, journey.page("security.admin"))
    current(page, "Prepare ServiceNow")
    tick(page, "Create the OAuth entity")
    tick(page, "Create the integration user")

    page = resume(journey, page)
    current(page, "Enter the details")
    hand_over(journey, page, client_id, client_secret)

    page = resume(journey, page)
    current(page, "Authorize")
    look(page)
    page.get_by_role("main").get_by_role("button", name="Authorize").click()
    journey.log_in_at_instance(page, INTEGRATION_USER)
    page.get_by_role("button", name="Allow").click()

    page = resume(journey, page)
    current(page, "Map fields and states")
    look(page)
    page.get_by_role("link", name="Check", exact=True).click()
    expect(page.get_by_text("Everything that is needed works.")).to_be_visible()
    look(page)

    page = resume(journey, page)
    page.get_by_role("button", name="Go on").click()
    page = resume(journey, page)
    current(page, "Finish")
    look(page)
    page.get_by_role("button", name="Finish").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    expect(page.get_by_text("ServiceNow change management tickets")).to_be_visible()


def tick(page: Page, name: str) -> None:
    step = page.locator("details.step", has=page.get_by_role("heading", name=name))
    if step.get_attribute("open") is None:
        step.locator("summary").click()
    step.get_by_role("button", name="Done", exact=True).click()


def hand_over(journey: Journey, page: Page, client_id: str, client_secret: str) -> None:
    """Send the link to somebody without an account, who enters the values."""
    page.get_by_role("link", name="Hand over").click()
    page.get_by_label("Instance name").fill(journey.product.sandbox_url)
    page.get_by_role("button", name="Make the link").click()
    look(page)
    link = page.get_by_label("Link for the ServiceNow administrator").input_value()

    stranger = journey.page("their administrator")
    stranger.goto(link)
    look(stranger)
    stranger.get_by_label("Client ID").fill(client_id)
    stranger.get_by_label("Client secret").fill(client_secret)
    stranger.get_by_role("button", name="Send the values").click()
    expect(stranger.get_by_role("heading", level=1)).to_have_text("Thank you")
    look(stranger)
    stranger.goto(link)
    expect(stranger.get_by_text("It works once.")).to_be_visible()
    look(stranger)
