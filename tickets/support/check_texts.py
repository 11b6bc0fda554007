"""What the live checks ask and answer, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from connector.messages import explain, is_known

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.functional import _StrPromise

    Text = str | _StrPromise

QUESTIONS = {
    "metadata": _("Is the OIDC metadata of the tenant reachable and complete?"),
    "outbound_token": _("Does Microsoft Entra give the outbound application a token?"),
    "rest_token": _("Does Microsoft Entra give the REST user's application a token?"),
    "settings": _("Is everything entered in the settings here?"),
    "sign_in": _("Does the Rest user get in?"),
    "integration_user": _("Is the integration user present and active?"),
    "user_id": _("Is the User ID the application's client ID?"),
    "cross_scope": _("May the app read the OAuth tables (cross-scope access)?"),
    "roles": _("Who has the roles of the app?"),
    "outbound_entity": _("Is the outbound OAuth provider there?"),
    "oauth_profile": _("Has the outbound OAuth provider a profile?"),
    "inbound_entity": _("Is the inbound OAuth provider there?"),
    "oidc_entity": _("Is the OIDC entity there, with its provider configuration?"),
    "inbound_token": _("Do client ID and secret of the inbound provider work?"),
}
_LOOK = _("Ask a ServiceNow admin to look, or to let the Rest user read this table.")
# (check or "*", code) → answer and repair; other codes are explained by connector.messages.
_ANSWERS: dict[tuple[str, str], tuple[Text, Text]] = {
    ("*", "missing_directory"): (
        _("Not asked: the directory (tenant) ID is not known yet."),
        _("Enter it in the settings of the support integration."),
    ),
    ("*", "missing_outbound_app"): (
        _("Not asked: the Outbound App ID is not known yet."),
        _("Enter it in the settings of the support integration."),
    ),
    ("*", "missing_values"): (
        _(
            "Not asked: the values of the repository were not entered yet, or belong to another set-up."
        ),
        _("Enter them in the repository."),
    ),
    ("*", "nobody_looks"): (
        _(
            "Cannot be told: the Rest user does not get in, and the portal has no working connection of its own to this instance."
        ),
        _(
            "Mend the Rest user's sign-in, or connect the instance for tickets as well (ServiceNow > Set-up)."
        ),
    ),
    ("*", "hidden"): (
        _(
            "Cannot be told: the instance shows nothing of the table %(table)s to the users the portal signs in as."
        ),
        _LOOK,
    ),
    ("*", "no_token"): (
        _("Not asked: Microsoft Entra gives no token to sign in with."),
        _("See whether the REST user's application gets a token, and mend that first."),
    ),
    ("*", "graph_sign_in_failed"): (
        _("No: Microsoft Entra refuses the application."),
        _(
            "The code that begins with AADSTS says why. 700016: the client ID is not in this tenant. 7000215 or 7000222: the client secret is wrong or has expired. 500011: the audience, the application for REST, is not in this tenant."
        ),
    ),
    ("*", "graph_tenant_unknown"): (
        _("No: Microsoft Entra does not know this tenant."),
        _("Check the directory (tenant) ID in the settings."),
    ),
    ("*", "basic_needs_code"): (
        _("No: the instance wants a second factor from this user."),
        _(
            "Tick Web service access only for the integration user: such users are not asked for a code."
        ),
    ),
    ("*", "invalid_table"): (
        _("Cannot be told: this release has no table of that name."),
        _("Ask a ServiceNow admin to look."),
    ),
    **{
        ("*", code): (_("Cannot be told: the user may not read this table."), _LOOK)
        for code in ("acl", "api_acl", "query_acl")
    },
    ("metadata", "complete"): (
        _("Yes: issuer %(issuer)s, %(keys)s keys, at %(url)s"),
        "",
    ),
    ("metadata", "directory_unknown"): (
        _("No: Microsoft Entra does not know this tenant."),
        _(
            "Check the directory (tenant) ID in the settings: it is on the overview page of the Microsoft Entra admin center."
        ),
    ),
    ("metadata", "metadata_incomplete"): (
        _("No: it came, but something is missing in it."),
        _(
            "Look for a proxy or firewall that changes answers of login.microsoftonline.com."
        ),
    ),
    ("outbound_token", "given"): (_("Yes, to %(app)s."), ""),
    ("outbound_token", "missing_outbound_secret"): (
        _("Cannot be told: only ServiceNow has the secret of this application."),
        _(
            "Enter the secret in the settings, which is optional, or use Get OAuth Token at the registry in ServiceNow."
        ),
    ),
    ("rest_token", "fits"): (
        _("Yes: appid %(appid)s, for the audience %(audience)s, from %(issuer)s"),
        "",
    ),
    ("rest_token", "unreadable"): (
        _("It gives one, but what the token says cannot be read."),
        _("See whether the Rest user gets in."),
    ),
    ("rest_token", "no_appid"): (
        _("It gives one, but without the claim appid (azp is %(azp)s)."),
        _(
            "In the manifest of the application for REST set accessTokenAcceptedVersion (requestedAccessTokenVersion) to null: only tokens of version 1 have appid."
        ),
    ),
    ("rest_token", "other_audience"): (
        _("It gives one, but for the audience %(audience)s instead of %(client_id)s."),
        _(
            "Enter as Client ID of the repository, and at the OIDC entity in ServiceNow, what the token has as audience."
        ),
    ),
    ("rest_token", "version_2"): (
        _("It gives one of version 2, from %(issuer)s"),
        _("At the OIDC provider in ServiceNow use the metadata URL %(url)s"),
    ),
    ("rest_token", "other_issuer"): (
        _("It gives one, but from %(issuer)s, which is not this tenant."),
        _("Check the directory (tenant) ID in the settings."),
    ),
    ("settings", "complete"): (_("Yes."), ""),
    ("settings", "no_directory"): (
        _("No: the directory (tenant) ID is missing."),
        _("Enter it in the settings of the support integration."),
    ),
    ("settings", "no_outbound_app"): (
        _("No: the Outbound App ID is missing."),
        _("Enter it under Basic information in the settings."),
    ),
    ("settings", "no_repository"): (
        _("No: values of the repository are missing, or belong to another set-up."),
        _("Open the repository and enter them."),
    ),
    ("settings", "no_admin_email"): (
        _("No: the Microsoft 365 admin email is missing."),
        _("Enter it in the settings of the support integration."),
    ),
    ("sign_in", "same"): (_("Yes, as %(user)s."), ""),
    ("sign_in", "other"): (
        _("It gets in, but as %(user)s instead of %(named)s."),
        _("Check the user claim and the user field of the OIDC provider."),
    ),
    ("sign_in", "nameless"): (
        _("It gets in; the instance does not say whether it is %(named)s."),
        "",
    ),
    ("sign_in", "basic_rejected"): (
        _("No: the instance refuses name and password."),
        _(
            "Check Rest username and Rest user password. Newer instances refuse basic authentication unless the user has Web service access only ticked or the role snc_basic_auth_api_access. It is tried once per check, so that the user is not locked out."
        ),
    ),
    ("sign_in", "token_rejected"): (
        _("No: the instance refuses the token of Microsoft Entra. It never says why."),
        _(
            "Check three things in ServiceNow: the client ID of the OIDC entity is the token's audience; its user claim is appid; a user exists whose User ID is the client ID of the application for the REST user."
        ),
    ),
    ("inbound_token", "given"): (_("Yes: %(client_id)s."), ""),
    ("inbound_token", "basic_rejected"): (
        _("Not asked: name and password of the Rest user do not work."),
        _("See whether the Rest user gets in, and mend that first."),
    ),
    ("inbound_token", "password_grant_rejected"): (
        _("No: the instance gives no token."),
        _(
            "Check Client ID and Client secret against the inbound provider in System OAuth > Application Registry. An instance that forbids the password grant (glide.oauth.inbound.ropc.grant_type.disabled) refuses as well; basic authentication then still works."
        ),
    ),
    ("integration_user", "ready"): (_("Yes: %(user)s."), ""),
    ("integration_user", "absent"): (
        _("No: there is no user with the User ID %(user)s."),
        _("Create it in User Administration > Users, or correct the Rest username."),
    ),
    ("integration_user", "inactive"): (
        _("No: %(user)s is not active."),
        _("Tick Active in User Administration > Users."),
    ),
    ("integration_user", "locked"): (
        _("No: %(user)s is locked out."),
        _("Untick Locked out in User Administration > Users."),
    ),
    ("integration_user", "not_only"): (
        _("Yes: %(user)s. But it may also sign in to ServiceNow's pages."),
        _("Tick Web service access only in User Administration > Users."),
    ),
    ("user_id", "equal"): (_("Yes: a user has the User ID %(app)s."), ""),
    ("user_id", "absent"): (
        _("No: no user has the User ID %(app)s."),
        _(
            "In User Administration > Users give the integration user exactly this User ID."
        ),
    ),
    ("user_id", "other_app"): (
        _("No: the token is of the application %(app)s, not of %(named)s."),
        _(
            "Enter the client ID of the application for the REST user as Rest username, with its own secret."
        ),
    ),
    ("cross_scope", "open"): (_("Yes, both tables."), ""),
    ("cross_scope", "closed"): (
        _(
            "No: %(tables)s cannot be read by other scopes. The set-up flow says: Read operation on table 'oauth_entity' from scope '%(scope)s' was denied because of the table's cross-scope access policy."
        ),
        _(
            "Open the table in System Definition > Tables, Application Access: set Accessible from to All application scopes and tick Can read."
        ),
    ),
    ("cross_scope", "no_privilege"): (
        _(
            "The tables are open, but no allowed cross-scope access record of %(scope)s was found for %(tables)s."
        ),
        _(
            "Make it by hand: Application Cross-Scope Access > New, with this table as target, operation Read, status Allowed."
        ),
    ),
    ("roles", "given"): (
        _("%(people)s people have a role."),
        "",
    ),
    ("roles", "nobody"): (
        _("Nobody has a role of the app."),
        _("Give existing users x_mioms_m365_assis.insights_user."),
    ),
    ("roles", "no_administrator"): (
        _("%(people)s people have a role, but nobody may open support cases."),
        _("Give x_mioms_m365_assis.administrator to whoever shall open them."),
    ),
    ("roles", "administrators"): (
        _(
            "These have the administrator role, which nobody has in this set-up: %(admins)s"
        ),
        _(
            "Take x_mioms_m365_assis.administrator away from them, or change the answers on the decision page."
        ),
    ),
    ("outbound_entity", "ready"): (_("Yes: %(name)s."), ""),
    ("outbound_entity", "absent"): (
        _("No: no registry has the client ID %(client_id)s."),
        _("Create it in System OAuth > Application Registry."),
    ),
    ("outbound_entity", "inactive"): (
        _("No: %(name)s is not active."),
        _("Tick Active at the registry."),
    ),
    ("outbound_entity", "other_grant"): (
        _("%(name)s is there, but its default grant type is %(default_grant_type)s."),
        _("Set Default grant type to Client Credentials."),
    ),
    ("outbound_entity", "other_token_url"): (
        _("%(name)s is there, but its token URL is %(token_url)s"),
        _("Set Token URL to %(wanted)s"),
    ),
    ("outbound_entity", "tenant_token_url"): (
        _(
            "%(name)s is there; its token URL names the tenant in another way: %(token_url)s"
        ),
        _("See that it is the same tenant; otherwise set Token URL to %(wanted)s"),
    ),
    ("outbound_entity", "other_redirect"): (
        _("%(name)s is there, but its redirect URL is %(redirect_url)s"),
        _("Set it to one of the two addresses of the guide."),
    ),
    ("oauth_profile", "there"): (_("Yes: %(name)s."), ""),
    ("oauth_profile", "absent"): (
        _("No: the registry %(client_id)s has no profile."),
        _(
            "Save the outbound provider once more: ServiceNow makes its default profile then."
        ),
    ),
    ("inbound_entity", "ready"): (_("Yes: %(name)s."), ""),
    ("inbound_entity", "absent"): (
        _("No: no registry has the client ID %(client_id)s."),
        _("Create it, or correct the Client ID of the repository."),
    ),
    ("inbound_entity", "inactive"): (
        _("No: %(name)s is not active."),
        _("Tick Active at the registry."),
    ),
    ("oidc_entity", "ready"): (
        _("Yes: %(name)s, with the metadata %(url)s"),
        "",
    ),
    ("oidc_entity", "absent"): (
        _("No: no OIDC entity has the client ID %(client_id)s."),
        _("Create it, or correct the Client ID of the repository."),
    ),
    ("oidc_entity", "inactive"): (
        _("No: %(name)s is not active."),
        _("Tick Active at the OIDC entity."),
    ),
    ("oidc_entity", "other_metadata"): (
        _("%(name)s is there, but its metadata URL is %(url)s"),
        _("Set OIDC Metadata URL to %(wanted)s"),
    ),
    ("oidc_entity", "tenant_metadata"): (
        _(
            "%(name)s is there; its metadata URL names the tenant in another way: %(url)s"
        ),
        _("See that it is the same tenant; otherwise set it to %(wanted)s"),
    ),
    ("oidc_entity", "other_claim"): (
        _("%(name)s is there, but its user claim is %(claim)s."),
        _("Set UserClaim to appid."),
    ),
    ("oidc_entity", "other_field"): (
        _("%(name)s is there, but its user field is %(field)s."),
        _("Set User Field to User ID."),
    ),
    ("oidc_entity", "jti"): (
        _("%(name)s is there, but it verifies the JTI claim."),
        _(
            "Untick Enable JTI claim verification: tokens of Microsoft Entra have no such claim."
        ),
    ),
}


# Asked of Microsoft, so that no text may speak of an instance.
_OF_ENTRA = frozenset({"metadata", "outbound_token", "rest_token"})
_UNREACHED: tuple[Text, Text] = (
    _("Cannot be told: the sign-in of Microsoft Entra did not answer as it should."),
    _(
        "Check the portal server's way to login.microsoftonline.com: name resolution (DNS), proxy, firewall (port 443). Then check again."
    ),
)


class _Filled(dict[str, str]):
    """Facts of a text; an older answer may lack one."""

    def __missing__(self, key: str) -> str:
        return "-"


def question_of(check_id: str) -> str:
    """Return what the check asks."""
    return str(QUESTIONS.get(check_id, check_id))


def answer_of(check_id: str, code: str, facts: Mapping[str, str]) -> str:
    """Return what the check found."""
    return _texts(check_id, code)[0] % _Filled(facts)


def repair_of(check_id: str, code: str, facts: Mapping[str, str]) -> str:
    """Return what to do about it."""
    return _texts(check_id, code)[1] % _Filled(facts)


def _texts(check_id: str, code: str) -> tuple[str, str]:
    for key in ((check_id, code), ("*", code)):
        if key in _ANSWERS:
            answer, repair = _ANSWERS[key]
            return str(answer), str(repair)
    if check_id in _OF_ENTRA:
        return str(_UNREACHED[0]), str(_UNREACHED[1])
    explanation = explain(code if is_known(code) else "")
    # Filled in by % like the others, so a percent sign must survive.
    return (
        explanation.title.replace("%", "%%") + ".",
        explanation.repair.replace("%", "%%"),
    )
