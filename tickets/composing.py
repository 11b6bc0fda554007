"""The task form: what will be sent is shown before it is sent, and sent once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from connector.access import require
from connector.models import Connection
from tickets import drafts, glossary, mapping, sharing
from tickets.forms import TaskForm, initial_of
from tickets.models import Kind, Source, Ticket
from tickets.support import health

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    from django.http import HttpResponse

    from connector.access import TenantRequest
    from tickets.drafts import Draft


@require("tickets.share_ticket")
def compose(request: TenantRequest, draft: Draft) -> HttpResponse:
    """Show the task form filled in with the draft, and send what comes back."""
    usable = Connection.objects.for_sharing(request.tenant)
    if not usable:
        connection = Connection.objects.current(request.tenant)
        typed = request.POST or request.unsent
        context = {"connection": connection, "draft": draft, "typed": typed}
        status = 409 if request.method == "POST" else 200
        return render(request, "tickets/unavailable.html", context, status=status)
    composer = Composer(request, draft, usable)
    return composer.answer() if request.method == "POST" else composer.open()


class Composer:
    """One request for the form of one draft."""

    def __init__(
        self, request: TenantRequest, draft: Draft, usable: Sequence[Connection]
    ) -> None:
        self.request = request
        self.draft = draft
        # Where the ticket may go, the default first.
        self.usable = usable

    def open(self) -> HttpResponse:
        """Show the empty or prefilled form with the data it would send."""
        if typed := self.request.unsent:
            return self._page_of(self._form(typed), typed.get("token", ""))
        token = drafts.new_token(self.request, self.draft)
        # Read as if it were sent: only what is complete can be shown byte for byte.
        trial = self._form(initial_of(self.draft))
        return self._page(self._form(), token, trial)

    def _form(self, data: Any = None) -> TaskForm:
        return TaskForm(self.draft, data, connections=self.usable)

    def answer(self) -> HttpResponse:
        """Show the data the form would send, or send it."""
        token = self.request.POST.get("token", "")
        form = self._form(self.request.POST)
        if self.request.POST.get("intent") == "preview":
            return self._preview(form, token)
        reference = drafts.read_token(self.request, token)
        if reference is None:
            return self._start_over(form, _stale())
        if not form.is_valid():
            return self._page(form, token, form, status=422)
        return self._send(form, reference)

    def _preview(self, form: TaskForm, token: str) -> HttpResponse:
        if self.request.htmx:  # type: ignore[attr-defined]
            # While somebody types, a gap is not an error yet.
            return self._page_of(form, token, part="#preview")
        return self._page_of(form, token, status=200 if form.is_valid() else 422)

    def _page_of(
        self, form: TaskForm, token: str, *, part: str = "", status: int = 200
    ) -> HttpResponse:
        """Show what was typed, with a token that can be used."""
        if drafts.read_token(self.request, token) is None:
            token = drafts.fresh_token(self.request, self.draft)
        return self._page(form, token, form, part=part, status=status)

    def _send(self, form: TaskForm, reference: uuid.UUID) -> HttpResponse:
        actor = self.request.user
        try:
            ticket = sharing.share(self._ticket(form, reference), actor=actor)
        except sharing.AlreadySent as error:
            words = {"name": error.ticket.name}
            return self._start_over(form, _used() % words, first=error.ticket)
        drafts.forget(self.request, self.draft)
        return redirect(ticket)

    def _start_over(
        self, form: TaskForm, message: str, first: Ticket | None = None
    ) -> HttpResponse:
        """Show the form again, nothing lost, able to make a ticket of its own."""
        form.add_error(None, message)
        token = drafts.fresh_token(self.request, self.draft)
        return self._page(form, token, form, status=422, first=first)

    def _ticket(self, form: TaskForm, reference: uuid.UUID) -> Ticket:
        return sharing.build(
            self.draft,
            form.cleaned_data,
            connection=form.destination,
            author=self.request.user,
            reference=reference,
        )

    def _page(
        self,
        form: TaskForm,
        token: str,
        trial: TaskForm,
        *,
        part: str = "",
        status: int = 200,
        **more: Any,
    ) -> HttpResponse:
        context = {
            "form": form,
            "token": token,
            "draft": self.draft,
            "kind": Kind(self.draft.kind).label,
            "source": Source(self.draft.source).label,
            "connection": trial.destination,
            "has_several": len(self.usable) > 1,
            "earlier": self._earlier(),
            "troubles": health.troubles_of(self.request.tenant, self.draft.product),
            "sent": self._sent(trial, token),
            **more,
        }
        template = f"tickets/compose.html{part}"
        return render(self.request, template, context, status=status)

    def _sent(self, trial: TaskForm, token: str) -> list[sharing.SentField]:
        reference = drafts.read_token(self.request, token)
        if reference is None or not trial.is_valid():
            return []
        ticket = self._ticket(trial, reference)
        payload = mapping.payload(ticket)
        words = glossary.of(ticket.connection, ticket.kind, payload)
        return sharing.preview(payload, words)

    def _earlier(self) -> list[Ticket]:
        """Return tickets this action was shared as before."""
        if not self.draft.control_id:
            return []
        tickets = Ticket.objects.for_tenant(self.request.tenant)
        return list(tickets.of_control(self.draft.control_id).for_list()[:5])


def _stale() -> str:
    return _(
        "This form was open for too long, or opened by somebody else."
        " Check the data and send it again."
    )


def _used() -> str:
    return _(
        "This form was sent before, as the ticket “%(name)s”."
        " Send it again to create one more ticket."
    )
