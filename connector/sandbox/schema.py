"""The tables of the instance and their fields."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import cache, cached_property

from connector.sandbox import columns, columns_platform, columns_support

_NUMERIC = {"integer", "code"}
_LINE = re.compile(r"(\w+) ([\w:]+)(!?) (?:=(\S+) )?(.+)")


@dataclass(frozen=True)
class Field:
    """One column: its type decides how values are read, compared and shown."""

    name: str
    type: str
    label: str
    reference: str = ""
    default: str = ""
    length: int = 0
    is_mandatory: bool = False

    @property
    def is_numeric(self) -> bool:
        return self.type in _NUMERIC

    @property
    def has_choices(self) -> bool:
        return self.type in {"choice", "code"}


@dataclass(frozen=True)
class Table:
    """One table with everything it inherits."""

    name: str
    label: str
    fields: dict[str, Field]
    display: str = "name"
    parent: str = ""
    prefix: str = ""

    @property
    def storage(self) -> str:
        """Return the SQL table: a hierarchy lies in the one of its root."""
        return self.parent or self.name

    @cached_property
    def journals(self) -> frozenset[str]:
        return frozenset(f.name for f in self.fields.values() if f.type == "journal")

    @property
    def is_task(self) -> bool:
        return self.storage == "task"


def field_of(line: str) -> Field:
    """Read one line of the notation of the columns module."""
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError(line)
    name, kind, mandatory, default, label = match.groups()
    kind, _, detail = kind.partition(":")
    return Field(
        name,
        kind,
        label,
        reference=detail if kind == "ref" else "",
        default=(default or "").replace("@", " "),
        length=int(detail) if detail.isdigit() else 0,
        is_mandatory=bool(mandatory),
    )


def _fields(*texts: str) -> dict[str, Field]:
    lines = [
        line for text in (columns.BASE, *texts) for line in text.strip().splitlines()
    ]
    return {field.name: field for field in map(field_of, lines)}


# Name, label, columns, and the prefix of the numbers.
_TASKS = (
    ("incident", "Incident", "INCIDENT", "INC"),
    ("change_request", "Change Request", "CHANGE", "CHG"),
    ("change_task", "Change Task", "CHANGE_TASK", "CTASK"),
    ("problem", "Problem", "PROBLEM", "PRB"),
)
# Name, label, columns, and the field that stands for a row.
_OTHERS = (
    ("sys_user", "User", "USER", "name"),
    ("sys_user_group", "Group", "GROUP", "name"),
    ("sys_user_role", "Role", "ROLE", "name"),
    ("sys_user_has_role", "User Role", "HAS_ROLE", "sys_id"),
    ("sys_user_grmember", "Group Member", "MEMBER", "sys_id"),
    ("sys_choice", "Choice", "CHOICE", "label"),
    ("sys_properties", "System Property", "PROPERTY", "name"),
    ("oauth_entity", "Application Registries", "ENTITY", "name"),
    ("oauth_entity_profile", "OAuth Entity Profile", "PROFILE", "name"),
    ("sys_scope", "Application", "SCOPE", "name"),
    ("sys_scope_privilege", "Cross scope privilege", "PRIVILEGE", "target_name"),
    ("api_key", "REST API Key", "API_KEY", "name"),
    ("oauth_oidc_entity", "OIDC Entity", "OIDC_ENTITY", "name"),
    ("oidc_provider_configuration", "OIDC Provider", "OIDC_PROVIDER", "name"),
    ("sys_journal_field", "Journal Entry", "JOURNAL", "sys_id"),
    ("sys_dictionary", "Dictionary Entry", "DICTIONARY", "element"),
    ("sys_db_object", "Table", "DB_OBJECT", "label"),
    ("sys_attachment", "Attachment", "ATTACHMENT", "file_name"),
    ("kb_knowledge_base", "Knowledge Base", "KNOWLEDGE_BASE", "title"),
    ("cmn_department", "Department", "DEPARTMENT", "name"),
    ("cmn_location", "Location", "LOCATION", "name"),
    ("core_company", "Company", "COMPANY", "name"),
    ("cmdb_ci", "Configuration Item", "CI", "name"),
    ("chg_model", "Change Model", "MODEL", "name"),
    ("std_change_producer", "Standard Change Template", "TEMPLATE", "name"),
    (
        *("std_change_producer_version", "Standard Change Template Version"),
        *("TEMPLATE_VERSION", "name"),
    ),
    ("sysapproval_approver", "Approval", "APPROVER", "sys_id"),
    ("sys_script", "Business Rule", "SCRIPT", "name"),
    ("sys_data_policy2", "Data Policy", "DATA_POLICY", "short_description"),
    ("sys_data_policy_rule", "Data Policy Rule", "DATA_POLICY_RULE", "field"),
    ("sys_audit_delete", "Deleted Record", "AUDIT_DELETE", "display_value"),
)
# The same for what an application brings, and for the logs.
_APPLICATIONS = (
    ("sys_script_include", "Script Include", "SCRIPT_INCLUDE", "name"),
    ("sys_ui_action", "UI Action", "UI_ACTION", "name"),
    ("sys_ui_view", "UI View", "UI_VIEW", "title"),
    ("sys_ui_action_view", "UI Action Visibility", "UI_ACTION_VIEW", "sys_id"),
    ("sys_user_preference", "User Preference", "PREFERENCE", "name"),
    ("syslog", "Log", "SYSLOG", "message"),
    ("sys_outbound_http_log", "Outbound HTTP Log", "OUTBOUND_LOG", "url"),
)


def _tables() -> dict[str, Table]:
    task = _fields(columns.TASK)
    tables = [Table("task", "Task", task, "number")]
    for name, label, own, prefix in _TASKS:
        fields = task | _fields(getattr(columns, own))
        tables.append(Table(name, label, fields, "number", "task", prefix))
    for name, label, own, display in _OTHERS:
        fields = _fields(getattr(columns_platform, own))
        tables.append(Table(name, label, fields, display))
    for name, label, own, display in _APPLICATIONS:
        fields = _fields(getattr(columns_support, own))
        tables.append(Table(name, label, fields, display))
    articles = _fields(columns_platform.KNOWLEDGE)
    tables.append(Table("kb_knowledge", "Knowledge", articles, "number", prefix="KB"))
    return {table.name: table for table in tables}


TABLES = _tables()
TASK_CLASSES = ("incident", "change_request")


@cache
def storages() -> dict[str, dict[str, Field]]:
    """Return every SQL table with the union of the columns of its classes."""
    found: dict[str, dict[str, Field]] = {}
    for table in TABLES.values():
        columns = found.setdefault(table.storage, {})
        for field in table.fields.values():
            if field.type != "journal":
                columns.setdefault(field.name, field)
    return found


@dataclass
class Customs:
    """What an instance added: columns by table as lines, columns a data policy demands."""

    lines: dict[str, list[str]] = dataclass_field(default_factory=dict)
    policies: dict[str, list[str]] = dataclass_field(default_factory=dict)

    @classmethod
    def from_json(cls, text: str) -> Customs:
        return cls(**json.loads(text)) if text else cls()

    def as_json(self) -> dict[str, dict[str, list[str]]]:
        return {"lines": self.lines, "policies": self.policies}

    @property
    def columns(self) -> dict[str, dict[str, Field]]:
        return {
            table: {field.name: field for field in map(field_of, lines)}
            for table, lines in self.lines.items()
        }
