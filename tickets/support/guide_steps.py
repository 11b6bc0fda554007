"""The steps of the set-up flow, each with the variants in which the set-ups differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tickets.support.guide_parts import (
    APP_SCOPE,
    CONNECTOR,
    CONNECTOR_PAGE,
    Facts,
    Link,
    Owner,
    Step,
    Value,
    fixed,
    instance_page,
    own_page,
)

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

_ADMIN = Owner.SERVICENOW_ADMIN
_NEXT = _("Select <strong>Next</strong>.")
_SKIPPED = _("Leave <strong>Skip current step</strong> unticked.")


def _repository_page(facts: Facts) -> str:
    return reverse("support:repository_edit", args=[facts.repository_pk])


_SETTINGS = own_page(
    _("Settings > Support integration: Basic information"), "support:settings"
)
_REPOSITORY = Link(_("Repositories: this repository"), _repository_page)

SCOPE = Step(
    "scope",
    _ADMIN,
    _("Switch the scope to Microsoft 365 support integration"),
    (
        _(
            "Open the application picker at the top of the instance and choose <strong>Microsoft 365 support integration</strong>."
        ),
    ),
)
START = Step(
    "start",
    _ADMIN,
    _("Start the set-up flow"),
    (
        _("Open <strong>Microsoft 365 support &gt; Setup</strong>."),
        _(
            "An error about reading <code>oauth_entity</code> may appear here. Then open that table, <strong>Application Access</strong>: <strong>Accessible from</strong> must be <strong>All application scopes</strong>, and <strong>Can read</strong> must be ticked. Two cross-scope access records, for <code>oauth_entity</code> and <code>oauth_entity_profile</code>, are made on installation; where that failed, make them by hand."
        ),
    ),
    values=(fixed(_("Application scope"), APP_SCOPE),),
    links=(
        instance_page(
            _("System Definition > Tables: oauth_entity"),
            "sys_db_object_list.do?sysparm_query=name%3Doauth_entity",
        ),
        instance_page(
            _("Application Cross-Scope Access"),
            f"sys_scope_privilege_list.do?sysparm_query=source_scope.scope%3D{APP_SCOPE}",
        ),
    ),
    checks=("cross_scope",),
)
CONSENT = Step(
    "consent",
    _ADMIN,
    _("Agree to the consent prompt"),
    (_("Read the prompt and select <strong>Agree</strong>."),),
)
OAUTH_PROFILE = Step(
    "oauth-profile",
    _ADMIN,
    _("Choose the OAuth profile"),
    (
        _(
            "Choose the OAuth profile of the outbound OAuth provider, then select <strong>Next</strong>."
        ),
    ),
    values=(
        Value(
            _("OAuth profile"),
            lambda facts: f"{facts.name('outbound')} default_profile",
        ),
    ),
    checks=("oauth_profile",),
)
_INBOUND = _("Set up the inbound provider")
INBOUND_BASIC = Step(
    "inbound-basic",
    _ADMIN,
    _INBOUND,
    (
        _SKIPPED,
        _("Leave <strong>External OIDC Auth Token</strong> unticked."),
        _("Choose the OAuth client of the inbound OAuth provider."),
        _NEXT,
    ),
    values=(Value(_("OAuth client"), lambda facts: facts.name("inbound_rest")),),
    checks=("inbound_entity",),
)
INBOUND_AAD = Step(
    "inbound-aad",
    _ADMIN,
    _INBOUND,
    (
        _SKIPPED,
        _("Tick <strong>External OIDC Auth Token</strong>."),
        _("Choose the OIDC entity as the client."),
        _NEXT,
    ),
    values=(Value(_("OIDC entity"), lambda facts: facts.name("inbound_aad")),),
    checks=("oidc_entity",),
)
INBOUND_SKIPPED = Step(
    "inbound-skipped",
    _ADMIN,
    _INBOUND,
    (_("Tick <strong>Skip current step</strong>."), _NEXT),
)
_USER = _("Choose the integration user")
USER_BASIC = Step(
    "user-basic",
    _ADMIN,
    _USER,
    (_SKIPPED, _("Choose the integration user."), _NEXT),
    checks=("integration_user",),
)
USER_AAD = Step(
    "user-aad",
    _ADMIN,
    _USER,
    (
        _SKIPPED,
        _(
            "Choose the integration user whose <strong>User ID</strong> is the client ID of the application for the REST user."
        ),
        _NEXT,
    ),
    values=(Value(_("User ID"), lambda facts: facts.rest_username),),
    checks=("user_id",),
)
USER_SKIPPED = Step(
    "user-skipped",
    _ADMIN,
    _USER,
    (_("Tick <strong>Skip current step</strong>."), _NEXT),
)
REPOSITORY_ID = Step(
    "repository-id",
    _ADMIN,
    _("Enter the Repository ID"),
    (
        _(
            "Enter it exactly as here: the portal knows the instance by it. Then select <strong>Next</strong>."
        ),
        _(
            "The app calls the portal at the connector address. Where it does not ask for it, enter it as the value of the system property."
        ),
    ),
    values=(Value(_("Repository ID"), lambda facts: facts.repository_id), CONNECTOR),
    links=(CONNECTOR_PAGE,),
)
APPLICATION_SETTINGS = Step(
    "application-settings",
    _ADMIN,
    _("Enter the application settings"),
    (
        _(
            "<strong>SSO with Microsoft 365</strong>: is the instance set up for single sign-on with the tenant?"
        ),
        _("<strong>Microsoft 365 admin email</strong>: the contact for support cases."),
        _(
            "<strong>Test environment</strong>: ticked while testing, so that no support agent makes contact."
        ),
        _(
            "Give the same answers in the settings here, then select <strong>Next</strong> in ServiceNow."
        ),
    ),
    values=(Value(_("Microsoft 365 admin email"), lambda facts: facts.admin_email),),
    links=(_SETTINGS,),
)


def _complete(variant: str, line: _StrPromise, *checks: str) -> Step:
    """Return step 9 with what is entered for the repository in this set-up."""
    return Step(
        f"complete-{variant}",
        Owner.HELPDESK_ADMIN,
        _("Complete the integration"),
        (
            _(
                "ServiceNow shows the values in <strong>Step 6 - Complete the integration</strong>. Check them and enter them here, under <strong>Settings &gt; Support integration</strong>."
            ),
            _(
                "<strong>Basic information</strong>: internal support tool <strong>ServiceNow</strong>; <strong>Application ID to issue OAuth token</strong> is the ID of the outbound application (<strong>Outbound App ID</strong>)."
            ),
            line,
            _(
                "Select <strong>Save</strong>, then <strong>Next</strong> in ServiceNow. That completes the integration."
            ),
        ),
        values=(
            Value(_("Outbound App ID"), lambda facts: facts.outbound_app_id),
            Value(_("Repository ID"), lambda facts: facts.repository_id),
            Value(_("Endpoint"), lambda facts: facts.at_instance("")),
            CONNECTOR,
        ),
        links=(_SETTINGS, _REPOSITORY),
        checks=("settings", *checks),
    )


COMPLETE_BASIC = _complete(
    "basic",
    _(
        "<strong>Repositories</strong> &gt; <strong>Add repository</strong>: <strong>Authentication type</strong> is <strong>Basic Auth</strong>; <strong>Client ID</strong> and <strong>Client secret</strong> are those of the inbound provider; <strong>Refresh token expiry</strong> is <strong>864000</strong>; <strong>Rest username</strong> and <strong>Rest user password</strong> are those of the integration user."
    ),
    "sign_in",
)
COMPLETE_AAD = _complete(
    "aad",
    _(
        "<strong>Repositories</strong> &gt; <strong>Add repository</strong>: <strong>Authentication type</strong> is <strong>AAD Auth</strong>; <strong>Client ID</strong> is that of the application for REST; <strong>Rest username</strong> is the client ID, <strong>Rest user password</strong> the secret of the application for the REST user. There is no refresh token expiry."
    ),
    "sign_in",
)
COMPLETE_INSIGHTS = _complete(
    "insights",
    _(
        "<strong>Repositories</strong> &gt; <strong>Add repository</strong>: <strong>Authentication type</strong> is <strong>AAD Auth</strong>; <strong>Client ID</strong>, <strong>Rest username</strong> and <strong>Rest user password</strong> are any value, such as <code>ignored</code>."
    ),
)
_ROLES = _("Give people their roles")
_INSIGHTS_ROLE = _(
    "<code>x_mioms_m365_assis.insights_user</code>: sees service health incidents and recommended solutions."
)
_ROLE_LINK = instance_page(
    _("Roles of the application"),
    f"sys_user_role_list.do?sysparm_query=nameSTARTSWITH{APP_SCOPE}",
)
ROLES = Step(
    "roles",
    _ADMIN,
    _ROLES,
    (
        _("Give existing users one of the roles of the application."),
        _INSIGHTS_ROLE,
        _(
            "<code>x_mioms_m365_assis.administrator</code>: may also open support cases."
        ),
    ),
    values=(
        fixed(_("Role"), f"{APP_SCOPE}.insights_user"),
        fixed(_("Role"), f"{APP_SCOPE}.administrator"),
    ),
    links=(_ROLE_LINK,),
    checks=("roles",),
)
ROLES_INSIGHTS = Step(
    "roles-insights",
    _ADMIN,
    _ROLES,
    (
        _("Give existing users the role of the application."),
        _INSIGHTS_ROLE,
        _(
            "Nobody gets <code>x_mioms_m365_assis.administrator</code>: no support case can be opened in this set-up."
        ),
    ),
    values=(fixed(_("Role"), f"{APP_SCOPE}.insights_user"),),
    links=(_ROLE_LINK,),
    checks=("roles",),
)
_LINK_ACCOUNT = own_page(_("Link account"), "support:account")
LINK_ACCOUNT = Step(
    "link-account",
    Owner.APP_ADMINISTRATOR,
    _("Link account"),
    (
        _(
            "Only where the Microsoft 365 admin account differs from the ServiceNow account: open <strong>Link account</strong> and enter your own Microsoft 365 admin e-mail."
        ),
    ),
    links=(_LINK_ACCOUNT,),
    is_optional=True,
)
LINK_ACCOUNT_INSIGHTS = Step(
    "link-account-insights",
    Owner.APP_ADMINISTRATOR,
    _("Link account"),
    (
        _(
            "Nothing to do: nobody has the administrator role in this set-up, so there is no account to link."
        ),
    ),
    is_optional=True,
)
TEST = Step(
    "test",
    _ADMIN,
    _("Test the configuration"),
    (
        _(
            "As an admin in ServiceNow open an incident, go to the <strong>Microsoft 365 support</strong> tab and see whether Microsoft 365 insights and solutions are found."
        ),
    ),
    links=(
        instance_page(_("Incidents"), "incident_list.do?sysparm_query=active%3Dtrue"),
    ),
)
