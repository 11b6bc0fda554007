"""The guided set-ups: walked by two people, interrupted, resumed, tested."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.browser.journey import Journey
from tests.browser.test_accessibility import usable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from tests.servers import Product

pytestmark = [pytest.mark.browser, pytest.mark.stack]

# The answers, and how many steps the guide has that are not optional.
GUIDES = {
    "ServiceNow basic authentication": ("Yes", "Yes", 15),
    "AAD OAuth token": ("No", "Yes", 17),
    "Insights only": ("No", "No", 13),
}
# Longer than the page waits between two questions what others did.
LIVE = 15_000


@pytest.fixture
def journey(stack: Product, browser: Browser) -> Iterator[Journey]:
    journey = Journey(stack, browser)
    yield journey
    journey.close()


@pytest.mark.parametrize("setup", GUIDES)
def test_a_guide_is_walked_interrupted_and_resumed(
    journey: Journey, setup: str
) -> None:
    first = journey.sign_in("helpdesk.admin")
    begin(journey, first, setup)
    total = GUIDES[setup][2]
    for _ in range(2):
        done(first)
    expect(first.locator("#guide-progress")).to_have_text(f"2 of {total}")

    second = journey.sign_in("support.admin")
    second.goto(f"{journey.product.url}/support/setup/")
    expect(second.locator("#guide-progress")).to_have_text(f"2 of {total}")
    note = second.locator("details[open]").get_by_label("Note")
    note.fill("half a sente")
    done(first)
    # What the other one did arrives, and what is being typed stays.
    expect(second.locator("#guide-progress")).to_have_text(
        f"3 of {total}", timeout=LIVE
    )
    expect(second.get_by_text("Marked as done by helpdesk.admin")).to_have_count(3)
    expect(note).to_have_value("half a sente")
    first.context.close()
    del journey.pages["helpdesk.admin"]

    second.reload()
    for n in range(3, total):
        expect(second.locator("#guide-progress")).to_have_text(f"{n} of {total}")
        done(second)
    expect(second.locator("#guide-progress")).to_have_text(f"{total} of {total}")
    second.get_by_role("button", name="Test connection").click()
    expect(second.get_by_text("Connection test failed")).to_be_visible(timeout=60_000)
    # The tool that looks for complaints writes styles of its own into the page.
    assert journey.errors == []
    second.goto(f"{journey.product.url}/support/setup/")
    usable(second)


def begin(journey: Journey, page: Page, setup: str) -> None:
    """Answer the questions for a set-up and name an instance for it."""
    url = journey.product.url
    page.goto(f"{url}/support/settings/")
    while page.get_by_role("link", name="sandbox", exact=True).count():
        page.get_by_role("link", name="sandbox", exact=True).click()
        page.get_by_role("link", name="Remove", exact=True).click()
        page.get_by_role("button", name="Remove repository").click()
    page.goto(f"{url}/support/decision/")
    basic, single, _total = GUIDES[setup]
    answer(page, "basic authentication", basic)
    answer(page, "one single", single)
    page.get_by_role("button", name=re.compile("Choose this|Show what")).click()
    switch = page.get_by_role("button", name=f"Switch to “{setup}”")
    done = page.get_by_role("heading", name=f"Set-up: {setup}", exact=True)
    # Asked only where another set-up was chosen before; the page has to be there first.
    expect(switch.or_(done)).to_be_visible()
    if switch.count():
        switch.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Set-up: {setup}")
    page.get_by_label("Repository ID").fill("sandbox")
    page.get_by_label("Endpoint").fill(journey.product.sandbox_url)
    page.get_by_role("button", name="Start the set-up").click()


def answer(page: Page, question: str, word: str) -> None:
    group = page.get_by_role("group", name=re.compile(question))
    group.get_by_label(word, exact=True).check()


def done(page: Page) -> None:
    """Tick the step that is open."""
    page.locator("details[open]").get_by_role(
        "button", name=re.compile("^Done")
    ).click()
    page.wait_for_load_state()


def test_a_service_request_is_opened_by_hand_and_goes_on(journey: Journey) -> None:
    page = journey.sign_in("support.admin")
    begin(journey, page, "ServiceNow basic authentication")
    page.goto(f"{journey.product.url}/support/requests/new/")
    page.get_by_label("Title").fill("Mail is late")
    page.get_by_label("Description").fill("Since this morning.")
    page.get_by_label("High (Sev B)").check()
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", name="This reaches Microsoft")).to_be_visible()
    expect(page.get_by_text("Severity: High (Sev B)")).to_be_visible()
    page.get_by_role("button", name="Open the request").click()
    expect(page.get_by_role("heading", name="Open the case by hand")).to_be_visible()
    page.get_by_role("button", name="Copy Text").click()
    expect(page.locator("#announcer")).to_have_text("Copied")
    page.get_by_label("Case number").fill("2305260050000123")
    page.get_by_role("button", name="Save the case number").click()
    expect(page.get_by_text("State: Open at Microsoft")).to_be_visible()
    page.get_by_role("button", name="Microsoft waits for you").click()
    expect(page.get_by_text("The state is now: Waiting for you.")).to_be_visible()
    # The tool that looks for complaints writes styles of its own into the page.
    assert journey.errors == []
    usable(page)
