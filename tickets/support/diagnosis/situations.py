"""The sixteen situations of the troubleshooting guide, as agents describe them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from connector.probes.texts import Copy, Step, filled_steps
from tickets.support.call_models import Occasion
from tickets.support.guide_parts import APP_SCOPE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.probes.texts import Words

# What the app shows, word for word: these texts are the app's, not the portal's.
SETUP_STEPS = "Please contact your ServiceNow admin and ask them to complete the setup steps for the app."
FINAL_STEP = "Please contact your ServiceNow admin and ask them to complete the final set up step for the app."
NOT_AN_ADMIN = "{EmailAddress} is not a valid Microsoft 365 admin account. You need Microsoft 365 admin privileges to open a service request. In the app, link the admin account."
APP_SUPPORT = "Please contact app support."
NOT_SAVED = "Unable to save ticket details. Please contact App support."


class Sign(models.TextChoices):
    """What the agent then sees."""

    NO_TAB = "no_tab", _("The Microsoft 365 support tab is missing")
    SETUP_STEPS = "setup_steps", SETUP_STEPS
    FINAL_STEP = "final_step", FINAL_STEP
    NOT_AN_ADMIN = "not_an_admin", NOT_AN_ADMIN
    NOTHING = "nothing", _("Nothing shows up, nothing happens")
    APP_SUPPORT = "app_support", APP_SUPPORT
    GONE = "gone", _("Something is missing on reopening the incident")
    NOT_SAVED = "not_saved", NOT_SAVED


@dataclass(frozen=True)
class Look:
    """A way to find out by hand, as the guide numbers it; `path` leads there."""

    id: str
    label: Words
    title: Words
    steps: tuple[Words | Copy, ...]
    path: str = ""

    def read(self, facts: Mapping[str, str]) -> list[Step]:
        """Return its steps with the values of a repository."""
        return list(filled_steps(self.steps, facts))


_OF_THE_APP = (
    _("In the instance open **System Logs > All** and filter by:"),
    Copy(_("Source or message"), APP_SCOPE),
)
VIEW = Look(
    "view",
    _("The current view"),
    _("The current view, and where the tab is shown"),
    (
        _(
            "Open an incident and see which view it shows: **Additional actions** (the menu of the form header) > **View**."
        ),
        _(
            "The tab belongs to the UI action **Microsoft 365 support** on the table incident. Open **System Definition > UI Actions**, open it, and see whether it is active and which views **UI Action Visibility** includes or excludes."
        ),
    ),
    "sys_ui_action_list.do?sysparm_query=name%3DMicrosoft%20365%20support",
)
FORM = Look(
    "form",
    _("The form"),
    _("The error message on top of the form"),
    (_("Read the error message on top of the form."),),
)
D1 = Look(
    "D1",
    "D1",
    _("D1: the error message, and the app's lines in the system log"),
    (_("Read the error message on top of the form."), *_OF_THE_APP),
    f"syslog_list.do?sysparm_query=source%3D{APP_SCOPE}",
)
D2 = Look(
    "D2",
    "D2",
    _("D2: the instance's log of outbound requests"),
    (
        _("In the instance open **System Logs > Outbound HTTP logs** and filter by:"),
        Copy(_("Host of the sign-in of Microsoft"), "%(login_host)s"),
        Copy(_("Host of this portal"), "%(portal_host)s"),
        _(
            "Is there no row of the first host, the app asked for no token. Is there one with a status of 400 or more, Microsoft Entra refused the token. Is there none of the second host, or one without a status, the way to the portal is blocked."
        ),
    ),
    "sys_outbound_http_log_list.do",
)
D3 = Look(
    "D3",
    "D3",
    _("D3: the app's lines in the system log"),
    _OF_THE_APP,
    f"syslog_list.do?sysparm_query=source%3D{APP_SCOPE}",
)
LOOKS = (VIEW, FORM, D1, D2, D3)


@dataclass(frozen=True)
class Situation:
    """One row of the guide: what is done, what shows, and how to look by hand."""

    number: int
    occasion: Occasion
    sign: Sign
    problem: Words
    # The app's own words, "" where nothing is shown.
    message: str
    by_hand: tuple[Look, ...]


_SELECTED = _("Microsoft recommended solutions selected")
_SEARCHED = _("Issue typed into the search box, then recommended solutions selected")
_CONTACTED = _("Contact Microsoft support selected")

SITUATIONS = (
    Situation(
        1,
        Occasion.TAB,
        Sign.NO_TAB,
        _("The Microsoft 365 support tab is missing"),
        "",
        (VIEW, D3),
    ),
    Situation(
        *(2, Occasion.RECOMMENDED, Sign.SETUP_STEPS, _SELECTED, SETUP_STEPS, (D1,))
    ),
    Situation(
        *(3, Occasion.RECOMMENDED, Sign.FINAL_STEP, _SELECTED, FINAL_STEP, (D1,))
    ),
    Situation(*(4, Occasion.SEARCH, Sign.SETUP_STEPS, _SEARCHED, SETUP_STEPS, (D1,))),
    Situation(*(5, Occasion.SEARCH, Sign.FINAL_STEP, _SEARCHED, FINAL_STEP, (D1,))),
    Situation(*(6, Occasion.CONTACT, Sign.SETUP_STEPS, _CONTACTED, SETUP_STEPS, (D1,))),
    Situation(*(7, Occasion.CONTACT, Sign.FINAL_STEP, _CONTACTED, FINAL_STEP, (D1,))),
    Situation(
        *(8, Occasion.CONTACT, Sign.NOT_AN_ADMIN, _CONTACTED, NOT_AN_ADMIN, (D1,))
    ),
    Situation(
        9,
        Occasion.RECOMMENDED,
        Sign.NOTHING,
        _("Microsoft recommended solutions selected, nothing shows up"),
        "",
        (D2,),
    ),
    Situation(
        *(10, Occasion.RECOMMENDED, Sign.APP_SUPPORT, _SELECTED, APP_SUPPORT, (D1,))
    ),
    Situation(
        11,
        Occasion.SEARCH,
        Sign.NOTHING,
        _(
            "Issue typed into the search box, then recommended solutions selected, nothing shows up"
        ),
        "",
        (D2,),
    ),
    Situation(*(12, Occasion.SEARCH, Sign.APP_SUPPORT, _SEARCHED, APP_SUPPORT, (D1,))),
    Situation(
        13,
        Occasion.CONTACT,
        Sign.NOTHING,
        _("Contact Microsoft support selected, nothing happens"),
        "",
        (D2,),
    ),
    Situation(
        14,
        Occasion.SOLUTIONS_AGAIN,
        Sign.GONE,
        _("Recommended solutions missing on reopening the incident"),
        "",
        (D3,),
    ),
    Situation(
        15,
        Occasion.CASE_AGAIN,
        Sign.GONE,
        _(
            "The Microsoft case missing on reopening an incident that was transferred to Microsoft support"
        ),
        "",
        (D3,),
    ),
    Situation(
        16,
        Occasion.SAVING,
        Sign.NOT_SAVED,
        _("The ticket details cannot be saved"),
        NOT_SAVED,
        (FORM,),
    ),
)
BY_NUMBER = {one.number: one for one in SITUATIONS}
