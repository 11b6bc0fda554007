"""The rules of incidents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox import durations
from connector.sandbox.answers import aborted, data_policy

if TYPE_CHECKING:
    from connector.sandbox.people import User
    from connector.sandbox.store import Row, Store

NEW, IN_PROGRESS, ON_HOLD, RESOLVED, CLOSED, CANCELED = "1", "2", "3", "6", "7", "8"
_NEXT = {
    NEW: (IN_PROGRESS, ON_HOLD, RESOLVED, CANCELED),
    IN_PROGRESS: (ON_HOLD, RESOLVED, CANCELED),
    ON_HOLD: (IN_PROGRESS, RESOLVED, CANCELED),
    RESOLVED: (IN_PROGRESS, CLOSED),
}
_AWAITING_CALLER = "1"
# Without a schedule, business time is time.
_SECONDS = ("calendar_stc", "business_stc")
_DURATIONS = ("calendar_duration", "business_duration")
_REOPEN_RULE = "Prevent reopen of closed incident^5d1f0e6e53330010acffddeeff7b1234"


def priority(impact: str, urgency: str) -> str:
    """Look the priority up from impact and urgency, 1 to 5."""
    if not (impact.isdigit() and urgency.isdigit()):
        return "5"
    return str(min(max(int(impact) + int(urgency) - 1, 1), 5))


def next_states(row: Row) -> tuple[str, ...]:
    """Return the states a person may choose now."""
    return _NEXT.get(row["state"], ())


def apply(store: Store, user: User, old: Row, new: Row) -> None:
    """Bring a row about to be written in line with the rules; may refuse it."""
    _sync_states(old, new)
    _take_up_again(user, old, new)
    new["priority"] = priority(new["impact"], new["urgency"])
    before, after = old.get("state", ""), new["state"]
    if before == CLOSED and after != CLOSED:
        raise aborted("incident", _REOPEN_RULE)
    _require_close_info(new)
    new["active"] = str(after not in {CLOSED, CANCELED}).lower()
    if after != ON_HOLD:
        new["hold_reason"] = ""
    if after != before:
        _stamp(new, before, store.now(), user.sys_id)


def _sync_states(old: Row, new: Row) -> None:
    if new["state"] == old.get("state", NEW):
        new["state"] = new["incident_state"]
    new["incident_state"] = new["state"]


def _take_up_again(user: User, old: Row, new: Row) -> None:
    """Go on with an incident whose caller answers while it waits for that."""
    waits = old.get("state") == new["state"] == ON_HOLD
    is_caller = waits and user.sys_id == old["caller_id"]
    if is_caller and old["hold_reason"] == _AWAITING_CALLER:
        new |= dict.fromkeys(("state", "incident_state"), IN_PROGRESS)


def _require_close_info(new: Row) -> None:
    if new["state"] not in {RESOLVED, CLOSED}:
        return
    labels = {"close_code": "Resolution code", "close_notes": "Resolution notes"}
    missing = [label for name, label in labels.items() if not new[name].strip()]
    if missing:
        raise data_policy(missing)


def _stamp(new: Row, before: str, now: str, user_id: str) -> None:
    after = new["state"]
    if after == RESOLVED or (after == CLOSED and not new.get("resolved_at")):
        new |= {"resolved_at": now, "resolved_by": user_id}
        seconds = durations.between(new["opened_at"], now)
        new |= dict.fromkeys(_SECONDS, str(seconds))
        new |= dict.fromkeys(_DURATIONS, durations.kept(seconds))
    if after == CLOSED:
        new |= {"closed_at": now, "closed_by": user_id}
    if before == RESOLVED and after in {NEW, IN_PROGRESS, ON_HOLD}:
        count = str(int(new["reopen_count"] or 0) + 1)
        new |= {"reopen_count": count, "reopened_by": user_id, "reopened_time": now}
