"""Each error code in words: what happened, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@dataclass(frozen=True)
class Explanation:
    """What happened and what to do; shown beside the remote's own words."""

    title: str
    repair: str


def explain(code: str) -> Explanation:
    """Return the explanation of a code in the language of the reader."""
    title, repair = _TEXTS.get(code, _UNKNOWN)
    return Explanation(str(title), str(repair))


def is_known(code: str) -> bool:
    """Say whether the code has an explanation of its own."""
    return code in _TEXTS


_Texts = dict[str, "tuple[str | _StrPromise, str | _StrPromise]"]

_UNKNOWN = (
    _("ServiceNow could not be used"),
    _("Try again. If it stays, show the words below to your ServiceNow administrator."),
)

# The way to the instance.
_CONNECTION: _Texts = {
    "timeout": (
        _("ServiceNow did not answer in time"),
        _(
            "It is tried again by itself. If this lasts, ask your ServiceNow administrator whether the instance is slow."
        ),
    ),
    "connect_timeout": (
        _("The instance could not be reached"),
        _(
            "Check the instance name and whether a firewall between the portal and ServiceNow lets HTTPS (port 443) through."
        ),
    ),
    "connection_refused": (
        _("The connection was refused"),
        _(
            "Check the instance name. If it is right, a firewall or proxy on the way turns the portal away."
        ),
    ),
    "connection_lost": (
        _("The connection broke off in the middle"),
        _(
            "It is tried again by itself. If this lasts, look for a proxy or firewall that cuts connections."
        ),
    ),
    "unknown_host": (
        _("There is no instance of this name"),
        _(
            "Check the spelling of the instance name. If it is right, check the portal server's name resolution (DNS)."
        ),
    ),
    "proxy": (
        _("The proxy on the way did not let the portal through"),
        _(
            "Check the proxy address (HTTPS_PROXY) on the portal server and allow the instance there."
        ),
    ),
    "certificate": (
        _("The certificate of the instance is not trusted"),
        _(
            "If a proxy inspects traffic, give the portal its certificate (REQUESTS_CA_BUNDLE). Otherwise do not continue: somebody may be in between."
        ),
    ),
    "tls": (
        _("No secure connection could be made"),
        _(
            "It is tried again by itself. If this lasts, look for a proxy or firewall that interferes with HTTPS."
        ),
    ),
    "private_address": (
        _("The name leads into your own network"),
        _(
            "The portal calls public addresses only. Check the instance name and the name resolution (DNS) of the portal server."
        ),
    ),
    "invalid_url": (
        _("The address of the instance cannot be used"),
        _("Enter the instance name again on the set-up page."),
    ),
    "too_large": (
        _("The answer was too large"),
        _(
            "Ask your ServiceNow administrator whether something on the instance adds large texts to every record."
        ),
    ),
}

# The instance is there, but does not work now.
_INSTANCE: _Texts = {
    "hibernating": (
        _("The instance is asleep"),
        _(
            "Developer instances hibernate when nobody uses them. Sign in at developer.servicenow.com and wake it up; waiting tickets are then sent by themselves."
        ),
    ),
    "sign_in_page": (
        _("A sign-in page came instead of data"),
        _(
            "Single sign-on or a proxy answers in place of ServiceNow's API. Ask your ServiceNow administrator to exempt /api/now/ and /oauth_token.do from it."
        ),
    ),
    "maintenance": (
        _("The instance is under maintenance or overloaded"),
        _(
            "It is tried again by itself. Your ServiceNow administrator can see planned work in Now Support."
        ),
    ),
    "unexpected_answer": (
        _("The answer was not one of ServiceNow's API"),
        _(
            "Check that the instance name leads to your ServiceNow instance, and that no proxy answers in its place."
        ),
    ),
    "incomplete_answer": (
        _("The instance broke off its answer"),
        _(
            "It ran out of time. It is tried again by itself; if it stays, ask your ServiceNow administrator to look at slow queries (System Diagnostics > Stats)."
        ),
    ),
    "dropped": (
        _("The instance dropped the request"),
        _("It was overloaded. It is tried again by itself."),
    ),
    "rate_limited": (
        _("The instance allows no more requests for now"),
        _(
            "It is tried again when the instance allows it. To allow more: System Web Services > REST > Rate Limit Rules."
        ),
    ),
    "server_error": (
        _("The instance failed inside"),
        _(
            "It is tried again by itself. The details are in the instance's System Logs > System Log > Errors."
        ),
    ),
    "bad_gateway": (
        _("The instance is gone or overloaded"),
        _(
            "Developer instances are taken back after days without use: look at developer.servicenow.com. Otherwise it is tried again by itself."
        ),
    ),
    "transaction_cancelled": (
        _("The instance took longer than it allows itself"),
        _(
            "It is tried again by itself, after looking whether the ticket is there already. If it stays, ask your ServiceNow administrator about slow business rules."
        ),
    ),
}

