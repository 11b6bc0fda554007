"""The mails of a service request: what they say, and the headers they are known by."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils.translation import gettext as _

from tickets.support.models import SupportIntegration
from tickets.support.service_requests.models import RequestDelivery

if TYPE_CHECKING:
    from uuid import UUID

    from tickets.support.service_requests.models import ServiceRequest


def payload(case: ServiceRequest, body: str, marker: UUID) -> dict[str, str]:
    """Return what is sent, byte for byte: subject, body, and the mail's own name.

    The name (Message-ID) is made of the reference and of what is told, so that a repeat
    is the same mail to whoever looks.
    """
    return {
        "subject": f"[{case.reference}] {case.title}",
        "body": f"{body.rstrip()}\n\n-- \n{_footer(case)}\n",
        "message_id": f"<{case.reference}.{marker.hex}@{_host()}>",
    }


def _host() -> str:
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    # A literal address needs brackets there, and a colon would end it.
    return host if host.replace(".", "").replace("-", "").isalnum() else "localhost"


def _footer(case: ServiceRequest) -> str:
    words = _(
        "Please keep [%(reference)s] in the subject, so that your answer finds this request."
    )
    return words % {"reference": case.reference}


def opening_text(case: ServiceRequest) -> str:
    """Return the request as Microsoft's support is to read it."""
    incident = case.incident_number or case.incident_sys_id
    contact = [case.contact_name, case.contact_email, case.contact_phone]
    lines = [
        _("Title: %(text)s") % {"text": case.title},
        _("Severity: %(text)s") % {"text": case.get_severity_display()},
        _("Contact: %(text)s") % {"text": ", ".join(filter(None, contact))},
        _("Our reference: %(text)s") % {"text": case.reference},
    ]
    if incident:
        lines.append(_("Our incident: %(text)s") % {"text": incident})
    lines += ["", case.description.strip()]
    if case.diagnostics:
        lines += ["", _("Diagnostics"), "-" * 11, case.diagnostics.strip()]
    return "\n".join(lines)


def message(delivery: RequestDelivery) -> EmailMessage:
    """Return the mail of a delivery, to the address that is configured now."""
    case, payload = delivery.request, delivery.payload
    integration = SupportIntegration.objects.of(case.tenant)
    headers = {
        "Message-ID": payload["message_id"],
        # Machines that answer mails leave this one alone, so that none of them and the
        # portal write to each other for ever (RFC 3834).
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "OOF",
    }
    if first := _opening_id(delivery):
        headers |= {"In-Reply-To": first, "References": first}
    return EmailMessage(
        subject=payload["subject"],
        body=payload["body"],
        to=[integration.support_address],
        reply_to=[integration.reply_address] if integration.reply_address else None,
        headers=headers,
    )


def _opening_id(delivery: RequestDelivery) -> str:
    """Return the name of the mail that opened the case, "" for that one itself."""
    if delivery.is_opening:
        return ""
    first = RequestDelivery.objects.filter(request=delivery.request, is_opening=True)
    mail = first.first()
    return str(mail.payload["message_id"]) if mail else ""
