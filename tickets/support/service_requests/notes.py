"""Notes into the incident a request is about: what they say, and that they are there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from connector import markup
from connector.exceptions import Evidence, Misconfigured, Refused
from connector.servicenow.query import Query
from tickets import amending, attempts, echoes
from tickets.models import Kind
from tickets.support import call_log, clients
from tickets.support.models import SupportIntegration
from tickets.support.service_requests import deliveries
from tickets.support.service_requests.models import RequestDelivery, ServiceRequest
from tickets.support.setups import INSIGHTS

if TYPE_CHECKING:
    from connector.servicenow.client import ServiceNow
    from connector.servicenow.records import Record

# Names the author in the note; a proper name.
AUTHOR = "Microsoft 365 support"
LONGEST = 4000
JOURNAL = "work_notes"
# The column for the name another system knows a record by; the portal's own tickets
# carry its name there, and are followed by it.
DISPLAY = "correlation_display"
_MARK = "SR-"
# What stands between these ServiceNow shows as HTML, whoever wrote it.
_MARKUP = re.compile(r"\[(/?)code\]", re.IGNORECASE)
_FIELDS = ("number", JOURNAL, DISPLAY)


def reason_against(case: ServiceRequest) -> str:
    """Return why nothing is written into an incident, or ""."""
    if not case.incident_sys_id and not case.incident_number:
        return _("The request belongs to no incident in ServiceNow.")
    if case.repository is None:
        return _("The incident's instance is not a repository, or was removed.")
    if deliveries.is_silent(case):
        return _(
            "A test environment: nothing is written into the incident in ServiceNow."
        )
    setup = SupportIntegration.objects.of(case.tenant).setup
    if setup is INSIGHTS:
        return _(
            "The set-up is Insights only: nothing is written into incidents in ServiceNow."
        )
    if setup is None:
        return _(
            "The set-up is not decided, so the portal cannot sign in to ServiceNow."
        )
    return ""


def queue(case: ServiceRequest, text: str, *, once: str) -> RequestDelivery | None:
    """Queue a work note; None where nothing is written, or if it was queued before.

    `once` tells one note of a request from another.
    """
    if reason_against(case):
        return None
    marker = deliveries.marker_of(case, RequestDelivery.Channel.NOTE, once)
    words = f"{name_of(case)}\n{_MARKUP.sub(_shown_as_text, text)}"
    words = markup.shortened(words, LONGEST)
    payload = {
        JOURNAL: echoes.marked(words, author=AUTHOR, marker=marker),
        DISPLAY: display_of(case),
    }
    return deliveries.queue(case, RequestDelivery.Channel.NOTE, payload, marker)


def _shown_as_text(mark: re.Match[str]) -> str:
    return f"({mark[1]}code)"


def name_of(case: ServiceRequest) -> str:
    """Return a note's first line: the request, and the case if there is one."""
    if case.case_number:
        words = _("Microsoft service request %(reference)s, case %(number)s")
    else:
        words = _("Microsoft service request %(reference)s")
    return words % {"reference": case.reference, "number": case.case_number}


def display_of(case: ServiceRequest) -> str:
    """Return what the incident's column for the other system's name says."""
    return " · ".join(filter(None, [case.reference, case.case_number]))[:100]


def write(delivery: RequestDelivery) -> None:
    """Write a note into the incident, unless an earlier attempt did.

    Raises `ConnectorError`, `StillOpen` or `ClaimLost`, as `attempts.run` does.
    """
    repository = delivery.request.repository
    if repository is None:
        raise Refused("repository_removed")
    with call_log.outbound(repository, "request note"):
        _write(delivery, _client(delivery.request))


def _client(case: ServiceRequest) -> ServiceNow:
    repository = case.repository
    setup = SupportIntegration.objects.of(case.tenant).setup
    if repository is None or not repository.is_complete_for(setup):
        raise Misconfigured("repository_incomplete")
    return clients.servicenow(repository, setup)


def _write(delivery: RequestDelivery, client: ServiceNow) -> None:
    case = delivery.request
    if not case.incident_sys_id:
        _look_up(client, case)
    # Read first: for what an earlier attempt left, and for whose record it is.
    record = client.get(Kind.INCIDENT, case.incident_sys_id, fields=_FIELDS)
    _learn_number(case, record)
    is_repeat = not attempts.is_first(delivery)
    if is_repeat:
        if _is_written(client, delivery, record):
            return
        attempts.wait_for_answer(delivery)
    if delivery.has_lapsed:
        raise attempts.ClaimLost
    if is_repeat:
        attempts.hold(delivery)
    _send(client, delivery, record)


def _look_up(client: ServiceNow, case: ServiceRequest) -> None:
    """Find the incident somebody named by its number alone."""
    query = Query().equals("number", case.incident_number)
    page = client.list(Kind.INCIDENT, query, fields=_FIELDS, limit=2)
    # A field the instance does not know is ignored in a query: compare what came.
    found = [r for r in page.records if r.value("number") == case.incident_number]
    if len(found) != 1:
        words = _("Incidents with the number %(number)s: %(count)s") % {
            "number": case.incident_number,
            "count": len(found),
        }
        raise Refused("incident_not_found", Evidence(words=words, method="GET"))
    case.incident_sys_id = found[0].sys_id
    case.save(update_fields=["incident_sys_id"])


def _learn_number(case: ServiceRequest, record: Record) -> None:
    number = record.value("number")
    if number and not case.incident_number:
        case.incident_number = number[:40]
        case.save(update_fields=["incident_number"])


def _send(client: ServiceNow, delivery: RequestDelivery, record: Record) -> None:
    case = delivery.request
    values = dict(delivery.payload)
    if not _is_ours(record):
        del values[DISPLAY]
    try:
        record = client.update(
            Kind.INCIDENT, case.incident_sys_id, values, fields=_FIELDS
        )
    except Refused as error:
        if error.committed != "maybe":
            raise
        # The refusal ends the transaction, so one look is enough.
        record = client.get(Kind.INCIDENT, case.incident_sys_id, fields=_FIELDS)
        if not _is_written(client, delivery, record):
            raise Refused(error.code, error.evidence) from error
        return
    marker = str(delivery.marker)
    if record.display(JOURNAL) and marker not in record.display(JOURNAL):
        raise Refused("not_taken", Evidence(status=200, request_id=record.request_id))


def _is_ours(record: Record) -> bool:
    """Say whether the name of the other system is free, or of a service request."""
    shown = record.value(DISPLAY)
    return not shown or shown.startswith(_MARK)


def _is_written(client: ServiceNow, delivery: RequestDelivery, record: Record) -> bool:
    found = amending.find_note(client, record, JOURNAL, str(delivery.marker))
    if found is None and delivery.unanswered_at is not None:
        raise Refused("note_unverifiable")
    return bool(found)
