"""The public reference of a service request: made, and found in what people write."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# No 0, O, 1, I, L or U: read aloud or typed off a screen it stays the same.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_GROUP = f"[{ALPHABET}]{{4}}"
_REFERENCE = re.compile(rf"(?<![A-Z0-9])SR-{_GROUP}-{_GROUP}(?![A-Z0-9])", re.I)


def new() -> str:
    """Return a fresh reference such as SR-7K3M-2Q9X, one of 656 thousand million."""
    return f"SR-{_group()}-{_group()}"


def _group() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(4))


def found_in(texts: Iterable[str]) -> list[str]:
    """Return the references in the texts, in their order, each once."""
    found = [match.upper() for text in texts for match in _REFERENCE.findall(text)]
    return list(dict.fromkeys(found))
