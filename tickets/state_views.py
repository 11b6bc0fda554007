"""The pages on which ticket states get their names, colours, order and categories."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from connector.access import require
from connector.choosing import PARAMETER, chosen, chosen_or_404, key_in
from tickets import (
    lists,
    state_files,
    state_import,
    state_pages,
    state_revisions,
    state_settings,
    state_texts,
)
from tickets.models import Kind, StateRevision, TicketState
from tickets.queries import instances
from tickets.state_forms import (
    FileForm,
    StatesForm,
    completed,
    data_of,
    data_of_file,
    moved,
)
from tickets.state_pages import Given
from tickets.state_revisions import StaleRevision

if TYPE_CHECKING:
    from django.http import QueryDict

    from connector.access import TenantRequest
    from connector.models import Connection
    from tickets.state_pages import Group

MAY_NAME = "tickets.rename_ticketstate"
# What the form itself may say it comes from; anything else was typed.
_FROM_FILE = StateRevision.Source.JSON


@require_GET
@require(MAY_NAME)
def state_list(request: TenantRequest) -> HttpResponse:
    """Show the states of both kinds, what is new and what was changed."""
    return _page(request, chosen(request))


@require_http_methods(["GET", "POST"])
@require(MAY_NAME)
def edit_states(request: TenantRequest, kind: str) -> HttpResponse:
    """Move a state, or show what a change would do, or save it."""
    edit = Edit(request, chosen_or_404(request), _kind(kind))
    typed = request.POST or request.unsent
    if not typed:
        return _back(edit.connection)
    if "move" in typed:
        whole = completed(typed, edit.states)
        return edit.show(moved(whole, edit.states, typed.get("move", "")))
    form = StatesForm(typed, states=edit.states)
    wish = request.POST.get("action", "edit")
    if not form.is_valid():
        return edit.show(typed, status=422)
    if wish not in {"preview", "save"}:
        return edit.show(typed)
    source = typed.get("source", "")
    return edit.save(form, source) if wish == "save" else edit.preview(form, source)


class Edit:
    """One person's change of the states of a kind, from the form to its end."""

    def __init__(
        self, request: TenantRequest, connection: Connection, kind: Kind
    ) -> None:
        self.request, self.connection, self.kind = request, connection, kind
        self.states = list(TicketState.objects.of(connection, kind))
        self.now = state_settings.settings_of(self.states)

    def show(self, typed: QueryDict, status: int = 200) -> HttpResponse:
        """Show the page with what was typed."""
        whole = completed(typed, self.states)
        group = self.group(Given(form=StatesForm(whole, states=self.states)))
        if lists.wants_part(self.request, f"states-{self.kind}"):
            context = {"group": group, "connection": self.connection}
            return render(self.request, "tickets/_state_form.html", context)
        return _page(self.request, self.connection, group, status=status)

    def group(self, given: Given) -> Group:
        """Return this kind's part of the page."""
        counts = state_pages.ticket_counts(self.connection)[self.kind]
        return state_pages.group(self.connection, self.kind, self.states, counts, given)

    def preview(self, form: StatesForm, source: str = "") -> HttpResponse:
        """Show what the change would do, before anything is saved."""
        seen = form.cleaned_data["revision"]
        if seen != state_revisions.latest(self.connection, self.kind):
            return self.clash(form)
        if form.settings == self.now:
            messages.info(self.request, _("Nothing is different from what is saved."))
            return _back(self.connection)
        counts = state_pages.ticket_counts(self.connection)[self.kind]
        context = {
            "kind": self.kind,
            "connection": self.connection,
            "effects": state_texts.effects(
                self.states, self.now, form.settings, counts
            ),
            "fields": data_of(self.states, form.settings, seen).items(),
            "source": source,
        }
        return render(self.request, "tickets/state_preview.html", context)

    def save(self, form: StatesForm, source: str) -> HttpResponse:
        """Save the change, unless somebody else was faster."""
        is_file = source == _FROM_FILE
        try:
            saved = state_revisions.save(
                self.connection,
                self.kind,
                form.settings,
                seen=form.cleaned_data["revision"],
                actor=self.request.user,
                source=_FROM_FILE if is_file else StateRevision.Source.EDIT,
            )
        except StaleRevision:
            return self.clash(form)
        text = _("Saved. Every page shows it from now on.")
        messages.success(self.request, text if saved else _("Nothing changed."))
        return _back(self.connection)

    def clash(self, form: StatesForm) -> HttpResponse:
        """Show what somebody else changed, together with what was typed."""
        seen = form.cleaned_data["revision"]
        base = state_revisions.base(self.connection, self.kind, seen)
        both = state_settings.merged(base, form.settings, self.now)
        newest = state_revisions.latest(self.connection, self.kind)
        typed = data_of(self.states, both, newest)
        clash = state_pages.clash(self.connection, self.kind, self.states, base)
        form = StatesForm(typed, states=self.states)
        group = self.group(Given(form=form, clash=clash))
        return _page(self.request, self.connection, group, status=409)


