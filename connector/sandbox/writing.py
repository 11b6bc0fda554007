"""Insert and update rows: clean the input, apply the rules, keep the journals."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from connector.sandbox import (
    approvals,
    changes,
    changetasks,
    customs,
    durations,
    incidents,
    journals,
    policies,
)
from connector.sandbox.answers import Refusal
from connector.sandbox.schema import TABLES
from connector.sandbox.store import DuplicateKeyError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector.sandbox.people import User
    from connector.sandbox.schema import Field, Table
    from connector.sandbox.store import Row, Store

_KEPT_BY_INSTANCE = ("sys_", "number", "task_effective_number")
_SYS_ID = re.compile(r"[0-9A-Za-z]{32}")
_RULES = {
    "incident": incidents.apply,
    "change_request": changes.apply,
    "change_task": changetasks.apply,
}


@dataclass(frozen=True)
class Writer:
    """Writes as one user; `as_display` reads names, labels and local times."""

    store: Store
    user: User
    as_display: bool = False

    def insert(self, table: Table, wish: Mapping[str, Any]) -> Row:
        """Add a row with its defaults and return it."""
        values, notes = self._clean(table, wish)
        with self.store.transaction():
            row = self.defaults(table) | values | self._stamps()
            row["sys_id"] = _own_id(wish)
            if table.prefix:
                row["number"] = self.store.next_number(table.prefix)
                if table.is_task:
                    row["task_effective_number"] = row["number"]
            self._apply_rules(table, {}, row)
            try:
                row = self.store.insert(table, row)
            except DuplicateKeyError as error:
                detail = f"Error during insert of {table.name} ({error}): duplicate key"
                raise Refusal(403, "Operation Failed", detail) from error
            policies.check(self.store, table, "insert", row, notes)
            self._write_down(row, notes)
            self._follow_up(table, {}, row)
        return row

    def update(self, table: Table, old: Row, wish: Mapping[str, Any]) -> Row:
        """Change the fields that differ and return the row."""
        values, notes = self._clean(table, wish)
        with self.store.transaction():
            new = old | values
            self._apply_rules(table, old, new)
            changed = {name: text for name, text in new.items() if text != old[name]}
            if changed or notes:
                changed |= self._update_stamps(old)
                self.store.update(table, old["sys_id"], changed)
                policies.check(self.store, table, "update", old | changed, notes)
            self._write_down(old, notes)
            self._follow_up(table, old, old | changed)
        return old | changed

    def _follow_up(self, table: Table, old: Row, new: Row) -> None:
        """Do what follows from a write to other rows."""
        if table.name == "change_request":
            self._ask_approvers(old, new)
            self._plan_tasks(old, new)
        elif table.name == "sysapproval_approver" and new["state"] != old.get("state"):
            change = self.store.get(TABLES["change_request"], new["sysapproval"])
            if change and new["state"] in {"approved", "rejected"}:
                wish = {"approval": new["state"]}
                self.update(TABLES["change_request"], change, wish)

    def _ask_approvers(self, old: Row, new: Row) -> None:
        is_waiting = new["approval"] == "requested"
        if new["state"] != old.get("state", new["state"]):
            approvals.close(self.store, new["sys_id"])
            if is_waiting:
                approvals.ask(self.store, new)
        elif new["on_hold"] == "true" and old.get("on_hold") != "true":
            approvals.close(self.store, new["sys_id"])

    def _plan_tasks(self, old: Row, new: Row) -> None:
        state = new["state"]
        if state == changes.IMPLEMENT and old.get("state", state) != state:
            for task in changetasks.planned(new):
                self.insert(TABLES["change_task"], task)

    def _apply_rules(self, table: Table, old: Row, new: Row) -> None:
        if rules := _RULES.get(table.name):
            rules(self.store, self.user, old, new)
        customs.check_policies(self.store, table, new)

    def _write_down(self, row: Row, notes: Mapping[str, str]) -> None:
        for element, text in notes.items():
            journals.add(self.store, row, element, text, self.user.user_name)

    def defaults(self, table: Table) -> Row:
        """Return a row as it is before anything was entered."""
        row = {f.name: f.default for f in table.fields.values() if f.type != "journal"}
        if table.is_task:
            now = self.store.now()
            row |= {"opened_by": self.user.sys_id, "opened_at": now}
            row |= {"sys_class_name": table.name}
        return row

    def _stamps(self) -> Row:
        now, author = self.store.now(), self.user.user_name
        return {
            "sys_created_on": now,
            "sys_created_by": author,
            "sys_updated_on": now,
            "sys_updated_by": author,
            "sys_mod_count": "0",
        }

    def _update_stamps(self, old: Row) -> Row:
        return {
            "sys_updated_on": self.store.now(),
            "sys_updated_by": self.user.user_name,
            "sys_mod_count": str(int(old["sys_mod_count"] or 0) + 1),
        }

    def _clean(
        self, table: Table, wish: Mapping[str, Any]
    ) -> tuple[Row, dict[str, str]]:
        """Split what was sent into values and journal entries; drop what is no field."""
        values, notes = {}, {}
        for name, raw in wish.items():
            column, text = table.fields.get(name), _text(raw)
            if column is None or name.startswith(_KEPT_BY_INSTANCE):
                continue
            if column.type == "journal":
                if text and name in journals.ELEMENTS:
                    notes[name] = text
                continue
            if (value := self._value(table, column, text)) is not None:
                values[name] = value
        return values, notes

    def _value(self, table: Table, column: Field, text: str) -> str | None:
        """Return what is stored for a text; None if the instance drops it."""
        if text == "":
            return None if self._keeps(column) else text
        if column.reference:
            return self._reference(column, text)
        if column.has_choices:
            return self._choice(table, column, text)
        reader = _READERS.get(column.type)
        if reader is not None:
            return reader(text, self)
        return text[: column.length] if column.length else text

    def _keeps(self, column: Field) -> bool:
        """Say whether a field cannot be emptied: a choice, but for people at a form."""
        return column.type == "code" or (column.has_choices and not self.as_display)

    def _reference(self, column: Field, text: str) -> str:
        other = TABLES.get(column.reference)
        if not self.as_display or other is None:
            return text
        rows = self.store.find(other, **{other.display: text})
        return rows[0]["sys_id"] if rows else text

    def _choice(self, table: Table, column: Field, text: str) -> str | None:
        labels = self.store.labels(table.name, column.name)
        if self.as_display:
            by_label = {label: value for value, label in labels.items()}
            text = by_label.get(text, text)
        if column.name == "close_code":
            return text if text in labels else None
        if column.is_numeric and not _is_integer(text):
            # Seen on an instance: a label becomes a number that was not meant.
            is_change_state = (table.name, column.name) == ("change_request", "state")
            return "-3" if is_change_state else None
        return text


def _text(raw: Any) -> str:
    if raw is None:
        return ""
    if isinstance(raw, bool):
        return str(raw).lower()
    if isinstance(raw, dict):
        return _text(raw.get("value", raw.get("display_value")))
    return str(raw)


def _own_id(wish: Mapping[str, Any]) -> str:
    wanted = _text(wish.get("sys_id"))
    return wanted if _SYS_ID.fullmatch(wanted) else ""


def _is_integer(text: str) -> bool:
    return re.fullmatch(r"-?\d{1,9}", text) is not None


def _integer(text: str, _writer: Writer) -> str | None:
    return text if _is_integer(text) else None


def _boolean(text: str, _writer: Writer) -> str:
    return str(text.lower() in {"true", "1", "yes"}).lower()


def _datetime(text: str, writer: Writer) -> str | None:
    """Read a time as UTC, or as the user's own when display values are sent."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        zone = writer.user.time_zone if writer.as_display else UTC
        moment = moment.replace(tzinfo=zone)
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _date(text: str, _writer: Writer) -> str | None:
    return text[:10] if re.match(r"\d{4}-\d\d-\d\d", text) else None


_READERS: dict[str, Callable[[str, Writer], str | None]] = {
    "integer": _integer,
    "boolean": _boolean,
    "datetime": _datetime,
    "date": _date,
    "duration": lambda text, _writer: durations.read(text),
}
