"""The form of one incident or change request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.sandbox import (
    acl,
    changes,
    incidents,
    journals,
    ownstates,
    removal,
    support_tab,
)
from connector.sandbox.answers import Refusal
from connector.sandbox.render import Renderer, Shape
from connector.sandbox.schema import TABLES
from connector.sandbox.web import Html, PageError, fill
from connector.sandbox.widgets import (
    el,
    facts,
    hidden,
    labelled,
    select,
    to_input,
)
from connector.sandbox.writing import Writer

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from connector.sandbox.people import User
    from connector.sandbox.schema import Field, Table
    from connector.sandbox.store import Row, Store
    from connector.sandbox.web import Visit

_EDITED = {
    "incident": (
        *("short_description", "state", "impact", "urgency", "category"),
        *("due_date", "assignment_group", "assigned_to", "description"),
        *("close_code", "close_notes"),
    ),
    "change_request": (
        *("short_description", "state", "type", "priority", "approval", "category"),
        *("due_date", "assignment_group", "assigned_to", "description"),
        *("close_code", "close_notes"),
    ),
}
_SHOWN = (
    *("number", "priority", "opened_by", "opened_at", "sys_updated_on"),
    *("correlation_id", "correlation_display"),
)
_NOTES = {
    "comments": "Additional comments (customer visible)",
    "work_notes": "Work notes",
}


@dataclass(frozen=True)
class RecordForm:
    """One record before one user."""

    store: Store
    visit: Visit
    user: User
    table: Table
    row: Row

    @property
    def is_new(self) -> bool:
        return not self.row["sys_id"]

    def show(self, problem: str = "", status: int = 200) -> Response:
        name = f"New {self.table.label}" if self.is_new else self.row["number"]
        content = fill(
            "record",
            tabs=self._tabs(),
            heading=name,
            kind=self.table.name,
            list_name=f"{self.table.label}s",
            action=self.visit.here,
            token=self.visit.hidden_token,
            problem=fill("_problem", text=problem) if problem else Html(""),
            facts=self._facts(),
            fields=Html("".join(map(self._field, _EDITED[self.table.name]))),
            notes=Html("".join(map(self._note, _NOTES))),
            buttons=self._buttons(),
            activity=self._activity(),
        )
        return self.visit.page(name, content, status)

    def _tabs(self) -> Html:
        who = (self.store, self.visit, self.user)
        return support_tab.tabs(*who, self.row, is_tab=False)

    def save(self) -> Response:
        """Write what was changed on the page, and nothing else."""
        self.visit.check_token()
        if not acl.may_write(self.user, self.table):
            raise PageError(403, "You do not have the rights to change this record.")
        if self.visit.form("answer") == "delete":
            return self._delete()
        wish = self._wish()
        if message := self._missing(wish):
            return self.show(message, 422)
        try:
            row = self._write(wish)
        except Refusal as refusal:
            return self.show(refusal.detail or refusal.message, 422)
        return self.visit.go(f"/{self.table.name}.do?sys_id={row['sys_id']}")

    def _write(self, wish: dict[str, str]) -> Row:
        writer = Writer(self.store, self.user, as_display=True)
        if self.is_new:
            return writer.insert(self.table, wish)
        with self.store.transaction():
            current = self.store.get(self.table, self.row["sys_id"])
            if current is None:
                raise PageError(404, "This record was deleted meanwhile.")
            return writer.update(self.table, current, wish)

    def _wish(self) -> dict[str, str]:
        form = self.visit.form
        wish = {
            name: form(name)
            for name in _EDITED[self.table.name]
            if name in self.visit.request.form and form(name) != form(f"was.{name}")
        }
        return wish | {name: form(name) for name in _NOTES if form(name)}

    def _missing(self, wish: dict[str, str]) -> str:
        """Ask for what only the form asks for, not the REST interface."""
        after = self.row | wish
        if not after["short_description"]:
            return "Short description is mandatory."
        needs_group = after["state"] in {changes.ASSESS, changes.AUTHORIZE}
        if self.table.name == "change_request" and needs_group:
            return "" if after["assignment_group"] else "Assignment group is mandatory."
        return ""

    def _delete(self) -> Response:
        if not acl.may_delete(self.user, self.table):
            raise PageError(403, "Only an administrator may delete records.")
        try:
            removal.delete(self.store, self.table, self.row, self.user)
        except Refusal as refusal:
            return self.show(refusal.detail or refusal.message, 422)
        return self.visit.go(f"/{self.table.name}_list.do")

    def _typed(self, name: str) -> str | None:
        """Return what was typed into a form that was refused."""
        if self.visit.request.method != "POST":
            return None
        return self.visit.request.form.get(name)

    def _facts(self) -> Html:
        if self.is_new:
            return Html("")
        renderer = Renderer(self.store, self.user, Shape("true", exclude_link=True))
        [shown] = renderer.rows(self.table, [self.row], _SHOWN)
        fields = self.table.fields
        return facts((fields[name].label, shown[name]) for name in _SHOWN)

    def _field(self, name: str) -> Html:
        column = self.table.fields[name]
        is_locked = name == "type" and self.row["state"] != changes.NEW
        shown = self._shown(column)
        typed = self._typed(name)
        value = shown if typed is None else typed
        was = hidden(f"was.{name}", shown)
        if column.has_choices or column.reference:
            options = self._options(column)
            control = select(name, options, value, locked=is_locked)
        elif column.type == "datetime":
            control = el(
                "input", type="datetime-local", id=name, name=name, value=value
            )
        elif column.length > 1000:
            control = el("textarea", value, id=name, name=name, rows=4)
        else:
            control = el(
                "input", id=name, name=name, value=value, maxlength=column.length
            )
        return Html(was + labelled(name, column.label, control))

    def _shown(self, column: Field) -> str:
        if column.type != "datetime":
            return self.row[column.name]
        renderer = Renderer(self.store, self.user, Shape())
        return to_input(renderer.cell(self.table, self.row, column.name)[1])

    def _options(self, column: Field) -> dict[str, str]:
        if column.reference:
            other = TABLES[column.reference]
            rows = self.store.find(other, active="true")
            names = {row["sys_id"]: row["name"] for row in rows}
            return {"": "-- None --", **names}
        labels = self.store.labels(self.table.name, column.name)
        if column.name == "state":
            return self._states(labels)
        none = {} if column.type == "code" else {"": "-- None --"}
        return {**none, **labels}

    def _states(self, labels: dict[str, str]) -> dict[str, str]:
        """Return the present state and those that may follow it."""
        following = self._following()
        # No change has this state; incidents are closed by few.
        if not self.user.has("itil_admin"):
            following = tuple(one for one in following if one != incidents.CLOSED)
        states = (self.row["state"], *following)
        return {value: labels.get(value, value) for value in states}

    def _following(self) -> tuple[str, ...]:
        if self.is_new:
            return ()
        if self.table.name == "change_request":
            # The rule of its model lets no change into a state it does not know.
            return changes.next_states(self.row)
        own = ownstates.of(self.store, self.table.name)
        if self.row["state"] in own:
            return tuple(self.store.labels(self.table.name, "state"))
        return (*incidents.next_states(self.row), *own)

    def _note(self, name: str) -> Html:
        control = el("textarea", self._typed(name) or "", id=name, name=name, rows=2)
        return labelled(name, _NOTES[name], control)

    def _buttons(self) -> Html:
        if not acl.may_write(self.user, self.table):
            return Html("")
        label = "Submit" if self.is_new else "Update"
        save = el("button", label, class_="primary", name="answer", value="save")
        if self.is_new or not acl.may_delete(self.user, self.table):
            return save
        return Html(save + fill("_delete"))

    def _activity(self) -> Html:
        found = journals.entries(self.store, [self.row["sys_id"]])
        entries = [
            el(
                "li",
                el("p", journals.heading(entry, self.user.time_zone), class_="quiet"),
                el("p", entry["value"], class_="entry"),
                class_=f"activity activity--{entry['element']}",
            )
            for entry in found.get(self.row["sys_id"], [])
        ]
        if not entries:
            return el("p", "No activity yet.", class_="quiet")
        return el("ol", *entries, class_="activities")


def respond(store: Store, visit: Visit, user: User, table: Table) -> Response:
    """Show or save the record that the address names."""
    form = RecordForm(store, visit, user, table, _row(store, visit, user, table))
    return form.save() if visit.request.method == "POST" else form.show()


def _row(store: Store, visit: Visit, user: User, table: Table) -> Row:
    sys_id = str(visit.request.args.get("sys_id", ""))
    if sys_id == "-1":
        return _empty(store, user, table)
    row = store.get(table, sys_id)
    if row is None or not acl.may_see(user, table, row):
        raise PageError(404, "Record not found, or you may not see it.")
    return row


def _empty(store: Store, user: User, table: Table) -> Row:
    if not acl.may_write(user, table):
        raise PageError(403, "You do not have the rights to create this record.")
    return Writer(store, user).defaults(table)
