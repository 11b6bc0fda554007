"""Service health incidents: Microsoft's known issues beside an incident of the instance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings

from connector import markup
from tickets.support import issue_search, post_parts
from tickets.support.api.bodies import BodyForm
from tickets.support.api.endpoints import INSIGHTS_USER, ApiCall, Reply, endpoint
from tickets.support.setups import HEALTH

if TYPE_CHECKING:
    from datetime import datetime

    from tickets.support.health_models import ServiceIssue
    from tickets.support.issue_search import Fit

_LONGEST_UPDATE = 4000


class SearchForm(BodyForm):
    """What an incident is about; one that was just begun has no words yet."""

    short_description = forms.CharField(max_length=1000, required=False)
    description = forms.CharField(max_length=65_000, required=False)
    service = forms.CharField(max_length=200, required=False)


@endpoint("health.search", feature=HEALTH, role=INSIGHTS_USER, methods=["POST"])
def search(call: ApiCall) -> Reply:
    """Answer the issues that the incident seems to be about."""
    values = call.read(SearchForm)
    text = f"{values['short_description']}\n{values['description']}"
    fits = issue_search.find(call.tenant, text, service=values["service"])
    return Reply({"incidents": [_incident(fit) for fit in fits]})


def _incident(fit: Fit) -> dict[str, Any]:
    issue = fit.issue
    return {
        "id": issue.issue_id,
        "title": issue.title,
        "service": issue.service,
        "status": issue.status,
        "status_label": str(issue.shown.label),
        "classification": issue.classification,
        "user_impact": markup.plain(issue.impact),
        **_told(issue),
        "started_at": _written(issue.started_at),
        "updated_at": _written(issue.modified_at),
        "resolved": issue.is_resolved,
        "url": f"{settings.SITE_URL}{issue.get_absolute_url()}",
        "score": fit.score,
        "matched_words": fit.words,
    }


def _told(issue: ServiceIssue) -> dict[str, Any]:
    """Return what the posts tell: the newest first, as they come."""
    texts = [markup.plain(post.html) for post in issue.posts.all()]
    parts = [post_parts.parts(text) for text in texts]
    scopes = [one[post_parts.SCOPE] for one in parts if one.get(post_parts.SCOPE)]
    # What an older update promised has come, and of what is over nothing comes.
    awaited = parts[:1] if not issue.is_resolved else []
    promised = "".join(one.get(post_parts.NEXT_UPDATE, "") for one in awaited)
    return {
        "scope": scopes[0] if scopes else "",
        "next_update": promised,
        "next_update_at": _written(post_parts.moment(promised)),
        "latest_update": markup.shortened(texts[0], _LONGEST_UPDATE) if texts else "",
    }


def _written(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
