"""Users, application registries and tables, as an administrator sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.sandbox import people
from connector.sandbox.schema import TABLES
from connector.sandbox.web import Html, PageError, fill
from connector.sandbox.widgets import el, hidden, labelled, select, table
from connector.sandbox.writing import Writer

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from connector.sandbox.people import User
    from connector.sandbox.schema import Field, Table
    from connector.sandbox.store import Row, Store
    from connector.sandbox.web import Visit

# What people look for when a connection does not work, and may change here.
EDITED = {
    "sys_user": (
        *("user_name", "name", "active", "locked_out", "password_needs_reset"),
        *("web_service_access_only", "time_zone"),
    ),
    "oauth_entity": (
        *("name", "active", "redirect_url", "access_token_lifespan"),
        *("refresh_token_lifespan", "auth_code_lifespan", "user"),
    ),
    "sys_db_object": ("label", "name", "access", "read_access"),
}
MENU = {
    "sys_user": "User Administration > Users",
    "oauth_entity": "System OAuth > Application Registry",
    "sys_db_object": "System Definition > Tables",
}
_YES_NO = {"true": "Yes", "false": "No"}
_ACCESS = {
    "public": "All application scopes",
    "package_private": "This application scope only",
}


@dataclass(frozen=True)
class Administration:
    """One of these tables before an administrator."""

    store: Store
    visit: Visit
    user: User
    table: Table

    def list(self) -> Response:
        self._require_admin()
        columns = EDITED[self.table.name][:4]
        heads = [self.table.fields[name].label for name in columns]
        rows = sorted(self.store.find(self.table), key=lambda row: row[columns[0]])
        cells = [
            [self._link(row, columns[0]), *(self._shown(row, n) for n in columns[1:])]
            for row in rows
        ]
        title = MENU[self.table.name]
        content = Html(el("h1", title) + table(f"{len(rows)} in all", heads, cells))
        return self.visit.page(title, content)

    def record(self) -> Response:
        """Show a record, or save what was sent for it."""
        self._require_admin()
        sys_id = str(self.visit.request.args.get("sys_id", ""))
        row = self.store.get(self.table, sys_id)
        if row is None:
            raise PageError(404, "Record not found.")
        if self.visit.request.method == "POST":
            return self._save(row)
        content = fill(
            "administration",
            heading=row[self.table.display],
            kind=self.table.name,
            menu=MENU[self.table.name],
            action=self.visit.here,
            token=self.visit.hidden_token,
            fields=Html("".join(self._field(row, n) for n in EDITED[self.table.name])),
            roles=self._roles(row),
        )
        return self.visit.page(row[self.table.display], content)

    def _require_admin(self) -> None:
        if not self.user.has("admin"):
            raise PageError(403, "Only an administrator of the instance may do this.")

    def _save(self, row: Row) -> Response:
        self.visit.check_token()
        form = self.visit.form
        names = [n for n in EDITED[self.table.name] if n in self.visit.request.form]
        writer = Writer(self.store, self.user)
        with self.store.transaction():
            writer.update(self.table, row, {name: form(name) for name in names})
            if self.table.name == "sys_user":
                wanted = self.visit.request.form.getlist("role")
                people.set_roles(self.store, row["sys_id"], wanted)
        return self.visit.go(self.visit.here)

    def _link(self, row: Row, name: str) -> Html:
        href = f"/{self.table.name}.do?sys_id={row['sys_id']}"
        return el("a", row[name] or "(empty)", href=href)

    def _shown(self, row: Row, name: str) -> str:
        column = self.table.fields[name]
        return self._options(column).get(row[name], row[name])

    def _options(self, column: Field) -> dict[str, str]:
        if column.name == "access":
            return _ACCESS
        if column.reference == "sys_user":
            accounts = self.store.find(TABLES["sys_user"])
            return {"": "(nobody)", **{row["sys_id"]: row["name"] for row in accounts}}
        return _YES_NO if column.type == "boolean" else {}

    def _field(self, row: Row, name: str) -> Html:
        column = self.table.fields[name]
        if options := self._options(column):
            control = select(name, options, row[name])
        else:
            control = el("input", id=name, name=name, value=row[name])
        return labelled(name, column.label, control)

    def _roles(self, row: Row) -> Html:
        if self.table.name != "sys_user":
            return Html("")
        held = people.roles_of(self.store, row["sys_id"])
        names = sorted(
            role["name"] for role in self.store.find(TABLES["sys_user_role"])
        )
        boxes = [_box(name, is_checked=name in held) for name in names]
        legend = el("legend", "Roles")
        return el("fieldset", legend, hidden("role", ""), *boxes, class_="boxes")


def _box(name: str, *, is_checked: bool) -> Html:
    box = el("input", type="checkbox", name="role", value=name, checked=is_checked)
    return el("label", box, f" {name}", class_="box-label")
