"""The part of a text that answers, with the words that match marked."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from tickets.support.solutions import words

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

LENGTH = 240
# So much of a text is looked through.
_READ = 20_000
# The start is shown a bit before the first word.
_BEFORE = 40

Spans = list[tuple[int, int]]


def snippet(text: str, matched: Collection[str]) -> SafeString:
    """Return the stretch with most of the terms as HTML; only its marks are markup."""
    text = " ".join(text[:_READ].split())
    spans = spans_of(text, matched)
    start = _start(text, spans)
    end = _word_end(text, start + LENGTH)
    inside = [(a - start, b - start) for a, b in spans if a >= start and b <= end]
    shown = marked(text[start:end], inside)
    return format_html(
        "{}{}{}", "… " if start else "", shown, " …" if end < len(text) else ""
    )


def plain(shown: SafeString) -> str:
    """Return what was marked as text, without its marks."""
    return html.unescape(re.sub("</?mark>", "", shown))


def title(text: str, matched: Collection[str]) -> SafeString:
    """Return a title with its terms marked."""
    return marked(text, spans_of(text, matched))


def spans_of(text: str, matched: Collection[str]) -> Spans:
    """Return where the terms are, without overlaps, in order."""
    found: Spans = []
    for term in words.analyse(text):
        if term.text not in matched:
            continue
        if found and term.start < found[-1][1]:
            found[-1] = (min(found[-1][0], term.start), max(found[-1][1], term.end))
        else:
            found.append((term.start, term.end))
    return found


def marked(text: str, spans: Sequence[tuple[int, int]]) -> SafeString:
    """Return the text, escaped, with these stretches marked."""
    parts, place = [], 0
    for start, end in spans:
        parts += [
            escape(text[place:start]),
            format_html("<mark>{}</mark>", text[start:end]),
        ]
        place = end
    parts.append(escape(text[place:]))
    return mark_safe("".join(parts))  # noqa: S308 - each part is escaped


def _start(text: str, spans: Spans) -> int:
    """Return where the stretch with most terms begins, at the start of a word."""
    if not spans or len(text) <= LENGTH:
        return 0
    best, most = 0, 0
    for start, _end in spans:
        inside = sum(
            1 for a, b in spans if start <= a and b <= start + LENGTH - _BEFORE
        )
        if inside > most:
            best, most = start, inside
    if best <= _BEFORE:
        return 0
    return text.rfind(" ", 0, best - _BEFORE // 2) + 1


def _word_end(text: str, end: int) -> int:
    if end >= len(text):
        return len(text)
    space = text.rfind(" ", 0, end)
    return space if space > end - _BEFORE else end
