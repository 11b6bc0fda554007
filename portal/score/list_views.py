"""What people do with the list of improvement actions: keep views, change a selection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from connector.access import require
from portal.score import filters, listing, plans, saved_views
from portal.score.action_views import EDIT, VIEW
from portal.score.list_models import SavedView
from portal.score.models import Snapshot
from portal.score.plan_forms import BulkForm, told
from portal.score.plan_models import ActionTag

if TYPE_CHECKING:
    from django.http import HttpResponse

    from connector.access import TenantRequest

# Named on the page before they are changed; the rest is counted.
NAMED = 20
# More controls than Microsoft has, and fewer than a database takes in one question.
MOST = 5000


class ViewForm(forms.Form):
    """A name for the view of the list that is shown."""

    name = forms.CharField(
        label=gettext_lazy("Name of the view"),
        max_length=60,
        error_messages={"required": gettext_lazy("Enter a name for the view.")},
    )
    is_shared = forms.BooleanField(
        label=gettext_lazy("Show it to everybody in the organization"), required=False
    )
    query = forms.CharField(required=False, max_length=2000)


@require_POST
@require(VIEW)
def save_view(request: TenantRequest) -> HttpResponse:
    """Keep the list as it is shown, under a name."""
    form = ViewForm(request.POST)
    if form.is_valid() and not saved_views.has_room(request.tenant, request.user):
        message = _("You have %(count)s views. Delete one first.")
        form.add_error("name", message % {"count": saved_views.MOST})
    if not form.is_valid():
        query = saved_views.tidied(request.POST.get("query", "")[:2000])
        context = {"form": form, "back": f"{reverse('score:actions')}?{query}"}
        return render(request, "score/view_form.html", context, status=422)
    view = saved_views.save(request.tenant, request.user, **form.cleaned_data)
    messages.success(request, _("The view “%(name)s” is saved.") % {"name": view.name})
    return redirect(view)


@require_POST
@require(VIEW)
def delete_view(request: TenantRequest, pk: int) -> HttpResponse:
    """Delete one of the person's own views."""
    mine = SavedView.objects.for_tenant(request.tenant).filter(user=request.user)
    view = get_object_or_404(mine, pk=pk)
    view.delete()
    messages.success(
        request, _("The view “%(name)s” is deleted.") % {"name": view.name}
    )
    return redirect("score:actions")


@dataclass(frozen=True)
class Selection:
    """The controls that were ticked, or all the list had, in its order."""

    control_ids: list[str]
    rows: list[listing.Row]
    back: str

    @property
    def named(self) -> list[listing.Row]:
        return self.rows[:NAMED]

    @property
    def unnamed(self) -> int:
        return max(0, len(self.rows) - NAMED)


def selection(request: TenantRequest) -> Selection:
    """Return what the form of the list, or of a page after it, has selected.

    Raises `ValidationError` if that is nothing the organisation has.
    """
    query = QueryDict(request.POST.get("query", ""))
    latest, reference = Snapshot.objects.latest_and_reference(request.tenant)
    if request.POST.get("everything"):
        listed = listing.listed(
            request.tenant, request.user, filters.tidied(query), reference
        )
        found = list(listed.qs)
    else:
        wanted = request.POST.getlist("control")
        wanted += request.POST.get("selection", "").splitlines()
        found = _in_order(request, wanted, reference)
    if not found:
        raise ValidationError(_("Tick at least one improvement action."))
    return Selection(
        control_ids=[profile.control_id for profile in found],
        rows=listing.rows(found, latest),
        back=f"{reverse('score:actions')}?{saved_views.tidied(query.urlencode())}",
    )


def _in_order(
    request: TenantRequest, wanted: list[str], reference: Snapshot | None
) -> list[Any]:
    actions = listing.all_actions(request.tenant, reference).for_list()
    wanted = wanted[:MOST]
    found = {p.control_id: p for p in actions.filter(control_id__in=wanted)}
    return [found[name] for name in dict.fromkeys(wanted) if name in found]


@require_POST
@require(EDIT)
def bulk(request: TenantRequest) -> HttpResponse:
    """Ask what is to be different in the selected actions, then change them."""
    try:
        chosen = selection(request)
    except ValidationError as error:
        messages.warning(request, error.message)
        return redirect(back_of(request))
    sends = request.POST.get("intent") == "apply"
    form = BulkForm(request.POST if sends else None, tenant=request.tenant)
    if sends and form.is_valid():
        outcome = plans.change(
            request.tenant, chosen.control_ids, form.wish(), actor=request.user
        )
        messages.success(request, told(outcome))
        return redirect(chosen.back)
    context = {
        "form": form,
        "chosen": chosen,
        "query": request.POST.get("query", ""),
        "tags": ActionTag.objects.in_use(request.tenant),
    }
    status = 422 if sends else 200
    return render(request, "score/bulk.html", context, status=status)


def back_of(request: TenantRequest) -> str:
    """Return the list the form came from."""
    query = saved_views.tidied(request.POST.get("query", ""))
    return f"{reverse('score:actions')}?{query}"
