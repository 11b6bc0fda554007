"""Recommended solutions in the connector API: search, what was shown, feedback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tickets.support.api.bodies import BodyForm, Flag, ObjectField
from tickets.support.api.endpoints import INSIGHTS_USER, Reply, endpoint
from tickets.support.api.errors import ApiError
from tickets.support.setups import SOLUTIONS
from tickets.support.solutions import feedback, ranking, search, searches, snippets
from tickets.support.solutions.models import COMMENT_LIMIT, Document, Search

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tickets.support.api.endpoints import ApiCall
    from tickets.support.solutions.search import Hit

USUAL, MOST = 5, 20
_SYS_ID = r"^[0-9a-f]{32}\Z"
# Whole to be read on the instance, where nobody needs an account of the portal.
_READ_THERE = {
    *(Document.Source.LIBRARY, Document.Source.MESSAGE_CENTER),
    Document.Source.SECURE_SCORE,
}


class IncidentForm(BodyForm):
    """The incident a search is for."""

    sys_id = forms.RegexField(_SYS_ID)
    number = forms.CharField(max_length=40, required=False)


class SearchForm(BodyForm):
    """What is looked for: typed words, or an incident's own."""

    text = forms.CharField(max_length=4000, required=False)
    short_description = forms.CharField(max_length=1000, required=False)
    description = forms.CharField(max_length=20_000, required=False)
    incident = ObjectField(IncidentForm, required=False)
    limit = forms.IntegerField(min_value=1, max_value=MOST, required=False)

    def clean(self) -> dict[str, Any]:
        """Ask for some words at least."""
        values: dict[str, Any] = super().clean() or {}
        if not words_of(values) and not self.errors:
            self.add_error("text", _("Say what to look for, here or by an incident."))
        return values


class ShownForm(BodyForm):
    """Whose last search is wanted."""

    incident = forms.RegexField(_SYS_ID)


class FeedbackForm(BodyForm):
    """Whether a solution helped."""

    helpful = Flag()
    search_id = forms.UUIDField()
    comment = forms.CharField(max_length=COMMENT_LIMIT, required=False)


def words_of(values: dict[str, Any]) -> str:
    """Return what to look for; its first line counts most."""
    parts = (values.get(name) for name in ("text", "short_description", "description"))
    return "\n".join(" ".join(part.split()) for part in parts if part)


@endpoint("solutions.search", methods=["POST"], feature=SOLUTIONS, role=INSIGHTS_USER)
def find(call: ApiCall) -> Reply:
    """Search, and keep what was shown for the incident."""
    values = call.read(SearchForm)
    asked = ranking.question(words_of(values)[: search.LONGEST_TEXT])
    hits = search.answer(call.tenant, asked, limit=values["limit"] or USUAL)
    with transaction.atomic():
        kept = searches.keep(
            call.repository,
            asked,
            hits,
            incident=values["incident"] or {},
            user_name=call.agent.user_name,
        )
    return Reply(_body(kept, hits))


@endpoint("solutions.incident", methods=["GET"], feature=SOLUTIONS, role=INSIGHTS_USER)
def shown(call: ApiCall) -> Reply:
    """Answer with what the last search for an incident showed."""
    incident = call.read_query(ShownForm)["incident"]
    kept = searches.last_of(call.repository, incident)
    if kept is None:
        return Reply({"search_id": None, "searched_at": None, "solutions": []})
    kept.tenant = call.tenant
    body = _body(kept, searches.shown(kept))
    return Reply({**body, "searched_at": kept.at.isoformat()})


@endpoint("solutions.feedback", methods=["POST"], feature=SOLUTIONS, role=INSIGHTS_USER)
def judge(call: ApiCall, document: str) -> Reply:
    """Keep whether a solution of a search helped."""
    values = call.read(FeedbackForm)
    mine = Search.objects.for_tenant(call.tenant).filter(repository=call.repository)
    kept = mine.filter(search_id=values["search_id"]).first()
    if kept is None:
        raise ApiError(
            "invalid_request", fields={"search_id": _now("No such search is known.")}
        )
    row = _document(call, kept, document)
    with transaction.atomic():
        feedback.give(
            row,
            feedback.agent(call.repository, call.agent.user_name),
            search=kept.search_id,
            terms=kept.terms,
            is_helpful=values["helpful"],
            comment=values["comment"],
        )
    return Reply(status=204)


def _document(call: ApiCall, kept: Search, name: str) -> Document:
    """Return a document that the search showed."""
    known = {str(one["id"]): one["id"] for one in kept.shown}
    rows = Document.objects.for_tenant(call.tenant).active().light()
    row: Document | None = rows.filter(pk=known.get(name)).first()
    if row is None:
        raise ApiError("not_found")
    return row


def _body(kept: Search, hits: Sequence[Hit]) -> dict[str, Any]:
    solutions = [_solution(hit) for hit in hits]
    return {"search_id": str(kept.search_id), "solutions": solutions}


def _solution(hit: Hit) -> dict[str, Any]:
    row = hit.document
    body = {
        "id": str(row.pk),
        "number": row.number,
        "title": row.title,
        "snippet": snippets.plain(hit.snippet),
        "source": row.source,
        "source_label": hit.source_label,
        "services": row.services,
        "url": _whole(row.url),
        "score": hit.score,
        "matched_words": list(hit.matched_words),
        "updated_at": row.updated_at and row.updated_at.isoformat(),
    }
    if row.source in _READ_THERE and row.html:
        body["html"] = row.html
    return body


def _whole(url: str) -> str:
    """Return an address that leads to the portal from outside as well."""
    return f"{settings.SITE_URL.rstrip('/')}{url}" if url.startswith("/") else url
