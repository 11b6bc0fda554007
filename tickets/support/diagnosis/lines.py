"""The evidence in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import formats, timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from connector.messages import explain, is_known

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.probes.texts import Words

_TEXTS: dict[str, Words] = {
    "call_came": _("Calls of the app come: the last one %(at)s."),
    "none_came": _("No call of the app was ever logged here."),
    "refused": _(
        "Calls refused for this: %(total)s, in the last 24 hours: %(day)s. First %(first_at)s, last %(last_at)s. Operations: %(purposes)s. By: %(by)s."
    ),
    "not_since": _("No call has succeeded since then."),
    "nothing_since": _("No other call has come since then."),
    "better_since": _("Since then a call has succeeded: %(at)s."),
    "other_since": _("Since then calls were refused for another reason: %(code)s."),
    "none_refused": _("Calls came, and none was refused for this."),
    "request_ids": _("Request IDs: %(ids)s"),
    "keys": _("The portal knows %(count)s key(s) of the directory, fetched %(at)s."),
    "keys_failed": _("The last attempt to fetch them failed: %(at)s."),
    "first_only": _("Of the refusals of a minute the log keeps the first only."),
    "other_works": _("Of %(count)s other agent(s) calls succeed."),
    "linked_since": _("%(user)s was linked to %(email)s since then (%(at)s)."),
    "property": _("On the instance %(name)s is “%(value)s” (looked at %(at)s)."),
    "property_empty": _("On the instance %(name)s is empty (looked at %(at)s)."),
    "there": _("On the instance it is there and active (looked at %(at)s)."),
    "inactive": _(
        "On the instance %(what)s is there, but not active (looked at %(at)s)."
    ),
    "missing": _("On the instance there is no %(what)s (looked at %(at)s)."),
    "view": _("View %(view)s: %(visibility)s"),
    "app_first": _("Nothing of the app is on the instance: that comes first."),
    "setup_first": _("The set-up of the app comes first: it is not finished."),
    "decision_first": _("The two questions come first."),
    "step_done": _("The guide's step “%(step)s” was ticked by %(who)s, %(at)s."),
    "step_open": _("The guide's step “%(step)s” is not ticked."),
    "check": _("Check “%(question)s” (%(at)s): %(answer)s"),
    "sent": _("Outbound HTTP log: %(at)s %(method)s %(where)s, status %(status)s"),
    "sent_unanswered": _("Outbound HTTP log: %(at)s %(method)s %(where)s, no answer"),
    "sent_nothing": _(
        "The outbound HTTP log of the instance has no request to these hosts in 24 hours (looked at %(at)s)."
    ),
    "unseen": _("The portal's log has no call at that time."),
    "logged": _("System log: %(at)s"),
    "held": _(
        "Note of %(reference)s into %(incident)s, queued %(at)s: not written (%(code)s %(status)s)"
    ),
    "wrote_well": _(
        "Notes were written into incidents; the last one was queued %(at)s."
    ),
    "wrote_nothing": _("No note was ever to be written into an incident."),
    "writes_nothing": _("With Insights only nothing is written into incidents."),
    "entered": _("It is entered."),
    "saved_well": _("The last time it was saved: %(at)s."),
    "strayed": _(
        "A call for a repository that does not exist came from %(by)s, where calls of this organization come from: %(at)s."
    ),
    "recorded": _(
        "Recorded for %(incident)s (sys_id %(sys_id)s) through %(repository)s, %(at)s: %(what)s"
    ),
    "records_fit": _(
        "Nothing is recorded for an incident under another sys_id or repository."
    ),
}
_BLIND: dict[str, Words] = {
    "not_asked": _("The instance was not asked yet: select Check again."),
    "insights": _(
        "With Insights only the portal never calls the instance: it has to be looked up by hand."
    ),
    "nobody_looks": _(
        "The portal cannot look: the Rest user does not get in, and there is no working connection of its own to this instance."
    ),
    "hidden": _("The users the portal signs in as may not see %(table)s."),
    "out_of_time": _("The instance was so slow that this was not asked."),
    "missing_values": _("The values of the repository were not entered yet."),
}


class _Facts(dict[str, str]):
    """The facts of a line; one of an older version may lack some."""

    def __missing__(self, key: str) -> str:
        return "-"


def text_of(code: str, facts: Mapping[str, object]) -> str:
    """Return a line of evidence; moments are written as readers are used to."""
    told = {name: _told(name, value) for name, value in facts.items()}
    if code == "blind":
        return _blind(told)
    return str(_TEXTS[code]) % _Facts(told)


def _told(name: str, value: object) -> str:
    if name == "at" or name.endswith("_at"):
        return moment(str(value))
    return str(value)


def moment(text: str) -> str:
    """Return an ISO date-time as people read it."""
    at = parse_datetime(text) if text else None
    if at is None:
        return "-"
    local = timezone.localtime(at)
    return f"{formats.date_format(local, 'DATETIME_FORMAT')} {local.tzname()}"


def _blind(facts: Mapping[str, str]) -> str:
    why = facts["why"]
    if why in _BLIND:
        return str(_BLIND[why]) % _Facts(facts)
    explanation = explain(why if is_known(why) else "")
    return _now("The instance did not show it: %(why)s.") % {"why": explanation.title}
