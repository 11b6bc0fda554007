"""Markdown as HTML that may be shown: nothing but text, lists, tables, code and links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

from connector import markup

if TYPE_CHECKING:
    from collections.abc import Iterable

    from markdown_it.token import Token

# Markup in the source is shown as it was written; pictures become links.
_PARSER = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
# The page's own headings come before those of a text.
_FIRST_LEVEL, _LAST_LEVEL = 3, 6


def render(source: str) -> SafeString:
    """Return the HTML of a Markdown text, cleaned like everything that comes from outside."""
    tokens = _PARSER.parse(source)
    _settle_headings(tokens)
    html = _PARSER.renderer.render(tokens, _PARSER.options, {})
    return mark_safe(markup.clean(html))  # noqa: S308 - cleaned


def plain(source: str) -> str:
    """Return the words of a Markdown text."""
    return markup.plain(render(source))


def _settle_headings(tokens: Iterable[Token]) -> None:
    """Give headings levels below the page's, without gaps between them."""
    above: list[str] = []
    level = _FIRST_LEVEL
    for token in tokens:
        if token.type == "heading_open":
            while above and above[-1] >= token.tag:
                above.pop()
            above.append(token.tag)
            level = min(_FIRST_LEVEL - 1 + len(above), _LAST_LEVEL)
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{level}"
