"""Why the score did not come, in words for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@dataclass(frozen=True)
class Explanation:
    """What happened, and what to do about it."""

    title: str | _StrPromise
    repair: str | _StrPromise


_WAIT = _("Nothing needs to be done: it is tried again by itself.")
_NETWORK = _("Check that this server may reach Microsoft Graph over HTTPS.")
_UNREACHABLE = Explanation(_("Microsoft Graph cannot be reached"), _NETWORK)
_SLOW = Explanation(_("Microsoft Graph did not answer in time"), _WAIT)
_ODD = Explanation(
    _("Something else than Microsoft Graph answered"),
    _("Check GRAPH_BASE_URL, and whether a proxy stands in between."),
)
_TABLE = {
    "graph_not_configured": Explanation(
        _("Microsoft Graph is not configured"),
        _("Set GRAPH_TENANT_ID, GRAPH_CLIENT_ID and GRAPH_CLIENT_SECRET."),
    ),
    "graph_tenant_unknown": Explanation(
        _("Microsoft Entra ID does not know the directory"),
        _("Check GRAPH_TENANT_ID: the directory (tenant) ID of your organization."),
    ),
    "graph_sign_in_failed": Explanation(
        _("Microsoft Entra ID refused the application's sign-in"),
        _("Check GRAPH_CLIENT_ID, and whether GRAPH_CLIENT_SECRET has expired."),
    ),
    "graph_unauthorized": Explanation(
        _("Microsoft Graph refused the token"),
        _("Check the application's registration, or GRAPH_ACCESS_TOKEN if it is set."),
    ),
    "graph_forbidden": Explanation(
        _("The application may not read Secure Score"),
        _("Grant it SecurityEvents.Read.All, with an administrator's consent."),
    ),
    "graph_not_found": Explanation(
        _("Microsoft Graph has no Secure Score at this address"),
        _("Check GRAPH_BASE_URL."),
    ),
    "graph_refused": Explanation(
        _("Microsoft Graph refused the request"),
        _("Its own words below say why."),
    ),
    "graph_other_tenant": Explanation(
        _("Microsoft Graph answered for another organization"),
        _(
            "Nothing was stored. Check GRAPH_TENANT_ID and which organization it is for."
        ),
    ),
    "rate_limited": Explanation(_("Microsoft Graph asks for a pause"), _WAIT),
    "server_error": Explanation(_("Microsoft Graph has a problem"), _WAIT),
    "timeout": _SLOW,
    "connect_timeout": _SLOW,
    "connection_refused": _UNREACHABLE,
    "connection_lost": _UNREACHABLE,
    "unknown_host": _UNREACHABLE,
    "proxy": _UNREACHABLE,
    "tls": _UNREACHABLE,
    "certificate": Explanation(
        _("The certificate of Microsoft Graph is not trusted here"), _NETWORK
    ),
    "unexpected_answer": _ODD,
    "too_large": _ODD,
    "invalid_url": _ODD,
    "private_address": _ODD,
}
_UNKNOWN = Explanation(_("Secure Score could not be fetched"), _WAIT)


def explain(code: str) -> Explanation:
    """Return title and repair of an error code of the sync."""
    return _TABLE.get(code, _UNKNOWN)
