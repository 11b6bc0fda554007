"""The Change Management API: /api/sn_chg_rest."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from connector.sandbox import acl, answers, approvals, changes, removal, tables
from connector.sandbox.answers import Refusal, json_response
from connector.sandbox.render import Renderer, Shape
from connector.sandbox.schema import TABLES
from connector.sandbox.writing import Writer

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

    from werkzeug.wrappers import Request

    from connector.sandbox.api import Api
    from connector.sandbox.people import User
    from connector.sandbox.store import Row

_CHANGE = TABLES["change_request"]
_TASK = TABLES["change_task"]
_TYPES = ("normal", "standard", "emergency")
_READERS = ("change_manager", "itil", "sn_change_read")
_WRITERS = ("change_manager", "itil")
_SHAPE = Shape("all", exclude_link=True)


@dataclass(frozen=True)
class Asked:
    """One request to the interface: what table call it is, and of which type."""

    call: tables.Call
    type: str = ""
    sys_id: str = ""

    def given(self) -> dict[str, Any]:
        """Return what was sent, in the address or in the body."""
        named = self.call.request.args.items()
        fields = {k: v for k, v in named if not k.startswith("sysparm_")}
        data = self.call.request.get_data()
        try:
            body = json.loads(data or b"{}")
        except ValueError as error:
            raise Refusal(400, "Exception while reading request", "") from error
        return fields | (body if isinstance(body, dict) else {})

    def shown(self, row: Row, ignored: list[str] | None = None) -> dict[str, Any]:
        table = TABLES[row["sys_class_name"]]
        renderer = Renderer(self.call.store, self.call.user, _SHAPE)
        [found] = renderer.rows(table, [row], list(table.fields))
        for name, cell in found.items():
            if table.fields[name].type == "datetime":
                cell["display_value_internal"] = cell["display_value"]
        if ignored is not None:
            found["__meta"] = {"ignoredFields": ignored}
        return found

    def row(self) -> Row:
        return tables.row_of(self.call, self.sys_id)


def answer(api: Api, request: Request, user: User, match: re.Match[str]) -> Response:
    """Answer under /api/sn_chg_rest."""
    steps = [step for step in match[1].split("/") if step]
    kind = steps.pop(0) if steps and steps[0] in _TYPES else ""
    method = "GET" if request.method == "HEAD" else request.method
    if not user.has(*(_READERS if method == "GET" else _WRITERS)):
        raise Refusal(403, "User Not Authorized", "")
    if steps[:1] == ["model"]:
        return _models(api.call(request, user, "chg_model", ""), method, steps[1:])
    place = "one" if steps else "all"
    call = api.call(request, user, "change_request", "")
    asked = Asked(call, kind, "".join(steps[:1]))
    route = _ROUTES.get((method, "/".join([place, *steps[1:]])))
    if route is None:
        raise answers.not_allowed(request.method)
    return route(asked)


def _models(call: tables.Call, method: str, steps: list[str]) -> Response:
    """List the models of changes, or show one."""
    if method != "GET" or len(steps) > 1:
        raise answers.not_allowed(call.request.method)
    rows = [tables.row_of(call, steps[0])] if steps else tables.found(call)[0]
    renderer = Renderer(call.store, call.user, _SHAPE)
    shown = renderer.rows(call.table, rows, list(call.table.fields))
    return json_response({"result": shown[0] if steps else shown})


def _list(asked: Asked) -> Response:
    rows, sql, limit, offset = tables.found(asked.call)
    if asked.type:
        rows = [row for row in rows if row["type"] == asked.type]
    response = json_response({"result": [asked.shown(row) for row in rows]})
    tables.add_count(asked.call, response, sql, limit, offset)
    return response


def _get(asked: Asked) -> Response:
    return json_response({"result": asked.shown(asked.row())})


def _create(asked: Asked) -> Response:
    given = asked.given()
    if asked.type:
        given["type"] = asked.type
    if asked.sys_id:
        given["std_change_producer_version"] = _template(asked)
    values, ignored = _readable(asked, given)
    row = _written(lambda: _writer(asked).insert(_CHANGE, values), "created")
    return json_response({"result": asked.shown(row, ignored)})


def _template(asked: Asked) -> str:
    """Return which template is asked for; raises Refusal if there is none such."""
    template = asked.call.store.first(
        "std_change_producer_version", sys_id=asked.sys_id
    )
    if asked.type != "standard" or template is None:
        raise answers.not_found()
    return template["sys_id"]


def _update(asked: Asked) -> Response:
    row = asked.row()
    values, ignored = _readable(asked, asked.given())
    row = _written(lambda: _writer(asked).update(_CHANGE, row, values), "updated")
    return json_response({"result": asked.shown(row, ignored)})


def _delete(asked: Asked) -> Response:
    row = asked.row()
    if not asked.call.user.has("change_manager"):
        raise Refusal(403, "User Not Authorized", "")
    _written(lambda: _gone(asked, row), "deleted")
    return Response(status=204)


def _gone(asked: Asked, row: Row) -> Row:
    removal.delete(asked.call.store, _CHANGE, row, asked.call.user)
    return row


def _writer(asked: Asked) -> Writer:
    return Writer(asked.call.store, asked.call.user)


def _readable(asked: Asked, given: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Split what was sent into fields and what is ignored; labels become values."""
    ignored = [
        name
        for name in given
        if name not in _CHANGE.fields or name.startswith(("sys_", "number"))
    ]
    values = {name: value for name, value in given.items() if name not in ignored}
    if "state" in values:
        labels = asked.call.store.labels("change_request", "state")
        by_label = {label.lower(): value for value, label in labels.items()}
        wanted = str(values["state"])
        values["state"] = by_label.get(wanted.lower(), wanted)
    return values, ignored


