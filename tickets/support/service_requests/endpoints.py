"""The operations of the connector API for service requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _

from tickets.forms import refuse_control_characters, refuse_hidden_characters
from tickets.support.api.bodies import BodyForm, Flag, ObjectField, TextsField
from tickets.support.api.endpoints import ADMINISTRATOR, ApiCall, Reply, endpoint
from tickets.support.api.errors import ApiError
from tickets.support.service_requests import (
    administrators,
    diagnostics,
    flow,
    opening,
    transport,
)
from tickets.support.service_requests.models import (
    EMAIL_LIMIT,
    TEXT_LIMIT,
    TITLE_LIMIT,
    RequestUpdate,
    ServiceRequest,
)
from tickets.support.service_requests.opening import CannotOpen, Wish
from tickets.support.service_requests.states import Severity, State
from tickets.support.setups import REQUESTS

if TYPE_CHECKING:
    from tickets.support.models import SupportIntegration
    from tickets.support.service_requests.administrators import Account

# Of an incident's requests and a request's updates; the newest count.
MOST = 100
_SYS_ID = r"^[0-9A-Za-z]{32}\Z"
_LINE: dict[str, Any] = {"validators": [refuse_control_characters]}
_TEXT: dict[str, Any] = {"validators": [refuse_hidden_characters]}


class ContactForm(BodyForm):
    """Who Microsoft may ask."""

    name = forms.CharField(max_length=150, **_LINE)
    email = forms.EmailField(max_length=EMAIL_LIMIT)
    phone = forms.CharField(max_length=50, required=False, **_LINE)


class IncidentForm(BodyForm):
    """The incident the request is about."""

    sys_id = forms.RegexField(_SYS_ID)
    number = forms.CharField(max_length=40, **_LINE)
    short_description = forms.CharField(max_length=1000, required=False)


class OpenForm(BodyForm):
    """A request to be opened."""

    id = forms.UUIDField(help_text="Made by the caller: it opens once.")
    title = forms.CharField(max_length=TITLE_LIMIT, **_LINE)
    description = forms.CharField(max_length=TEXT_LIMIT, **_TEXT)
    severity = forms.ChoiceField(choices=Severity.choices)
    contact = ObjectField(ContactForm)
    incident = ObjectField(IncidentForm)
    diagnostics = TextsField(most=20, longest=TEXT_LIMIT, required=False)


class OfIncidentForm(BodyForm):
    """Which incident's requests are asked for."""

    incident = forms.RegexField(_SYS_ID)


class UpdateForm(BodyForm):
    """Something to be told to Microsoft, perhaps the last."""

    id = forms.UUIDField(help_text="Made by the caller: it is told once.")
    text = forms.CharField(max_length=TEXT_LIMIT, **_TEXT)
    close = Flag(required=False, help_text="Whether it is the last.")


@endpoint("requests.open", feature=REQUESTS, role=ADMINISTRATOR, methods=["POST"])
def open_request(call: ApiCall) -> Reply:
    """Open a request for an incident; the same id opens it once."""
    values, agent = call.read(OpenForm), call.agent
    account = administrators.of_agent(call.repository, agent.user_name, agent.email)
    try:
        case, is_new = opening.open_once(
            call.tenant,
            _wish(call, values),
            by=flow.agent(agent.user_name),
            account=account,
            repository=call.repository,
        )
    except CannotOpen as error:
        raise _refused(call, error, account) from error
    return Reply(shown(case, call.integration), status=201 if is_new else 200)


def _wish(call: ApiCall, values: dict[str, Any]) -> Wish:
    contact, incident = values["contact"], values["incident"]
    about = [values["title"], values["description"], incident["short_description"]]
    attached = diagnostics.gather(
        call.tenant,
        "\n".join(about),
        repository=call.repository,
        incident=incident["number"],
        given=values["diagnostics"] or {},
    )
    return Wish(
        caller_id=values["id"],
        title=values["title"],
        description=values["description"].replace("\r\n", "\n"),
        severity=values["severity"],
        contact_name=contact["name"],
        contact_email=contact["email"],
        contact_phone=contact["phone"],
        diagnostics=attached,
        incident_sys_id=incident["sys_id"],
        incident_number=incident["number"],
    )


