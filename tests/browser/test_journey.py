"""The whole mission once through, as people do it, against the running product."""

from __future__ import annotations

import re
import sqlite3
from base64 import b64decode
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.browser.journey import INTEGRATION_USER, Journey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from tests.servers import Product

pytestmark = [pytest.mark.browser, pytest.mark.stack]

ACTION = "Require MFA for administrative roles"
NUMBER = re.compile(r"CHG\d{7}")
# A poll is at most a quarter of a minute away, and machines are slow.
SYNCED = 45_000
_BODY = re.compile(rb'"body": "([A-Za-z0-9+/=]+)"')


@pytest.fixture
def journey(stack: Product, browser: Browser) -> Iterator[Journey]:
    journey = Journey(stack, browser)
    yield journey
    journey.close()
    assert journey.errors == []


def test_connect_share_follow_rename_and_remove(journey: Journey) -> None:
    page = journey.sign_in("security.admin")
    expect(page.get_by_text("Secure Score:")).to_be_visible(timeout=SYNCED)
    client_secret = connect(journey, page)
    number = share(journey, page)
    follow(journey, page, number)
    create_incident(journey, page)
    share_a_plan(journey, page)
    rename_a_state(journey, page)
    provision(journey, page)
    remove(journey, page)
    keeps_its_secrets(journey, client_secret)


def connect(journey: Journey, page: Page) -> str:
    """Every way back ends on the set-up page with a sentence; then it works."""
    expect(page.get_by_text("Do you use ServiceNow?")).to_be_visible()
    expect(
        page.get_by_text(
            "If you connect your ServiceNow account to Microsoft 365, you'll be able "
            "to create and view ServiceNow tickets for change management and incident "
            "management, right from here."
        )
    ).to_be_visible()
    page.get_by_role("link", name="Connect to ServiceNow").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Connect to ServiceNow")
    client_id, client_secret = journey.install()

    journey.enter(page, client_id, client_secret)
    journey.log_in_at_instance(page, "it.agent")
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Connect to ServiceNow")
    expect(page.get_by_text(re.compile("den(y|ied)", re.I)).first).to_be_visible()

    journey.enter(page, client_id, client_secret)
    page.get_by_role("button", name="Not You?").click()
    journey.log_in_at_instance(page, INTEGRATION_USER)
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_text("is connected").first).to_be_visible(timeout=30_000)
    expect(page.get_by_text(f"({INTEGRATION_USER})")).to_be_visible()
    expect(page.get_by_text("Access token until")).to_be_visible()

    there = journey.page("admin of the instance")
    there.goto(f"{journey.product.sandbox_url}/x_mioms_m365ticket/status")
    expect(there.get_by_text(INTEGRATION_USER).first).to_be_visible()
    return client_secret


def share(journey: Journey, page: Page) -> str:
    """Share an improvement action and see it arrive; return its number."""
    journey.share(page, ACTION)
    expect(page.get_by_label("Ticket name")).to_have_value(ACTION)
    preview = page.locator("#preview")
    expect(preview.get_by_text("correlation_id")).to_be_visible()
    page.get_by_label("High", exact=True).check()
    expect(preview.get_by_text("2", exact=True).first).to_be_visible()
    page.get_by_role("button", name="Send to ServiceNow").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(ACTION)
    expect(page.get_by_text(NUMBER).first).to_be_visible(timeout=30_000)
    found = NUMBER.search(page.content())
    assert found
    return found[0]


def follow(journey: Journey, page: Page, number: str) -> None:
    """What the agent does in ServiceNow shows on the card and in the timeline."""
    agent = journey.open_as_agent(number, "change_request")
    agent.get_by_label("State").select_option(label="Assess")
    agent.get_by_label("Assignment group").select_option(index=1)
    agent.get_by_label("Priority").select_option(label="4 - Low")
    agent.get_by_label("Due date").fill("2031-05-17T12:00")
    agent.get_by_label("Additional comments").fill("Planned for the next window")
    agent.get_by_role("button", name="Update").first.click()
    expect(agent.get_by_text("Planned for the next window").first).to_be_visible()

    page.goto(journey.product.url)
    page.get_by_label("More: ServiceNow change management tickets").click()
    page.get_by_role("button", name="Sync now").first.click()
    card = page.get_by_role("region", name="ServiceNow change management tickets")
    for _ in range(20):
        if card.get_by_text("Assess").count():
            break
        page.wait_for_timeout(1000)
        page.reload()
    row = card.get_by_role("row", name=ACTION)
    expect(row.get_by_text("Assess")).to_be_visible()
    expect(row.get_by_text("Low")).to_be_visible()
    expect(row.get_by_text(re.compile("5/17/(20)?31"))).to_be_visible()

    row.get_by_role("link", name=re.compile("^View")).click()
    timeline = page.locator(".timeline")
    expect(timeline.get_by_text("Planned for the next window")).to_be_visible()
    expect(timeline.get_by_text("Assess").first).to_be_visible()


