"""What can go wrong with the right to speak to an instance, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from connector.messages import Texts

# The right to speak to the instance.
AUTHORIZATION: Texts = {
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
CONSENT: Texts = {
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
