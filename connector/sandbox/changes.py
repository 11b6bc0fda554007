"""The rules of change requests: which state may follow which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox import changetasks
from connector.sandbox.answers import aborted, data_policy

if TYPE_CHECKING:
    from connector.sandbox.people import User
    from connector.sandbox.store import Row, Store

NEW, ASSESS, AUTHORIZE, SCHEDULED = "-5", "-4", "-3", "-2"
IMPLEMENT, REVIEW, CLOSED, CANCELED = "-1", "0", "3", "4"
_PATHS = {
    "normal": (NEW, ASSESS, AUTHORIZE, SCHEDULED, IMPLEMENT, REVIEW, CLOSED),
    "standard": (NEW, SCHEDULED, IMPLEMENT, REVIEW, CLOSED),
    "emergency": (NEW, AUTHORIZE, SCHEDULED, IMPLEMENT, REVIEW, CLOSED),
}
_NEEDS_APPROVAL = {ASSESS, AUTHORIZE}
_TRANSITION_RULE = (
    "Change Model: Check State Transition^f5a0b8b153230010f21bddeeff7b1268"
)
_TEMPLATE_RULE = "Restrict fields from Standard Change^5230f6c153330010f21bddeeff7b12c1"
_FROM_TEMPLATE = ("description",)
_TYPE_RULE = "Restrict change of type^b1a2c2d753330010acffddeeff7b12aa"


def next_states(row: Row) -> tuple[str, ...]:
    """Return the states a person may choose now; approvals move the others."""
    state = row["state"]
    if state in {CLOSED, CANCELED}:
        return ()
    cancel = () if state == REVIEW else (CANCELED,)
    if row["on_hold"] == "true":
        return cancel
    is_waiting = state in _NEEDS_APPROVAL and row["approval"] != "approved"
    path = _PATHS.get(row["type"], _PATHS["normal"])
    if is_waiting or state not in path:
        return cancel
    return (path[path.index(state) + 1], *cancel)


def apply(store: Store, user: User, old: Row, new: Row) -> None:
    """Bring a row about to be written in line with the rules; may refuse it."""
    if old:
        _check_step(old, new)
        _check_template(old, new)
        _carry_out_approval(old, new)
    _choose_model(store, old, new)
    _require_fields(new)
    state = new["state"]
    if state == CLOSED and old.get("state", CLOSED) != CLOSED:
        changetasks.require_done(store, new)
    new["active"] = str(state not in {CLOSED, CANCELED}).lower()
    if state in {CLOSED, CANCELED} and state != old.get("state"):
        new |= {"closed_at": store.now(), "closed_by": user.sys_id}


def _check_step(old: Row, new: Row) -> None:
    if new["type"] != old["type"] and old["state"] != NEW:
        raise aborted("change_request", _TYPE_RULE)
    if new["state"] == old["state"]:
        return
    # Taking it off hold and moving it on may come in one request.
    view = old | {"on_hold": new["on_hold"], "type": new["type"]}
    if new["state"] not in next_states(view):
        raise aborted("change_request", _TRANSITION_RULE)
    if new["state"] in _NEEDS_APPROVAL and new["approval"] == old["approval"]:
        new["approval"] = "requested"


def _check_template(old: Row, new: Row) -> None:
    """Keep what the template of a standard change says."""
    if old["type"] != "standard" or not old["std_change_producer_version"]:
        return
    if any(new[name] != old[name] for name in _FROM_TEMPLATE):
        raise aborted("change_request", _TEMPLATE_RULE)


def _choose_model(store: Store, old: Row, new: Row) -> None:
    """Let type and model say the same; the one that was sent decides."""
    model = store.first("chg_model", sys_id=new["chg_model"])
    if model and new["chg_model"] != old.get("chg_model", ""):
        new["type"] = model["type"] or new["type"]
    elif not model or new["type"] != old.get("type"):
        found = store.first("chg_model", type=new["type"])
        new["chg_model"] = found["sys_id"] if found else new["chg_model"]


def _carry_out_approval(old: Row, new: Row) -> None:
    """Let the approval engine move the state when an answer has come."""
    if new["state"] != old["state"] or new["state"] not in _NEEDS_APPROVAL:
        return
    if new["approval"] == old["approval"]:
        return
    if new["approval"] == "approved":
        path = _PATHS.get(new["type"], _PATHS["normal"])
        new["state"] = path[path.index(new["state"]) + 1]
        if new["state"] in _NEEDS_APPROVAL:
            new["approval"] = "requested"
    elif new["approval"] == "rejected":
        new |= {"state": NEW, "approval": "not requested"}


def _require_fields(new: Row) -> None:
    missing = []
    if new["state"] == CLOSED:
        labels = {"close_code": "Close code", "close_notes": "Close notes"}
        missing = [label for name, label in labels.items() if not new[name].strip()]
    if new["on_hold"] == "true" and not new["on_hold_reason"].strip():
        missing.append("On hold reason")
    if missing:
        raise data_policy(missing)