@require_GET
@require(MAY_NAME)
def export_states(request: TenantRequest, kind: str) -> HttpResponse:
    """Hand the settings of a kind out as a file."""
    connection, kind = chosen_or_404(request), _kind(kind)
    text = state_files.export(kind, TicketState.objects.of(connection, kind))
    response = HttpResponse(text, content_type="application/json; charset=utf-8")
    name = f"ticket-states-{kind}.json"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_POST
@require(MAY_NAME)
def upload_states(request: TenantRequest, kind: str) -> HttpResponse:
    """Read a file and show what it would do."""
    edit = Edit(request, chosen_or_404(request), _kind(kind))
    file_form = FileForm(request.POST, request.FILES, kind=edit.kind)
    if file_form.is_valid():
        newest = state_revisions.latest(edit.connection, edit.kind)
        try:
            entries = file_form.cleaned_data["file"]
            data = data_of_file(edit.states, entries, newest)
        except ValidationError as error:
            file_form.add_error("file", error)
        else:
            form = StatesForm(data, states=edit.states)
            form.full_clean()
            return edit.preview(form, _FROM_FILE)
    group = edit.group(Given(file_form=file_form))
    return _page(request, edit.connection, group, status=422)


@require_POST
@require(MAY_NAME)
def undo_states(request: TenantRequest, pk: int) -> HttpResponse:
    """Show the states again as before one change and all later ones."""
    changes = StateRevision.objects.for_tenant(request.tenant)
    changes = changes.filter(connection__removed_at__isnull=True)
    revision = get_object_or_404(changes.select_related("connection__tenant"), pk=pk)
    # -1 is the key of none.
    seen = key_in(request.POST.get("revision", ""))
    seen = -1 if seen is None else seen
    try:
        done = state_revisions.undo(revision, seen=seen, actor=request.user)
    except StaleRevision:
        text = _("Somebody changed these states meanwhile, so nothing was undone.")
        messages.warning(request, text)
    else:
        text = _("Undone. Every page shows it from now on.")
        messages.success(request, text if done else _("Nothing changed."))
    return _back(revision.connection)


@require_POST
@require(MAY_NAME)
def import_states(request: TenantRequest) -> HttpResponse:
    """Have the states fetched from ServiceNow."""
    connection = chosen_or_404(request)
    if connection.is_connected:
        state_import.request(connection, actor=request.user)
    else:
        text = _("ServiceNow is not connected, so nothing can be imported.")
        messages.warning(request, text)
    return _back(connection)


@require_GET
@require(MAY_NAME)
def import_status(request: TenantRequest) -> HttpResponse:
    """Show how far the import is."""
    connection = chosen_or_404(request)
    context = {
        "status": state_pages.import_status(connection),
        "connection": connection,
        "was_pending": True,
    }
    return render(request, "tickets/_state_import.html", context)


def _kind(text: str) -> Kind:
    if text not in Kind.values:
        raise Http404
    return Kind(text)


def _back(connection: Connection) -> HttpResponse:
    query = urlencode({PARAMETER: connection.pk})
    return redirect(f"{reverse('tickets:states')}?{query}")


def _page(
    request: TenantRequest,
    connection: Connection | None,
    *given: Group,
    status: int = 200,
) -> HttpResponse:
    groups = state_pages.groups(connection, *given) if connection else []
    context = {
        "connection": connection,
        "instances": instances(request.tenant),
        "groups": groups,
        "news": sum(len(group.inbox) for group in groups),
        "has_errors": status == 422,
        "import_status": state_pages.import_status(connection) if connection else None,
    }
    return render(request, "tickets/states.html", context, status=status)
