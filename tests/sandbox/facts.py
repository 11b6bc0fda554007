"""Facts about an instance as rows: where one is from, what is asked, what comes back.

The marks are those of the collected facts: [D:…] documentation, [K:KB…] support article,
[M], [M:LH] measured, [P] PySNC's own tests, [A] the Ansible collection, [C:…] read in a
client, (unverified) no source. A correction is a change of one row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

ABSENT = object()
"""Expected of what must not be there."""


@dataclass(frozen=True)
class Fact:
    """One row.

    `ask` is a method and a path: under /api/now/, or from the root with a slash. `given`
    is what is set up before, see `tests.sandbox.world`; `before` are requests sent
    first. Names in braces ("{incident}") stand for what was made there. `body` is by
    path: "result/0/number", "result/#" (how many), "" (the text as it came). Expected is
    a value, a pattern to be found, a type, or ABSENT.
    """

    id: str
    source: str
    ask: str
    status: int = 200
    body: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, Any] = field(default_factory=dict)
    who: str = "integration"
    given: dict[str, Any] = field(default_factory=dict)
    before: Sequence[tuple[str, Any]] = ()
    params: dict[str, Any] = field(default_factory=dict)
    json: Any = None
    form: Any = None
    data: Any = None
    sent: dict[str, str] = field(default_factory=dict)
    auth: tuple[str, str] | None = None

    def __str__(self) -> str:
        return self.id


def differences(fact: Fact, answer: Any, names: dict[str, str]) -> list[str]:
    """Return in what an answer is not as the fact says."""
    found = []
    if answer.status_code != fact.status:
        found.append(f"status {answer.status_code}: {answer.text[:300]}")
    for name, wanted in fact.headers.items():
        value = answer.headers.get(name, ABSENT)
        if not _fits(value, filled(wanted, names)):
            found.append(f"header {name}: {value!r}")
    for path, wanted in fact.body.items():
        value = _at(answer, path)
        if not _fits(value, filled(wanted, names)):
            found.append(f"{path}: {value!r}")
    return found


def filled(value: Any, names: dict[str, str]) -> Any:
    """Return a value with the names in braces replaced."""
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda m: names.get(m[1], m[0]), value)
    if isinstance(value, dict):
        return {filled(key, names): filled(one, names) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(filled(one, names) for one in value)
    return value


def _at(answer: Any, path: str) -> Any:
    if not path:
        return answer.text
    value = answer.json()
    for step in path.split("/"):
        if step == "#":
            return len(value)
        try:
            value = value[int(step) if isinstance(value, list) else step]
        except (KeyError, IndexError, TypeError):
            return ABSENT
    return value


def _fits(value: Any, wanted: Any) -> bool:
    if wanted is ABSENT or value is ABSENT:
        return wanted is value
    if isinstance(wanted, re.Pattern):
        return isinstance(value, str) and wanted.search(value) is not None
    if isinstance(wanted, type):
        return isinstance(value, wanted)
    return bool(value == wanted)
