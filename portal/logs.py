"""Logs in which one record is one line, whatever people and other systems write."""

from __future__ import annotations

import logging
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


class LineFormatter(logging.Formatter):
    """Escape control characters in messages; tracebacks stay as they are."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        return super().formatMessage(record).rstrip().translate(_ESCAPES)


class AccessLog(_AccessLogger):
    """Gunicorn's log, with paths as they were sent: no decoded line breaks."""

    def atoms(self, resp: Any, req: Any, environ: Any, request_time: Any) -> Any:
        atoms = super().atoms(resp, req, environ, request_time)  # type: ignore[misc]
        atoms["U"] = quote(atoms["U"] or "", encoding="latin-1")
        return atoms
