"""Named views of the list of improvement actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.score import filters
from portal.score.list_models import SavedView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.contrib.auth.models import User
    from django.db.models import QuerySet

    from connector.models import Tenant

# More would make the menu useless.
MOST = 50


def visible(tenant: Tenant, user: Any) -> QuerySet[SavedView]:
    """Return the person's own views and those of others for everybody."""
    mine = SavedView.objects.for_tenant(tenant).filter(Q(user=user) | Q(is_shared=True))
    return mine.select_related("user")


def save(
    tenant: Tenant, user: User, *, name: str, query: str, is_shared: bool
) -> SavedView:
    """Keep the address under the name; the person's view of that name is overwritten."""
    kept = {"name": name, "query": tidied(query), "is_shared": is_shared}
    view, _is_new = SavedView.objects.update_or_create(
        tenant=tenant, user=user, name__iexact=name, defaults=kept
    )
    return view


def has_room(tenant: Tenant, user: User) -> bool:
    """Say whether the person may keep one more view."""
    mine = SavedView.objects.for_tenant(tenant).filter(user=user)
    return mine.count() < MOST


def name_of(query: QueryDict, views: Sequence[SavedView]) -> str:
    """Return what the list of an address is called."""
    wanted = _meaning(query)
    for name, address in _BUILT_IN.items():
        if wanted == _meaning(filters.asked_for(QueryDict(address))):
            return str(name)
    names = [view.name for view in views if wanted == _meaning(QueryDict(view.query))]
    return names[0] if names else _("not saved")


def _meaning(query: QueryDict) -> list[tuple[str, list[str]]]:
    return sorted((name, sorted(values)) for name, values in query.lists())


# Views everybody has; the first is what the bare list shows.
_BUILT_IN = {
    gettext_lazy("Open"): "",
    gettext_lazy("Mine"): "show=open&owner=me",
    gettext_lazy("Overdue"): "due=overdue",
    gettext_lazy("All"): "show=all",
}


def tidied(query: str) -> str:
    """Return what of an address makes a view: no page, and nothing foreign."""
    kept = filters.tidied(QueryDict(query))
    kept.pop("page", None)
    return filters.asked_for(kept).urlencode()
