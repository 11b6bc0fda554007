"""Every way back from an instance that went wrong ends on the set-up page."""

from __future__ import annotations

from social_django.middleware import SocialAuthExceptionMiddleware


class AuthorizationErrorMiddleware(SocialAuthExceptionMiddleware):
    """Say in one sentence what happened and what to do."""
