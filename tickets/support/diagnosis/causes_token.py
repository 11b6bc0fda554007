"""Causes: the call came, and its token was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from connector.probes.texts import Copy
from tickets.support.diagnosis.causes import (
    AGAIN,
    NOTHING,
    PORTAL_ADMIN,
    SERVICENOW_ADMIN,
    Cause,
)

if TYPE_CHECKING:
    from connector.probes.texts import Words

_REGISTRY = _(
    "In the instance open **System OAuth > Application Registry** and the outbound provider."
)
_TOKEN_URL = Copy(_("Token URL"), "%(token_url)s")
_CLIENT_ID = Copy(_("Client ID"), "%(outbound_app)s")
_AGAIN = _("Then open an incident and select **Check again** here.")
_SETTINGS = _(
    "Is the instance right and the portal wrong? Then correct it under **Settings**."
)


def _refused(
    code: str,
    title: Words,
    text: Words,
    repair: tuple[Words | Copy, ...],
    owner: Words = SERVICENOW_ADMIN,
    page: str = "",
) -> Cause:
    return Cause(code, (*NOTHING, *AGAIN), title, text, (*repair, _AGAIN), owner, page)


CAUSES = (
    _refused(
        "token_missing",
        _("The app calls without a token"),
        _("Its calls have no Authorization header."),
        (
            _(
                "In the instance open **Microsoft 365 support > Setup** and choose the OAuth profile of the outbound provider."
            ),
            Copy(_("OAuth profile"), "%(oauth_profile)s"),
            _(
                "Is it chosen? Then a proxy on the way takes the header out: let it pass."
            ),
        ),
        page="guide",
    ),
    _refused(
        "token_malformed",
        _("What the app sends is no token of Microsoft Entra"),
        _(
            "It cannot be read as a token: probably it comes from another OAuth provider."
        ),
        (
            _(
                "In the instance open **Microsoft 365 support > Setup** and choose the OAuth profile of the outbound provider, no other one."
            ),
            Copy(_("OAuth profile"), "%(oauth_profile)s"),
            _TOKEN_URL,
        ),
        page="guide",
    ),
    _refused(
        "token_algorithm",
        _("The token is not signed as Microsoft Entra signs"),
        _("Only tokens signed with RS256 are accepted: it comes from elsewhere."),
        (_REGISTRY, _("Correct its token URL:"), _TOKEN_URL),
    ),
    _refused(
        "token_signature",
        _("The signature of the token does not fit the directory's keys"),
        _(
            "It was signed by another directory or cloud, or the portal's copy of the keys is out of date."
        ),
        (
            _REGISTRY,
            _("Compare its token URL; it must name the directory entered here:"),
            _TOKEN_URL,
            _(
                "Is it the same? Then the portal could not fetch the keys: see that it reaches the sign-in of Microsoft (the repository's check of the OIDC metadata says so)."
            ),
        ),
        page="repository",
    ),
    _refused(
        "token_expired",
        _("The token was out of date when it came"),
        _(
            "A token lasts about an hour. Either a clock is wrong, or the instance goes on using an old one."
        ),
        (
            _(
                "Compare the clock of the portal's server with the right time, to the minute (NTP): the portal's time is at the foot of this report."
            ),
            _(
                "Is it right? Then open **System OAuth > Manage Tokens** in the instance and delete the token of the outbound provider: the next call asks for a new one."
            ),
        ),
        owner=PORTAL_ADMIN,
    ),
    _refused(
        "token_not_yet_valid",
        _("The token is dated in the future"),
        _(
            "The clock of the portal's server is behind that of Microsoft by more than five minutes."
        ),
        (_("Set the clock of the portal's server right, and keep it so (NTP)."),),
        owner=PORTAL_ADMIN,
    ),
    _refused(
        "token_issuer",
        _("The token was issued by another cloud or sign-in"),
        _("Its issuer is not one that the directory entered here publishes."),
        (
            _REGISTRY,
            _("Correct its token URL:"),
            _TOKEN_URL,
            _(
                "Is this a national cloud? Then set ENTRA_AUTHORITY of the portal to its sign-in."
            ),
        ),
    ),
    _refused(
        "token_audience",
        _("The token is for another application"),
        _(
            "The instance asks Microsoft Entra for a token of something else than the Outbound App ID."
        ),
        (
            _(
                "In the instance open the outbound provider (**System OAuth > Application Registry**), its OAuth profile and scope."
            ),
            _(
                "With the token URL of version 1 the app asks with this resource, with version 2 with this scope:"
            ),
            Copy("resource", "%(outbound_app)s"),
            Copy("scope", "%(outbound_app)s/.default"),
            _SETTINGS,
        ),
        page="settings",
    ),
    _refused(
        "token_tenant",
        _("The token is of another Microsoft 365 tenant"),
        _("The instance signs in at another directory than the one entered here."),
        (_REGISTRY, _("Correct its token URL:"), _TOKEN_URL, _SETTINGS),
        page="settings",
    ),
    _refused(
        "token_application",
        _("The token was given to another application"),
        _(
            "The instance signs in with another application than the outbound one entered here."
        ),
        (_REGISTRY, _("Correct its client ID:"), _CLIENT_ID, _SETTINGS),
        page="settings",
    ),
    _refused(
        "token_not_application",
        _("The token is a person's, not the application's"),
        _("The instance signs somebody in instead of asking by client credentials."),
        (
            _REGISTRY,
            Copy(_("Default grant type"), "Client credentials"),
            _(
                "Open **System OAuth > Manage Tokens** and delete the token of this provider."
            ),
        ),
    ),
    _refused(
        "signing_keys_pending",
        _("The portal was still fetching the directory's keys"),
        _(
            "It answers so for some seconds after a key changed; the app asks again by itself. If it stays, the background worker does not run."
        ),
        (
            _("Wait a minute and try again in the instance."),
            _(
                "Does it stay? Run **manage.py doctor** on the portal's server: it says whether the workers run."
            ),
        ),
        owner=PORTAL_ADMIN,
    ),
    _refused(
        "signing_keys_unavailable",
        _("The portal has no keys of the directory to check tokens with"),
        _("It could not fetch them from the sign-in of Microsoft."),
        (
            _(
                "Let the portal's server through to this host (name resolution, proxy, firewall), port 443:"
            ),
            Copy(_("Host"), "%(login_host)s"),
            _(
                "Does it get through? Then compare the directory entered under **Settings**:"
            ),
            Copy(_("Directory (tenant) ID"), "%(directory)s"),
        ),
        owner=PORTAL_ADMIN,
        page="settings",
    ),
)
