"""What happens to a request: states, case number, words from both sides.

Everything that is told leaves a line in the timeline and an event in the audit trail,
and where the request belongs to an incident, a note in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from connector import audit
from tickets.support.service_requests import deliveries, notes, transport
from tickets.support.service_requests.models import RequestUpdate, ServiceRequest
from tickets.support.service_requests.states import FINAL, NEXT, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.contrib.auth.models import User

Source = RequestUpdate.Source


@dataclass(frozen=True)
class By:
    """Who acts: where from, under which name, and the person of the portal if it is one."""

    source: str
    name: str = ""
    actor: User | None = None


PORTAL = By(Source.PORTAL)


def person(user: User) -> By:
    """Return somebody in the portal."""
    return By(Source.PERSON, user.get_username(), user)


def agent(user_name: str) -> By:
    """Return somebody on the instance."""
    return By(Source.AGENT, user_name)


class WrongState(Exception):
    """The request is in a state in which this cannot be done."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


@dataclass(frozen=True)
class Words:
    """What Microsoft wrote."""

    author: str
    text: str
    key: UUID
    quoted: str = ""
    attachments: Sequence[str] = ()
    is_automatic: bool = False
    case_number: str = ""


def move(
    case: ServiceRequest, state: str, *, by: By, text: str = "", key: UUID | None = None
) -> RequestUpdate:
    """Bring the request into another state, with the same key once.

    Raises `WrongState` if it may not go there.
    """
    with transaction.atomic():
        _lock(case)
        if key and (known := case.updates.filter(key=key).first()):
            return known
        if state not in NEXT[case.state] or _lacks_number(case, state):
            raise WrongState(case.state)
        return _move(case, State(state), by=by, text=text, key=key)


def _lacks_number(case: ServiceRequest, state: str) -> bool:
    """Say whether a case would be called open that nobody knows the number of."""
    return state == State.OPEN and not case.is_known_to_microsoft


def _move(
    case: ServiceRequest, state: State, *, by: By, text: str, key: UUID | None
) -> RequestUpdate:
    before, case.state = case.state, state
    tells = _is_told_to_microsoft(case, before, state, by)
    update = _write(case, by, text, key=key, state=state, is_for_microsoft=tells)
    _save(case, "state")
    _record("support.request_moved", case, by, before=before, state=state.value)
    head = _("State: %(state)s") % {"state": state.label}
    _note(case, update, "\n".join(filter(None, [head, text])))
    if tells:
        transport.of(case).say(case, _told(state, text), once=str(update.key))
    return update


def _is_told_to_microsoft(
    case: ServiceRequest, before: str, state: str, by: By
) -> bool:
    """Say whether Microsoft is to be told of the transition, and take back what waits."""
    if state == State.CANCELLED and case.transport == transport.Email.id:
        # What did not go out needs no cancelling.
        return deliveries.withdraw_mails(case)
    is_ours = by.source in {Source.PERSON, Source.AGENT}
    is_reopened = (before, state) == (State.SOLVED, State.OPEN)
    return is_ours and before != State.NEW and (is_reopened or state in FINAL)


def _told(state: State, text: str) -> str:
    words = {
        State.OPEN: _("The problem is not solved. Please reopen this case."),
        State.CLOSED: _("This request is closed on our side. Thank you."),
        State.CANCELLED: _("This request is cancelled. Please close the case."),
    }
    return "\n\n".join(filter(None, [words.get(state, ""), text]))


def number(case: ServiceRequest, case_number: str, *, by: By) -> RequestUpdate | None:
    """Store Microsoft's case number, which opens the case; None if it is known."""
    with transaction.atomic():
        _lock(case)
        if case.case_number == case_number:
            return None
        return _number(case, case_number, by)


def _number(case: ServiceRequest, case_number: str, by: By) -> RequestUpdate:
    old, case.case_number = case.case_number, case_number
    _save(case, "case_number")
    _record("support.request_numbered", case, by, number=case_number, before=old)
    text = _("Microsoft's case number: %(number)s") % {"number": case_number}
    if case.state in {State.NEW, State.SENT}:
        return _move(case, State.OPEN, by=by, text=text, key=None)
    update = _write(case, by, text)
    _note(case, update, text)
    return update


def say(
    case: ServiceRequest, text: str, *, by: By, key: UUID | None = None
) -> RequestUpdate:
    """Tell Microsoft something further; the same key is told once.

    An answer takes a request that waits for it back to work. Raises `WrongState` for one
    that is closed or cancelled.
    """
    with transaction.atomic():
        _lock(case)
        if key and (known := case.updates.filter(key=key).first()):
            return known
        if case.is_final:
            raise WrongState(case.state)
        update = _write(case, by, text, key=key, is_for_microsoft=True)
        _record("support.request_updated", case, by)
        if by.source == Source.PERSON:
            _note(case, update, f"{by.name}:\n{text}")
        transport.of(case).say(case, text, once=str(update.key))
        if case.state == State.WAITING:
            _move(case, State.OPEN, by=by, text="", key=None)
    return update


def hear(case: ServiceRequest, words: Words) -> RequestUpdate | None:
    """Write down what Microsoft said, and its case number; None if it is known already."""
    by = By(Source.MICROSOFT, words.author)
    with transaction.atomic():
        _lock(case)
        if case.updates.filter(key=words.key).exists():
            return None
        update = RequestUpdate.objects.create(
            request=case,
            key=words.key,
            source=by.source,
            author=words.author[:200],
            text=words.text,
            quoted=words.quoted,
            attachments=list(words.attachments),
            is_automatic=words.is_automatic,
        )
        _save(case)
        _record("support.request_answered", case, by, automatic=words.is_automatic)
        if words.case_number and not case.case_number:
            _number(case, words.case_number, by)
        if not words.is_automatic:
            _note(case, update, f"{words.author}:\n{words.text}")
    return update


def _lock(case: ServiceRequest) -> None:
    """Let others wait who act on the same request, and see what they did."""
    rows = ServiceRequest.objects.select_for_update().select_related(None)
    case.refresh_from_db(fields=["state", "case_number"], from_queryset=rows)


def _save(case: ServiceRequest, *fields: str) -> None:
    case.updated_at = timezone.now()
    case.save(update_fields=[*fields, "updated_at"])


def _write(
    case: ServiceRequest,
    by: By,
    text: str,
    *,
    key: UUID | None = None,
    state: str = "",
    is_for_microsoft: bool = False,
) -> RequestUpdate:
    _save(case)
    return RequestUpdate.objects.create(
        request=case,
        key=key or uuid4(),
        source=by.source,
        author=by.name[:200],
        text=text,
        state=state,
        is_for_microsoft=is_for_microsoft,
    )


def _note(case: ServiceRequest, update: RequestUpdate, text: str) -> None:
    notes.queue(case, text, once=str(update.key))


def _record(action: str, case: ServiceRequest, by: By, **facts: object) -> None:
    source = str(Source(by.source).value)
    audit.record(
        action,
        tenant=case.tenant,
        actor=by.actor,
        target=case.reference,
        by=by.name or source,
        source=source,
        **facts,
    )
