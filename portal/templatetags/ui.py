"""Template tags of the components in templates/ui."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django import template
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.templatetags.static import static
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _

from tickets.lists import PAGE_SIZES

if TYPE_CHECKING:
    from datetime import datetime

    from django.core.paginator import Page
    from django.template import Context
    from django.utils.safestring import SafeString

register = template.Library()

TONE_ICONS = {
    "neutral": "circle",
    "info": "info",
    "success": "check",
    "warning": "warning",
    "danger": "error",
}
# Statuses of connections, deliveries and probes → tone, icon.
STATUSES = {
    "draft": ("neutral", "edit"),
    "authorizing": ("info", "clock"),
    "connected": ("success", "check"),
    "broken": ("danger", "error"),
    "removed": ("neutral", "trash"),
    "queued": ("info", "clock"),
    "sending": ("info", "refresh"),
    "delivered": ("success", "check"),
    "stopped": ("danger", "stop"),
    "waiting": ("warning", "clock"),
    "ok": ("success", "check"),
    "warning": ("warning", "warning"),
    "failed": ("danger", "error"),
    "unknown": ("neutral", "info"),
}
PRIORITY_SQUARES = {"low": 1, "medium": 2, "high": 3}


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """Draw an icon of static/icons.svg, silent unless it has a label."""
    if not label:
        return _silent_icon(name)
    return format_html(
        '<svg class="icon" role="img" aria-label="{}">{}</svg>', label, _use(name)
    )


# Long lists draw the same few hundreds of times.
@lru_cache(maxsize=256)
def _silent_icon(name: str) -> SafeString:
    return format_html('<svg class="icon" aria-hidden="true">{}</svg>', _use(name))


def _use(name: str) -> SafeString:
    return format_html('<use href="{}#{}"/>', static("icons.svg"), name)


# Not from a template: rendering one for each row would cost more than the row.
@register.simple_tag(name="badge")
def draw_badge(label: str, tone: str = "neutral", icon: str = "") -> SafeString:
    """Draw a word with its tone and icon."""
    return format_html(
        '<span class="badge badge--{}">{}{}</span>',
        tone,
        _silent_icon(icon or TONE_ICONS[tone]),
        label,
    )


@register.simple_tag
def status_badge(value: str, label: str) -> SafeString:
    """Draw a status; its value decides tone and icon."""
    tone, name = STATUSES.get(value, ("neutral", "circle"))
    return draw_badge(label, tone, name)


@register.simple_tag
def when(moment: datetime | None, style: str = "", never: str = "") -> SafeString:
    """Say when, or "never".

    Relative and absolute with the zone; of these the styles "short" (relative),
    "date" and "exact" show one part and have the rest as a tooltip.
    """
    if not moment:
        return format_html('<span class="muted">{}</span>', never or _("never"))
    local = timezone.localtime(moment)
    shown, tooltip = _times(local, style)
    return format_html(
        '<time datetime="{}"{}>{}</time>',
        local.isoformat(),
        format_html(' title="{}"', tooltip) if tooltip else "",
        shown,
    )


def _times(local: datetime, style: str) -> tuple[str, str]:
    """Return what a style shows of a moment, and what its tooltip says."""
    exact = f"{formats.date_format(local, 'DATETIME_FORMAT')} {local.tzname()}"
    if style == "date":
        return formats.date_format(local, "DATE_FORMAT"), exact
    relative = str(naturaltime(local))
    if style == "short":
        return relative, exact
    return (exact, relative) if style == "exact" else (f"{relative} · {exact}", "")


@register.inclusion_tag("ui/meter.html")
def meter(priority: str, label: str) -> dict[str, Any]:
    """Draw a priority as three squares and a word."""
    lit = PRIORITY_SQUARES.get(priority, 0)
    squares = [{"x": 11 * place, "on": place < lit} for place in range(3)]
    return {"priority": priority, "label": label, "squares": squares}


@register.inclusion_tag("ui/bar.html")
def bar(
    value: float, most: float, label: str, text: str = "", tone: str = "navy"
) -> dict[str, str]:
    """Draw a labelled bar, `value` of `most` long."""
    share = 100 * min(max(value / most, 0), 1) if most else 0
    # A string: a localised number would not be valid in the SVG.
    return {"label": label, "text": text, "tone": tone, "width": f"{share:.2f}"}


@register.simple_tag(takes_context=True)
def tab(
    context: Context, url_name: str, label: str, *args: Any, also: str = ""
) -> SafeString:
    """Draw one tab; that of the shown page is marked, as on the pages `also` names."""
    match = context.request.resolver_match  # type: ignore[attr-defined]
    shown = match.view_name if match else ""
    current = {**dict.fromkeys(also.split(), "true"), url_name: "page"}.get(shown, "")
    return format_html(
        '<a class="tabs__tab" href="{}"{}>{}</a>',
        reverse(url_name, args=args),
        format_html(' aria-current="{}"', current) if current else "",
        label,
    )


@register.inclusion_tag("ui/sort_header.html", takes_context=True)
def sort_header(
    context: Context, field: str, label: str, default: str = ""
) -> dict[str, Any]:
    """Draw a column's head that sorts by `field`, then the other way round."""
    query = context.request.GET.copy()  # type: ignore[attr-defined]
    now = query.get("sort") or default
    direction = {field: "ascending", f"-{field}": "descending"}.get(now, "")
    query["sort"] = f"-{field}" if direction == "ascending" else field
    query.pop("page", None)
    return {"label": label, "direction": direction, "query": query.urlencode()}


@register.filter
def page_numbers(page: Page[Any]) -> list[int | None]:
    """Return the pages to link to; None stands for a gap."""
    numbers = page.paginator.get_elided_page_range(page.number, on_each_side=1)
    return [number if isinstance(number, int) else None for number in numbers]


@register.simple_tag
def page_sizes() -> tuple[int, ...]:
    """Return how many rows a page may have."""
    return PAGE_SIZES
