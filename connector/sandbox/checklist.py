"""The connector app on the instance: its installation checklist and its status."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from connector.sandbox import seed
from connector.sandbox.web import Html, PageError, fill, join
from connector.sandbox.widgets import el, facts, table

if TYPE_CHECKING:
    import sqlite3

    from werkzeug.wrappers import Response

    from connector.sandbox.people import User
    from connector.sandbox.store import Row, Store
    from connector.sandbox.web import Visit

SCOPE = "x_mioms_m365ticket"
_REFUSED = (
    f"Read operation against 'oauth_entity' from scope '{SCOPE}' has been refused "
    "due to the table's cross-scope access policy"
)


@dataclass(frozen=True)
class Checklist:
    """Two steps: the OAuth entity, then the integration user."""

    store: Store
    visit: Visit
    portal: str

    def respond(self, user: User) -> Response:
        """Show the checklist, or carry one step out."""
        if not user.has("admin"):
            raise PageError(403, "Only an administrator of the instance may do this.")
        if self.visit.request.method == "POST":
            self.visit.check_token()
            problem = self._act()
            if problem:
                return self._show(problem, 422)
            return self.visit.go(self.visit.request.path)
        return self._show()

    def _show(self, problem: str = "", status: int = 200) -> Response:
        content = fill(
            "checklist",
            problem=fill("_problem", text=problem) if problem else Html(""),
            entity=self._entity_step(),
            user=self._user_step(),
        )
        return self.visit.page("Installation checklist", content, status)

    def _act(self) -> str:
        """Carry out the step of the form that was sent; return what is in the way."""
        steps = {
            "entity": self._create_entity,
            "redirect": self._change_redirect,
            "user": self._create_user,
        }
        step = steps.get(self.visit.form("step"))
        return step() if step else "Unknown step."

    def _create_entity(self) -> str:
        if not _is_open(self.store):
            return _REFUSED
        name, url = self.visit.form("name"), self.visit.form("redirect_url")
        if not name or not url.startswith(("http://", "https://")):
            return "A name and a redirect URL (http:// or https://) are mandatory."
        if self.store.first("oauth_entity", name=name):
            return f"An application registry named {name} exists already."
        client_id, secret = secrets.token_hex(16), secrets.token_urlsafe(24)
        wanted = seed.Installation(client_id, secret, url)
        with self.store.transaction():
            seed.create_entity(self.store, wanted, name)
            self.store.keep_note("app:entity", name)
        return ""

    def _change_redirect(self) -> str:
        url, entity = self.visit.form("redirect_url"), self._entity()
        if entity is None or not url.startswith(("http://", "https://")):
            return "A redirect URL (http:// or https://) is mandatory."
        seed.change_entity(self.store, entity, redirect_url=url)
        return ""

    def _create_user(self) -> str:
        user_name = self.visit.form("user_name")
        if not user_name:
            return "A user ID is mandatory."
        if self.store.first("sys_user", user_name=user_name):
            return f"A user with the user ID {user_name} exists already."
        with self.store.transaction():
            seed.create_integration_user(self.store, user_name)
            self.store.keep_note("app:user", user_name)
        return ""

    def _entity(self) -> Row | None:
        return registered(self.store)

    def _entity_step(self) -> Html:
        if not _is_open(self.store):
            return fill("_problem", text=_REFUSED)
        entity = self._entity()
        if entity is None:
            return fill(
                "_entity_new",
                token=self.visit.hidden_token,
                name=seed.APPLICATION_NAME,
                redirect_url=seed.redirect_url(self.portal),
            )
        return fill(
            "_entity_done",
            token=self.visit.hidden_token,
            name=entity["name"],
            client_id=entity["client_id"],
            client_secret=entity["client_secret"],
            redirect_url=entity["redirect_url"],
        )

    def _user_step(self) -> Html:
        user_name = self.store.note("app:user") or seed.INTEGRATION_USER
        if not self.store.first("sys_user", user_name=user_name):
            return fill("_user_new", token=self.visit.hidden_token, user_name=user_name)
        return fill(
            "_user_done",
            user_name=user_name,
            password=self.store.note(f"password:{user_name}"),
            roles=", ".join(seed.INTEGRATION_ROLES),
        )


def status(store: Store, visit: Visit, user: User) -> Response:
    """Show whether somebody's token is live for the connector."""
    if not user.has("itil"):
        raise PageError(403, "You do not have the rights to see this page.")
    entity = registered(store)
    if visit.request.method == "POST":
        return _revoke(store, visit, user, entity)
    parts = [_summary(store, entity)]
    if entity:
        parts.append(_tokens(store, user, entity))
    if entity and user.has("admin") and _live(store, entity):
        parts.append(fill("_revoke", token=visit.hidden_token))
    content = fill("status", content=join(parts))
    return visit.page("Connection status", content)


