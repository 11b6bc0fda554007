"""One call of the log explained: its cause, the repair, the situations it led to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from connector.messages import explain, is_known
from connector.probes.texts import Step, sentences
from tickets.support.api.error_texts import PROBLEMS
from tickets.support.call_models import ConnectorCall
from tickets.support.diagnosis import occurrences
from tickets.support.diagnosis.catalogue import CAUSES
from tickets.support.diagnosis.causes import filled
from tickets.support.diagnosis.history import as_tally
from tickets.support.diagnosis.known import Known
from tickets.support.diagnosis.situations import BY_NUMBER

if TYPE_CHECKING:
    from tickets.support.diagnosis.causes import Cause
    from tickets.support.diagnosis.situations import Situation

# Codes that several causes lead to, or that one cause stands for.
_CAUSES = {
    "integration_incomplete": "repository_incomplete",
    **dict.fromkeys(
        ("too_large", "not_json", "method_not_allowed"),
        "request_refused",
    ),
}


@dataclass(frozen=True)
class Explanation:
    """What was wrong with a call and what to do about it."""

    title: str
    text: str
    steps: list[Step]
    owner: str


def is_good(call: ConnectorCall) -> bool:
    """Say whether the other side was content."""
    return call.status is not None and call.status < 400


def explanation(call: ConnectorCall) -> Explanation | None:
    """Return what was wrong with a call, or None for one that succeeded."""
    if is_good(call):
        return None
    cause = _cause(call)
    if cause is None or call.repository is None:
        return _general(call)
    facts = Known(call.repository, None).texts | _facts(call)
    return Explanation(
        str(cause.title), cause.told(facts), cause.steps(facts), str(cause.owner)
    )


def _cause(call: ConnectorCall) -> Cause | None:
    if not _is_inbound(call):
        return None
    return CAUSES.get(_CAUSES.get(call.code, call.code))


def _is_inbound(call: ConnectorCall) -> bool:
    return call.direction == ConnectorCall.Direction.INBOUND


def _facts(call: ConnectorCall) -> dict[str, str]:
    who = call.user_name or _("An agent")
    return {"users": who, "accounts": who, "status": str(call.status or "")}


def _general(call: ConnectorCall) -> Explanation:
    """Return what a code means that is no cause of a situation."""
    problem = PROBLEMS.get(call.code) if _is_inbound(call) else None
    if problem:
        facts = _facts(call)
        steps = [Step(part) for part in sentences(filled(problem.repair, facts))]
        return Explanation(filled(problem.message, facts), "", steps, "")
    if not is_known(call.code):
        title = _("The other side refused it.")
        return Explanation(title, "", [Step(_("Read its own words below."))], "")
    found = explain(call.code)
    steps = [Step(part) for part in sentences(found.repair)]
    return Explanation(f"{found.title}.", "", steps, "")


def situations(call: ConnectorCall) -> list[Situation]:
    """Return the situations an inbound call put the agent in."""
    if not _is_inbound(call):
        return []
    return [BY_NUMBER[number] for number in occurrences.numbers_of(as_tally(call))]
