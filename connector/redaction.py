"""What may be kept and shown of another system's words."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_WORDS = 2000
REDACTED = "********"

_NAMES = (
    r"access_token|refresh_token|id_token|client_secret|code_verifier|password"
    r"|assertion"
)
_PATTERNS = (
    re.compile(r"(?i)\b(Bearer|Basic)\s+[\w.~+/=-]{8,}"),
    re.compile(
        rf"""(?i)(["']?\b(?:{_NAMES})["']?\s*[=:]\s*["']?)[^\s"'&,;}}<]{{6,}}"""
    ),
)


def clean(text: str, secrets: tuple[str, ...] = ()) -> str:
    """Return the text without secrets and mark-up, at most 2,000 characters long."""
    # What no database takes: NUL, and half a pair of surrogates.
    text = text.replace("\0", "").encode("utf-8", "replace").decode()
    text = hide(text, secrets)
    if looks_like_html(text):
        text = _text_of(text)
    text = without_secrets(text).strip()
    return text if len(text) <= LONGEST_WORDS else f"{text[: LONGEST_WORDS - 1]}…"


def without_secrets(text: str, secrets: Iterable[str] = ()) -> str:
    """Return the text without these secrets and what looks like one, however long."""
    text = hide(text, secrets)
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\1 {REDACTED}", text)
    return text


def hide(text: str, secrets: Iterable[str]) -> str:
    """Return the text without these secrets, however long it is."""
    for secret in secrets:
        if len(secret) >= 4:
            text = text.replace(secret, REDACTED)
    return text


def looks_like_html(text: str) -> bool:
    """Say whether the text is a page rather than data."""
    start = text.lstrip()[:500].lower()
    return start.startswith("<") and "<?xml" not in start


class _Reader(HTMLParser):
    _SILENT = frozenset({"script", "style"})

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        self._silent += tag in self._SILENT

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in self._SILENT

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words += data.split()


def _text_of(page: str) -> str:
    reader = _Reader()
    reader.feed(page)
    return " ".join(reader.words)
