"""The sandbox's own page, further down: rules, rights, rows and the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox import circumstances, policies
from connector.sandbox.schema import TABLES
from connector.sandbox.web import Html, fill
from connector.sandbox.widgets import el, labelled, select, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.sandbox.control import Control
    from connector.sandbox.web import Visit

_KINDS = {
    "business_rule": "Business rule that aborts",
    "data_policy": "Data policy",
    "mandatory": "Mandatory in the dictionary",
}
_ACTS = {
    "touch": "Change, all within one second",
    "delete": "Delete",
    "hide": "Hide from everybody but admins",
    "show": "Show again",
}


def policies_of(control: Control, visit: Visit) -> Html:
    """Return the section about what is set up against rows."""
    found = policies.listed(control.store)
    heads = ["Kind", "Table", "Name", "Fields", "Condition"]
    cells = [
        [
            *(_KINDS[one.kind], one.table, one.name, one.fields or "any"),
            one.condition or "always",
        ]
        for one in found
    ]
    nothing = el("p", "No rules beside those it comes with.", class_="quiet")
    fields = [
        labelled("policy", "Kind", select("policy", _KINDS, visit.form("policy"))),
        _tables(visit, "policy_table"),
        _text(visit, "policy_name", "Name"),
        _text(visit, "policy_fields", "Mandatory fields (with spaces between)"),
        _text(visit, "policy_condition", "Condition (encoded query; empty: always)"),
    ]
    return fill(
        "knobs_policies",
        token=visit.hidden_token,
        policies=table("In force", heads, cells) if found else nothing,
        fields=Html("".join(fields)),
    )


def rows_of(control: Control, visit: Visit) -> Html:
    """Return the section about rights and single rows."""
    taken = {
        name: " ".join(sorted(getattr(control.restrictions, name)))
        for name in ("tables", "fields")
    }
    rights = [
        _text(
            visit,
            "rights_tables",
            "Tables that show no rows (with spaces between)",
            taken["tables"],
        ),
        _text(
            visit,
            "rights_fields",
            "Hidden fields (table.field, with spaces between)",
            taken["fields"],
        ),
    ]
    acts = [
        labelled("act", "What to do", select("act", _ACTS, visit.form("act"))),
        _tables(visit, "act_table"),
        _text(visit, "act_query", "Which rows (encoded query; empty: any)"),
        _text(visit, "act_count", "How many at most", "1"),
    ]
    return fill(
        "knobs_rows",
        token=visit.hidden_token,
        rights=Html("".join(rights)),
        acts=Html("".join(acts)),
        hidden=str(len(control.restrictions.rows)),
    )


def clock_of(control: Control, visit: Visit) -> Html:
    """Return the section about the instance's clock."""
    clock = circumstances.clock_of(control.store)
    fields = [
        _text(visit, "skew", "Ahead by (s; negative: behind)", f"{clock.skew:g}"),
        _text(visit, "grain", "From tick to tick (s; 0: it runs)", f"{clock.grain:g}"),
    ]
    return fill(
        "knobs_clock",
        token=visit.hidden_token,
        now=control.store.now(),
        fields=Html("".join(fields)),
    )


def add_policy(control: Control, visit: Visit) -> None:
    """Set up what was filled in; raises ValueError."""
    names = {"kind": "policy"} | {
        name: f"policy_{name}" for name in ("table", "name", "fields", "condition")
    }
    policies.add(control.store, policies.from_mapping(_given(visit, names)))


def set_rights(control: Control, visit: Visit) -> None:
    """Take away the rights that were filled in; single rows stay as they are."""
    for name in ("tables", "fields"):
        part = getattr(control.restrictions, name)
        part.clear()
        part.update(visit.form(f"rights_{name}").replace(",", " ").split())


def act(control: Control, visit: Visit) -> None:
    """Do to rows what was filled in; raises ValueError."""
    names = {"kind": "act"} | {
        name: f"act_{name}" for name in ("table", "query", "count")
    }
    wanted = circumstances.from_mapping(_given(visit, names))
    circumstances.carry_out(control.store, control.restrictions, wanted)


def set_clock(control: Control, visit: Visit) -> None:
    """Set the clock as it was filled in; raises ValueError."""
    given = {name: visit.form(name) for name in ("skew", "grain")}
    circumstances.set_clock(control.store, given)


def _given(visit: Visit, names: Mapping[str, str]) -> dict[str, str]:
    values = {name: visit.form(field) for name, field in names.items()}
    return {name: value for name, value in values.items() if value}


def _tables(visit: Visit, name: str) -> Html:
    options = {one: one for one in sorted(TABLES)}
    return labelled(
        name, "Table", select(name, options, visit.form(name) or "incident")
    )


def _text(visit: Visit, name: str, label: str, value: str = "") -> Html:
    """Return an input that keeps what was typed into a form that was refused."""
    typed = visit.form(name) if name in visit.request.form else value
    return labelled(name, label, el("input", id=name, name=name, value=typed))
