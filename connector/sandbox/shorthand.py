"""Read what is wanted in one line: "kind:name=value,name=value;kind"."""

from __future__ import annotations


def read(text: str) -> list[dict[str, str]]:
    """Return the names and values of each part, its kind under "kind"."""
    return [_part(part.strip()) for part in text.split(";") if part.strip()]


def _part(text: str) -> dict[str, str]:
    kind, _, rest = text.partition(":")
    pairs = [pair.partition("=") for pair in rest.split(",") if pair]
    return {"kind": kind, **{name.strip(): value for name, _, value in pairs}}
