"""What an administrator set up against rows: rules that abort, mandatory fields.

They are rows themselves, as on an instance: business rules in sys_script, data policies
in sys_data_policy2 and sys_data_policy_rule, mandatory fields in sys_dictionary.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from connector.sandbox import customs, dictionary, query, shorthand
from connector.sandbox.answers import aborted, data_policy
from connector.sandbox.functions import Session
from connector.sandbox.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.sandbox.schema import Field, Table
    from connector.sandbox.store import Row, Store

KINDS = ("business_rule", "data_policy", "mandatory")
_AUTHOR = "sandbox"
_SCRIPT = TABLES["sys_script"]
_POLICY = TABLES["sys_data_policy2"]
_POLICY_RULE = TABLES["sys_data_policy_rule"]
_DICTIONARY = TABLES["sys_dictionary"]


class WrongPolicy(ValueError):
    """A policy that cannot be set up."""


@dataclass(frozen=True)
class Policy:
    """One of them as the knobs of the sandbox take it; `fields` is a list with spaces.

    A business rule aborts the writing of every row that fits its condition; the others
    want their fields filled in.
    """

    kind: str
    table: str
    name: str = "Set up in the sandbox"
    fields: str = ""
    condition: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS or self.table not in TABLES:
            raise WrongPolicy(f"unknown kind or table: {self.kind} {self.table}")
        if not self.fields.split() and self.kind != "business_rule":
            raise WrongPolicy("which fields are mandatory is missing")


def parse(text: str) -> list[Policy]:
    """Read policies as "kind:table=incident,fields=caller_id category;…"."""
    return [from_mapping(given) for given in shorthand.read(text)]


def from_mapping(given: Mapping[str, Any]) -> Policy:
    """Make a policy of texts by name; raises WrongPolicy."""
    try:
        return Policy(**{name: str(value) for name, value in given.items()})
    except TypeError as error:
        raise WrongPolicy(str(error)) from error


def add(store: Store, policy: Policy) -> None:
    """Set a policy up, as rows of the instance."""
    fields = policy.fields.split()
    if unknown := set(fields) - set(_columns(store, policy.table)):
        raise WrongPolicy(f"unknown fields: {', '.join(sorted(unknown))}")
    with store.transaction():
        if policy.kind == "business_rule":
            _add_script(store, policy)
        elif policy.kind == "data_policy":
            _add_data_policy(store, policy, fields)
        else:
            _set_mandatory(store, policy.table, fields, "true")


def remove_all(store: Store) -> None:
    """Take away what was set up with the knobs of the sandbox."""
    with store.transaction():
        for policy in listed(store):
            if policy.kind == "mandatory":
                _set_mandatory(store, policy.table, policy.fields.split(), "false")
        for table in (_SCRIPT, _POLICY, _POLICY_RULE, _DICTIONARY):
            for row in store.find(table, sys_created_by=_AUTHOR):
                store.delete(table, row["sys_id"])


def listed(store: Store) -> list[Policy]:
    """Return every policy that somebody set up and that is in force."""
    scripts = [
        Policy(
            "business_rule",
            row["collection"],
            row["name"],
            condition=row["filter_condition"],
        )
        for rows in _by_table(store, _SCRIPT, "collection").values()
        for row in rows
    ]
    policies = [
        Policy("data_policy", name, row["short_description"], field, row["conditions"])
        for name, rows in _by_table(store, _POLICY, "model_table").items()
        for row in rows
        # What came with the instance is none of those.
        if row["sys_created_by"] != "system"
        and (field := " ".join(_fields_of(store, row)))
    ]
    mandatory = [
        Policy("mandatory", name, fields=row["element"])
        for name, rows in _by_table(store, _DICTIONARY, "name").items()
        for row in rows
        if row["element"] in _columns(store, name)
    ]
    return [*scripts, *policies, *mandatory]


def as_json(store: Store) -> list[dict[str, str]]:
    """Return every policy that is in force as names and texts."""
    return [asdict(policy) for policy in listed(store)]


def check(
    store: Store,
    table: Table,
    operation: str,
    row: Row,
    notes: Mapping[str, str],
) -> None:
    """Refuse a row that was just written, or is about to go, if something forbids it.

    Whoever calls takes the row back.
    """
    names = {table.name, table.storage}
    for rule in _of(store, _SCRIPT, "collection", names):
        is_asked = rule[f"action_{operation}"] == "true"
        if is_asked and _fits(store, table, row, rule["filter_condition"]):
            raise aborted(table.name, f"{rule['name']}^{rule['sys_id']}")
    if operation != "delete":
        _require(store, table, row, notes, names)


def _require(
    store: Store, table: Table, row: Row, notes: Mapping[str, str], names: set[str]
) -> None:
    wanted = {one["element"] for one in _of(store, _DICTIONARY, "name", names)}
    for policy in _of(store, _POLICY, "model_table", names):
        if _fits(store, table, row, policy["conditions"]):
            wanted |= set(_fields_of(store, policy))
    labels = [
        field.label
        for name, field in _columns(store, table.name).items()
        if name in wanted and not (row.get(name, "") or notes.get(name, "")).strip()
    ]
    if labels:
        raise data_policy(labels)


def _of(store: Store, table: Table, key: str, names: set[str]) -> list[Row]:
    found = _by_table(store, table, key)
    return [row for name in names for row in found.get(name, ())]


def _by_table(store: Store, table: Table, key: str) -> dict[str, list[Row]]:
    """Return the rows in force by the name of the table they are about."""
    known: dict[str, list[Row]] | None = store.derived.get(table.name)
    if known is None:
        known = {}
        for row in store.find(table, active="true"):
            if row[key] in TABLES and _is_in_force(table, row):
                known.setdefault(row[key], []).append(row)
        store.derived[table.name] = known
    return known


def _is_in_force(table: Table, row: Row) -> bool:
    if table is _SCRIPT:
        return row["abort_action"] == "true"
    if table is _DICTIONARY:
        # What came with the instance is asked for by its forms only.
        return row["mandatory"] == "true" and row["sys_mod_count"] != "0"
    return True


def _columns(store: Store, name: str) -> dict[str, Field]:
    return customs.extended(store, TABLES[name]).fields


def _fields_of(store: Store, policy: Row) -> list[str]:
    rules = store.find(_POLICY_RULE, sys_data_policy=policy["sys_id"])
    known = _columns(store, policy["model_table"])
    wanted = [rule["field"] for rule in rules if rule["mandatory"] == "true"]
    return [name for name in wanted if name in known]


def _fits(store: Store, table: Table, row: Row, condition: str) -> bool:
    """Say whether a condition holds for a row; an empty one always does."""
    zone = ZoneInfo(store.setting("glide.sys.default.tz") or "UTC")
    session = Session("", "", store.clock(), zone)
    sql = query.compile_query(query.parse(condition, table), table, session)
    text = f'SELECT 1 FROM "{table.storage}" WHERE "sys_id" = ? AND {sql.where}'  # noqa: S608
    return bool(store.execute(text, [row["sys_id"], *sql.values]))


def _add_script(store: Store, policy: Policy) -> None:
    values = {
        "name": policy.name,
        "collection": policy.table,
        "filter_condition": policy.condition,
        "action_insert": "true",
        "action_update": "true",
        "abort_action": "true",
    }
    _insert(store, _SCRIPT, values)


def _add_data_policy(store: Store, policy: Policy, fields: list[str]) -> None:
    values = {
        "short_description": policy.name,
        "model_table": policy.table,
        "conditions": policy.condition,
    }
    made = _insert(store, _POLICY, values)
    for name in fields:
        rule = {"sys_data_policy": made["sys_id"], "table": policy.table, "field": name}
        _insert(store, _POLICY_RULE, rule)


def _insert(store: Store, table: Table, values: dict[str, str]) -> Row:
    row = {name: field.default for name, field in table.fields.items()}
    stamps = dict.fromkeys(("sys_created_on", "sys_updated_on"), store.now())
    author = dict.fromkeys(("sys_created_by", "sys_updated_by"), _AUTHOR)
    return store.insert(table, row | stamps | author | values)


def _set_mandatory(store: Store, table: str, fields: list[str], value: str) -> None:
    for name in fields:
        for row in _entries(store, table, name):
            count = str(int(row["sys_mod_count"] or 0) + 1)
            changes = {"mandatory": value, "sys_mod_count": count}
            store.update(_DICTIONARY, row["sys_id"], changes)


def _entries(store: Store, table: str, name: str) -> list[Row]:
    """Return the dictionary's rows about a column; an inherited one gets its own."""
    found = store.find(_DICTIONARY, name=table, element=name)
    if found:
        return found
    own = dictionary.entry(TABLES[table], _columns(store, table)[name])
    return [_insert(store, _DICTIONARY, own)]
