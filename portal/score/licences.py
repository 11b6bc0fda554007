"""Which products Microsoft's enabledServices say an organisation has.

Unverified: Microsoft documents the words of enabledServices nowhere. A product that no
word speaks of counts as licensed, so that no opportunity is hidden by mistake.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_WORDS: dict[str, frozenset[str]] = {
    "EXO": frozenset({"hasexchange"}),
    "SPO": frozenset({"hassharepoint"}),
    "Intune": frozenset({"hasintune"}),
    "MCAS": frozenset({"hasocas", "hasmcas"}),
    "AppG": frozenset({"hasocas", "hasmcas"}),
    "MDO": frozenset({"hasmdop1", "hasmdop2", "hasatp"}),
}
_CONNECTED_APP = "MDA_"


def has_licence(service: str, enabled: Iterable[str]) -> bool:
    """Say whether the organisation has the product of an improvement action."""
    words = _WORDS.get("MCAS" if service.startswith(_CONNECTED_APP) else service)
    told = {word.lower() for word in enabled}
    return not words or not told or bool(words & told)
