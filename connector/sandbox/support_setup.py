"""The Microsoft 365 Support Onboarding Assistant: six steps after a consent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from connector.sandbox import support_settings, support_steps, support_tokens
from connector.sandbox.support_client import Client, Failed
from connector.sandbox.support_settings import AGREED, COMPLETE, SCOPE
from connector.sandbox.web import Html, fill, join
from connector.sandbox.widgets import el

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.sandbox.people import User
    from connector.sandbox.store import Store
    from connector.sandbox.support_settings import Settings
    from connector.sandbox.web import Visit

PATH = f"/{SCOPE}/setup"
TITLE = "Microsoft 365 Support Onboarding Assistant"
STEPS = {
    1: "OAuth profile",
    2: "Inbound provider",
    3: "Integration user",
    4: "Repository ID",
    5: "Application settings",
    6: "Complete the integration",
}


@dataclass
class Assistant:
    """Where the set-up is, and what one form of it does."""

    store: Store
    visit: Visit
    user: User
    next_address: str = PATH

    @property
    def settings(self) -> Settings:
        return support_settings.read(self.store)

    @property
    def step(self) -> int:
        """The step that shows: the one that was asked for, or the first open one."""
        reachable = first_open(self.settings)
        text = str(self.visit.request.args.get("step", ""))
        wanted = int(text) if text in {str(number) for number in STEPS} else reachable
        return min(wanted, reachable)

    def content(self) -> Html:
        """Return the page from the consent to the last step."""
        if not support_tokens.is_open(self.store):
            refused = fill("_problem", text=support_tokens.READ_REFUSED)
            return join([refused, _repair()])
        if not self.settings.setup_state:
            token = self.visit.hidden_token
            return fill("_support_consent", action=PATH, token=token)
        return join([self._state(), self._progress(), self._form()])

    def act(self) -> str:
        """Carry out the form that was sent; return what is in the way."""
        if not support_tokens.is_open(self.store):
            return support_tokens.READ_REFUSED
        acts: dict[str, Callable[[], str]] = {
            "agree": self._agree,
            "1": self._choose_profile,
            "2": self._choose_inbound,
            "3": self._choose_user,
            "4": self._name_repository,
            "5": self._settle,
            "6": self._complete,
        }
        act = acts.get(self.visit.form("act"))
        return act() if act else "Unknown step."

    def _state(self) -> Html:
        if self.settings.is_complete:
            words = "The integration is complete."
            return el("p", el("strong", "Done", class_="badge badge--good"), " ", words)
        words = "You are in the scope Microsoft 365 support integration."
        return el("p", words, class_="quiet")

    def _progress(self) -> Html:
        reachable = first_open(self.settings)
        items = [
            el(
                "li",
                self._label(number, is_reachable=number <= reachable),
                class_="done" if number < reachable or self._is_done(number) else "",
            )
            for number in STEPS
        ]
        return el("ol", *items, class_="progress")

    def _is_done(self, number: int) -> bool:
        return number == 6 and self.settings.is_complete

    def _label(self, number: int, *, is_reachable: bool) -> Html:
        if not is_reachable:
            return el("span", STEPS[number])
        current = "step" if number == self.step else False
        return el(
            "a", STEPS[number], href=f"{PATH}?step={number}", aria_current=current
        )

    def _form(self) -> Html:
        number = self.step
        lead, fields = support_steps.body(number, self.store, self.settings, self.visit)
        back = el("a", "Back", href=f"{PATH}?step={number - 1}", class_="button")
        return fill(
            "_support_step",
            heading=f"Step {number} - {STEPS[number]}",
            action=f"{PATH}?step={number}",
            token=self.visit.hidden_token,
            act=str(number),
            lead=lead,
            fields=fields,
            back=back if number > 1 else Html(""),
        )

    def _keep(self, number: int, **values: str) -> str:
        """Write what a step says; whatever changes must be completed anew."""
        support_settings.write(self.store, {**values, "setup_state": AGREED})
        self.next_address = f"{PATH}?step={number + 1}"
        return ""

    def _agree(self) -> str:
        support_settings.write(self.store, {"setup_state": AGREED})
        return ""

    def _choose_profile(self) -> str:
        profile = self.visit.form("oauth_profile")
        if not self.store.first("oauth_entity_profile", name=profile):
            return "Choose the OAuth profile of the outbound provider."
        return self._keep(1, oauth_profile=profile)

    def _choose_inbound(self) -> str:
        form = self.visit.form
        skipped, external = form("skipped") == "true", form("external") == "true"
        client = "" if skipped else form("external_client" if external else "client")
        if not skipped and not client:
            return "Choose the OAuth client, or tick Skip current step."
        return self._keep(
            2,
            inbound_skipped=str(skipped).lower(),
            inbound_external=str(external and not skipped).lower(),
            inbound_client=client,
        )

    def _choose_user(self) -> str:
        skipped = self.visit.form("skipped") == "true"
        name = "" if skipped else self.visit.form("integration_user")
        if not skipped and not self.store.first("sys_user", user_name=name):
            return "Choose the integration user, or tick Skip current step."
        return self._keep(3, user_skipped=str(skipped).lower(), integration_user=name)

    def _name_repository(self) -> str:
        name, url = self.visit.form("repository_id"), self.visit.form("connector_url")
        if not name:
            return "Repository ID is mandatory."
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            return "Enter the connector address as the portal shows it."
        return self._keep(4, repository_id=name, connector_url=url.rstrip("/"))

    def _settle(self) -> str:
        form = self.visit.form
        return self._keep(
            5,
            has_sso=str(form("has_sso") == "true").lower(),
            admin_email=form("admin_email"),
            is_test=str(form("is_test") == "true").lower(),
        )

    def _complete(self) -> str:
        """Ask the connector whether everything fits; only then it is complete."""
        if first_open(self.settings) < 6:
            return "Complete the steps before this one first."
        problem = self._self_test()
        if not problem:
            support_settings.write(self.store, {"setup_state": COMPLETE})
        return problem

    def _self_test(self) -> str:
        try:
            answer = Client(self.store, self.user).ask("self_test", "GET", "")
        except Failed as failure:
            words = (failure.message, failure.detail, failure.repair)
            return " ".join(filter(None, words))
        named = str(answer.get("repository_id", ""))
        if named != self.settings.repository_id:
            return (
                f"The connector at this address is that of the repository {named}, not "
                f"{self.settings.repository_id}."
            )
        if answer.get("is_complete") is False:
            return "In the portal this repository is not complete: save it there first."
        return ""


def first_open(settings: Settings) -> int:
    """Return the first step that was not answered yet; the last one stays open."""
    if settings.is_complete:
        return 6
    answered = {
        1: settings.oauth_profile,
        2: settings.inbound_skipped,
        3: settings.user_skipped,
        4: settings.repository_id and settings.connector_url,
        5: settings.has_sso,
    }
    return next((number for number, value in answered.items() if not value), 6)


def _repair() -> Html:
    words = (
        "System Definition > Tables: both tables, oauth_entity and "
        "oauth_entity_profile, need All application scopes and Can read."
    )
    link = el("a", "System Definition > Tables", href="/sys_db_object_list.do")
    return el("p", words, " ", link)
