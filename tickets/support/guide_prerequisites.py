"""What is prepared in Microsoft Entra and ServiceNow before the set-up flow begins."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tickets.support.guide_parts import (
    APPLICATIONS,
    REGISTRY,
    USERS,
    Owner,
    Step,
    Value,
    fixed,
    named,
    own_page,
    redirects,
)

_SETTINGS = own_page(_("Settings of the support integration"), "support:settings")
_SINGLE = _(
    "Select <strong>New registration</strong>, give it the name below, choose <strong>Accounts in this organizational directory only</strong> (single tenant) and select <strong>Register</strong>."
)
_KEEP = _(
    "Keep the <strong>Application (client) ID</strong>. Under <strong>Certificates &amp; secrets</strong> make a client secret and keep its value: it is shown once."
)

OUTBOUND_APP = Step(
    "outbound-app",
    Owner.AAD_ADMIN,
    _("Register the application for outbound calls"),
    (
        _(
            "Open <strong>App registrations</strong> of the Microsoft 365 tenant. ServiceNow calls the portal as this application."
        ),
        _SINGLE,
        _(
            "Add a redirect URI of the kind <strong>Web</strong>. Both spellings below are accepted; Entra takes several, so you may add both."
        ),
        _KEEP,
        _(
            "Enter the client ID as <strong>Outbound App ID</strong> in the settings. With its secret there, which is optional, the portal can try whether Entra gives the application a token."
        ),
    ),
    values=(named("servicenow_outbound"), *redirects()),
    links=(APPLICATIONS, _SETTINGS),
    checks=("metadata", "outbound_token"),
)
OUTBOUND_PROVIDER = Step(
    "outbound-provider",
    Owner.SERVICENOW_ADMIN,
    _("Create the outbound OAuth provider"),
    (
        _("Switch the application scope to <strong>Global</strong>."),
        _(
            "Open <strong>System OAuth &gt; Application Registry</strong>, select <strong>New</strong> and <strong>Connect to a third party OAuth provider</strong>."
        ),
        _(
            "Enter the values below, and the client secret of the application for outbound calls. Select <strong>Submit</strong>."
        ),
    ),
    values=(
        Value(_("Name"), lambda facts: facts.name("outbound"), _("recommended")),
        Value(_("Client ID"), lambda facts: facts.outbound_app_id),
        fixed(_("Default grant type"), "Client Credentials"),
        Value(_("Token URL"), lambda facts: facts.token_url),
        *redirects(),
    ),
    links=(REGISTRY,),
    checks=("outbound_entity",),
)
INBOUND_ENDPOINT = Step(
    "inbound-endpoint",
    Owner.SERVICENOW_ADMIN,
    _("Create the inbound OAuth provider"),
    (
        _(
            "Open <strong>System OAuth &gt; Application Registry</strong>, select <strong>New</strong> and <strong>Create an OAuth API endpoint for external clients</strong>."
        ),
        _(
            "Give it the name below, leave everything else as it is and select <strong>Submit</strong>. Open it again and keep <strong>Client ID</strong> and <strong>Client Secret</strong> for the repository."
        ),
    ),
    values=(named("inbound_rest"),),
    links=(REGISTRY,),
    checks=("inbound_entity", "inbound_token"),
)
_USER_DETAILS = _(
    "Leave <strong>Password needs reset</strong> off. Give it the role <code>incident_manager</code> or <code>itil</code>, so that it may write into incidents."
)
INTEGRATION_USER = Step(
    "integration-user",
    Owner.SERVICENOW_ADMIN,
    _("Create the integration user"),
    (
        _(
            "Open <strong>User Administration &gt; Users</strong>. Select <strong>New</strong>, or choose a user that exists for integrations."
        ),
        _(
            "For a new one tick <strong>Web service access only</strong> and set a password; keep user ID and password for the repository."
        ),
        _USER_DETAILS,
    ),
    values=(
        Value(
            _("User ID"), lambda facts: facts.name("integration_user"), _("recommended")
        ),
    ),
    links=(USERS,),
    checks=("integration_user", "sign_in"),
)
REST_APP = Step(
    "rest-app",
    Owner.AAD_ADMIN,
    _("Register the application for REST (inbound audience)"),
    (
        _("This is whom the portal asks tokens for when it calls ServiceNow."),
        _SINGLE,
        _KEEP,
        _(
            "Leave <strong>accessTokenAcceptedVersion</strong> (<strong>requestedAccessTokenVersion</strong>) in its manifest as it is: only tokens of version 1 name the application in the claim <code>appid</code>."
        ),
    ),
    values=(named("inbound_aad"),),
    links=(APPLICATIONS,),
)
REST_USER_APP = Step(
    "rest-user-app",
    Owner.AAD_ADMIN,
    _("Register the application for the REST user"),
    (
        _("The portal signs in to ServiceNow as this application."),
        _SINGLE,
        _KEEP,
    ),
    values=(named("servicenow_rest_user"),),
    links=(APPLICATIONS,),
    checks=("rest_token",),
)
OIDC_PROVIDER = Step(
    "oidc-provider",
    Owner.SERVICENOW_ADMIN,
    _("Create the OIDC provider"),
    (
        _(
            "Open <strong>System OAuth &gt; Application Registry</strong>, select <strong>New</strong> and <strong>Configure an OIDC provider to verify ID tokens</strong>."
        ),
        _(
            "Enter name, client ID and client secret of the application for REST (inbound audience)."
        ),
        _(
            "At <strong>OAuth OIDC Provider Configuration</strong> make a new one with provider, metadata URL, <strong>UserClaim</strong> and <strong>User Field</strong> below. Leave <strong>Enable JTI claim verification</strong> off."
        ),
        _("Enter the redirect URL and select <strong>Submit</strong>."),
    ),
    values=(
        Value(
            _("Name"),
            lambda facts: facts.name("inbound_aad"),
            _("recommended; the document has contoso_application_inbound_api"),
        ),
        Value(_("Client ID"), lambda facts: facts.client_id),
        Value(
            _("OIDC Provider"),
            lambda facts: facts.name("oidc_provider"),
            _("recommended; the document has Contoso Azure"),
        ),
        Value(_("OIDC Metadata URL"), lambda facts: facts.metadata_url),
        fixed(_("UserClaim"), "appId"),
        fixed(_("User Field"), "User ID"),
        *redirects(),
    ),
    links=(REGISTRY,),
    checks=("metadata", "oidc_entity"),
)
INTEGRATION_USER_AAD = Step(
    "integration-user-aad",
    Owner.SERVICENOW_ADMIN,
    _("Create the integration user"),
    (
        _(
            "Open <strong>User Administration &gt; Users</strong> and select <strong>New</strong>. Its <strong>User ID</strong> is the client ID of the application for the REST user."
        ),
        _("Tick <strong>Web service access only</strong>."),
        _USER_DETAILS,
    ),
    values=(
        Value(_("User ID"), lambda facts: facts.rest_username),
        Value(_("First name"), lambda facts: facts.name("integration_user")),
    ),
    links=(USERS,),
    checks=("integration_user", "user_id"),
)
