"""A ticket nobody sent yet: what a form starts from, and its one-time token."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core import signing

from connector import markup
from tickets.mapping import DESCRIPTION_LIMIT, NAME_LIMIT
from tickets.models import Kind, Priority, Source

if TYPE_CHECKING:
    from datetime import date

    from connector.access import TenantRequest

_SALT = "tickets.form"
# Long enough for a form left open over a day's work.
TOKEN_AGE = 24 * 60 * 60
_SESSION_KEY = "ticket_forms"
_SESSION_LIMIT = 20


@dataclass(frozen=True)
class Draft:
    """What is filled in when the form opens."""

    kind: str = Kind.CHANGE_REQUEST
    name: str = ""
    description: str = ""
    priority: str = Priority.MEDIUM
    due_date: date | None = None
    source: str = Source.USER
    category: str = ""
    # The improvement action it is shared from; empty for a ticket typed in.
    control_id: str = ""
    # Microsoft's name of the product it changes; "" where nobody knows.
    product: str = ""

    @property
    def fitting_name(self) -> str:
        return markup.shortened(" ".join(self.name.split()), NAME_LIMIT)

    @property
    def fitting_description(self) -> str:
        return markup.shortened(self.description.strip(), DESCRIPTION_LIMIT)


def new_token(request: TenantRequest, draft: Draft) -> str:
    """Return the token of a form; it names the ticket before the ticket exists.

    Sharing the same action in two tabs gives both the same token until one is sent.
    """
    return _sign(request, _open_reference(request, draft))


def fresh_token(request: TenantRequest, draft: Draft) -> str:
    """Return a token for one more ticket, after the form's own was used."""
    forget(request, draft)
    return new_token(request, draft)


def read_token(request: TenantRequest, token: str) -> uuid.UUID | None:
    """Return the reference in a token of this person and organisation, or None."""
    try:
        parts = signing.loads(token, salt=_SALT, max_age=TOKEN_AGE)
    except signing.BadSignature:
        return None
    if parts[:2] != [request.user.pk, request.tenant.pk]:
        return None
    return uuid.UUID(parts[2])


def forget(request: TenantRequest, draft: Draft) -> None:
    """Let the next form of this action make a ticket of its own."""
    forms = request.session.get(_SESSION_KEY, {})
    if forms.pop(_key(request, draft), None):
        request.session[_SESSION_KEY] = forms


def _open_reference(request: TenantRequest, draft: Draft) -> str:
    if not draft.control_id:
        return str(uuid.uuid4())
    forms: dict[str, str] = request.session.get(_SESSION_KEY, {})
    key = _key(request, draft)
    if key not in forms:
        forms[key] = str(uuid.uuid4())
        request.session[_SESSION_KEY] = dict(list(forms.items())[-_SESSION_LIMIT:])
    return forms[key]


def _key(request: TenantRequest, draft: Draft) -> str:
    return f"{request.tenant.pk}:{draft.control_id}"


def _sign(request: TenantRequest, reference: str) -> str:
    parts = [request.user.pk, request.tenant.pk, reference]
    return signing.dumps(parts, salt=_SALT)
