"""Every way back from an instance that went wrong ends on the set-up page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from social_core.exceptions import (
    AuthCanceled,
    AuthConfigurationError,
    SocialAuthBaseException,
)
from social_django.middleware import SocialAuthExceptionMiddleware

from connector import audit
from connector.messages import explain
from connector.redaction import clean
from connector.servicenow.backend import way_back

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

_CODES = {
    "session_context_missing": "session_expired",
    "state_mismatch": "state_mismatch",
    "user_mismatch": "user_mismatch",
}


class AuthorizationErrorMiddleware(SocialAuthExceptionMiddleware):
    """Say in one sentence what happened and what to do."""

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponse | None:
        response: HttpResponse | None = super().process_exception(request, exception)
        if response is not None and isinstance(exception, SocialAuthBaseException):
            audit.record(
                "connection.authorization_failed",
                tenant=getattr(request, "tenant", None),
                actor=request.user,
                code=code_of(exception),
            )
        return response

    def get_redirect_uri(self, request: HttpRequest, exception: Exception) -> str:  # noqa: ARG002
        return way_back(request)

    def get_message(self, request: HttpRequest, exception: Exception) -> str:
        code = code_of(exception)
        explanation = explain(code)
        parts = [f"{explanation.title}.", explanation.repair]
        words = clean(getattr(exception, "detail", ""))
        # Without a valid state anybody could have written the words.
        if (
            words
            and code in {"consent_refused", "consent_failed"}
            and _is_ours(request)
        ):
            parts.insert(1, f"“{words[:200]}”")
        return " ".join(parts)


def code_of(exception: Exception) -> str:
    """Return our code for an error of the consent."""
    if isinstance(exception, AuthCanceled):
        return "declined"
    if isinstance(exception, AuthConfigurationError):
        return "consent_refused"
    code = getattr(exception, "code", "")
    if code == "missing_parameter":
        is_state = getattr(exception, "parameter", "") == "state"
        return "state_missing" if is_state else "code_missing"
    return _CODES.get(code, "consent_failed")


def _is_ours(request: HttpRequest) -> bool:
    return bool(request.GET.get("state"))
