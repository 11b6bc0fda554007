"""Every error of the connector API: for the agent, for the administrator, for the diagnosis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Text = str | _StrPromise


@dataclass(frozen=True)
class Problem:
    """One error; the texts take the facts of the ApiError.

    `message` is what the agent's form shows, `cause` and `repair` are for the
    administrator, `situations` the rows of the document's table of troubles.
    """

    status: int
    message: Text
    cause: Text
    repair: Text
    situations: tuple[int, ...] = ()

    @property
    def shows_nothing(self) -> bool:
        """Whether the app shows the agent nothing; the message is for its log then."""
        return self.situations == _NOTHING_SHOWN


# The document's own words; the app shows them as they are.
FINAL_STEP = _(
    "Please contact your ServiceNow admin and ask them to complete the final set up step for the app."
)
APP_SUPPORT = _("Please contact app support.")
NOT_SAVED = _("Unable to save ticket details. Please contact App support.")
NO_ADMIN_ACCOUNT = _(
    "%(email)s is not a valid Microsoft 365 admin account. You need Microsoft 365 admin privileges to open a service request. In the app, link the admin account."
)

# The app shows nothing then; the words are for its log.
_NOTHING_SHOWN = (9, 11, 13)
_TOKEN_REFUSED = _("The portal did not accept the token of this call.")
_APP_LOG = _(
    "If it stays, look into the log of calls on the page Connector API of the portal; the request ID names the call."
)


def _token(cause: Text, repair: Text) -> Problem:
    return Problem(401, _TOKEN_REFUSED, cause, repair, _NOTHING_SHOWN)


_TOKENS = {
    "token_missing": _token(
        _("The call carries no header Authorization: Bearer with a token."),
        _(
            "Have the instance ask Microsoft Entra for a token before each call: see that the OAuth profile of the outbound provider is chosen in the app's set-up."
        ),
    ),
    "token_malformed": _token(
        _("What the call carries is not a signed token (JWT)."),
        _(
            "See that the instance sends the access token of the outbound OAuth provider, unchanged and not encrypted."
        ),
    ),
    "token_algorithm": _token(
        _("The token is signed with %(algorithm)s; only RS256 is accepted."),
        _(
            "Microsoft Entra signs with RS256. See that the token URL of the outbound OAuth provider is that of Microsoft Entra."
        ),
    ),
    "token_signature": _token(
        _("The signature was not made with a key of this Microsoft Entra directory."),
        _(
            "See that the token URL of the outbound OAuth provider names the directory that is entered in the settings of the support integration."
        ),
    ),
    "token_expired": _token(
        _("The token ended at %(at)s; it is now %(now)s."),
        _(
            "Have the instance ask for a new token. If it just did, one of the two clocks is wrong: at most 300 seconds are tolerated."
        ),
    ),
    "token_not_yet_valid": _token(
        _("The token is valid from %(at)s on; it is now %(now)s."),
        _(
            "One of the two clocks is wrong: at most 300 seconds are tolerated. Set the clock of the portal's machine by a time server."
        ),
    ),
    "token_issuer": _token(
        _(
            "The token was issued by %(found)s, which is not the directory of this repository."
        ),
        _(
            "The token URL of the outbound OAuth provider must name the same cloud and directory as the settings of the support integration."
        ),
    ),
    "token_audience": _token(
        _("The token is for %(found)s and not for the outbound application."),
        _(
            "Ask for the token with resource=<Outbound App ID> (version 1) or scope=<Outbound App ID>/.default (version 2). See that the same ID is entered in the settings of the support integration."
        ),
    ),
    "token_tenant": _token(
        _("The token is of the directory %(found)s, not of this repository's."),
        _(
            "Correct the token URL of the outbound OAuth provider, or the Directory (tenant) ID in the settings of the support integration."
        ),
    ),
    "token_application": _token(
        _("The token was given to the application %(found)s, not to the outbound one."),
        _(
            "The client ID of the outbound OAuth provider must be the Outbound App ID in the settings of the support integration."
        ),
    ),
    "token_not_application": _token(
        _("The token stands for a person (it has the claim scp), not an application."),
        _(
            "Choose the default grant type Client Credentials in the outbound OAuth provider."
        ),
    ),
}

PROBLEMS: dict[str, Problem] = {
    **_TOKENS,
    "repository_unknown": Problem(
        404,
        APP_SUPPORT,
        _("No repository has this address: it was removed, or the address is wrong."),
        _(
            "Copy the connector address from the page Connector API of the portal into the property connector_url of the app."
        ),
        (10, 12),
    ),
    "not_found": Problem(
        404,
        _("This does not exist, or not for this ServiceNow instance."),
        _("The address names something that this repository does not have."),
        _(
            "A record that was made under another repository, or before the instance was cloned, is known by another sys_id."
        ),
        (14, 15),
    ),
    "integration_incomplete": Problem(
        409,
        FINAL_STEP,
        _(
            "The integration is not complete in the portal: the repository's values, the Outbound App ID or the directory are missing."
        ),
        _(
            "Carry out the step “Complete the integration” of the guide in the portal and save the repository."
        ),
        (3, 5, 7),
    ),
    "role_missing": Problem(
        403,
        _("You need the role %(role)s of the app for this."),
        _("The instance says that the user has none of the roles: %(role)s."),
        _("In ServiceNow give the user the role x_mioms_m365_assis.%(role)s."),
        (14, 15),
    ),
    "feature_not_included": Problem(
        403,
        _("This is not part of the set-up that was chosen for your organization."),
        _("The set-up %(setup)s does not include: %(feature)s."),
        _(
            "Answer the two questions of the support integration anew if the instance can do more than that."
        ),
    ),
    "account_not_linked": Problem(
        403,
        NO_ADMIN_ACCOUNT,
        _(
            "The account of the user %(user)s, or the one they linked in the app, is not known here as a Microsoft 365 admin's."
        ),
        _(
            "Link the account on the page Link account of the portal. Linking it in the app is enough only for an account known there already, or by a sign-in there with Microsoft Entra."
        ),
        (8,),
    ),
    "invalid_request": Problem(
        400,
        _("Something that was sent is not valid; each of the fields says what."),
        _("The portal could not use all that the call carries."),
        _(
            "Correct what the fields name. If nobody typed them, paste the script of the page Connector API again: it is of another version."
        ),
    ),
    "too_large": Problem(
        413,
        APP_SUPPORT,
        _("The call is larger than %(limit)s KB."),
        _("Send less text, or shorter diagnostics."),
        (10, 12),
    ),
    "not_json": Problem(
        415,
        APP_SUPPORT,
        _("The call does not carry a JSON object in UTF-8 as application/json."),
        _("Send the header Content-Type: application/json and one JSON object."),
        (10, 12),
    ),
    "method_not_allowed": Problem(
        405,
        APP_SUPPORT,
        _("The address does not know the method %(method)s; it knows %(allowed)s."),
        _("See the document at openapi.json."),
        (10, 12),
    ),
    "rate_limited": Problem(
        429,
        APP_SUPPORT,
        _("More than %(limit)s calls came within a minute."),
        _(
            "Wait for the time the header Retry-After names. If nobody works so fast, look for a script on the instance that calls in a loop."
        ),
        (10, 12),
    ),
    "signing_keys_pending": Problem(
        503,
        _TOKEN_REFUSED,
        _("The signing keys of the directory are just being fetched."),
        _("Call again after the time the header Retry-After names."),
        _NOTHING_SHOWN,
    ),
    "signing_keys_unavailable": Problem(
        503,
        _TOKEN_REFUSED,
        _("The signing keys of the directory could not be fetched."),
        _(
            "See that the portal reaches Microsoft Entra, and that the Directory (tenant) ID in the settings of the support integration is right. The check of the directory in the guide says more."
        ),
        _NOTHING_SHOWN,
    ),
    "unexpected_error": Problem(
        500,
        APP_SUPPORT,
        _("Something went wrong in the portal; its log has the request ID."),
        _APP_LOG,
        (10, 12),
    ),
    "save_failed": Problem(
        500,
        NOT_SAVED,
        _("Something went wrong in the portal; nothing was saved."),
        _APP_LOG,
        (16,),
    ),
}
