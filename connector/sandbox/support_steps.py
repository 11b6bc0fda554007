"""What each step of the Onboarding Assistant asks for or shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox.schema import TABLES
from connector.sandbox.web import Html, join
from connector.sandbox.widgets import el, facts, labelled, select

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.sandbox.store import Row, Store
    from connector.sandbox.support_settings import Settings
    from connector.sandbox.web import Visit

    Body = tuple[Html, Html]

_NONE = {"": "-- None --"}


def body(number: int, store: Store, settings: Settings, visit: Visit) -> Body:
    """Return the words of a step and its fields, as typed if they were refused."""
    makers: dict[int, Callable[[_Form], Body]] = {
        1: _profile,
        2: _inbound,
        3: _user,
        4: _repository,
        5: _settings,
        6: _complete,
    }
    return makers[number](_Form(store, settings, visit))


class _Form:
    """The fields of a step with what stands in them."""

    def __init__(self, store: Store, settings: Settings, visit: Visit) -> None:
        self.store = store
        self.settings = settings
        self._visit = visit
        self.address = visit.request.host_url.rstrip("/")
        self._is_sent = visit.request.method == "POST"

    def value(self, name: str, kept: str) -> str:
        return self._visit.form(name) if self._is_sent else kept

    def choice(self, name: str, label: str, options: dict[str, str], kept: str) -> Html:
        control = select(name, _NONE | options, self.value(name, kept))
        return labelled(name, label, control)

    def text(self, name: str, label: str, kept: str, kind: str = "text") -> Html:
        value = self.value(name, kept)
        return labelled(
            name, label, el("input", type=kind, id=name, name=name, value=value)
        )

    def box(self, name: str, label: str, kept: str) -> Html:
        is_on = self.value(name, kept) == "true"
        box = el("input", type="checkbox", name=name, value="true", checked=is_on)
        return el("label", box, f" {label}", class_="box-label")

    def named(self, table: str, key: str, **equal: str) -> dict[str, str]:
        """Return rows as options, key to name."""
        rows = self.store.find(TABLES[table], **equal)
        return {row[key]: f"{row['name']}" for row in rows}


def _words(text: str) -> Html:
    return el("p", text)


def _profile(form: _Form) -> Body:
    words = "Choose the OAuth profile of the outbound provider."
    options = form.named("oauth_entity_profile", "name")
    if not options:
        words = (
            "There is no OAuth profile. In the scope Global, register the outbound "
            "application under System OAuth > Application Registry > New > Connect to a "
            "third party OAuth provider."
        )
    label = "OAuth profile"
    kept = form.settings.oauth_profile
    return _words(words), form.choice("oauth_profile", label, options, kept)


def _inbound(form: _Form) -> Body:
    words = (
        "Through this provider the security center writes the progress of a case into "
        "the incident. Without it there are no service requests."
    )
    settings, store = form.settings, form.store
    own = {
        row["client_id"]: row["name"]
        for row in store.find(TABLES["oauth_entity"])
        if row["type"] != "oauth_provider"
    }
    external = form.named("oauth_oidc_entity", "client_id")
    is_external = settings.inbound_external == "true"
    kept = settings.inbound_client
    fields = [
        form.box("skipped", "Skip current step", settings.inbound_skipped),
        form.box("external", "External OIDC Auth Token", settings.inbound_external),
        form.choice("client", "OAuth client", own, "" if is_external else kept),
        form.choice(
            "external_client",
            "OIDC entity (External OIDC Auth Token)",
            external,
            kept if is_external else "",
        ),
    ]
    return _words(words), join(fields)


def _user(form: _Form) -> Body:
    words = (
        "As this user the security center signs in. With External OIDC Auth Token its "
        "User ID is the client ID of the REST user's application."
    )
    settings = form.settings
    people = form.named("sys_user", "user_name", active="true")
    options = {key: f"{name} ({key})" for key, name in people.items()}
    fields = [
        form.box("skipped", "Skip current step", settings.user_skipped),
        form.choice(
            "integration_user", "Integration user", options, settings.integration_user
        ),
    ]
    return _words(words), join(fields)


def _repository(form: _Form) -> Body:
    words = "Both stand in the portal: Settings > Support integration > Repositories."
    settings = form.settings
    fields = [
        form.text("repository_id", "Repository ID", settings.repository_id),
        form.text("connector_url", "Connector address", settings.connector_url, "url"),
    ]
    return _words(words), join(fields)


def _settings(form: _Form) -> Body:
    settings = form.settings
    fields = [
        form.box("has_sso", "SSO with Microsoft 365", settings.has_sso),
        form.text(
            "admin_email", "Microsoft 365 admin email", settings.admin_email, "email"
        ),
        form.box("is_test", "Test environment", settings.is_test),
    ]
    words = (
        "Tick Test environment while you try it out: nobody of support makes contact "
        "then. The email is the contact for support cases."
    )
    return _words(words), join(fields)


def _complete(form: _Form) -> Body:
    words = (
        "A Helpdesk or Service request admin enters these values in the portal under "
        "Settings > Support integration, and saves them. Then select Next: the app asks "
        "the connector whether everything fits."
    )
    return join([_words(words), facts(_to_enter(form))]), Html("")


def _to_enter(form: _Form) -> list[tuple[str, str]]:
    settings, store = form.settings, form.store
    outbound = _outbound(store, settings.oauth_profile)
    told = [
        ("Internal support tool", "ServiceNow"),
        (
            "Application ID to issue OAuth token",
            outbound["client_id"] if outbound else "",
        ),
        ("Repository ID", settings.repository_id),
        ("Endpoint", form.address),
    ]
    return told + _to_sign_in(settings)


def _to_sign_in(settings: Settings) -> list[tuple[str, str]]:
    if settings.inbound_skipped == "true":
        names = ("Client ID", "Rest username", "Rest user password")
        return [("Authentication type", "AAD Auth"), *((n, "ignored") for n in names)]
    is_external = settings.inbound_external == "true"
    told = [
        ("Authentication type", "AAD Auth" if is_external else "Basic Auth"),
        ("Client ID", settings.inbound_client),
        ("Rest username", settings.integration_user or "ignored"),
    ]
    if is_external:
        secret = "The secret of the REST user's application"  # noqa: S105
        return [*told, ("Rest user password", secret)]
    return [
        *told,
        ("Client secret", "The client secret of the inbound provider"),
        ("Refresh token expiry", "864000"),
        ("Rest user password", "The password of the integration user"),
    ]


def _outbound(store: Store, profile: str) -> Row | None:
    row = store.first("oauth_entity_profile", name=profile)
    return store.first("oauth_entity", sys_id=row["oauth_entity"]) if row else None
