"""Causes: the set-up is not finished, on the instance or here."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from connector.probes.texts import Copy
from tickets.support.diagnosis.causes import (
    FINAL,
    HELPDESK_ADMIN,
    SERVICENOW_ADMIN,
    SETUP,
    Cause,
)
from tickets.support.guide_parts import APP_SCOPE

_OPEN_SETUP = _(
    "In the instance open **Microsoft 365 support > Setup** as an administrator, with the scope **Microsoft 365 support integration**."
)
_LOOK_AGAIN = _("Then open an incident and select **Check again** here.")

CAUSES = (
    Cause(
        "undecided",
        FINAL,
        _("The two questions of the set-up were not answered"),
        _(
            "Without the answers the portal does not know the set-up, and refuses every call."
        ),
        (_("Open **Decision** and answer both questions."),),
        HELPDESK_ADMIN,
        "decision",
    ),
    Cause(
        "directory_missing",
        FINAL,
        _("The directory (tenant) ID is missing in the settings here"),
        _("The portal cannot tell whose tokens to accept, and refuses every call."),
        (
            _(
                "Open **Settings** and enter **Directory (tenant) ID** of Microsoft Entra."
            ),
            _LOOK_AGAIN,
        ),
        HELPDESK_ADMIN,
        "settings",
    ),
    Cause(
        "outbound_app_missing",
        FINAL,
        _("The Outbound App ID is missing in the settings here"),
        _("The portal cannot tell which application may call, and refuses every call."),
        (
            _(
                "Open **Settings** and enter **Application ID to issue OAuth token**: the client ID of the outbound application."
            ),
            _LOOK_AGAIN,
        ),
        HELPDESK_ADMIN,
        "settings",
    ),
    Cause(
        "repository_incomplete",
        FINAL,
        _("The values of the repository were not entered for this set-up"),
        _(
            "The instance's last step is **Complete the integration**: its values have to be entered here first."
        ),
        (
            _(
                "Open the repository and enter the values of **Step 6 - Complete the integration**."
            ),
            _LOOK_AGAIN,
        ),
        HELPDESK_ADMIN,
        "repository_edit",
    ),
    Cause(
        "connector_url_missing",
        SETUP,
        _("The app on the instance does not know the portal's address"),
        _(
            "The property connector_url of the app is empty: it has nobody to call, and says so without calling."
        ),
        (
            _OPEN_SETUP,
            _("Enter the address of the connector where the set-up asks for it:"),
            Copy(_("Connector URL"), "%(base_url)s"),
            _LOOK_AGAIN,
        ),
        SERVICENOW_ADMIN,
        "guide",
    ),
    Cause(
        "consent_missing",
        SETUP,
        _("Nobody agreed to the consent prompt of the app"),
        _("The set-up of the app was not begun, or ends before the consent."),
        (_OPEN_SETUP, _("Read the prompt, select **Agree**, go on to the end.")),
        SERVICENOW_ADMIN,
        "guide",
    ),
    Cause(
        "oauth_profile_unset",
        SETUP,
        _("No OAuth profile was chosen in the set-up of the app"),
        _("Without it the app cannot ask Microsoft Entra for a token."),
        (
            _OPEN_SETUP,
            _("Choose the OAuth profile of the outbound provider, **Next**."),
            Copy(_("OAuth profile"), "%(oauth_profile)s"),
        ),
        SERVICENOW_ADMIN,
        "guide",
    ),
    Cause(
        "oauth_profile_absent",
        SETUP,
        _("The OAuth profile of the outbound provider is not on the instance"),
        _("There is no profile of an OAuth provider with the Outbound App ID."),
        (
            _(
                "In the instance open **System OAuth > Application Registry**, open the outbound provider, and add a profile with grant type **Client credentials**."
            ),
            Copy(_("Client ID"), "%(outbound_app)s"),
            _OPEN_SETUP,
            _("Choose the profile, **Next**."),
        ),
        SERVICENOW_ADMIN,
        "guide",
    ),
    Cause(
        "cross_scope_closed",
        SETUP,
        _("The app may not read the tables of the OAuth providers"),
        _(
            "The instance refuses it by the tables' cross-scope access, so that the set-up cannot show any profile: %(tables)s."
        ),
        (
            _(
                "In the instance open **System Definition > Tables**, open oauth_entity and oauth_entity_profile. Under **Application Access** set **Accessible from** to **All application scopes** and tick **Can read**."
            ),
            _(
                "Open **System Applications > Application Cross-Scope Access** and see that both tables are allowed for the app."
            ),
            Copy(_("Source scope"), APP_SCOPE),
        ),
        SERVICENOW_ADMIN,
        "guide",
    ),
    Cause(
        "completion_missing",
        FINAL,
        _("Complete the integration was not confirmed on the instance"),
        _("Everything else of the app's set-up is done; its last step is open."),
        (
            _OPEN_SETUP,
            _(
                "Compare the values of **Step 6 - Complete the integration** with those entered here, select **Next**."
            ),
            _LOOK_AGAIN,
        ),
        SERVICENOW_ADMIN,
        "guide",
    ),
)
