"""What people do in the journey, as steps with names."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from playwright.sync_api import Error, Page, Response, expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.servers import Product

INTEGRATION_USER = "m365.integration"


class Journey:
    """One product, and one browser window per person."""

    def __init__(self, product: Product, browser: Browser) -> None:
        self.product = product
        self.browser = browser
        self.pages: dict[str, Page] = {}
        self.errors: list[str] = []
        # Every page of the portal anybody saw.
        self.seen: list[str] = []

    def page(self, name: str, **options: object) -> Page:
        """Return the person's window; what its console complains of is kept."""
        if name not in self.pages:
            page = self.browser.new_context(**options).new_page()
            page.on("pageerror", lambda error: self.errors.append(str(error)))
            page.on("console", self._listen)
            page.on("response", self._keep)
            self.pages[name] = page
        return self.pages[name]

    def _listen(self, message: object) -> None:
        text = getattr(message, "text", "")
        if "Content Security Policy" in text or "Content-Security-Policy" in text:
            self.errors.append(text)

    def _keep(self, response: Response) -> None:
        is_page = response.request.resource_type in {"document", "xhr", "fetch"}
        if is_page and response.url.startswith(self.product.url) and response.ok:
            # A page that led on at once has no text any more.
            with suppress(Error):
                self.seen.append(response.text())

    def close(self) -> None:
        for page in self.pages.values():
            page.context.close()

    def sign_in(self, username: str) -> Page:
        """Sign a person in at the portal."""
        page = self.page(username)
        page.goto(f"{self.product.url}/accounts/login/")
        page.get_by_label("Username").fill(username)
        page.get_by_label("Password").fill(self.product.password(username))
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Home")
        return page

    def log_in_at_instance(self, page: Page, username: str) -> None:
        """Fill in the instance's own sign-in page."""
        page.get_by_label("User name").fill(username)
        page.get_by_label("Password").fill(self.product.password(username))
        page.get_by_role("button", name="Log in").click()

    def install(self) -> tuple[str, str]:
        """Walk the installation checklist as the instance's administrator."""
        page = self.page("admin of the instance")
        page.goto(f"{self.product.sandbox_url}/login.do")
        self.log_in_at_instance(page, "admin")
        page.goto(f"{self.product.sandbox_url}/x_mioms_m365ticket/checklist")
        page.get_by_role("button", name="Create OAuth entity").click()
        page.get_by_role("button", name="Create integration user").click()
        return (
            page.get_by_label("Client ID").input_value(),
            page.get_by_label("Client secret").input_value(),
        )

    def enter(self, page: Page, client_id: str, client_secret: str) -> None:
        """Fill in the set-up form and go to the instance."""
        page.goto(f"{self.product.url}/servicenow/setup/?step=enter")
        page.get_by_label("Instance name").fill(self.product.sandbox_url)
        page.get_by_label("Client ID").fill(client_id)
        page.get_by_label("Client secret").fill(client_secret)
        page.get_by_label("Integration user").fill(INTEGRATION_USER)
        page.get_by_role("button", name="Authorize").click()
        expect(page).to_have_url(re.compile(re.escape(self.product.sandbox_url)))

    def share(self, page: Page, title: str) -> None:
        """Open the task form of an improvement action through its share menu."""
        page.goto(f"{self.product.url}/securescore/actions/")
        page.get_by_role("searchbox").fill(title)
        page.get_by_role("button", name="Apply").click()
        page.get_by_role("link", name=title, exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        page.locator("summary", has_text="Share").click()
        page.get_by_role("main").get_by_role("link", name="ServiceNow").click()

    def open_as_agent(self, number: str, kind: str) -> Page:
        """Open a record on the instance as the IT agent."""
        page = self.page("it.agent")
        page.goto(f"{self.product.sandbox_url}/{kind}_list.do?search={number}")
        if "login" in urlsplit(page.url).path:
            self.log_in_at_instance(page, "it.agent")
            page.goto(f"{self.product.sandbox_url}/{kind}_list.do?search={number}")
        page.get_by_role("link", name=number).click()
        return page
