"""Who may read and write what."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connector.sandbox.people import User
    from connector.sandbox.schema import Table
    from connector.sandbox.store import Row

_READERS = {
    "incident": ("itil", "sn_incident_read", "sn_incident_write"),
    "change_request": ("itil", "sn_change_read", "sn_change_write"),
    "change_task": ("itil", "sn_change_read", "sn_change_write"),
    "problem": ("itil", "sn_problem_read", "sn_problem_write"),
    "sys_journal_field": ("itil",),
    "sys_audit_delete": ("admin",),
    "sys_user_role": ("itil",),
    "sys_properties": ("admin",),
    "sys_dictionary": ("admin",),
    "sys_script": ("admin",),
    "sys_data_policy2": ("admin",),
    "sys_data_policy_rule": ("admin",),
    "oauth_entity": ("oauth_admin", "mi_admin"),
    "oauth_entity_profile": ("oauth_admin", "mi_admin"),
    "sys_scope": ("admin",),
    "sys_scope_privilege": ("admin",),
    "api_key": ("mi_admin",),
    "oauth_oidc_entity": ("oauth_admin", "mi_admin"),
    "oidc_provider_configuration": ("oauth_admin", "mi_admin"),
    # (unverified) that no lesser role reads these: nothing was found for most of them.
    "sys_script_include": ("admin",),
    "sys_ui_action": ("admin",),
    "sys_ui_view": ("admin",),
    "sys_ui_action_view": ("admin",),
    "sys_user_preference": ("admin",),
    "syslog": ("admin",),
    "sys_outbound_http_log": ("admin",),
}
_WRITERS = {
    "incident": ("itil", "sn_incident_write"),
    "change_request": ("itil", "sn_change_write"),
    "change_task": ("itil", "sn_change_write"),
    "problem": ("itil", "sn_problem_write"),
    "sys_attachment": ("itil", "sn_incident_write", "sn_change_write"),
    "sysapproval_approver": ("itil", "approver_user"),
    "kb_knowledge": ("knowledge",),
    "oauth_entity": ("oauth_admin", "mi_admin"),
    "api_key": ("mi_admin",),
    "oauth_oidc_entity": ("oauth_admin", "mi_admin"),
    "oidc_provider_configuration": ("oauth_admin", "mi_admin"),
}
_OPEN_TO_ALL = {
    *("sys_user", "sys_user_group", "sys_user_grmember", "sys_choice"),
    *("cmn_department", "cmn_location", "core_company", "chg_model"),
    *("kb_knowledge", "kb_knowledge_base"),
}
# Denied as a whole, not row by row.
_CLOSED = {"sys_db_object": ("itil",)}
_SECRET = {
    "oauth_entity": {"client_secret"},
    "api_key": {"token"},
}


@dataclass
class Restrictions:
    """Rights that somebody took away on a customised instance, from all but admins.

    `tables` show no row, `rows` are hidden sys_ids, `fields` are "table.field".
    """

    tables: set[str] = field(default_factory=set)
    rows: set[str] = field(default_factory=set)
    fields: set[str] = field(default_factory=set)

    def hide(self, user: User, table: Table, row: Row) -> bool:
        name = row["sys_class_name"] if table.is_task else table.name
        is_hidden = name in self.tables or row["sys_id"] in self.rows
        return is_hidden and not user.has("admin")

    def hidden(self, user: User, table: Table, names: Iterable[str]) -> set[str]:
        if user.has("admin"):
            return set()
        return {name for name in names if f"{table.name}.{name}" in self.fields}

    def replace(self, given: Mapping[str, Iterable[str]]) -> None:
        """Take exactly these rights away."""
        self.clear()
        for name, part in vars(self).items():
            part.update(map(str, given.get(name, ())))

    def clear(self) -> None:
        for part in (self.tables, self.rows, self.fields):
            part.clear()


def may_open(user: User, table: Table) -> bool:
    """Say whether the user may ask this table anything at all."""
    roles = _CLOSED.get(table.name)
    return roles is None or user.has(*roles)


def may_see(user: User, table: Table, row: Row) -> bool:
    """Say whether one row shows for the user."""
    name = row["sys_class_name"] if table.is_task else table.name
    if name == "sys_user_has_role":
        return user.has("itil") or row["user"] == user.sys_id
    if name == "sys_attachment":
        # A file shows for who reads the table of its record.
        name = row["table_name"]
    return name in _OPEN_TO_ALL or user.has(*_READERS.get(name, ("itil",)))


def may_write(user: User, table: Table) -> bool:
    """Say whether the user may insert and update rows of a table."""
    if "snc_read_only" in user.roles:
        return False
    return user.has(*_WRITERS.get(table.name, ("admin",)))


def may_delete(user: User, table: Table) -> bool:
    """Say whether the user may delete rows of a table."""
    if table.name == "sys_attachment":
        return may_write(user, table)
    return may_write(user, table) and user.has("admin")


# What the rights look at beside the fields that were asked for.
NEEDED = ("sys_id", "sys_class_name", "user", "table_name")


def hidden(user: User, table: Table, names: Iterable[str]) -> set[str]:
    """Return those of the fields the user may not read."""
    if table.name == "sys_choice" and not user.has("admin"):
        return set(names) - {"label"}
    if table.name == "sys_user" and not user.has("admin"):
        return {"user_password"} & set(names)
    return _SECRET.get(table.name, set()) & set(names)