def create_incident(journey: Journey, page: Page) -> None:
    """A ticket typed in, with markup that stays text; a second submit sends nothing."""
    page.goto(f"{journey.product.url}/tickets/new/?kind=incident")
    name = "Mailbox <b>rules</b> ^ need a look"
    page.get_by_label("Ticket name").fill(name)
    page.get_by_label("Medium", exact=True).check()
    page.get_by_label(re.compile("category", re.I)).select_option("Data")
    page.get_by_role("button", name="Send to ServiceNow").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page.get_by_text(re.compile(r"INC\d{7}")).first).to_be_visible(
        timeout=30_000
    )
    first = page.url
    page.go_back()
    page.get_by_role("button", name="Send to ServiceNow").click()
    expect(page).to_have_url(first)


def share_a_plan(journey: Journey, page: Page) -> None:
    """Three actions are proposed, one is unticked, one ticket lists the others."""
    page.goto(f"{journey.product.url}/securescore/plan/")
    page.get_by_role("radio", name="Number of actions").check()
    page.get_by_role("spinbutton", name="Number of actions").fill("3")
    page.get_by_role("button", name="Propose actions").click()
    page.get_by_role("button", name="Review and share").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Review and share")
    ticks = page.get_by_role("table").get_by_role("checkbox", checked=True)
    expect(ticks).to_have_count(3)
    ticks.last.uncheck()
    page.get_by_role("button", name="Update the sums").click()
    expect(ticks).to_have_count(2)
    page.get_by_role("button", name="Share as one").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Shared plan")
    page.get_by_role("region", name="Tickets").get_by_role("link").click()
    expect(page.get_by_text(NUMBER).first).to_be_visible(timeout=30_000)


def rename_a_state(journey: Journey, page: Page) -> None:
    """A helpdesk admin renames a state; everybody sees it at once; and back."""
    helpdesk = journey.sign_in("helpdesk.admin")
    helpdesk.goto(f"{journey.product.url}/tickets/states/")
    helpdesk.get_by_label("Own name: Assess").fill("Being weighed")
    helpdesk.get_by_role("button", name="Preview Change request").click()
    expect(
        helpdesk.get_by_text("1 ticket will change from “Assess” to “Being weighed”")
    ).to_be_visible()
    helpdesk.get_by_role("button", name="Save").click()
    page.goto(journey.product.url)
    expect(page.get_by_text("Being weighed")).to_be_visible()
    helpdesk.get_by_role("button", name="Undo Change request").click()
    expect(helpdesk.get_by_text("Undone.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Being weighed")).to_have_count(0)
    helpdesk.goto(f"{journey.product.url}/servicenow/setup/")
    expect(helpdesk.get_by_text("Security Administrator").first).to_be_visible()


def provision(journey: Journey, page: Page) -> None:
    page.goto(f"{journey.product.url}/ticketProvisioning")
    page.get_by_role("button", name="Save").click()
    page.goto(journey.product.url)
    expect(
        page.get_by_role("region", name="ServiceNow incident management tickets")
    ).to_be_visible()


def remove(journey: Journey, page: Page) -> None:
    """The connection goes, the tickets stay, the instance forgets the token."""
    page.goto(f"{journey.product.url}/servicenow/configuration/")
    page.get_by_role("link", name="Remove connection").click()
    host = journey.product.sandbox_url.partition("://")[2]
    page.get_by_role("textbox").fill(host)
    page.get_by_role("button", name=re.compile("Remove")).click()
    page.goto(journey.product.url)
    expect(page.get_by_text("Do you use ServiceNow?")).to_be_visible()
    page.goto(f"{journey.product.url}/tickets/")
    expect(page.get_by_text(ACTION).first).to_be_visible()
    there = journey.page("admin of the instance")
    for _ in range(30):
        there.goto(f"{journey.product.sandbox_url}/x_mioms_m365ticket/status")
        if there.get_by_text("revoked", exact=False).count():
            break
        there.wait_for_timeout(500)
    expect(there.get_by_text("revoked", exact=False).first).to_be_visible()


def keeps_its_secrets(journey: Journey, client_secret: str) -> None:
    """No secret is in a page, a log, a task's arguments, or the database in clear."""
    words = {client_secret, *journey.product.secrets().values()}
    words |= _tokens(journey)
    folder = journey.product.folder
    files = [*folder.glob("log/*"), *folder.glob("portal.sqlite3*")]
    files += [*folder.glob("redis/**/*.aof")]
    assert len(words) > 10
    assert [word for word in words if word in "".join(journey.seen)] == []
    for path in files:
        content = path.read_bytes()
        # Messages lie in Redis with their arguments encoded.
        content += b"".join(map(b64decode, _BODY.findall(content)))
        assert [word for word in words if word.encode() in content] == [], path.name


def _tokens(journey: Journey) -> set[str]:
    with sqlite3.connect(journey.product.folder / "sandbox.sqlite3") as database:
        return {row[0] for row in database.execute("SELECT token FROM _token")}
