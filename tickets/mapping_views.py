"""The page on which an administrator says what is sent to an instance, field by field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from connector.access import require
from connector.choosing import PARAMETER, chosen, chosen_or_404
from connector.models import Connection
from tickets import checking, columns, mapping_forms, profiles
from tickets.mapping_forms import ProfileForm
from tickets.mapping_page import MappingPage, codes_of
from tickets.models import Kind

if TYPE_CHECKING:
    from django.http import HttpResponse

    from connector.access import TenantRequest

MANAGE = "connector.manage_connection"


@never_cache
@require_http_methods(["GET", "POST"])
@require(MANAGE)
def field_mapping(request: TenantRequest) -> HttpResponse:
    """Show what is sent for one kind of ticket, check it, and put it in force."""
    connection = chosen(request)
    if connection is None:
        return render(request, "tickets/mapping.html", {"connection": None})
    editor = Editor(request, connection, _kind(request))
    return editor.answer() if request.method == "POST" else editor.open()


@require_POST
@require(MANAGE)
def reset_mapping(request: TenantRequest) -> HttpResponse:
    """Send as usual again, for one kind of ticket."""
    connection, kind = chosen_or_404(request), _kind(request)
    row = profiles.ensured(connection, kind)
    with transaction.atomic():
        profiles.reset(row, actor=request.user)
    messages.success(request, _("Everything is sent as usual again."))
    return redirect(_address(connection, kind))


def _kind(request: TenantRequest) -> str:
    kind = request.POST.get("kind") or request.GET.get("kind") or Kind.CHANGE_REQUEST
    if kind not in Kind.values:
        raise Http404
    return kind


def _address(connection: Connection, kind: str) -> str:
    query = urlencode({PARAMETER: connection.pk, "kind": kind})
    return f"{reverse('tickets:mapping')}?{query}"


class Editor:
    """One request for the mapping of one kind of ticket."""

    def __init__(
        self, request: TenantRequest, connection: Connection, kind: str
    ) -> None:
        self.request = request
        self.connection = connection
        self.kind = kind
        self.row = profiles.stored(connection, kind)
        self.known = columns.known(connection, kind)

    def open(self) -> HttpResponse:
        """Show what is in force, or what was typed when the session ended."""
        return self._page(self._form(self.request.unsent))

    def answer(self) -> HttpResponse:
        """Do what the button that was pressed says; nothing typed is lost."""
        typed = self.request.POST
        if "add" in typed:
            more = mapping_forms.with_default(typed.dict(), typed["add"])
            return self._page(self._form(initial=more))
        intents = {
            "check": self._check,
            "preview": self._preview,
            "verdicts": self._verdicts,
        }
        act = intents.get(typed.get("intent", ""), self._save)
        return act(self._form(typed))

    def _form(self, data: Any = None, **options: Any) -> ProfileForm:
        codes = codes_of(self.connection, self.row, self.known)
        return ProfileForm(self.row, codes, data, **options)

    def _save(self, form: ProfileForm) -> HttpResponse:
        if not form.is_valid():
            return self._page(form, status=422)
        with transaction.atomic():
            row = form.row = profiles.locked(self.connection, self.kind)
            if form.is_overtaken():
                return self._page(form, status=409)
            is_news = profiles.save(row, self._values(form), actor=self.request.user)
            if self.connection.is_connected:
                checking.ask(row, form.elements())
        if is_news:
            messages.success(self.request, _("Saved. New tickets are sent like this."))
        else:
            messages.info(self.request, _("Nothing was changed."))
        return redirect(_address(self.connection, self.kind))

    def _values(self, form: ProfileForm) -> dict[str, Any]:
        values = form.values()
        is_day = columns.is_day(values["columns"], self.known)
        return {**values, "due_is_day": is_day}

    def _check(self, form: ProfileForm) -> HttpResponse:
        if not form.is_valid():
            return self._page(form, status=422)
        if not self.connection.is_connected:
            text = _("ServiceNow is not connected, so it cannot be asked.")
            messages.warning(self.request, text)
        elif not checking.is_fresh(self.row, form.elements()):
            self.row = profiles.ensured(self.connection, self.kind)
            checking.ask(self.row, form.elements())
        return self._page(form)

    def _preview(self, form: ProfileForm) -> HttpResponse:
        return self._page(form, status=200 if form.is_valid() else 422)

    def _verdicts(self, form: ProfileForm) -> HttpResponse:
        return self._page(form, part="tickets/_mapping_check.html")

    def _page(
        self,
        form: ProfileForm,
        *,
        status: int = 200,
        part: str = "tickets/mapping.html",
    ) -> HttpResponse:
        trial = self.row
        if form.is_bound and form.is_valid():
            trial = profiles.tried(self.row, self._values(form))
        context = {
            "page": MappingPage(self.connection, self.row, trial, form, self.known),
            "connection": self.connection,
            "connections": Connection.objects.of_servicenow(self.request.tenant),
            "form": form,
            "kind": Kind(self.kind),
            "kinds": Kind,
            "address": _address(self.connection, self.kind),
            "is_live": part != "tickets/mapping.html",
        }
        return render(self.request, part, context, status=status)
