"""How points and percentages are written."""

from __future__ import annotations

from django.utils import formats

MINUS = "\u2212"


def points(value: float | None) -> str:
    """Write at most two decimals, without idle zeros, in the reader's language."""
    rounded = round(value or 0.0, 2)
    number = int(rounded) if rounded == int(rounded) else rounded
    return str(formats.localize(number, use_l10n=True))


def signed(value: float) -> str:
    """Write the number with its sign; zero has none."""
    text = points(abs(value))
    if text == "0":
        return text
    return f"+{text}" if value > 0 else f"{MINUS}{text}"


def minus(value: float) -> str:
    """Write a loss, given as a positive number, with its sign."""
    return signed(-value)


def svg(value: float) -> str:
    """Write a share from 0 to 100 as SVG reads it, whatever the language."""
    return f"{min(max(value, 0.0), 100.0):.2f}"
