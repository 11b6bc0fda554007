"""How an organisation reaches Microsoft Graph: entered, removed, or the environment's."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from django.conf import settings

from connector import audit, signals
from connector.graph import auth
from connector.models import GraphAccess, Tenant

if TYPE_CHECKING:
    from datetime import date

    from django.contrib.auth.models import User

Status = GraphAccess.Status
Credential = GraphAccess.Credential
# When the page begins to say that secret or certificate end.
WARN_WITHIN = timedelta(days=30)
_UNCHECKED: dict[str, Any] = {
    "status": Status.UNCHECKED,
    "last_error_code": "",
    "last_error_words": "",
    "findings": [],
    "permissions_found": None,
    "checked_at": None,
}
_NO_SECRETS: dict[str, Any] = {
    "client_secret": "",
    "private_key": "",
    "certificate": "",
    "thumbprint": "",
    "expires_on": None,
}


@dataclass(frozen=True)
class Details:
    """What the page asks for; empty secrets leave the stored ones."""

    directory_id: str
    client_id: str
    credential: str = Credential.SECRET
    client_secret: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)
    certificate: str = field(default="", repr=False)
    expires_on: date | None = None


def credentials_for(tenant: Tenant) -> auth.Credentials:
    """Return what to sign in with: what was entered, else the environment's or nothing."""
    access = GraphAccess.objects.for_tenant(tenant).first()
    if access is not None and access.is_entered:
        return _entered(access)
    return auth.from_settings() if environment_is_for(tenant) else auth.Credentials()


def directory_of(tenant: Tenant) -> str:
    """Return the directory that was entered for the organisation, or ""."""
    entered = GraphAccess.objects.for_tenant(tenant).values_list("directory_id")
    return str(next(iter(entered), ("",))[0])


def environment_is_for(tenant: Tenant) -> bool:
    """Say whether GRAPH_* are meant for this organisation.

    They name one directory at most: its organisation's, or the oldest one's here.
    """
    known, named = tenant.microsoft_tenant_id, settings.GRAPH_TENANT_ID
    if known and named:
        return bool(known.lower() == named.lower())
    return not Tenant.objects.filter(pk__lt=tenant.pk).exists()


def enter(tenant: Tenant, *, actor: User, details: Details) -> GraphAccess:
    """Store what the page asks for; the other kind of secret is not kept."""
    access = GraphAccess.objects.current(tenant)
    changes = _UNCHECKED | {
        "directory_id": details.directory_id,
        "client_id": details.client_id,
        "credential": details.credential,
        **_secrets(access, details),
    }
    _write(access, changes)
    _record("graph.entered", access, actor, credential=str(details.credential))
    signals.graph_changed.send(sender=GraphAccess, tenant=tenant)
    return access


def remove(tenant: Tenant, *, actor: User) -> None:
    """Forget what was entered; what the environment says is used again."""
    access = GraphAccess.objects.current(tenant)
    _record("graph.removed", access, actor)
    empty = {"directory_id": "", "client_id": "", "asked_at": None}
    _write(access, _UNCHECKED | _NO_SECRETS | empty)
    signals.graph_changed.send(sender=GraphAccess, tenant=tenant)


def thumbprint_of(certificate: x509.Certificate) -> str:
    """Return the thumbprint as the Entra admin center shows it."""
    # Not for security: the way Microsoft names certificates.
    return certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303


def _secrets(access: GraphAccess, details: Details) -> dict[str, Any]:
    if details.credential == Credential.CERTIFICATE:
        if not details.private_key:
            return {"client_secret": ""}
        certificate = x509.load_pem_x509_certificate(details.certificate.encode())
        return _NO_SECRETS | {
            "private_key": details.private_key,
            "certificate": details.certificate,
            "thumbprint": thumbprint_of(certificate),
            "expires_on": certificate.not_valid_after_utc.date(),
        }
    kept = details.client_secret or access.client_secret
    return _NO_SECRETS | {"client_secret": kept, "expires_on": details.expires_on}


def _entered(access: GraphAccess) -> auth.Credentials:
    return auth.Credentials(
        directory_id=access.directory_id,
        client_id=access.client_id,
        secret=access.client_secret,
        private_key=access.private_key,
        certificate=access.certificate,
    )


def _write(access: GraphAccess, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        setattr(access, name, value)
    access.save(update_fields=list(changes))


def _record(action: str, access: GraphAccess, actor: User | None, **facts: Any) -> None:
    audit.record(
        action,
        tenant=access.tenant,
        actor=actor,
        target=access.client_id,
        directory=access.directory_id,
        **facts,
    )
