"""The OAuth backend of a ServiceNow instance."""

from __future__ import annotations

from social_core.backends.oauth import BaseOAuth2PKCE


class ServiceNowOAuth2(BaseOAuth2PKCE):
    """Authorize a connection; signs nobody in."""

    name = "servicenow"
    ASSOCIATION_ONLY = True
