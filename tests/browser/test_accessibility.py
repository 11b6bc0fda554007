"""Every page passes axe, light and dark, fits a narrow screen and goes by keyboard."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from connector.sandbox.graph_announcements import MAIL
from tests.browser.journey import Journey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from tests.servers import Product

pytestmark = [pytest.mark.browser, pytest.mark.stack]

PAGES = [
    "/",
    "/securescore/",
    "/securescore/actions/",
    "/securescore/actions/AdminMFAV2/",
    "/securescore/actions/?show=all&group=status&col=status&col=notes",
    "/securescore/export/",
    "/securescore/history/",
    "/securescore/trends/",
    "/securescore/zones/",
    "/securescore/alerts/",
    "/securescore/alerts/rules/new/",
    "/securescore/organizations/",
    "/securescore/effects/",
    "/securescore/ledger/",
    "/securescore/plan/?goal=count&count=5",
    "/settings/graph/",
    "/tickets/",
    "/tickets/new/",
    "/tickets/states/",
    "/tickets/mapping/",
    "/servicenow/setup/",
    "/servicenow/setup/?connection=new&step=enter",
    "/servicenow/hand-over/",
    "/servicenow/configuration/",
    "/ticketProvisioning",
    "/audit/",
    "/support/",
    "/support/decision/",
    "/support/settings/",
    "/support/account/",
    "/support/api/",
    "/support/setup/",
    "/support/repositories/add/",
    "/support/health/",
    f"/support/health/{MAIL}/",
    "/support/messages/",
    "/support/solutions/",
    "/support/solutions/?q=multifactor+authentication+for+admins",
    "/support/solutions/library/",
    "/support/solutions/library/new/",
    "/support/solutions/library/import/",
    "/support/solutions/knowledge/",
    "/accounts/2fa/",
    "/no/such/page/",
]
# CSS pixels; 1280 at 400 % (WCAG 2.2, 1.4.10).
NARROW = 320
SIZE = {"width": 1280, "height": 800}


@pytest.fixture(scope="module")
def signed_in(stack: Product, browser: Browser) -> Iterator[Page]:
    """A window of the Security Administrator, with a score to look at."""
    journey = Journey(stack, browser)
    page = journey.sign_in("security.admin")
    expect(page.get_by_text("Secure Score:")).to_be_visible(timeout=45_000)
    # A colour on its way from light to dark is none that anybody reads.
    page.emulate_media(reduced_motion="reduce")
    yield page
    journey.close()


@pytest.fixture
def page(signed_in: Page) -> Page:
    signed_in.set_viewport_size(SIZE)
    return signed_in


@pytest.mark.parametrize("path", PAGES)
def test_everybody_can_use_the_page(page: Page, stack: Product, path: str) -> None:
    page.goto(f"{stack.url}{path}")
    usable(page)


def test_everybody_can_sign_in(browser_page: Page, stack: Product) -> None:
    browser_page.goto(f"{stack.url}/accounts/login/")
    assert complaints(browser_page) == []
    browser_page.get_by_role("button", name="Sign in").click()
    expect(browser_page.get_by_role("alert")).to_be_focused()
    expect(
        browser_page.get_by_role("link", name="Enter your username.")
    ).to_be_visible()
    assert complaints(browser_page) == []


def test_text_may_be_forty_percent_larger(page: Page, stack: Product) -> None:
    for path in ("/", "/tickets/", "/securescore/actions/"):
        page.goto(f"{stack.url}{path}")
        page.evaluate("document.documentElement.style.fontSize = '140%'")
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= SIZE["width"], path


def test_a_chart_tells_the_values_of_a_day(page: Page, stack: Product) -> None:
    page.goto(f"{stack.url}/securescore/trends/")
    chart = page.locator(".chart", has_text="Your score and the averages of others")
    chart.locator(".chart__strip").nth(3).hover()
    reading = chart.locator(".chart__reading")
    expect(reading).to_contain_text("Your score: ")
    expect(reading).to_contain_text("All organizations: ")
    page.get_by_role("heading", level=1).hover()
    expect(reading).to_have_count(0)


def test_a_menu_goes_by_keyboard(page: Page, stack: Product) -> None:
    page.goto(f"{stack.url}/securescore/actions/AdminMFAV2/")
    share = page.locator("summary", has_text="Share")
    share.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Copy Link")).to_be_focused()
    page.keyboard.press("Escape")
    expect(share).to_be_focused()
    expect(page.get_by_role("button", name="Copy Link")).to_be_hidden()


def test_the_keyboard_skips_to_the_content_and_shows_where_it_is(
    page: Page, stack: Product
) -> None:
    page.goto(f"{stack.url}/tickets/")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_have_css("outline-style", "solid")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#main$"))
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()


def usable(page: Page) -> None:
    """Expect no complaint of axe, light or dark, and no sideways scrolling."""
    # A colour on its way from light to dark is none that anybody reads.
    page.emulate_media(reduced_motion="reduce")
    unfold(page)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert complaints(page) == [], (page.url, scheme)
    for width in (NARROW, 375):
        page.set_viewport_size({"width": width, "height": 700})
        needed = page.evaluate("document.documentElement.scrollWidth")
        assert needed <= width, page.url
    page.set_viewport_size(SIZE)


def unfold(page: Page) -> None:
    """Open some of what is folded, but no menus: only one is open at a time."""
    page.evaluate(
        "[...document.querySelectorAll('details:not(.menu)')].slice(0, 8)"
        ".forEach((part) => { part.open = true; })"
    )


def complaints(page: Page) -> list[str]:
    """Return what axe finds on the page as it is."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]
