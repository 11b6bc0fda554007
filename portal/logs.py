"""Logs in which one record is one line without keys, whatever anybody writes."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gunicorn import glogging

if TYPE_CHECKING:
    _AccessLogger = object
else:
    _AccessLogger = glogging.Logger

# What ends a line or moves a terminal's cursor.
_CONTROLS = [*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029]
_ESCAPES = {code: chr(code).encode("unicode_escape").decode() for code in _CONTROLS}


# The key of a hand-over link is part of its path; its other pages have short names.
_KEY = re.compile(r"(/hand-over/)[^/\s]{20,}")


def without_keys(text: str) -> str:
    """Return the text without the keys of hand-over links."""
    return _KEY.sub(r"\1***", text)


class LineFormatter(logging.Formatter):
    """Escape control characters in messages; tracebacks stay as they are."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        line = super().formatMessage(record).rstrip().translate(_ESCAPES)
        return without_keys(line)


class AccessLog(_AccessLogger):
    """Gunicorn's log, with paths as they were sent: no decoded line breaks."""

    def atoms(self, resp: Any, req: Any, environ: Any, request_time: Any) -> Any:
        atoms = super().atoms(resp, req, environ, request_time)  # type: ignore[misc]
        atoms["U"] = without_keys(quote(atoms["U"] or "", encoding="latin-1"))
        return atoms