def _revoke(store: Store, visit: Visit, user: User, entity: Row | None) -> Response:
    visit.check_token()
    if entity is None or not user.has("admin"):
        raise PageError(403, "Only an administrator of the instance may do this.")
    sql = "UPDATE _token SET revoked = 1 WHERE entity = ?"
    store.execute(sql, [entity["sys_id"]])
    return visit.go(visit.request.path)


def registered(store: Store) -> Row | None:
    """Return the connector's application registry."""
    name = store.note("app:entity") or seed.APPLICATION_NAME
    return store.first("oauth_entity", name=name)


def _is_open(store: Store) -> bool:
    """Say whether other scopes may read the table of the application registries."""
    row = store.first("sys_db_object", name="oauth_entity")
    return row is None or (row["access"] == "public" and row["read_access"] == "true")


def _summary(store: Store, entity: Row | None) -> Html:
    if entity is None:
        return el("p", "Not installed: the checklist has no OAuth entity yet.")
    live = _live(store, entity)
    word = "Connected" if live else "Not connected"
    kind = "good" if live else "bad"
    return join(
        [
            el("p", el("strong", word, class_=f"badge badge--{kind}")),
            facts(
                [
                    ("Application", entity["name"]),
                    ("Client ID", entity["client_id"]),
                    ("Redirect URL", entity["redirect_url"]),
                ]
            ),
        ]
    )


def _live(store: Store, entity: Row) -> bool:
    sql = "SELECT 1 FROM _token WHERE entity = ? AND revoked = 0 AND expires > ?"
    return bool(store.execute(sql, [entity["sys_id"], store.clock()]))


def _tokens(store: Store, user: User, entity: Row) -> Html:
    rows = store.execute(
        "SELECT t.*, u.name AS person, u.user_name FROM _token t "
        "JOIN sys_user u ON u.sys_id = t.user "
        "WHERE t.entity = ? ORDER BY t.created DESC LIMIT 20",
        [entity["sys_id"]],
    )
    if not rows:
        return el("p", "No token was given out yet.", class_="quiet")
    heads = ["Token", "User", "Since", "Last used", "Valid until", "Status"]
    cells = [_token_cells(row, store.clock(), user) for row in rows]
    return table("Tokens of this application, newest first", heads, cells)


def _token_cells(row: sqlite3.Row, now: float, user: User) -> list[str]:
    state = "Live" if row["expires"] > now else "Expired"
    return [
        f"{row['kind'].title()} token",
        f"{row['person']} ({row['user_name']})",
        _moment(row["created"], user),
        _moment(row["last_used"], user),
        _moment(row["expires"], user),
        "Revoked" if row["revoked"] else state,
    ]


def _moment(at: float | None, user: User) -> str:
    if not at:
        return "Never"
    moment = datetime.fromtimestamp(at, UTC).astimezone(user.time_zone)
    return moment.strftime("%Y-%m-%d %H:%M:%S")
