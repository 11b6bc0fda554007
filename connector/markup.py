"""HTML from Microsoft Graph: cleaned for pages, or turned into plain text that fits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlsplit

import nh3

_TAGS = {
    *("a", "b", "strong", "i", "em", "u", "code", "pre", "p", "br", "span", "div"),
    *("ul", "ol", "li", "h3", "h4", "h5", "h6", "blockquote"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
_BLOCKS = {"p", "div", "ul", "ol", "pre", "blockquote", "tr", "table"} | {
    f"h{level}" for level in range(1, 7)
}

# Where Microsoft explains things; other links lead to what is to be done.
_READING = {
    *("learn.microsoft.com", "docs.microsoft.com", "support.microsoft.com"),
    *("techcommunity.microsoft.com", "aka.ms", "go.microsoft.com"),
}


def shortened(text: str, limit: int) -> str:
    """Return the text, or as much of it as fits with an ellipsis at its end."""
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def clean(html: str) -> str:
    """Return what may be shown as it is: no scripts, handlers, styles or odd links."""
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https"},
        # It would lead to a page of this portal.
        url_relative="deny",
        link_rel="noopener noreferrer",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    ).strip()


@dataclass(frozen=True)
class Link:
    """A link of the HTML, with its words."""

    url: str
    text: str


def links(html: str) -> list[Link]:
    """Return the links that lead to documentation, each address once."""
    reader = _Links()
    reader.feed(html)
    reader.close()
    found = [Link(url, " ".join(text.split()) or url) for url, text in reader.found]
    known = {link.url: link for link in reversed(found) if _is_reading(link.url)}
    return list(known.values())[::-1]


def _is_reading(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.hostname in _READING


class _Links(HTMLParser):
    """Collects addresses and words of links."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._url: str | None = None
        self._words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._url, self._words = dict(attrs).get("href"), []

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._url:
            self.found.append((self._url, "".join(self._words)))
            self._url = None

    def handle_data(self, data: str) -> None:
        self._words.append(data)


def plain(html: str) -> str:
    """Return the words of the HTML, lists as lines with numbers or dashes."""
    if "<" not in html and "&" not in html:
        return html.strip()
    reader = _Reader()
    reader.feed(nh3.clean(html, tags=_TAGS, attributes={"a": {"href"}}))
    reader.close()
    lines = [" ".join(line.split()) for line in "".join(reader.parts).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Reader(HTMLParser):
    """Collects words; blocks start new lines, entries of a list get their mark."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        # One counter per open list; None counts nothing (bullets).
        self._lists: list[int | None] = []

    def handle_starttag(self, tag: str, _attrs: object) -> None:
        if tag in ("ul", "ol"):
            self._lists.append(0 if tag == "ol" else None)
        if tag == "li":
            self.parts.append(f"\n{self._mark()} ")
        elif tag == "br" or tag in _BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("ul", "ol") and self._lists:
            self._lists.pop()
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        self.parts.append(re.sub(r"\s+", " ", data))

    def _mark(self) -> str:
        if not self._lists or self._lists[-1] is None:
            return "-"
        self._lists[-1] += 1
        return f"{self._lists[-1]}."
