"""Cells of files that spreadsheets open: what they would take for a formula."""

from __future__ import annotations

from typing import Any

# What makes Excel and others evaluate a cell: https://owasp.org/www-community/attacks/CSV_Injection
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
# Excel takes a file without it for the system's old code page.
BYTE_ORDER_MARK = "\ufeff"


def guarded(value: Any) -> Any:
    """Return the value; a text that a spreadsheet would evaluate, behind an apostrophe."""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value