# The right to speak to the instance.
_AUTHORIZATION: _Texts = {
    "token_rejected": (
        _("ServiceNow no longer accepts the authorization"),
        _(
            "Select Authorize and, where ServiceNow asks for it, sign in as the integration user. Check there that the user is active and not locked out (User Administration > Users)."
        ),
    ),
    "refresh_rejected": (
        _("The authorization could not be renewed"),
        _(
            "Select Authorize and sign in as the integration user. Causes: the token was revoked or is older than 100 days, the client secret was changed (System OAuth > Application Registry), or the user is locked out."
        ),
    ),
    "client_rejected": (
        _("ServiceNow gave no token for the client ID and client secret"),
        _(
            "Check in ServiceNow: the entity is active and its client ID and secret are the ones entered here; its OAuth Application User is the integration user, active and not locked out; the system property glide.oauth.inbound.client.credential.grant_type.enabled is true (Washington DC or later). Then select Authorize."
        ),
    ),
    "basic_rejected": (
        _("ServiceNow refused the user name and password"),
        _(
            "It does not say why. Either the user name or password is wrong, the user is inactive or locked out or must reset the password; or the instance restricts Basic authentication, as new instances do (glide.authenticate.basic_auth.restriction.active): then give the user the role snc_basic_auth_api_access, or better choose authorization code or client credentials on the set-up page. The portal does not try again by itself, so that the user is not locked out."
        ),
    ),
    "basic_needs_code": (
        _("ServiceNow asks for a second factor besides the password"),
        _(
            "Exempt the integration user from multi-factor authentication in ServiceNow, or better choose authorization code or client credentials on the set-up page."
        ),
    ),
    "no_refresh_token": (
        _("The authorization ended and cannot be renewed"),
        _(
            "The instance gave no refresh token. In System OAuth > Application Registry make the entity a confidential client with a client secret, then select Authorize."
        ),
    ),
    "exchange_rejected": (
        _("ServiceNow did not accept the client ID or client secret"),
        _(
            "In System OAuth > Application Registry open the entity: copy its client ID and client secret again, check that it is active and that its redirect URL is the one shown here. Check that the integration user is active, not locked out, and without the role snc_read_only. Then select Authorize."
        ),
    ),
    "code_expired": (
        _("The permission from ServiceNow came too late"),
        _(
            "It is good for one minute and one use only. Select Authorize again. If it happens again, check that the portal's background worker runs."
        ),
    ),
    "renewal_pending": (
        _("The authorization is being renewed"),
        _("It is tried again by itself in a few seconds."),
    ),
    "removed": (
        _("The connection was removed"),
        _("Connect ServiceNow again on the set-up page."),
    ),
    "not_authorized": (
        _("ServiceNow was not authorized yet"),
        _("Select Authorize and sign in to ServiceNow as the integration user."),
    ),
}

# The way back from the instance's consent page.
_CONSENT: _Texts = {
    "declined": (
        _("You selected Deny in ServiceNow"),
        _("Nothing was changed. To connect, select Authorize again and then Allow."),
    ),
    "state_missing": (
        _("ServiceNow's answer did not say which request it belongs to"),
        _(
            "Nothing was changed. Select Authorize again, and do not open the way back from a bookmark."
        ),
    ),
    "state_mismatch": (
        _("ServiceNow's answer belongs to another request"),
        _("Nothing was changed. Select Authorize again in one browser window only."),
    ),
    "session_expired": (
        _("The request was answered already, or your session here has ended"),
        _(
            "Nothing was changed. If ServiceNow is shown as connected, there is nothing to do. Otherwise open the portal under its own address, sign in and select Authorize again."
        ),
    ),
    "user_mismatch": (
        _("Somebody else began this authorization"),
        _("Nothing was changed. Select Authorize yourself."),
    ),
    "code_missing": (
        _("ServiceNow's answer came without a permission"),
        _(
            "Check that the redirect URL in System OAuth > Application Registry is the one shown here, then select Authorize again."
        ),
    ),
    "consent_refused": (
        _("ServiceNow refused the request"),
        _(
            "In System OAuth > Application Registry check the client ID, that the entity is active, and that its redirect URL is the one shown here."
        ),
    ),
    "consent_failed": (
        _("ServiceNow could not show its consent page"),
        _(
            "Try again in a minute. If it stays, ask your ServiceNow administrator whether the OAuth plugin is active (com.snc.platform.security.oauth.is.active)."
        ),
    ),
}

