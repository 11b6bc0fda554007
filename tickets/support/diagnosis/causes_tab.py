"""Causes: the tab is missing, or shows to somebody else only."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from connector.probes.texts import Copy
from tickets.support.diagnosis.causes import SERVICENOW_ADMIN, Cause
from tickets.support.guide_parts import APP_SCOPE

TAB = (1,)
UI_ACTION = "Microsoft 365 support"
SCRIPT_INCLUDE = "M365SupportConnector"

CAUSES = (
    Cause(
        "app_not_installed",
        (1,),
        _("The app is not installed on the instance"),
        _("Neither an application of this scope is there, nor the pasted script."),
        (
            _("Install the app, or paste its script, as the guide says."),
            Copy(_("Application scope"), APP_SCOPE),
        ),
        SERVICENOW_ADMIN,
        "guide",
    ),
    Cause(
        "script_include_missing",
        TAB,
        _("The script include of the app is missing"),
        _("The tab calls a script that is not there, and is not shown."),
        (
            _(
                "In the instance open **System Definition > Script Includes**, **New**, in the scope of the app."
            ),
            Copy(_("Name"), SCRIPT_INCLUDE),
            _("Paste the script that the guide shows."),
        ),
        SERVICENOW_ADMIN,
        "guide",
    ),
    Cause(
        "script_include_inactive",
        TAB,
        _("The script include of the app is not active"),
        _("The tab calls a script that is switched off, and is not shown."),
        (
            _(
                "In the instance open **System Definition > Script Includes**, open it, and tick **Active**."
            ),
            Copy(_("Name"), SCRIPT_INCLUDE),
        ),
        SERVICENOW_ADMIN,
    ),
    Cause(
        "ui_action_missing",
        TAB,
        _("The UI action of the tab is missing"),
        _("There is no UI action of this name on the table incident."),
        (
            _(
                "In the instance open **System Definition > UI Actions**, **New**, as the guide says."
            ),
            Copy(_("Name"), UI_ACTION),
            Copy(_("Table"), "incident"),
        ),
        SERVICENOW_ADMIN,
        "guide",
    ),
    Cause(
        "ui_action_inactive",
        TAB,
        _("The UI action of the tab is not active"),
        _("It is there, but switched off."),
        (
            _(
                "In the instance open **System Definition > UI Actions**, open it, and tick **Active**."
            ),
            Copy(_("Name"), UI_ACTION),
        ),
        SERVICENOW_ADMIN,
    ),
    Cause(
        "view_excluded",
        TAB,
        _("The tab does not show in every view"),
        _("%(views)s. An agent whose form is in another view does not see the tab."),
        (
            _(
                "Ask the agent for the view of the form (**Additional actions > View**) and switch it to one that shows the tab."
            ),
            _(
                "Or open the UI action (**System Definition > UI Actions**) and change **UI Action Visibility**."
            ),
            Copy(_("Name"), UI_ACTION),
        ),
        SERVICENOW_ADMIN,
        is_personal=True,
    ),
    Cause(
        "nobody_has_role",
        TAB,
        _("Nobody has a role of the app"),
        _("Without one of the two roles no agent sees the tab."),
        (
            _(
                "In the instance open **User Administration > Users**, open the agents (or a group of theirs), **Roles > Edit**, and add:"
            ),
            Copy(_("Role"), f"{APP_SCOPE}.insights_user"),
            Copy(_("Role that may also open cases"), f"{APP_SCOPE}.administrator"),
        ),
        SERVICENOW_ADMIN,
        "roles",
    ),
)
