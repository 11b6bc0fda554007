"""The three set-ups of the support integration, from the first question to the last note."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.browser.journey import Journey
from tests.browser.test_support import begin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from tests.servers import Product

pytestmark = [pytest.mark.browser, pytest.mark.stack]

BASIC = "ServiceNow basic authentication"
AAD = "AAD OAuth token"
INSIGHTS = "Insights only"
# The application of Microsoft on the instance; and what is waited for through workers.
APP = "x_mioms_m365_assis"
SLOW = 60_000
TROUBLE = "Outlook keeps asking for the password"
ACCOUNT = "robin.fields@contoso.example"
SOLUTION = "Outlook asks for the password again and again"
CASE = "2305260050000123"


@pytest.fixture
def journey(stack: Product, browser: Browser) -> Iterator[Journey]:
    journey = Journey(stack, browser)
    yield journey
    journey.close()


class Walk:
    """One set-up, walked by the people it takes on both sides."""

    def __init__(self, journey: Journey, setup: str) -> None:
        self.journey, self.setup = journey, setup
        self.portal, self.instance = journey.product.url, journey.product.sandbox_url
        self.values: dict[str, str] = {}

    def make_prerequisites(self) -> None:
        """Register the applications, as admins of Entra and of the instance do."""
        page = self.at_instance("admin")
        page.goto(f"{self.instance}/_sandbox/entra")
        page.get_by_role("button", name="Make the prerequisites").click()
        for term in page.locator("dt").all():
            text = term.locator("xpath=following-sibling::dd[1]").inner_text()
            self.values[term.inner_text()] = text
        for row in page.locator("table tbody tr").all():
            name, client_id, secret = row.locator("td").all_inner_texts()[:3]
            self.values[f"{name} ID"], self.values[f"{name} secret"] = client_id, secret

    def at_instance(self, user_name: str) -> Page:
        """Return the instance's window of a person who is signed in there."""
        name = f"{user_name} of the instance"
        is_new = name not in self.journey.pages
        page = self.journey.page(name)
        if is_new:
            page.goto(f"{self.instance}/login.do")
            self.journey.log_in_at_instance(page, user_name)
        return page

    def enter_in_portal(self, page: Page) -> None:
        """Answer the questions, then enter basic information and the repository."""
        begin(self.journey, page, self.setup)
        page.goto(f"{self.portal}/support/settings/")
        page.get_by_label("Outbound App ID").fill(self.values["outbound ID"])
        page.get_by_label("Client secret of the outbound application").fill(
            self.values["outbound secret"]
        )
        page.get_by_label("Directory (tenant) ID").fill(
            self.values["Directory (tenant) ID"]
        )
        page.get_by_label("Microsoft 365 admin email").fill(ACCOUNT)
        page.get_by_role("button", name="Save").first.click()
        page.goto(f"{self.portal}/support/settings/")
        page.get_by_role("link", name="sandbox", exact=True).click()
        page.get_by_role("link", name="Edit").click()
        for label, value in self.repository_values().items():
            page.get_by_label(label, exact=True).fill(value)
        page.get_by_role("button", name="Save").click()
        address = page.get_by_text(re.compile(r"/api/support/v1/repositories/"))
        self.values["address"] = address.first.inner_text().strip()

    def repository_values(self) -> dict[str, str]:
        """Return what the set-up wants of the repository."""
        values = self.values
        if self.setup == BASIC:
            return {
                "Client ID": values["Inbound client ID"],
                "Client secret": values["Inbound client secret"],
                "Rest username": values["Rest username"],
                "Rest user password": values["Rest user password"],
            }
        if self.setup == AAD:
            return {
                "Client ID": values["inbound ID"],
                "Rest username": values["rest-user ID"],
                "Rest user password": values["rest-user secret"],
            }
        return dict.fromkeys(
            ("Client ID", "Rest username", "Rest user password"), "ignored"
        )

    def set_up_on_instance(self) -> None:
        """Go through the app's own assistant, to the self-test at its end."""
        page = self.at_instance("admin")
        page.goto(f"{self.instance}/{APP}/setup")
        agree = page.get_by_role("button", name="Agree")
        if agree.count():
            agree.click()
        for number, step in enumerate(
            (self._profile, self._inbound, self._user, self._repository, self._settings)
        ):
            page.goto(f"{self.instance}/{APP}/setup?step={number + 1}")
            step(page)
            self.next(page)
        self.next(page)
        expect(page.get_by_text("The integration is complete.")).to_be_visible(
            timeout=SLOW
        )

    def next(self, page: Page) -> None:
        page.get_by_role("button", name="Next").click()

    def _profile(self, page: Page) -> None:
        page.get_by_label("OAuth profile").select_option(index=1)

    def _inbound(self, page: Page) -> None:
        skip = page.get_by_label("Skip current step")
        external = page.get_by_label("External OIDC Auth Token", exact=True)
        skip.set_checked(self.setup == INSIGHTS)
        external.set_checked(self.setup == AAD)
        if self.setup == BASIC:
            client = self.values["Inbound client ID"]
            page.get_by_label("OAuth client").select_option(client)
        if self.setup == AAD:
            client = self.values["inbound ID"]
            page.get_by_label("OIDC entity").select_option(client)

    def _user(self, page: Page) -> None:
        page.get_by_label("Skip current step").set_checked(self.setup == INSIGHTS)
        if self.setup != INSIGHTS:
            user_name = self.repository_values()["Rest username"]
            page.get_by_label("Integration user").select_option(user_name)

    def _repository(self, page: Page) -> None:
        page.get_by_label("Repository ID").fill("sandbox")
        page.get_by_label("Connector address").fill(self.values["address"])

    def _settings(self, page: Page) -> None:
        page.get_by_label("Microsoft 365 admin email").fill(ACCOUNT)

    def test_connection(self, page: Page) -> None:
        page.goto(f"{self.portal}/support/setup/")
        page.get_by_role("button", name="Test connection").click()
        # What only an admin of the instance may read cannot be told, and nothing else.
        good = re.compile("Connection test successful|Nothing failed")
        expect(page.get_by_text(good)).to_be_visible(timeout=SLOW)

    def write_solution(self, page: Page) -> None:
        page.goto(f"{self.portal}/support/solutions/library/new/")
        page.get_by_label("Title").fill(SOLUTION)
        page.get_by_label("Text").fill("Remove the *stored* password of Outlook.")
        page.get_by_role("button", name="Save").click()

    def open_incident(self) -> Page:
        """Have an agent open an incident with the tab of the app."""
        page = self.at_instance("it.agent")
        page.goto(f"{self.instance}/incident.do?sys_id=-1")
        page.get_by_label("Short description").fill(f"{TROUBLE} ({self.setup})")
        page.get_by_role("button", name="Submit").click()
        page.goto(f"{self.instance}/incident_list.do?search={self.setup}")
        page.get_by_role("link", name=re.compile("^INC")).first.click()
        page.get_by_role("link", name="Microsoft 365 support").click()
        return page

    def link_account(self, page: Page) -> None:
        page.goto(f"{self.portal}/support/account/")
        page.get_by_label("ServiceNow user", exact=True).fill("it.agent")
        page.locator("#id_email").fill(ACCOUNT)
        page.get_by_role("button", name="Link account").click()

    def enter_case(self, page: Page, reference: str) -> None:
        """Say that the case was opened by hand in the admin center, and its number."""
        page.goto(f"{self.portal}/support/requests/{reference}/")
        page.get_by_label("Case number").fill(CASE)
        page.get_by_role("button", name="Save the case number").click()
        expect(page.get_by_text("State: Open at Microsoft")).to_be_visible()

    def find_solution(self, page: Page) -> None:
        page.get_by_role("link", name="Microsoft recommended solutions").click()
        expect(page.get_by_role("link", name=SOLUTION).first).to_be_visible()
        page.get_by_role("button", name="Helpful").first.click()
        # Opened again, the incident shows what it showed before.
        expect(page.get_by_role("link", name=SOLUTION).first).to_be_visible()

    def open_request(self, page: Page, admin: Page) -> str:
        """Contact Microsoft support, which takes a linked account; return the reference."""
        page.get_by_label("Description").fill("Since this morning, for everybody.")
        page.get_by_role("button", name="Submit").click()
        expect(page.get_by_text("is not a valid Microsoft 365 admin")).to_be_visible()
        self.link_account(admin)
        page.get_by_role("button", name="Submit").click()
        heading = page.get_by_role("heading", name=re.compile("^SR-"))
        return heading.inner_text().partition(":")[0]

    def expect_note(self, page: Page) -> None:
        """Wait until a worker has written the case number into the incident."""
        page.get_by_role("link", name="Incident", exact=True).click()
        for _ in range(30):
            if page.get_by_text(CASE).count():
                return
            page.wait_for_timeout(1000)
            page.reload()
        expect(page.get_by_text(CASE).first).to_be_visible()


@pytest.mark.parametrize("setup", [BASIC, AAD, INSIGHTS])
def test_a_set_up_serves_an_agent_to_the_end(journey: Journey, setup: str) -> None:
    walk = Walk(journey, setup)
    admin = journey.sign_in("helpdesk.admin")
    walk.make_prerequisites()
    walk.enter_in_portal(admin)
    walk.set_up_on_instance()
    walk.test_connection(admin)
    walk.write_solution(admin)

    agent = walk.open_incident()
    walk.find_solution(agent)
    agent.get_by_role("link", name="Contact Microsoft support").click()
    if setup == INSIGHTS:
        expect(agent.get_by_text("This is not part of the set-up")).to_be_visible()
        expect(agent.get_by_role("button", name="Submit")).to_have_count(0)
    else:
        reference = walk.open_request(agent, admin)
        walk.enter_case(admin, reference)
        walk.expect_note(agent)
    assert journey.errors == []
