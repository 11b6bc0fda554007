"""The audit trail: who did what, kept as rows, formatted when shown."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.models import AuditEvent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.contrib.auth.models import AnonymousUser, User

    from connector.models import Tenant

# Facts under these names are never written down, whoever passes them.
_SECRET_WORDS = ("secret", "token", "password", "code_verifier", "authorization")
CENSORED = "********"


@dataclass(frozen=True)
class Context:
    """Where an act comes from: the web request or the task."""

    request_id: str = ""
    ip_address: str | None = None


_context: ContextVar[Context | None] = ContextVar("audit_context", default=None)


@contextmanager
def context(request_id: str, ip_address: str | None = None) -> Iterator[None]:
    """Mark all events recorded inside with the request they come from."""
    mark = _context.set(Context(request_id, ip_address))
    try:
        yield
    finally:
        _context.reset(mark)


def request_id() -> str:
    """Return the identifier of the request or task that is under way, or ""."""
    where = _context.get()
    return where.request_id if where else ""


def record(
    action: str,
    *,
    tenant: Tenant | None = None,
    actor: User | AnonymousUser | None = None,
    target: object = "",
    **facts: Any,
) -> AuditEvent:
    """Write one event; `action` is a dotted verb such as "connection.authorized".

    Facts must be JSON values; those whose name speaks of a secret are censored.
    """
    user = actor if actor is not None and actor.is_authenticated else None
    where = _context.get() or Context()
    return AuditEvent.objects.create(
        tenant=tenant,
        actor=user,
        actor_name=user.get_username() if user else "",
        action=action,
        target=str(target)[:200],
        facts={name: _censor(name, value) for name, value in facts.items()},
        request_id=where.request_id,
        ip_address=where.ip_address,
    )


def _censor(name: str, value: Any) -> Any:
    return CENSORED if any(word in name.lower() for word in _SECRET_WORDS) else value
