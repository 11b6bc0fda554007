"""Causes: the call of the app does not get from the instance to the portal."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from connector.probes.texts import Copy
from tickets.support.diagnosis.causes import (
    AAD_ADMIN,
    AGAIN,
    NOTHING,
    PORTAL_ADMIN,
    SERVICENOW_ADMIN,
    Cause,
)

_FAILS = (*NOTHING, *AGAIN)
_PROPERTY = _(
    "In the instance open **Microsoft 365 support > Setup** and correct the address of the connector:"
)

CAUSES = (
    Cause(
        "address_wrong",
        _FAILS,
        _("The app calls another address than the portal's"),
        _("It is set up to call %(found)s."),
        (_PROPERTY, Copy(_("Connector URL"), "%(base_url)s")),
        SERVICENOW_ADMIN,
        "guide",
    ),
    Cause(
        "other_repository",
        AGAIN,
        _("The app calls in the name of another repository"),
        _(
            "Its address is that of the repository %(other)s: this instance is probably a clone of another one, or was moved. What was shown and opened before belongs to the other one, and new cases would, too."
        ),
        (
            _PROPERTY,
            Copy(_("Connector URL"), "%(base_url)s"),
            _(
                "After every clone the properties of the app have to be set again: keep them with a **data preserver** of the clone."
            ),
        ),
        SERVICENOW_ADMIN,
        "guide",
    ),
    Cause(
        "entra_refuses",
        _FAILS,
        _("Microsoft Entra refuses the instance a token"),
        _(
            "The app asks for a token before each call; without one it cannot call. Most often the secret of the outbound application has expired."
        ),
        (
            _(
                "In the Microsoft Entra admin center open **App registrations**, the outbound application, **Certificates & secrets**. Has the secret expired? Then make a new one."
            ),
            Copy(_("Application (client) ID"), "%(outbound_app)s"),
            _(
                "In the instance open **System OAuth > Application Registry**, the outbound provider, and enter the new **Client Secret**."
            ),
            _("Compare the **Token URL** there:"),
            Copy(_("Token URL"), "%(token_url)s"),
        ),
        AAD_ADMIN,
        "guide",
    ),
    Cause(
        "outbound_provider_wrong",
        _FAILS,
        _("The outbound OAuth provider on the instance is not as it should be"),
        _("The app gets its tokens by it."),
        (
            _(
                "In the instance open **System OAuth > Application Registry** and correct the outbound provider."
            ),
            Copy(_("Client ID"), "%(outbound_app)s"),
            Copy(_("Token URL"), "%(token_url)s"),
            Copy(_("Default grant type"), "Client credentials"),
        ),
        SERVICENOW_ADMIN,
        "guide",
    ),
    Cause(
        "entra_unreachable",
        _FAILS,
        _("The instance does not reach the sign-in of Microsoft"),
        _("Its requests for a token get no answer."),
        (
            _(
                "Let the instance's outbound calls through to this host (proxy, firewall, MID Server), port 443:"
            ),
            Copy(_("Host"), "%(login_host)s"),
        ),
        SERVICENOW_ADMIN,
    ),
    Cause(
        "portal_unreachable",
        _FAILS,
        _("The instance does not reach the portal"),
        _("Its calls get no answer: name, route, firewall or certificate."),
        (
            _(
                "Does this name resolve from the internet, and does its port answer with a certificate that ServiceNow trusts?"
            ),
            Copy(_("Host of this portal"), "%(portal_host)s"),
            _(
                "Do you filter addresses? Then let the instance's outbound addresses in (**Now Support > Manage IP Information**)."
            ),
            _("Is SITE_URL of the portal the address that others know it by?"),
        ),
        PORTAL_ADMIN,
    ),
    Cause(
        "intercepted",
        _FAILS,
        _("Something before the portal answers the calls of the app"),
        _(
            "The instance got answers from the portal's address (status %(status)s), but the portal never saw the calls: a proxy, a web application firewall or a load balancer answered."
        ),
        (
            _("Let calls to this address through as they are, with their headers:"),
            Copy(_("Connector URL"), "%(base_url)s"),
        ),
        PORTAL_ADMIN,
    ),
    Cause(
        "no_call",
        _FAILS,
        _("No call of the app has come"),
        _(
            "Nobody may have used it yet, or the way is blocked: the log of the instance tells."
        ),
        (
            _(
                "Open an incident in the instance, go to the **Microsoft 365 support** tab, then select **Check again** here."
            ),
        ),
        SERVICENOW_ADMIN,
    ),
)
