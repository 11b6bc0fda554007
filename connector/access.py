"""Who may call a view: signed in, member of an organisation, with a permission."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import Group, Permission
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.http import HttpResponse, QueryDict

    from connector.models import Tenant

    View = Callable[..., HttpResponse]


class TenantRequest(HttpRequest):
    """A request of a signed-in member of an organisation."""

    tenant: Tenant
    user: User
    # What this person wanted to send to this address when the session had ended.
    unsent: QueryDict | None


def require(permission: str, *or_one_of: str) -> Callable[[View], View]:
    """Refuse callers without `permission` ("app.codename"), saying which roles have it.

    Any one of further permissions will do instead.
    """
    enough = (permission, *or_one_of)

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: TenantRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not any(request.user.has_perm(one) for one in enough):
                raise PermissionDenied(refusal(permission))
            return view(request, *args, **kwargs)

        guarded.required_permission = permission  # type: ignore[attr-defined]
        return guarded

    return decorate


def refusal(permission: str) -> str:
    """Return why somebody without the permission is turned away, and who has it."""
    app_label, codename = permission.split(".")
    wanted = Permission.objects.get(
        content_type__app_label=app_label, codename=codename
    )
    groups = Group.objects.filter(permissions=wanted).order_by("name")
    return _("Your role does not allow this (%(what)s). It needs: %(roles)s.") % {
        "what": wanted.name,
        "roles": ", ".join(group.name for group in groups) or "-",
    }
