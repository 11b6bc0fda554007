"""Markup of what the connector sent: every word of it is text, every link is HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.sandbox.web import Html, fill, join
from connector.sandbox.widgets import el, facts, select

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.sandbox.store import Row

    Json = dict[str, Any]

_SEVERITIES = {"critical": "Critical", "high": "High", "normal": "Normal"}
_AUTHORS = {"microsoft": "Microsoft", "agent": "Agent", "portal": "Security center"}


def severity_of(incident: Row) -> str:
    """Return the severity that the priority of an incident suggests."""
    return {"1": "critical", "2": "high"}.get(incident["priority"], "normal")


def solutions(found: Json | None, token: Html, action: str) -> Html:
    """Show solutions with a way to rate them; nothing where none could be had."""
    if found is None:
        return Html("")
    rows = found.get("solutions") or []
    if not rows:
        return el("p", "No solutions to show. Search for them.", class_="quiet")
    search_id = _text(found, "search_id")
    items = [_solution(row, search_id, token, action) for row in rows]
    searched = _text(found, "searched_at")
    note = (
        [el("p", f"Searched {_moment(searched)}", class_="quiet")] if searched else []
    )
    return Html(join(note) + el("ol", *items, class_="results"))


def _solution(row: Json, search_id: str, token: Html, action: str) -> Html:
    title = _text(row, "title")
    source = _text(row, "source_label") or _text(row, "source")
    rating = fill(
        "_support_rating",
        action=action,
        token=token,
        solution=_text(row, "id"),
        search_id=search_id,
        title=title,
    )
    return el(
        "li",
        el("h3", _link(title, _text(row, "url"))),
        el("p", source, class_="quiet"),
        el("p", _text(row, "snippet")),
        rating,
    )


def health(rows: list[Json] | None) -> Html:
    """Show service health incidents; nothing where none could be had."""
    if rows is None:
        return Html("")
    if not rows:
        return el("p", "No known incident of Microsoft fits.", class_="quiet")
    return el("ol", *map(_health, rows), class_="results")


def _health(row: Json) -> Html:
    status = _text(row, "status_label") or _text(row, "status")
    badge = el("span", status, class_="badge")
    name = f"{_text(row, 'id')} {_text(row, 'title')}"
    told = {
        "Service": _text(row, "service"),
        "User impact": _text(row, "user_impact"),
        "Scope": _text(row, "scope"),
        "Last updated": _moment(_text(row, "updated_at")),
        "Next expected update": _moment(_text(row, "next_update_at")),
        "Latest update": _text(row, "latest_update"),
    }
    pairs = [(label, value) for label, value in told.items() if value]
    return el("li", el("h3", _link(name, _text(row, "url")), " ", badge), facts(pairs))


def contact(values: Mapping[str, str], token: Html, here: str) -> Html:
    """Show the form that opens a service request."""
    severity = select("severity", _SEVERITIES, values["severity"])
    named = {name: value for name, value in values.items() if name != "severity"}
    return fill(
        "_support_contact",
        action=here,
        back=here,
        token=token,
        severity=severity,
        **named,
    )


def request(row: Json, values: Mapping[str, str], token: Html, action: str) -> Html:
    """Show a service request, its updates, and the form that adds one."""
    reference, note = _text(row, "reference"), _text(row, "transport_note")
    return fill(
        "_support_request",
        title=f"{reference}: {_text(row, 'title')}",
        state=_text(row, "state_label") or _text(row, "state"),
        note=el("p", note, class_="quiet") if note else Html(""),
        facts=facts(_told(row)),
        description=_text(row, "description"),
        updates=_updates(row.get("updates") or []),
        form=_update_form(reference, row, values, token, action),
    )


def _told(row: Json) -> list[tuple[str, str]]:
    told = {
        "Microsoft case": _text(row, "case_number"),
        "Severity": _SEVERITIES.get(_text(row, "severity"), _text(row, "severity")),
        "Opened": _moment(_text(row, "created_at")),
        "Updated": _moment(_text(row, "updated_at")),
        "Test": "Yes: nobody makes contact" if row.get("is_test") else "",
    }
    return [(label, value) for label, value in told.items() if value]


def _updates(rows: list[Json]) -> Html:
    if not rows:
        return el("p", "No update yet.", class_="quiet")
    return el("ol", *map(_update, rows), class_="activities")


def _update(row: Json) -> Html:
    side = _AUTHORS.get(_text(row, "from"), "")
    words = [_text(row, "author"), side, _moment(_text(row, "at"))]
    heading = ", ".join(dict.fromkeys(filter(None, words)))
    return el(
        "li",
        el("p", heading, class_="quiet"),
        el("p", _text(row, "text"), class_="entry"),
        class_="activity",
    )


def _update_form(
    reference: str, row: Json, values: Mapping[str, str], token: Html, action: str
) -> Html:
    if _text(row, "state") in {"closed", "cancelled"}:
        return Html("")
    return fill(
        "_support_update",
        action=action,
        token=token,
        reference=reference,
        field=f"update-{reference}",
        **values,
    )


def _text(row: Json, name: str) -> str:
    value = row.get(name)
    return str(value) if isinstance(value, str | int | float) else ""


def _moment(text: str) -> str:
    """Show a time as it is written, in UTC."""
    return f"{text[:16].replace('T', ' ')} UTC" if text else ""


def _link(words: str, url: str) -> Html | str:
    if not url.startswith(("https://", "http://")):
        return words
    return el("a", words, href=url, rel="noopener noreferrer", target="_blank")
