"""The probes of what tickets need: fields, states, and a test ticket on request."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from connector.exceptions import ConnectorError
from connector.probes import Probe, ok, register, warning
from connector.probes.tables import sample
from connector.probes.texts import Copy, Text, add
from tickets import demands, rehearsal, states
from tickets.models import Kind, TicketState

if TYPE_CHECKING:
    from connector.probes import Examination, Finding
    from connector.servicenow.records import Record


def states_in_use(e: Examination) -> Finding:
    """Compare the states that are in use with those that have a name here."""
    seen = _seen(e)
    states.add_defaults(e.connection)
    rows = TicketState.objects.filter(connection=e.connection)
    known = set(rows.values_list("kind", "value"))
    unknown_ones = {
        (kind, record.value("state")): record.display("state")
        for kind, record in seen
        if (kind, record.value("state")[:40]) not in known and record.value("state")
    }
    if not unknown_ones:
        return ok("known", count=len({(k, r.value("state")) for k, r in seen}))
    # From now on they can be given names.
    states.see(e.connection, seen)
    named = [f"{value} “{label}”" for (_kind, value), label in unknown_ones.items()]
    return warning("new", states=", ".join(named))


def _seen(e: Examination) -> list[tuple[str, Record]]:
    """Return records of both kinds; raises ConnectorError if neither can be read."""
    found: list[tuple[str, Record]] = []
    errors = []
    for kind in Kind.values:
        try:
            found += [(kind, record) for record in sample(e, kind).records]
        except ConnectorError as error:
            errors.append(error)
    if len(errors) == len(Kind.values):
        raise errors[0]
    return found


_FIELDS = {
    Kind.CHANGE_REQUEST: _("Does the portal send every field a change request needs?"),
    Kind.INCIDENT: _("Does the portal send every field an incident needs?"),
}
_TESTS = {
    Kind.CHANGE_REQUEST: _("Is a test change request taken?"),
    Kind.INCIDENT: _("Is a test incident taken?"),
}
PROBES = [
    *(
        Probe(
            f"{kind}_fields",
            question,
            "tickets",
            "servicenow",
            partial(demands.of, kind=kind.value),
            needs=("token",),
            link="sys_data_policy2_list.do",
        )
        for kind, question in _FIELDS.items()
    ),
    Probe(
        "states",
        _("Are the states in use known here?"),
        "tickets",
        "helpdesk",
        states_in_use,
        needs=("token",),
        page="tickets:states",
    ),
    *(
        Probe(
            f"{kind}_test",
            question,
            "tickets",
            "servicenow",
            partial(rehearsal.rehearse, kind=kind.value),
            needs=("token",),
            link=f"{kind}_list.do",
            on_request=True,
        )
        for kind, question in _TESTS.items()
    ),
]

_SET = (
    _(
        "Open **System Policy > Data Policies**, find the policy for %(table)s and exempt the integration user with a condition, or make the field optional."
    ),
    _(
        "Or give the field a default value: **System Definition > Dictionary**, the field of %(table)s, **Default Value**."
    ),
    _("Then select **Send a test ticket** below to be sure."),
)
_BY_HAND = (
    _(
        "Select **Send a test ticket** below: the instance then says itself what it lacks."
    ),
    _(
        "Or look in **System Policy > Data Policies** and **System Definition > Dictionary** for mandatory fields of %(table)s."
    ),
)
_FIELD_TEXTS = {
    "all_sent": Text(_("Yes: it sends every field that is mandatory in %(table)s.")),
    "proved": Text(_("Yes: a test ticket was taken on %(date)s.")),
    "demanded": Text(
        _(
            "No: a data policy (%(by)s) demands %(fields)s, which the portal does not send."
        ),
        _SET,
    ),
    "perhaps": Text(
        _(
            "Perhaps not: %(fields)s is mandatory on forms or under some condition. The API usually takes tickets without."
        ),
        _SET[2:],
    ),
    "hidden": Text(
        _(
            "Cannot be told: dictionary and data policies do not show with these rights."
        ),
        _BY_HAND,
        "security",
    ),
}
_AGAIN = _("Then select **Send a test ticket** again.")
_TEST_TEXTS = {
    "taken": Text(_("Yes: %(number)s was created and canceled.")),
    "sent": Text(
        _(
            "It was sent, but no answer came. Within a few minutes it is looked for and canceled if it is there. Its correlation ID is %(reference)s."
        )
    ),
    "created": Text(
        _("%(number)s was created and is being canceled; this goes on by itself.")
    ),
    "no_answer": Text(
        _("No answer came, and no ticket was created (correlation ID %(reference)s)."),
        (_("Select **Send a test ticket** again when the instance answers."),),
        "security",
    ),
    "given_up": Text(
        _(
            "The instance did not answer for a day: a test ticket may still be open there."
        ),
        (
            _(
                "Search %(table)s for this correlation ID and cancel the ticket by hand:"
            ),
            Copy(_("Correlation ID"), "%(reference)s"),
            _("Then select **Send a test ticket** again."),
        ),
    ),
    "left_open": Text(
        _("%(number)s was created, but could not be canceled: it is still open."),
        (
            _("Open the test ticket and cancel it by hand:"),
            Copy(_("Test ticket"), "%(address)s"),
            _(
                "The portal never cancels real tickets, so nothing else has to be done; tickets are taken."
            ),
        ),
    ),
    "hidden": Text(
        _(
            "It was created, but does not show for the integration user: real tickets would count as lost. It is still open."
        ),
        (
            _(
                "Search %(table)s for this correlation ID and cancel the ticket by hand:"
            ),
            Copy(_("Correlation ID"), "%(reference)s"),
            _(
                "Look in **System Security > Access Control (ACL)** for the rules of %(table)s, operation read, and let the integration user see what it created."
            ),
            _AGAIN,
        ),
    ),
    "data_policy": Text(
        _(
            "No: the instance demands fields the portal does not send; its words name them."
        ),
        (*_SET[:2], _AGAIN),
    ),
    "business_rule": Text(
        _("No: a business rule on the instance refused it; its name is in the words."),
        (
            _("Open **System Definition > Business Rules** and look for that name."),
            _("Exempt the integration user in its condition."),
            _AGAIN,
        ),
    ),
    "acl": Text(
        _("No: the integration user may not create %(table)s."),
        (
            _("Open **User Administration > Users** and open the integration user."),
            _("In **Roles > Edit** add:"),
            Copy(_("Role"), "itil"),
            _(
                "Has it that role? Then look in **System Security > Access Control (ACL)** for the rules of %(table)s, operation create."
            ),
            _AGAIN,
        ),
    ),
}
_STATE_TEXTS = {
    "known": Text(_("Yes: all %(count)s that were seen have a name here.")),
    "new": Text(
        _("New ones were seen: %(states)s. They are on the list now."),
        (
            _(
                "Open **Ticket state names** and see whether your people know them by these names."
            ),
        ),
    ),
}


def install() -> None:
    """Let the connector ask these questions too."""
    register(PROBES)
    add({("states", code): text for code, text in _STATE_TEXTS.items()})
    for kind in Kind.values:
        add({(f"{kind}_fields", code): text for code, text in _FIELD_TEXTS.items()})
        add({(f"{kind}_test", code): text for code, text in _TEST_TEXTS.items()})
