"""Verdicts on the tab: whether it is there, and for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from tickets.support.diagnosis.causes_tab import SCRIPT_INCLUDE, UI_ACTION
from tickets.support.diagnosis.findings import Line, absent, present, unknown
from tickets.support.diagnosis.history import DAY
from tickets.support.diagnosis.reasoning import at, call_lines, check_line
from tickets.support.diagnosis.sight import Blind
from tickets.support.guide_parts import APP_SCOPE

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tickets.support.diagnosis.findings import Finding
    from tickets.support.diagnosis.history import Tally
    from tickets.support.diagnosis.known import Known

    Judge = Callable[[Known], Finding]


def _is_of_the_tab(tally: Tally) -> bool:
    """Whether the tab made the call: the set-up page makes the others."""
    return tally.purpose != "self_test"


def _shown(known: Known) -> datetime | None:
    """Return when the tab was there for somebody, after the instance was looked at."""
    last = known.history.newest(_is_of_the_tab)
    since = known.sight.at or timezone.now() - DAY
    return last if last and last > since else None


def _blind(known: Known, cause_id: str, blind: Blind) -> Finding:
    shown = known.history.newest(_is_of_the_tab)
    if shown and shown > timezone.now() - DAY:
        return absent(cause_id, Line("call_came", at(shown)))
    return unknown(cause_id, blind.line, *call_lines(known))


def _part(look: str, what: str, *, wants_inactive: bool, cause_id: str) -> Judge:
    """Return the judge of a part of the app that may be missing or inactive."""

    def judge(known: Known) -> Finding:
        rows = known.sight.rows(look)
        if isinstance(rows, Blind):
            return _blind(known, cause_id, rows)
        facts = {"what": what, **at(known.sight.at)}
        if known.sight.is_app_gone:
            return absent(cause_id, Line("app_first"))
        is_active = any(row["active"] != "false" for row in rows)
        is_meant = bool(rows) is wants_inactive and not is_active
        if shown := _shown(known):
            return absent(cause_id, Line("call_came", at(shown)))
        if is_meant:
            line = Line("inactive" if rows else "missing", facts)
            return present(
                cause_id, line, *known.sight.messages(), since=known.sight.at
            )
        code = "there" if is_active else "inactive" if rows else "missing"
        return absent(cause_id, Line(code, facts))

    return judge


def app_not_installed(known: Known) -> Finding:
    """Judge whether anything of the app is on the instance."""
    cause_id = "app_not_installed"
    looks = [known.sight.rows(name) for name in ("app", "script", "action")]
    blind = next((one for one in looks if isinstance(one, Blind)), None)
    if shown := _shown(known):
        return absent(cause_id, Line("call_came", at(shown)))
    if known.sight.is_app_gone:
        facts = {"what": "; ".join((_SCOPE, _SCRIPT, _ACTION)), **at(known.sight.at)}
        return present(cause_id, Line("missing", facts), since=known.sight.at)
    if blind and not any(looks):
        return _blind(known, cause_id, blind)
    return absent(cause_id, Line("there", at(known.sight.at)))


def view_excluded(known: Known) -> Finding:
    """Judge whether the tab shows in every view."""
    cause_id = "view_excluded"
    rows = known.sight.rows("views")
    if isinstance(rows, Blind):
        return unknown(cause_id, rows.line)
    excluded = [row["view"] for row in rows if row["visibility"] == "exclude"]
    included = [row["view"] for row in rows if row["visibility"] == "include"]
    told = []
    if included:
        told.append(_("It shows in these views only: %s") % ", ".join(included))
    if excluded:
        told.append(_("It does not show in these views: %s") % ", ".join(excluded))
    lines = [
        Line("view", {"view": row["view"], "visibility": row["visibility"]})
        for row in rows
    ]
    if not told:
        return absent(cause_id, Line("there", at(known.sight.at)))
    return present(
        cause_id, *lines, since=known.sight.at, facts={"views": "; ".join(told)}
    )


def nobody_has_role(known: Known) -> Finding:
    """Judge whether anybody has a role of the app."""
    cause_id = "nobody_has_role"
    row = known.checks.get("roles")
    shown = known.history.succeeded(("health.search", "solutions.search"))
    if shown and (row is None or row.checked_at is None or shown > row.checked_at):
        return absent(cause_id, Line("call_came", at(shown)))
    if row is None:
        return unknown(cause_id, Blind("not_asked").line)
    if known.sight.is_app_gone:
        return absent(cause_id, Line("app_first"))
    if row.code == "nobody":
        return present(cause_id, check_line(row), since=row.checked_at)
    is_told = row.verdict != "unknown"
    return (absent if is_told else unknown)(cause_id, check_line(row))


_SCOPE = f"application {APP_SCOPE}"
_SCRIPT = f"script include {SCRIPT_INCLUDE}"
_ACTION = f"UI action {UI_ACTION}"
JUDGES: dict[str, Judge] = {
    "app_not_installed": app_not_installed,
    "script_include_missing": _part(
        "script", _SCRIPT, wants_inactive=False, cause_id="script_include_missing"
    ),
    "script_include_inactive": _part(
        "script", _SCRIPT, wants_inactive=True, cause_id="script_include_inactive"
    ),
    "ui_action_missing": _part(
        "action", _ACTION, wants_inactive=False, cause_id="ui_action_missing"
    ),
    "ui_action_inactive": _part(
        "action", _ACTION, wants_inactive=True, cause_id="ui_action_inactive"
    ),
    "view_excluded": view_excluded,
    "nobody_has_role": nobody_has_role,
}
