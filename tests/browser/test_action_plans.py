"""Working through improvement actions: filter, tick, change, plan, export."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.browser.journey import Journey
from tests.browser.test_accessibility import complaints, usable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from tests.servers import Product

pytestmark = [pytest.mark.browser, pytest.mark.stack]

BY_ITSELF = 60_000


@pytest.fixture
def journey(stack: Product, browser: Browser) -> Iterator[Journey]:
    journey = Journey(stack, browser)
    yield journey
    journey.close()
    assert journey.errors == []


def test_a_selection_is_changed_and_an_action_planned(journey: Journey) -> None:
    page = journey.sign_in("security.admin")
    expect(page.get_by_text("Secure Score:")).to_be_visible(timeout=BY_ITSELF)
    change_a_selection(journey, page)
    filter_by_owner(journey, page)
    accept_a_risk(page)
    export(journey, page)


def test_everybody_can_use_the_pages_behind_a_form(
    stack: Product, browser: Browser
) -> None:
    # Not the fixture's: the checker itself trips over the Content-Security-Policy.
    journey = Journey(stack, browser)
    page = journey.sign_in("security.admin")
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{stack.url}/securescore/actions/?show=all")
    page.get_by_role("checkbox", name="Select all on this page").check()
    page.get_by_role("button", name="Change selected").click()
    assert complaints(page) == []
    page.get_by_role("button", name=re.compile("^Change 25")).click()
    expect(page.get_by_role("alert")).to_be_focused()
    assert complaints(page) == []
    page.goto(f"{stack.url}/securescore/actions/scid_2010/")
    page.get_by_label("Planned").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("alert")).to_be_focused()
    assert complaints(page) == []
    page.goto(f"{stack.url}/securescore/plan/?goal=count&count=5")
    page.get_by_role("button", name="Review and share").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Review and share")
    usable(page)
    journey.close()


def change_a_selection(journey: Journey, page: Page) -> None:
    """Tick the page by its head, untick one, see how many, change them."""
    page.goto(f"{journey.product.url}/securescore/actions/?category=Data")
    rows = page.get_by_role("checkbox", name=re.compile("^Select (?!all)"))
    count = rows.count()
    assert count > 2
    page.get_by_role("checkbox", name="Select all on this page").check()
    expect(page.get_by_text(f"{count} selected")).to_be_visible()
    rows.first.uncheck()
    expect(page.get_by_text(f"{count - 1} selected")).to_be_visible()
    page.get_by_role("button", name="Change selected").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        f"Change {count - 1} improvement actions"
    )
    page.get_by_label("Owner").select_option(label="security.operator")
    page.get_by_role("button", name=f"Change {count - 1} actions").click()
    expect(page.get_by_text(f"{count - 1} actions changed.")).to_be_visible()


def filter_by_owner(journey: Journey, page: Page) -> None:
    """Filters narrow the list in place, and the address says how."""
    page.goto(f"{journey.product.url}/securescore/actions/")
    page.locator("summary", has_text="Filters").click()
    page.get_by_role("combobox", name="Owner").select_option(label="security.operator")
    expect(page).to_have_url(re.compile(r"\?show=open&owner=\d+$"))
    chip = page.get_by_role("link", name="Owner: security.operator")
    expect(chip).to_be_visible()
    page.locator("summary", has_text="View:").click()
    page.get_by_label("Save this view as").fill("What operators do")
    page.get_by_role("button", name="Save view").click()
    expect(page.locator("summary", has_text="What operators do")).to_be_visible()


def accept_a_risk(page: Page) -> None:
    """The status goes to Microsoft while the page follows, and the next one is near."""
    page.get_by_role("table").get_by_role("link").last.click()
    page.get_by_label("Risk accepted").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_label("Risk accepted")).to_be_checked()
    page.get_by_label("Reason for the status").fill("Accepted by the board")
    page.get_by_role("button", name="Save", exact=True).click()
    sent = page.locator(".timeline").get_by_text("Microsoft has the state Ignored")
    expect(sent).to_be_visible(timeout=BY_ITSELF)
    expect(page.locator("#sending")).to_have_count(0)
    title = page.get_by_role("heading", level=1).inner_text()
    page.get_by_role("link", name="Previous improvement action").click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text(title)


def export(journey: Journey, page: Page) -> None:
    """A download leaves the page as it is, so that another one can follow."""
    page.goto(f"{journey.product.url}/securescore/actions/?show=all")
    page.locator("summary", has_text="Export").click()
    for kind in ("CSV", "XLSX"):
        with page.expect_download() as download:
            page.get_by_role("button", name=kind, exact=True).click()
        assert download.value.suggested_filename.endswith(f".{kind.lower()}")
    page.goto(f"{journey.product.url}/securescore/export/?show=all")
    page.get_by_label("Their points on every day").check()
    page.get_by_role("button", name=re.compile("^Export")).click()
    expect(page.get_by_text("The file is ready")).to_be_visible(timeout=BY_ITSELF)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert text.startswith("Date,Control ID,Improvement action,Category,")
