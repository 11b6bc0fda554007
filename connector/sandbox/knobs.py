"""The sandbox's own page: set faults, see figures, start anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox import faults as fault_rules
from connector.sandbox import graph, knob_forms, policies
from connector.sandbox.control import figures
from connector.sandbox.faults import KINDS, METHODS, PATHS, WrongFault
from connector.sandbox.schema import TASK_CLASSES
from connector.sandbox.web import Html, fill
from connector.sandbox.widgets import el, facts, labelled, select, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Response

    from connector.sandbox.control import Control
    from connector.sandbox.faults import Fault
    from connector.sandbox.web import Visit

_GRAPH_STATUSES = {"429": "429 too many requests", "503": "503 not available"}
_NUMBERS = {
    "percent": ("Share of requests (%)", "100"),
    "count": ("How many times (empty: always)", ""),
    "ms": ("Latency (ms)", "1000"),
    "retry_after": ("Retry after (s; 0: does not say when)", "1"),
}


def respond(control: Control, visit: Visit) -> Response:
    """Show the page, or do what its forms ask for."""
    if visit.request.method != "POST":
        return _show(control, visit)
    visit.check_token()
    act = _ANSWERS.get(visit.form("answer"), _add)
    try:
        act(control, visit)
    except ValueError as error:
        return _show(control, visit, str(error), 422)
    return visit.go("/_sandbox/")


def _add(control: Control, visit: Visit) -> None:
    names = ("kind", "table", "method", "path", "count", "ms", "retry_after")
    given = {name: visit.form(name) for name in names}
    wanted = {name: value for name, value in given.items() if value}
    percent = visit.form("percent") or "100"
    if not percent.isdecimal():
        raise WrongFault("The share must be a whole number of percent.")
    rule = fault_rules.from_mapping({**wanted, "share": int(percent) / 100})
    control.faults.replace([*control.faults.rules, rule])


def _refuse_graph(_control: Control, visit: Visit) -> None:
    """Have the next request to Microsoft Graph refused."""
    status = 503 if visit.form("status") == "503" else 429
    graph.faults.append(graph.Fault(status, retry_after=1))


_ANSWERS: dict[str, Callable[[Control, Visit], None]] = {
    "reset": lambda control, _visit: control.reset(),
    "clear": lambda control, _visit: control.faults.clear(),
    "graph": _refuse_graph,
    "policy": knob_forms.add_policy,
    "policies": lambda control, _visit: policies.remove_all(control.store),
    "rights": knob_forms.set_rights,
    "act": knob_forms.act,
    "clock": knob_forms.set_clock,
}


def _show(
    control: Control, visit: Visit, problem: str = "", status: int = 200
) -> Response:
    numbers = figures(control.store, control.faults, control.requests)
    content = fill(
        "knobs",
        token=visit.hidden_token,
        problem=fill("_problem", text=problem) if problem else Html(""),
        rules=_rules(control.faults.rules),
        fields=_fields(visit),
        policies=knob_forms.policies_of(control, visit),
        rows=knob_forms.rows_of(control, visit),
        clock=knob_forms.clock_of(control, visit),
        statuses=select("status", _GRAPH_STATUSES, "429"),
        waiting=str(len(graph.faults)),
        figures=facts((name, _text(value)) for name, value in numbers.items()),
    )
    return visit.page("Sandbox", content, status)


def _rules(rules: list[Fault]) -> Html:
    if not rules:
        return el("p", "No faults: everything works.", class_="quiet")
    heads = ["Kind", "Table", "Method", "Path", "Share", "Left", "Struck"]
    cells = [
        [
            *(rule.kind, rule.table or "any", rule.method or "any", rule.path),
            f"{rule.share:.0%}",
            "always" if rule.count is None else str(rule.count),
            str(rule.struck),
        ]
        for rule in rules
    ]
    return table("Faults, the first one that strikes decides", heads, cells)


def _fields(visit: Visit) -> Html:
    kinds = {kind: kind.replace("_", " ") for kind in KINDS}
    tables = {"": "any", **{name: name for name in TASK_CLASSES}}
    methods = {name: name or "any" for name in METHODS}
    fields = [
        labelled("kind", "Kind", select("kind", kinds, visit.form("kind"))),
        labelled("table", "Table", select("table", tables, visit.form("table"))),
        labelled("method", "Method", select("method", methods, visit.form("method"))),
        labelled(
            "path",
            "Path",
            select("path", {p: p for p in PATHS}, visit.form("path") or "table"),
        ),
    ]
    for name, (label, value) in _NUMBERS.items():
        typed = visit.form(name) if name in visit.request.form else value
        control = el("input", id=name, name=name, value=typed, inputmode="numeric")
        fields.append(labelled(name, label, control))
    return Html("".join(fields))


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {number}" for name, number in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value)
