"""Causes: the call came from the right application, and something else was wrong."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from connector.probes.texts import Copy
from tickets.support.diagnosis.causes import (
    AGAIN,
    HELPDESK_ADMIN,
    PORTAL_ADMIN,
    SERVICE,
    SERVICENOW_ADMIN,
    Cause,
)
from tickets.support.guide_parts import APP_SCOPE, Owner

_LOG = _(
    "The request IDs are below: the portal's log has the reason under each of them."
)

CAUSES = (
    Cause(
        "unexpected_error",
        (*SERVICE, *AGAIN, 13),
        _("The portal failed while it answered"),
        _("This is an error of the portal, not of the instance."),
        (
            _LOG,
            _("Run **manage.py doctor** on the portal's server."),
            _("Copy the report of this page and give it to the portal's support."),
        ),
        PORTAL_ADMIN,
    ),
    Cause(
        "rate_limited",
        (*SERVICE, *AGAIN),
        _("The instance called more often than the portal allows"),
        _("Calls over the limit are refused for a while; later ones go through."),
        (
            _(
                "See in the log of calls who called so often: a script or a loop on the instance, or really so many agents?"
            ),
            _("Are they really so many? Then raise the portal's limit."),
        ),
        SERVICENOW_ADMIN,
        "calls",
    ),
    Cause(
        "request_refused",
        SERVICE,
        _("The app asks in a way the portal does not understand"),
        _("Most often the pasted script is older or newer than the portal."),
        (
            _("Paste the script include of the app again, as the guide shows it now."),
            Copy(_("Script include"), "M365SupportConnector"),
        ),
        SERVICENOW_ADMIN,
        "guide",
    ),
    Cause(
        "role_missing",
        (1, *AGAIN),
        _("Agents without the role of the app"),
        _(
            "%(users)s: the instance does not name the role that is needed, so the portal shows nothing."
        ),
        (
            _(
                "In the instance open **User Administration > Users**, open the agent, **Roles > Edit**, and add:"
            ),
            Copy(
                _("For health and solutions"),
                f"{APP_SCOPE}.insights_user",
            ),
            Copy(_("Also for service requests"), f"{APP_SCOPE}.administrator"),
        ),
        SERVICENOW_ADMIN,
        "roles",
        is_personal=True,
    ),
    Cause(
        "feature_not_included",
        (13,),
        _("Agents ask for something this set-up does not include"),
        _(
            "With Insights only no service request can be opened: nobody should have the administrator role."
        ),
        (
            _("Take this role away on the instance:"),
            Copy(_("Role"), f"{APP_SCOPE}.administrator"),
            _("Or choose another set-up under **Decision**."),
        ),
        SERVICENOW_ADMIN,
        "decision",
        is_personal=True,
    ),
    Cause(
        "account_not_linked",
        (8,),
        _("Agents whose account is not known as a Microsoft 365 admin's"),
        _(
            "%(accounts)s. Only Microsoft 365 admins may open a service request: the e-mail of the agent must be one, or be linked to one."
        ),
        (
            _(
                "Open **Link account** and enter the agent's own Microsoft 365 admin e-mail. The page lists what is linked already."
            ),
            _(
                "Has the agent none? Then somebody who has one opens the service request."
            ),
        ),
        Owner.APP_ADMINISTRATOR.label,
        "account",
        is_personal=True,
    ),
    Cause(
        "recorded_elsewhere",
        AGAIN,
        _("Incidents are known under two names"),
        _(
            "%(records)s: recorded through another repository, or under another sys_id than now. On reopening the incident shows what belongs to its present name only. The instance is a clone, or its records were imported again."
        ),
        (
            _(
                "Look the incident up on this page: it names what was shown and opened, and through which repository."
            ),
            _(
                "See that each instance has a repository of its own and calls its own address:"
            ),
            Copy(_("Connector URL"), "%(base_url)s"),
        ),
        HELPDESK_ADMIN,
        "requests",
        is_personal=True,
    ),
    Cause(
        "save_failed",
        (16,),
        _("The portal could not save the service request"),
        _("This is an error of the portal, not of the instance."),
        (
            _LOG,
            _(
                "Run **manage.py doctor** on the portal's server: it tells of a full disk or a database that does not answer."
            ),
            _("The agent can send again: the same request is never opened twice."),
        ),
        PORTAL_ADMIN,
    ),
    Cause(
        "write_refused",
        (16,),
        _("The instance refuses what the portal writes into the incident"),
        _("Its own words are below."),
        (
            _(
                "See that the integration user may write the incident: role **itil** or **sn_incident_write**, and no data policy or business rule in the way."
            ),
            Copy(_("Integration user"), "%(rest_username)s"),
            _(
                "Then select **Try again** at the service request. It is also tried again by itself where that makes sense."
            ),
        ),
        SERVICENOW_ADMIN,
        "requests",
    ),
    Cause(
        "write_unauthorized",
        (16,),
        _("The integration user does not get into the instance"),
        _("The portal cannot write the progress of a case into the incident."),
        (
            _(
                "Open the repository and select **Test connection**: it says what is wrong with the name, the password or the token."
            ),
            Copy(_("Integration user"), "%(rest_username)s"),
        ),
        SERVICENOW_ADMIN,
        "repository",
    ),
    Cause(
        "write_unreachable",
        (16,),
        _("The portal does not reach the instance"),
        _("What it has to write into the incident waits, and is tried again."),
        (
            _(
                "Open the repository and select **Test connection**: it says whether the instance sleeps or the way is blocked."
            ),
        ),
        PORTAL_ADMIN,
        "repository",
    ),
)
