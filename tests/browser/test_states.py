"""The page of the ticket states by mouse and keyboard: preview, save, undo, import."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_accessibility import SIZE, usable
from tests.factories import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from tests.servers import Product

pytestmark = [pytest.mark.browser, pytest.mark.stack]

# An organisation of its own, so that no other test's connection is touched.
PREPARE = """
from tests import factories
from tickets import states
tenant = factories.TenantFactory(name="States", slug="states")
factories.UserFactory(
    username="states.helpdesk", role="Helpdesk Administrator", tenant=tenant
)
connection = factories.ConnectionFactory(tenant=tenant, draft=True)
states.add_defaults(connection)
factories.TicketStateFactory(
    connection=connection, kind="incident", value="20", category="",
    default_label="Awaiting security review",
)
for number in range(3):
    ticket = factories.TicketFactory(
        connection=connection, delivered=True, remote_state="-4"
    )
    factories.DeliveryFactory(ticket=ticket, status="delivered")
"""


@pytest.fixture(scope="module")
def signed_in(stack: Product, browser: Browser) -> Iterator[Page]:
    stack.run(PREPARE)
    page = browser.new_context().new_page()
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{stack.url}/accounts/login/")
    page.get_by_label("Username").fill("states.helpdesk")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    yield page
    page.context.close()


@pytest.fixture
def page(signed_in: Page, stack: Product) -> Page:
    signed_in.set_viewport_size(SIZE)
    signed_in.goto(f"{stack.url}/tickets/states/")
    return signed_in


def test_preview_save_and_undo(page: Page, stack: Product) -> None:
    page.get_by_label("Own name: Assess").fill("Being weighed")
    page.get_by_label("Colour: Assess").select_option("purple")
    # Enter in a field previews; it moves nothing.
    page.get_by_label("Own name: Assess").press("Enter")
    sentence = "3 tickets will change from “Assess” to “Being weighed”"
    expect(page.get_by_text(sentence)).to_be_visible()
    usable(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()

    page.goto(f"{stack.url}/tickets/")
    expect(page.locator(".badge--purple", has_text="Being weighed")).to_have_count(3)
    usable(page)

    page.goto(f"{stack.url}/tickets/states/")
    page.get_by_role("button", name="Undo Change request").click()
    expect(page.get_by_text("Undone.")).to_be_visible()
    expect(page.get_by_label("Own name: Assess")).to_have_value("")


def test_moving_keeps_the_place_and_what_was_typed(page: Page) -> None:
    page.get_by_label("Own name: Review").fill("Looked at")
    down = page.get_by_role("button", name="Move down: Assess")
    down.focus()
    for _ in range(2):
        page.keyboard.press("Enter")
        expect(page.get_by_text("Not saved yet.")).to_be_visible()
        expect(down).to_be_focused()
    names = page.locator("#states-change_request tbody th")
    expect(names.nth(3)).to_contain_text("Assess")
    expect(page.get_by_label("Own name: Review")).to_have_value("Looked at")
    page.get_by_role("link", name="Discard changes").click()
    expect(names.nth(1)).to_contain_text("Assess")


def test_everybody_can_use_the_page(page: Page) -> None:
    expect(page.get_by_role("heading", name="1 new state")).to_be_visible()
    expect(page.get_by_role("link", name="Ticket state names 1 new")).to_be_visible()
    usable(page)
    label = page.get_by_label("Own name: Assess")
    label.fill("x" * 100)
    page.get_by_role("button", name="Preview Change request").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Preview")
    usable(page)
    page.get_by_role("button", name="Go on editing").click()
    label.evaluate("field => field.removeAttribute('maxlength')")
    label.fill("x" * 101)
    page.get_by_role("button", name="Preview Change request").click()
    expect(page.get_by_role("alert").first).to_be_focused()
    usable(page)
