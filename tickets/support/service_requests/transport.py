"""The ways of a request to Microsoft's support; there is no interface to open a case.

Each way is one class. A request keeps the one it was opened with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from django.conf import settings
from django.utils.translation import gettext as _

from tickets.support.models import RequestTransport
from tickets.support.service_requests import deliveries, mails
from tickets.support.service_requests.models import RequestDelivery

if TYPE_CHECKING:
    from tickets.support.models import SupportIntegration
    from tickets.support.service_requests.models import ServiceRequest

ADMIN_CENTER = "https://admin.microsoft.com/Adminportal/Home#/support/requests"
OPENING = "opening"


class Transport(Protocol):
    """A way to Microsoft's support; both calls are made in the caller's transaction."""

    id: str

    @property
    def label(self) -> str:
        """What the way is called."""

    def explanation(self, integration: SupportIntegration) -> str:
        """Say what happens, and that Microsoft offers no public interface."""

    def send(self, case: ServiceRequest) -> None:
        """Have the case opened."""

    def say(self, case: ServiceRequest, text: str, *, once: str) -> None:
        """Have something further told; `once` tells one text from another."""


class Email:
    """Mails to a configured address; answers are matched by the reference."""

    id = RequestTransport.EMAIL.value

    @property
    def label(self) -> str:
        return str(RequestTransport.EMAIL.label)

    def explanation(self, integration: SupportIntegration) -> str:
        said = _(
            "Microsoft offers no public interface to open a support case. The request is sent by e-mail to %(address)s, with its reference in the subject; answers that come back are matched by that reference."
        ) % {"address": integration.support_address or _("the support address")}
        if settings.EMAIL_HOST:
            return said
        files = _(
            "No mail server is configured (EMAIL_HOST), so each mail becomes a file in DATA_DIR/mail and reaches nobody."
        )
        return f"{said} {files}"

    def send(self, case: ServiceRequest) -> None:
        self._queue(case, mails.opening_text(case), OPENING)

    def say(self, case: ServiceRequest, text: str, *, once: str) -> None:
        self._queue(case, text, once)

    def _queue(self, case: ServiceRequest, text: str, once: str) -> None:
        channel = RequestDelivery.Channel.MAIL
        marker = deliveries.marker_of(case, channel, once)
        payload = mails.payload(case, text, marker)
        is_opening = once == OPENING
        deliveries.queue(case, channel, payload, marker, is_opening=is_opening)


class Manual:
    """A person carries the text to the admin center, and brings the case number back."""

    id = RequestTransport.MANUAL.value

    @property
    def label(self) -> str:
        return str(RequestTransport.MANUAL.label)

    def explanation(self, _integration: SupportIntegration) -> str:
        return _(
            "Microsoft offers no public interface to open a support case. The portal prepares the text; a person pastes it into the Microsoft 365 admin center (Support > New service request) and enters the case number in the portal."
        )

    def send(self, case: ServiceRequest) -> None:
        """Do nothing: the request's page shows what to paste."""

    def say(self, case: ServiceRequest, text: str, *, once: str) -> None:
        """Do nothing: the timeline marks what is to be pasted into the case."""


TRANSPORTS: dict[str, Transport] = {one.id: one for one in (Email(), Manual())}


def of(case: ServiceRequest) -> Transport:
    """Return the way of a request."""
    return TRANSPORTS[case.transport]


def chosen(integration: SupportIntegration) -> Transport:
    """Return the way new requests go."""
    return TRANSPORTS[integration.request_transport]


def note_for(case: ServiceRequest, integration: SupportIntegration) -> str:
    """Say how this request reaches Microsoft, or that it never does."""
    if deliveries.is_silent(case, integration):
        return _(
            "TEST environment: nothing is sent to Microsoft. Everything else can be tried."
        )
    return of(case).explanation(integration)
