"""What people sent after their session had ended: kept until they are back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.core import signing
from django.http import QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

# The hidden field that says for whom a form was opened.
OWNER = "opened_by"
_SALT = "portal.unsent"
_SESSION_KEY = "unsent"
# Seconds a form may lie open, and seconds it is kept for its return.
_FORM_AGE = 24 * 60 * 60
_KEPT_FOR = 60 * 60
# More letters than the longest ticket, encoded, and less than would fill a database.
_LONGEST = 40_000
_NOT_KEPT = ("secret", "password", "private_key", "csrfmiddlewaretoken", OWNER)


def owner_of(request: HttpRequest) -> str:
    """Return what a form carries to be kept: person and organisation, signed."""
    tenant = getattr(request, "tenant", None)
    return signing.dumps([request.user.pk, tenant and tenant.pk], salt=_SALT)


def keep(request: HttpRequest) -> bool:
    """Keep the form in the session, secrets left out; False if it says not whose it is.

    Only who had the form open can send it, so strangers fill no database, and only
    this person gets it back.
    """
    owner = _owner_in(request)
    text = _without_secrets(request.POST).urlencode()
    if owner is None or len(text) > _LONGEST:
        return False
    request.session[_SESSION_KEY] = {
        "owner": owner,
        "path": request.get_full_path(),
        "at": time.time(),
        "form": text,
    }
    return True


def kept(request: HttpRequest) -> QueryDict | None:
    """Return what the person wanted to send to this very address, or None."""
    entry = request.session.get(_SESSION_KEY)
    if not entry or entry["path"] != request.get_full_path():
        return None
    is_fresh = time.time() - entry["at"] < _KEPT_FOR
    tenant = getattr(request, "tenant", None)
    if not is_fresh or entry["owner"] != [request.user.pk, tenant and tenant.pk]:
        return None
    return QueryDict(entry["form"])


def restore(request: HttpRequest) -> None:
    """Set `request.unsent` for the view; what is sent at last is forgotten."""
    form = kept(request) if request.user.is_authenticated else None
    if form is not None and request.method == "POST":
        if not request.headers.get("HX-Request"):
            del request.session[_SESSION_KEY]
        form = None
    if form is not None:
        messages.warning(request, _("Nothing was sent yet: check it and send it."))
    request.unsent = form  # type: ignore[attr-defined]


def page_of(request: HttpRequest) -> str:
    """Return the page the form is on; home if the browser does not say."""
    referrer = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(
        referrer, {request.get_host()}, require_https=request.is_secure()
    )
    parts = urlsplit(referrer)
    # Two slashes would name another host.
    if not is_ours or not parts.path or parts.path.startswith("//"):
        return reverse("portal:home")
    return parts._replace(scheme="", netloc="", fragment="").geturl()


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    """Say that the form is out of date, and lead back to it with what was typed."""
    context: dict[str, Any] = {"is_kept": keep(request), "back": page_of(request)}
    return render(request, "403_csrf.html", context, status=403)


def _owner_in(request: HttpRequest) -> list[int] | None:
    try:
        owner: list[int] = signing.loads(
            request.POST.get(OWNER, ""), salt=_SALT, max_age=_FORM_AGE
        )
    except signing.BadSignature:
        return None
    return owner


def _without_secrets(form: QueryDict) -> QueryDict:
    clean = form.copy()
    for name in form:
        if any(word in name for word in _NOT_KEPT):
            del clean[name]
    return clean
