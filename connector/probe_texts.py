"""What the probes ask and answer, in words."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.utils import formats
from django.utils.translation import gettext_lazy as _

from connector.messages import explain, is_known

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

_QUESTIONS = {
    "connected": _("Is ServiceNow connected?"),
    "cards": _("Are the ticket cards and sharing switched on?"),
    "reachable": _("Is the instance awake and reachable?"),
    "token": _("Is the authorization valid?"),
    "owner": _("Does it belong to the integration user?"),
    "release": _("Is the release Kingston or later?"),
    "task": _("Can tasks be read?"),
    "change_request": _("Can change requests be read?"),
    "incident": _("Can incidents be read?"),
    "labels": _("Can the names of the ticket states be read?"),
    "lifetime": _("How long does the authorization last?"),
}
_UNASKED = {
    "not_asked": _("Not asked, because an earlier question failed."),
    "not_asked_yet": _("Not checked yet."),
    "not_asked_since": _("Not checked since the connection broke."),
}
_ROWS_HIDDEN = (
    _("There are rows in %(table)s, but the integration user may see none of them."),
    _(
        "Give the integration user the roles sn_change_read and sn_incident_read, or itil (User Administration > Users)."
    ),
)
# (probe, code) → answer and repair; other codes are explained by connector.messages.
_ANSWERS: dict[tuple[str, str], tuple[str | _StrPromise, str | _StrPromise]] = {
    ("connected", "connected"): (_("Yes: %(host)s."), ""),
    ("connected", "authorizing"): (_("The authorization is being finished."), ""),
    ("connected", "draft"): (
        _("Not yet: %(host)s was not authorized."),
        _("Select Authorize and sign in to ServiceNow as the integration user."),
    ),
    ("connected", "none"): (
        _("No."),
        _("Open the set-up page and follow its steps."),
    ),
    ("cards", "on"): (_("Yes."), ""),
    ("cards", "off"): (
        _("No: the home page shows no tickets and sharing is not offered."),
        _("Select Authorize, or Save if ServiceNow is authorized already."),
    ),
    ("reachable", "yes"): (_("Yes: %(host)s answers."), ""),
    ("reachable", "answers"): (_("Yes, it answers."), ""),
    ("token", "yes"): (_("Yes."), ""),
    ("owner", "same"): (_("Yes: %(user)s (%(name)s)."), ""),
    ("owner", "other"): (
        _("No: it belongs to %(user)s (%(name)s), not to %(named)s."),
        _(
            "Tickets would be created in the name of %(user)s. Select Authorize; on ServiceNow's page select Not You, at the top right, sign in as %(named)s and select Allow."
        ),
    ),
    ("owner", "other_entity"): (
        _("No: it belongs to %(user)s (%(name)s), not to %(named)s."),
        _(
            "Tickets would be created in the name of %(user)s. In System OAuth > Application Registry set the entity's OAuth Application User to %(named)s, then select Authorize."
        ),
    ),
    ("owner", "hidden"): (
        _(
            "The instance does not say: the user table cannot be read with these rights. Make sure that you signed in as %(named)s."
        ),
        "",
    ),
    ("release", "new_enough"): (_("Yes: %(release)s."), ""),
    ("release", "too_old"): (
        _("No: %(release)s."),
        _("Upgrade the instance to Kingston or later."),
    ),
    ("release", "hidden"): (
        _(
            "Cannot be told: the release cannot be read with these rights. That is usual and does no harm."
        ),
        "",
    ),
    ("release", "unreadable"): (
        _("Cannot be told: the instance names its release in an unknown way."),
        "",
    ),
    ("labels", "with_records"): (
        _("Yes: they come with the records (“%(label)s”)."),
        "",
    ),
    ("labels", "with_choices"): (_("Yes: from the list of choices."), ""),
    ("labels", "hidden"): (
        _(
            "Not yet: they come with the first ticket. ServiceNow's usual names are shown until then."
        ),
        "",
    ),
    ("lifetime", "long"): (
        _(
            "%(days)s days, until %(date)s. Until then access tokens are renewed automatically."
        ),
        "",
    ),
    ("lifetime", "ends_soon"): (
        _("%(days)s days, until %(date)s."),
        _("Select Authorize before it ends, so that tickets keep moving."),
    ),
    ("lifetime", "asked_anew"): (
        _("Without an end: each new token is asked for with the client secret."),
        "",
    ),
    ("lifetime", "password"): (
        _(
            "As long as the instance accepts the password. New instances refuse Basic authentication."
        ),
        _(
            "Choose authorization code or client credentials on the set-up page as soon as you can."
        ),
    ),
    ("lifetime", "not_renewable"): (
        _("Only until the access token ends: the instance gave no refresh token."),
        _(
            "In System OAuth > Application Registry make the entity a confidential client with a client secret, then select Authorize."
        ),
    ),
}


def question_of(name: str) -> str:
    """Return what the probe asks."""
    return str(_QUESTIONS.get(name, name))


def answer_of(name: str, code: str, facts: dict[str, str]) -> str:
    """Return what the probe found."""
    return _texts(name, code)[0] % _readable(facts)


def repair_of(name: str, code: str, facts: dict[str, str]) -> str:
    """Return what to do about it."""
    return _texts(name, code)[1] % facts


def _readable(facts: dict[str, str]) -> dict[str, str]:
    """Write the date, if there is one, as readers are used to."""
    if "date" not in facts:
        return facts
    day = date.fromisoformat(facts["date"])
    return facts | {"date": formats.date_format(day, "DATE_FORMAT")}


def _texts(name: str, code: str) -> tuple[str, str]:
    if code in _UNASKED:
        return str(_UNASKED[code]), ""
    if (name, code) in _ANSWERS:
        answer, repair = _ANSWERS[name, code]
        return str(answer), str(repair)
    return _table_texts(code)


def _table_texts(code: str) -> tuple[str, str]:
    if code == "readable":
        return str(_("Yes: the table %(table)s.")), ""
    if code == "empty":
        return str(_("Yes: %(table)s has no rows yet.")), ""
    if code == "rows_hidden":
        return str(_ROWS_HIDDEN[0]), str(_ROWS_HIDDEN[1])
    return _explained(code)


def _explained(code: str) -> tuple[str, str]:
    explanation = explain(code if is_known(code) else "")
    # Filled in by % like the others, so a percent sign must survive.
    return (
        explanation.title.replace("%", "%%") + ".",
        explanation.repair.replace("%", "%%"),
    )