def _written(write: Callable[[], Row], done: str) -> Row:
    """Write; a refusal is told in the words of this interface."""
    try:
        return write()
    except Refusal as refusal:
        message = f"Change Request record could not be {done}. {refusal.detail or ''}"
        raise Refusal(refusal.status, message, "") from refusal


def _next_states(asked: Asked) -> Response:
    row = asked.row()
    labels = asked.call.store.labels("change_request", "state")
    targets = changes.next_states(row)
    transitions = [[_transition(row["state"], target)] for target in targets]
    states = [*targets, row["state"]]
    result = {
        "available_states": states,
        "state_transitions": transitions,
        "state_label": {state: labels.get(state, state) for state in states},
    }
    return json_response({"result": result})


def _transition(before: str, after: str) -> dict[str, Any]:
    return {
        "from_state": before,
        "to_state": after,
        "transition_available": True,
        "automatic_transition": False,
        "conditions": [],
    }


def _approve(asked: Asked) -> Response:
    row, given, call = asked.row(), asked.given(), asked.call
    state = str(given.get("state", ""))
    if state not in {"approved", "rejected"}:
        raise Refusal(400, "Invalid approval state", "")
    with call.store.transaction():
        if not approvals.answer(call.store, row["sys_id"], call.user.sys_id, state):
            raise Refusal(400, "User is not an approver of this change", "")
        wish = {"approval": state}
        if text := given.get("comments"):
            wish["comments"] = str(text)
        row = _writer(asked).update(_CHANGE, row, wish)
    return json_response({"result": asked.shown(row)})


def _tasks(asked: Asked) -> Response:
    row, call = asked.row(), asked.call
    found = call.store.find(_TASK, change_request=row["sys_id"])
    seen = [one for one in found if acl.may_see(call.user, _TASK, one)]
    return json_response({"result": [asked.shown(one) for one in seen]})


def _add_task(asked: Asked) -> Response:
    row, given = asked.row(), asked.given()
    values = {**given, "change_request": row["sys_id"], "parent": row["sys_id"]}
    made = _writer(asked).insert(_TASK, values)
    ignored = [name for name in given if name not in _TASK.fields]
    return json_response({"result": asked.shown(made, ignored)})


_ROUTES: dict[tuple[str, str], Callable[[Asked], Response]] = {
    ("GET", "all"): _list,
    ("POST", "all"): _create,
    # A standard change is made of a template: the id is the template's.
    ("POST", "one"): _create,
    ("GET", "one"): _get,
    ("PATCH", "one"): _update,
    ("DELETE", "one"): _delete,
    ("GET", "one/nextstates"): _next_states,
    ("PATCH", "one/approvals"): _approve,
    ("GET", "one/task"): _tasks,
    ("POST", "one/task"): _add_task,
}
