"""What can be wrong with the access to Microsoft Graph, in words for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from connector.graph import client

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Text = str | _StrPromise


@dataclass(frozen=True)
class Explanation:
    """What happened, and what to do about it."""

    title: Text
    repair: Text


_WAIT = _("Nothing needs to be done: it is tried again by itself.")
_NETWORK = _("Check that this server may reach Microsoft Graph over HTTPS.")
_UNREACHABLE = Explanation(_("Microsoft Graph cannot be reached"), _NETWORK)
_SLOW = Explanation(_("Microsoft Graph did not answer in time"), _WAIT)
_ODD = Explanation(
    _("Something else than Microsoft Graph answered"),
    _("Check GRAPH_BASE_URL, and whether a proxy stands in between."),
)
_GRANT = _(
    "In the Microsoft Entra admin center open Entra ID > App registrations > your "
    "application > API permissions > Add a permission > Microsoft Graph > Application "
    "permissions, select {permission}, then Grant admin consent."
)


def _grant(permission: str) -> Text:
    return format_lazy(_GRANT, permission=permission)


EXPLANATIONS: dict[str, Explanation] = {
    "graph_not_configured": Explanation(
        _("Microsoft Graph is not configured"),
        _(
            "Enter directory, application and secret under Microsoft Graph in the "
            "navigation, or set GRAPH_TENANT_ID, GRAPH_CLIENT_ID and GRAPH_CLIENT_SECRET."
        ),
    ),
    "graph_tenant_unknown": Explanation(
        _("Microsoft Entra ID does not know the directory"),
        _(
            "Copy the Directory (tenant) ID from the Microsoft Entra admin center: Entra "
            "ID > Overview > Tenant ID."
        ),
    ),
    "graph_application_unknown": Explanation(
        _("The directory does not know the application"),
        _(
            "Either the application (client) ID is another one, or it is registered in "
            "another directory. Copy both IDs from the same page: Entra ID > App "
            "registrations > your application > Overview."
        ),
    ),
    "graph_application_disabled": Explanation(
        _("The application is disabled in the directory"),
        _(
            "Switch it on: Entra ID > Enterprise applications > your application > "
            "Properties > Enabled for users to sign-in > Yes."
        ),
    ),
    "graph_secret_expired": Explanation(
        _("The client secret has expired"),
        _(
            "Make a new one: Entra ID > App registrations > your application > "
            "Certificates & secrets > Client secrets > New client secret. Copy its Value "
            "at once and enter it under Microsoft Graph."
        ),
    ),
    "graph_secret_wrong": Explanation(
        _("The client secret is not valid"),
        _(
            "Enter the secret's Value, not its Secret ID. If it can no longer be read, "
            "make a new one: Entra ID > App registrations > your application > "
            "Certificates & secrets > Client secrets > New client secret."
        ),
    ),
    "graph_certificate_refused": Explanation(
        _("The certificate is not registered, or has expired"),
        _(
            "Upload the certificate's public part: Entra ID > App registrations > your "
            "application > Certificates & secrets > Certificates > Upload certificate. "
            "The thumbprint there must be the one shown here."
        ),
    ),
    "graph_consent_missing": Explanation(
        _("Nobody has consented for the organization"),
        _(
            "Let an administrator consent: Entra ID > App registrations > your "
            "application > API permissions > Grant admin consent."
        ),
    ),
    "graph_access_blocked": Explanation(
        _("A Conditional Access policy blocks the application"),
        _(
            "Look the sign-in up under Entra ID > Monitoring & health > Sign-in logs > "
            "Service principal sign-ins, and allow this server's address in the policy "
            "it names."
        ),
    ),
    "graph_sign_in_failed": Explanation(
        _("Microsoft Entra ID refused the application's sign-in"),
        _("Its own words say why. Check application ID and secret."),
    ),
    "graph_unauthorized": Explanation(
        _("Microsoft Graph refused the token"),
        _("Check the application's registration, or GRAPH_ACCESS_TOKEN if it is set."),
    ),
    "graph_forbidden": Explanation(
        _("The application lacks the permission SecurityEvents.Read.All"),
        _grant(client.READ),
    ),
    "graph_forbidden_write": Explanation(
        _("The application lacks the permission SecurityEvents.ReadWrite.All"),
        _grant(client.WRITE),
    ),
    "graph_forbidden_health": Explanation(
        _("The application lacks the permission ServiceHealth.Read.All"),
        _grant(client.HEALTH),
    ),
    "graph_forbidden_messages": Explanation(
        _("The application lacks the permission ServiceMessage.Read.All"),
        _grant(client.MESSAGES),
    ),
    "graph_not_found": Explanation(
        _("Microsoft Graph has nothing at this address"),
        _("Check GRAPH_BASE_URL."),
    ),
    "graph_refused": Explanation(
        _("Microsoft Graph refused the request"),
        _("Its own words below say why."),
    ),
    "graph_other_tenant": Explanation(
        _("Microsoft Graph answered for another organization"),
        _(
            "Nothing was stored. Check which directory the application belongs to, and "
            "the directory (tenant) ID under Microsoft Graph or in GRAPH_TENANT_ID."
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
_UNKNOWN = Explanation(_("Microsoft Graph could not be asked"), _WAIT)

_QUESTIONS: dict[str, Text] = {
    "sign_in": _("Does Microsoft Entra ID let the application in?"),
    client.READ: _("Is SecurityEvents.Read.All granted?"),
    client.WRITE: _("Is SecurityEvents.ReadWrite.All granted?"),
    client.HEALTH: _("Is ServiceHealth.Read.All granted?"),
    client.MESSAGES: _("Is ServiceMessage.Read.All granted?"),
    "read": _("Can the Secure Score be read?"),
    "directory": _("Is it the score of this organization?"),
}
_OPAQUE = _("The token does not say. What can be read below decides.")
_ANSWERS: dict[tuple[str, str], Text] = {
    ("sign_in", "yes"): _("Yes: a token was issued just now."),
    (client.READ, "granted"): _("Yes."),
    (client.READ, "missing"): _("No. Without it no score can be read."),
    (client.READ, "opaque"): _OPAQUE,
    (client.WRITE, "granted"): _("Yes."),
    (client.WRITE, "missing"): _(
        "No. It is needed only to write an action's status back to Microsoft."
    ),
    (client.WRITE, "opaque"): _OPAQUE,
    (client.HEALTH, "granted"): _("Yes."),
    (client.HEALTH, "missing"): _(
        "No. It is needed only for Microsoft 365 service health."
    ),
    (client.HEALTH, "opaque"): _OPAQUE,
    (client.MESSAGES, "granted"): _("Yes."),
    (client.MESSAGES, "missing"): _(
        "No. It is needed only for Microsoft's message center."
    ),
    (client.MESSAGES, "opaque"): _OPAQUE,
    ("read", "yes"): _("Yes: the newest is of %(day)s."),
    ("read", "empty"): _(
        "Microsoft Graph answers, but has no score of this organization yet."
    ),
    ("directory", "same"): _("Yes: %(answered)s."),
    ("directory", "silent"): _("Microsoft Graph does not say."),
    ("directory", "graph_other_tenant"): _(
        "No: Microsoft Graph answered for %(answered)s; %(expected)s is expected."
    ),
}
_REPAIRS: dict[tuple[str, str], Text] = {
    (client.READ, "missing"): _grant(client.READ),
    (client.WRITE, "missing"): _grant(client.WRITE),
    (client.HEALTH, "missing"): _grant(client.HEALTH),
    (client.MESSAGES, "missing"): _grant(client.MESSAGES),
    ("read", "empty"): _("A new organization has its first score within a day or two."),
}


def explain(code: str) -> Explanation:
    """Return title and repair of an error code."""
    return EXPLANATIONS.get(code, _UNKNOWN)


def question_of(finding: str) -> str:
    """Return what was asked."""
    return str(_QUESTIONS.get(finding, finding))


def answer_of(finding: str, code: str, facts: dict[str, str]) -> str:
    """Return what came out."""
    if code == "not_asked":
        return str(_("Not asked, because an earlier question failed."))
    known = _ANSWERS.get((finding, code))
    return str(known) % facts if known else f"{explain(code).title}."


def repair_of(finding: str, code: str) -> str:
    """Return what to do about it."""
    known = _REPAIRS.get((finding, code))
    return str(known or explain(code).repair)