# The instance understood and said no.
_REFUSALS: _Texts = {
    "business_rule": (
        _("A business rule on the instance refused it"),
        _(
            "The rule's name is in ServiceNow's words. Ask your ServiceNow administrator to exempt the integration user (System Definition > Business Rules), then try again."
        ),
    ),
    "data_policy": (
        _("The instance demands more fields"),
        _(
            "The missing fields are in ServiceNow's words. Give them a default on the Field mapping page, or ask your ServiceNow administrator to make them optional (System Policy > Data Policies), then try again."
        ),
    ),
    "acl": (
        _("The integration user may not do this"),
        _(
            "Give the integration user the roles sn_change_write and sn_incident_write, or itil (User Administration > Users), then try again."
        ),
    ),
    "api_acl": (
        _("The integration user may not use the API"),
        _(
            "Give the integration user the role snc_platform_rest_api_access (User Administration > Users)."
        ),
    ),
    "query_acl": (
        _("The integration user may not search by this field"),
        _(
            "Give the integration user the roles named in the installation checklist. A field-level access rule (System Security > Access Control) may be in the way."
        ),
    ),
    "scope": (
        _("The application may not use this API"),
        _(
            "In System OAuth > Application Registry give the entity the auth scope useraccount, or the scope linked to the Table API."
        ),
    ),
    "cross_scope": (
        _("The table's cross-scope access policy refused it"),
        _(
            "Open the table named in ServiceNow's words in System Definition > Tables, Application Access: set Accessible from to All application scopes and tick Can read."
        ),
    ),
    "ip_restricted": (
        _("The instance does not let the portal's address in"),
        _(
            "Allow the portal's address, named in ServiceNow's words, in System Security > IP Address Access Control."
        ),
    ),
    "forbidden": (
        _("ServiceNow refused it"),
        _(
            "ServiceNow's words say why. Check the roles of the integration user and what was customised on the table."
        ),
    ),
    "not_found": (
        _("The record is not there, or hidden from the integration user"),
        _(
            "Look in ServiceNow whether it was deleted. If it is there, give the integration user the right to read it."
        ),
    ),
    "hidden_record": (
        _("ServiceNow holds this ticket, but hides it from the integration user"),
        _(
            "Nothing is sent again, so that there are not two. Give the integration user the right to read the table, then select Try again."
        ),
    ),
    "bad_request": (
        _("ServiceNow did not understand the request"),
        _(
            "ServiceNow's words say what it did not like. Check what was customised on the table."
        ),
    ),
    "payload_too_large": (
        _("The ticket is too large for the instance"),
        _("Shorten the description and send it again."),
    ),
    "address_too_long": (
        _("The request was too long for the instance"),
        _("Tell the people who run the portal: this should not happen."),
    ),
    "invalid_table": (
        _("A table is missing on the instance"),
        _(
            "The table is named in ServiceNow's words. Activate the plugin it belongs to: Incident Management or Change Management (System Definition > Plugins)."
        ),
    ),
    "invalid_path": (
        _("The instance has no Table API at this address"),
        _(
            "Check that the instance name leads to your ServiceNow instance, of release Kingston or later."
        ),
    ),
    "not_supported": (
        _("The instance does not take this kind of request"),
        _(
            "Check whether a proxy on the way changes requests, and that the release is Kingston or later."
        ),
    ),
}

_OWN: _Texts = {
    "changed_meanwhile": (
        _("Somebody changed it in ServiceNow meanwhile"),
        _(
            "Nothing was overwritten. Compare what ServiceNow holds now, below, with your change. Try again sends your change all the same; Discard leaves the ticket as it is in ServiceNow."
        ),
    ),
    "not_taken": (
        _("ServiceNow took the request, but not the values"),
        _(
            "What it holds is below. The integration user may not write this field (System Security > Access Control), or a business rule sets it (System Definition > Business Rules). Ask your ServiceNow administrator, then try again."
        ),
    ),
    "note_unverifiable": (
        _("The portal cannot see whether the note arrived"),
        _(
            "The integration user may not read the journals, so the note is not sent again by itself. Open the ticket in ServiceNow: if the note is there, select Discard, otherwise Try again."
        ),
    ),
    "internal_error": (
        _("Something failed in the portal itself"),
        _("Tell the people who run the portal: its log says more."),
    ),
}

_TEXTS: _Texts = {
    **_OWN,
    **_CONNECTION,
    **_INSTANCE,
    **_AUTHORIZATION,
    **_CONSENT,
    **_REFUSALS,
}
