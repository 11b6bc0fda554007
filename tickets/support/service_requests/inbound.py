"""Taking messages in: signed, fresh, each once."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from typing import TYPE_CHECKING
from uuid import uuid4

from celery import current_app
from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from connector import audit
from tickets.support.models import SupportIntegration
from tickets.support.service_requests.letters import MAIL
from tickets.support.service_requests.models import InboundReceipt

if TYPE_CHECKING:
    from uuid import UUID

    from django.contrib.auth.models import User

    from connector.models import Tenant

LARGEST = 1024 * 1024
# Seconds a signature is good for, either way: clocks differ.
WINDOW = 300
_VERSION = "v1="
# Keeps the secret in a file that only the mail server's user can read. A failure ends
# in a code other than 0, so that the mail server tries again.
_SCRIPT = """\
#!/bin/sh
set -e
secret=$(cat "${{PORTAL_SECRET_FILE:-/etc/portal-inbound.secret}}")
mail=$(mktemp); trap 'rm -f "$mail"' EXIT; cat > "$mail"
now=$(date +%s)
sum=$({{ printf '%s.' "$now"; cat "$mail"; }} | openssl dgst -sha256 -hmac "$secret" -r | cut -d' ' -f1)
curl --fail --silent --show-error --max-time 30 \\
  -H 'Content-Type: message/rfc822' -H "X-Portal-Timestamp: $now" -H "X-Portal-Signature: v1=$sum" \\
  --data-binary @"$mail" '{url}'
"""


class Rejected(Exception):
    """The message is not taken; `code` says why, `status` is HTTP's."""

    def __init__(self, code: str, status: int) -> None:
        super().__init__(code)
        self.code = code
        self.status = status


def find(key: UUID) -> SupportIntegration:
    """Return the settings whose address this is; raises `Rejected`."""
    rows = SupportIntegration.objects.select_related("tenant")
    found: SupportIntegration | None = rows.filter(inbound_key=key).first()
    if found is None:
        raise Rejected("unknown_address", 404)
    return found


def address(integration: SupportIntegration) -> str:
    """Return where messages are handed in; "" until a secret was made."""
    if integration.inbound_key is None:
        return ""
    path = reverse("support:inbound", args=[integration.inbound_key])
    return f"{settings.SITE_URL}{path}"


def script(url: str) -> str:
    """Return what hands a mail on standard input to the portal, for any shell."""
    return _SCRIPT.format(url=url)


def command(integration: SupportIntegration) -> str:
    """Return the same for a mail server on the portal's own machine; "" as long as none."""
    key = integration.inbound_key
    return f".venv/bin/python manage.py receive_mail {key}" if key else ""


def signature_of(secret: str, timestamp: str, body: bytes) -> str:
    """Return the hexadecimal HMAC-SHA256 of "timestamp.body"."""
    signed = timestamp.encode() + b"." + body
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def verify(
    integration: SupportIntegration, *, timestamp: str, signature: str, body: bytes
) -> str:
    """Return the signature without its version; raises `Rejected` unless it is right."""
    if not integration.inbound_secret or not signature.startswith(_VERSION):
        raise Rejected("signature_missing", 401)
    given = signature.removeprefix(_VERSION)
    wanted = signature_of(integration.inbound_secret, timestamp, body)
    if not hmac.compare_digest(given.encode(), wanted.encode()):
        raise Rejected("signature_wrong", 401)
    # Looked at last: who cannot sign learns nothing of the clock.
    if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > WINDOW:
        raise Rejected("signature_too_old", 401)
    return given


def take(
    tenant: Tenant, body: bytes, content_type: str = MAIL, *, signature: str = ""
) -> InboundReceipt:
    """Store a message to be sorted in; a known one is returned as it is.

    Raises `Rejected` for the very same call once more.
    """
    digest = hashlib.sha256(body).hexdigest()
    known = InboundReceipt.objects.for_tenant(tenant).filter(digest=digest)
    try:
        with transaction.atomic():
            receipt = InboundReceipt.objects.create(
                tenant=tenant,
                digest=digest,
                signature=signature,
                content_type=content_type[:100],
                raw=body,
            )
            wake(receipt.pk)
    except IntegrityError:
        return _again(known.get(), signature)
    return receipt


def _again(receipt: InboundReceipt, signature: str) -> InboundReceipt:
    """Return what is known already: a mail server repeats what it got no answer to.

    It signs anew each time, so the same signature twice is somebody else's copy.
    """
    if signature and hmac.compare_digest(signature, receipt.signature):
        raise Rejected("replayed", 409)
    InboundReceipt.objects.filter(pk=receipt.pk).update(signature=signature)
    return receipt


def wake(pk: UUID) -> None:
    """Have a worker sort a message in; without a broker the sweep does."""

    def send() -> None:
        current_app.send_task("tickets.support.tasks.sort_message", [str(pk)])

    transaction.on_commit(send, robust=True)


def new_secret(tenant: Tenant, *, actor: User) -> str:
    """Make the secret, or another one at once; it is shown this once."""
    secret = secrets.token_urlsafe(32)
    integration, _created = SupportIntegration.objects.get_or_create(tenant=tenant)
    is_first = integration.inbound_key is None
    integration.inbound_key = integration.inbound_key or uuid4()
    integration.inbound_secret = secret
    integration.inbound_secret_at = timezone.now()
    integration.save(
        update_fields=["inbound_key", "inbound_secret", "inbound_secret_at"]
    )
    action = "support.inbound_opened" if is_first else "support.inbound_rotated"
    audit.record(action, tenant=tenant, actor=actor)
    return secret
