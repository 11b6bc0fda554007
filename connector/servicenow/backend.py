"""The OAuth backend of a ServiceNow instance: it connects, and signs nobody in."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from social_core.backends.oauth import BaseOAuth2PKCE
from social_core.exceptions import AuthInputError
from social_django.models import DjangoStorage
from social_django.strategy import DjangoStrategy

from connector import authorization
from connector.access import refusal
from connector.addresses import redirect_uri
from connector.choosing import address
from connector.models import Connection
from connector.tasks import authorize

if TYPE_CHECKING:
    from django.http import HttpRequest

    from connector.access import TenantRequest

PERMISSION = "connector.manage_connection"
_SESSION_KEY = "connection"
# Where the person goes on when the instance has answered.
_BACK_KEY = "connection_back"


class ServiceNowOAuth2(BaseOAuth2PKCE[HttpResponse]):
    """Authorize the connection named in the session, for the person who began it."""

    name = "servicenow"
    ASSOCIATION_ONLY = True
    # The instance compares the redirect URL as a whole.
    REDIRECT_STATE = False

    @property
    def _request(self) -> TenantRequest:
        return cast("TenantRequest", cast("DjangoStrategy", self.strategy).request)

    @cached_property
    def connection(self) -> Connection:
        """The connection to authorize; only of the person's organisation."""
        request = self._request
        if not request.user.has_perm(PERMISSION):
            raise PermissionDenied(refusal(PERMISSION))
        wanted = str(self.strategy.session_get(_SESSION_KEY) or "")
        mine = Connection.objects.of_servicenow(request.tenant)
        found: Connection | None = (
            mine.filter(pk=wanted).first() if wanted.isdecimal() else None
        )
        if found is None:
            raise Http404
        return found

    def prepare_auth(self, user: Any = None) -> None:
        self.require_association_user(user, stage="begin")
        _ = self.connection
        super().prepare_auth(user=user)

    def get_key_and_secret(self) -> tuple[str, str]:
        return self.connection.client_id, self.connection.client_secret

    def authorization_url(self) -> str:
        return f"{self.connection.base_url}/oauth_auth.do"

    def get_redirect_uri(self, state: str | None = None) -> str:  # noqa: ARG002
        return redirect_uri()

    def start(self) -> HttpResponse:
        """Return a page that leads on to the instance.

        A redirect would be stopped: browsers apply form-action to where a form's
        answer leads.
        """
        context = {"host": self.connection.host, "address": self.auth_url()}
        return render(self._request, "connector/leaving.html", context)

    def auth_complete(self, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ARG002
        """Take the code home; exchanging it is the work of a task."""
        state = self.data.get("state")
        if not state:
            # An instance may leave the state out of a refusal.
            self.process_error(self.data)
        self.validate_association_state(state, kwargs.get("user"))
        self.process_error(self.data)
        with transaction.atomic():
            authorization.accept_code(
                self.connection,
                actor=kwargs["user"],
                code=self._code(),
                code_verifier=self.get_code_verifier(),
                redirect_uri=self.get_redirect_uri(),
            )
            authorize.delay_on_commit(self.connection.pk)
        return redirect(way_back(self._request))

    def _code(self) -> str:
        code = self.data.get("code")
        if not code:
            raise AuthInputError(
                self, parameter="code", code="missing_parameter", stage="callback"
            )
        return str(code)


def way_back(request: HttpRequest) -> str:
    """Return where the person goes on: the page they came from, or the set-up."""
    return str(request.session.get(_BACK_KEY) or reverse("connector:setup"))


def begin(
    request: TenantRequest, connection: Connection, back_to: str = ""
) -> HttpResponse:
    """Send the person to the instance's consent page, and then to `back_to`."""
    strategy = DjangoStrategy(DjangoStorage, request)
    backend = ServiceNowOAuth2(strategy, redirect_uri())
    request.session[_SESSION_KEY] = str(connection.pk)
    request.session[_BACK_KEY] = back_to or address("connector:setup", connection)
    backend.prepare_auth(user=request.user)
    return backend.start()
