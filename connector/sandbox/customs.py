"""What administrators add to an instance: columns, policies, choices, groups, templates."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from connector.sandbox import dictionary
from connector.sandbox.answers import data_policy
from connector.sandbox.schema import TABLES, field_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.sandbox.schema import Field, Table
    from connector.sandbox.store import Row, Store

_PARTS = ("columns", "mandatory", "choices", "groups", "templates")


def extended(store: Store, table: Table) -> Table:
    """Return the table with the columns this instance added to it or to its parent."""
    added = store.customs.columns
    own = added.get(table.parent, {}) | added.get(table.name, {})
    return replace(table, fields=table.fields | own) if own else table


def check_policies(store: Store, table: Table, new: Row) -> None:
    """Refuse a row in which a column that a data policy demands is empty."""
    demanded = [
        name
        for owner in (table.parent, table.name)
        for name in store.customs.policies.get(owner, [])
    ]
    fields = extended(store, table).fields if demanded else {}
    missing = [fields[name].label for name in demanded if not new.get(name, "").strip()]
    if missing:
        raise data_policy(missing)


def add(store: Store, wish: Mapping[str, Any]) -> None:
    """Add what is wished for; raises ValueError, or what a wrong shape raises."""
    if unknown := set(wish) - set(_PARTS):
        message = f"not among {', '.join(_PARTS)}: {', '.join(sorted(unknown))}"
        raise ValueError(message)
    with store.transaction():
        for table_name, lines in wish.get("columns", {}).items():
            for line in lines:
                _add_column(store, _table(table_name), line)
        for table_name, names in wish.get("mandatory", {}).items():
            _demand(store, _table(table_name), names)
        for choice in wish.get("choices", []):
            _add_row(store, "sys_choice", choice)
        for group in wish.get("groups", []):
            _add_row(store, "sys_user_group", group)
        for template in wish.get("templates", []):
            _add_template(store, template)


def _table(name: str) -> Table:
    if name not in TABLES:
        message = f"Invalid table {name}"
        raise ValueError(message)
    return TABLES[name]


def _add_column(store: Store, table: Table, line: str) -> None:
    field: Field = field_of(line)
    if field.name in extended(store, table).fields:
        message = f"{table.name}.{field.name} is there"
        raise ValueError(message)
    store.customs.lines.setdefault(table.name, []).append(line)
    _keep(store)
    _add_row(store, "sys_dictionary", dictionary.entry(table, field))


def _demand(store: Store, table: Table, names: list[str]) -> None:
    fields = extended(store, table).fields
    if unknown := set(names) - set(fields):
        message = f"no columns of {table.name}: {', '.join(sorted(unknown))}"
        raise ValueError(message)
    store.customs.policies.setdefault(table.name, []).extend(names)
    _keep(store)


def _keep(store: Store) -> None:
    store.keep_note("customs", json.dumps(store.customs.as_json()))
    store.load_customs()


def _add_template(store: Store, values: Mapping[str, str]) -> None:
    """Add a standard change template with one version, or a further version of it."""
    producer = store.first("std_change_producer", name=values["name"])
    if producer is None or values.get("is_new"):
        given = {key: text for key, text in values.items() if key != "is_new"}
        producer = _add_row(store, "std_change_producer", given)
    table = TABLES["std_change_producer_version"]
    versions = store.find(table, std_change_producer=producer["sys_id"])
    number = str(len(versions) + 1)
    name = f"{values['name']} - {number}"
    row = {"std_change_producer": producer["sys_id"], "version": number, "name": name}
    _add_row(store, "std_change_producer_version", row)


def _add_row(store: Store, table_name: str, values: Mapping[str, str]) -> Row:
    table, now = TABLES[table_name], store.now()
    row = {f.name: f.default for f in table.fields.values() if f.type != "journal"}
    stamps = {
        "sys_created_on": now,
        "sys_created_by": "admin",
        "sys_updated_on": now,
        "sys_updated_by": "admin",
    }
    wanted = {"sys_id": uuid.uuid4().hex, **stamps, **values}
    return store.insert(table, row | wanted)