def _refused(call: ApiCall, error: CannotOpen, account: Account) -> ApiError:
    facts: dict[str, Any] = {
        "email": account.email,
        "user": call.agent.user_name or "-",
    }
    if setup := call.integration.setup:
        facts |= {"setup": str(setup.label), "feature": str(REQUESTS.label)}
    return ApiError(error.code, **facts)


@endpoint("requests.list", feature=REQUESTS, role=ADMINISTRATOR, methods=["GET"])
def list_requests(call: ApiCall) -> Reply:
    """Say which requests there are for an incident, the newest first."""
    sys_id = call.read_query(OfIncidentForm)["incident"]
    mine = ServiceRequest.objects.for_incident(call.repository, sys_id)
    found = list(mine.prefetch_related("updates")[:MOST])
    for case in found:
        case.tenant, case.repository = call.tenant, call.repository
    return Reply(
        {"service_requests": [shown(case, call.integration) for case in found]}
    )


@endpoint("requests.read", feature=REQUESTS, role=ADMINISTRATOR, methods=["GET"])
def read_request(call: ApiCall, reference: str) -> Reply:
    """Show one request with its updates."""
    return Reply(shown(_find(call, reference), call.integration))


@endpoint("requests.update", feature=REQUESTS, role=ADMINISTRATOR, methods=["POST"])
def update_request(call: ApiCall, reference: str) -> Reply:
    """Tell Microsoft something further, and close the request if that is wanted."""
    values, case = call.read(UpdateForm), _find(call, reference)
    text = values["text"].replace("\r\n", "\n")
    by, key = flow.agent(call.agent.user_name), values["id"]
    try:
        _tell(case, text, by=by, key=key, closes=bool(values["close"]))
    except flow.WrongState as error:
        words = _("The request is %(state)s; nothing can be added to it.") % {
            "state": State(error.state).label
        }
        raise ApiError("invalid_request", fields={"text": words}) from error
    case.refresh_from_db()
    return Reply(shown(case, call.integration), status=201)


def _tell(
    case: ServiceRequest, text: str, *, by: flow.By, key: Any, closes: bool
) -> None:
    if not closes:
        flow.say(case, text, by=by, key=key)
        return
    # What Microsoft does not know yet needs no closing.
    last = State.CANCELLED if case.state == State.NEW else State.CLOSED
    flow.move(case, last, by=by, text=text, key=key)


def _find(call: ApiCall, reference: str) -> ServiceRequest:
    mine = ServiceRequest.objects.for_tenant(call.tenant).named(reference)
    found = mine.filter(repository=call.repository)
    found = found.select_related("tenant", "repository")
    case: ServiceRequest | None = found.first()
    if case is None:
        raise ApiError("not_found")
    return case


def shown(case: ServiceRequest, integration: SupportIntegration) -> dict[str, Any]:
    """Return a request as the API shows it."""
    return {
        "reference": case.reference,
        "title": case.title,
        "description": case.description,
        "severity": case.severity,
        "state": case.state,
        "state_label": str(State(case.state).label),
        "case_number": case.case_number,
        "transport": case.transport,
        "transport_note": transport.note_for(case, integration),
        "is_test": case.is_test,
        "contact": {
            "name": case.contact_name,
            "email": case.contact_email,
            "phone": case.contact_phone,
        },
        "incident": {
            "sys_id": case.incident_sys_id,
            "number": case.incident_number,
        },
        "created_at": case.created_at.isoformat(),
        "updated_at": case.updated_at.isoformat(),
        "updates": [_shown_update(one) for one in list(case.updates.all())[:MOST]],
        "url": f"{settings.SITE_URL}{case.get_absolute_url()}",
    }


def _shown_update(update: RequestUpdate) -> dict[str, Any]:
    is_person = update.source == RequestUpdate.Source.PERSON
    parts = []
    if update.state:
        label = State(update.state).label
        parts.append(_("State: %(state)s") % {"state": label})
    return {
        "id": str(update.key),
        "at": update.at.isoformat(),
        "author": update.author or str(RequestUpdate.Source(update.source).label),
        # Whoever acts in the portal is the portal to the agent.
        "from": RequestUpdate.Source.PORTAL.value if is_person else update.source,
        "text": "\n".join(filter(None, [*parts, update.text])),
    }
