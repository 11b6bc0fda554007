"""The two questions, and what follows from their answers: features and set-up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@dataclass(frozen=True)
class Feature:
    """Something the integration does for help-desk agents in ServiceNow."""

    id: str
    label: _StrPromise
    text: _StrPromise


HEALTH = Feature(
    "health",
    _("Service health incidents"),
    _(
        "Agents see Microsoft's known incidents beside their own: user impact, scope, status and the next update."
    ),
)
SOLUTIONS = Feature(
    "solutions",
    _("Recommended solutions"),
    _("Agents find solutions and articles that match what an incident is about."),
)
REQUESTS = Feature(
    "requests",
    _("Microsoft service requests"),
    _(
        "Agents hand an incident over and follow it. Microsoft offers no public interface to open a support case: a person opens it, and the portal says so where it matters."
    ),
)
FEATURES = (HEALTH, SOLUTIONS, REQUESTS)


@dataclass(frozen=True)
class Setup:
    """One of the three ways to set the integration up.

    `auth_type` is the one its repositories have, `fields` those of a repository
    beside its ID and endpoint.
    """

    id: str
    label: _StrPromise
    text: _StrPromise
    features: tuple[Feature, ...]
    auth_type: str
    fields: tuple[str, ...]
    requisites: tuple[_StrPromise, ...]


BASIC = Setup(
    "basic",
    _("ServiceNow basic authentication"),
    _(
        "ServiceNow calls the portal with a token of Microsoft Entra; the portal calls ServiceNow with the name and password of an integration user."
    ),
    FEATURES,
    "basic",
    (
        *("auth_type", "client_id", "client_secret", "refresh_token_expiry"),
        *("rest_username", "rest_password"),
    ),
    (
        _("One application in Microsoft Entra (Azure AD), for outbound calls"),
        _("ServiceNow allows basic authentication for inbound web-service calls"),
    ),
)
AAD = Setup(
    "aad",
    _("AAD OAuth token"),
    _(
        "Both sides call each other with tokens of Microsoft Entra (Azure AD). No ServiceNow password is used."
    ),
    FEATURES,
    "aad",
    ("auth_type", "client_id", "client_secret", "rest_username", "rest_password"),
    (
        _(
            "Three applications in Microsoft Entra (Azure AD): for outbound calls, for REST, and for the REST user"
        ),
        _("The same Microsoft 365 tenant in ServiceNow and here"),
    ),
)
INSIGHTS = Setup(
    "insights",
    _("Insights only"),
    _(
        "ServiceNow calls the portal; the portal never calls ServiceNow. Nothing is written into incidents, and no service request can be opened."
    ),
    (HEALTH, SOLUTIONS),
    "aad",
    ("auth_type", "client_id", "rest_username", "rest_password"),
    (_("One application in Microsoft Entra (Azure AD), for outbound calls"),),
)
SETUPS = (BASIC, AAD, INSIGHTS)

# By the answers to: is basic authentication allowed, is it one single tenant?
ROWS: dict[tuple[bool, bool], Setup] = {
    (True, True): BASIC,
    (True, False): BASIC,
    (False, True): AAD,
    (False, False): INSIGHTS,
}


def setup_for(basic_auth: bool | None, single_tenant: bool | None) -> Setup | None:
    """Return the set-up of two answers, or None while one of them is open."""
    if basic_auth is None or single_tenant is None:
        return None
    return ROWS[basic_auth, single_tenant]
