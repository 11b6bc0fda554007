"""Taking solutions over from files: first what would become of each, then the writing."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from connector import audit
from tickets.cells import BYTE_ORDER_MARK, FORMULA_STARTS
from tickets.support.solutions import library, sources
from tickets.support.solutions.files import COLUMNS, Draft
from tickets.support.solutions.models import LibraryImport, Solution

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.contrib.auth.models import User

    from connector.models import Tenant

KEPT = timedelta(days=1)


class Fate(models.TextChoices):
    """What becomes of a draft."""

    NEW = "new", _("New")
    CHANGED = "changed", _("Changed")
    SAME = "same", _("Unchanged")
    REFUSED = "refused", _("Refused")


@dataclass(frozen=True)
class Line:
    """A draft, what becomes of it, and the solution it is about, if there is one."""

    draft: Draft
    fate: Fate
    solution: Solution | None = None
    # What changes, by the names of the form.
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What an import would do, draft by draft."""

    lines: Sequence[Line]

    def count(self, fate: Fate) -> int:
        return sum(1 for line in self.lines if line.fate == fate)

    @property
    def is_empty(self) -> bool:
        """Whether nothing would be written."""
        return not (self.count(Fate.NEW) or self.count(Fate.CHANGED))

    @property
    def mark(self) -> str:
        """What tells whether the library is still as it was when this was shown."""
        return ",".join(
            f"{line.fate}{line.solution.revision if line.solution else ''}"
            for line in self.lines
        )


def plan(tenant: Tenant, drafts: Iterable[Draft]) -> Plan:
    """Return what would become of each draft: found by its key, else by its title."""
    known = list(Solution.objects.for_tenant(tenant))
    by_key = {row.key: row for row in known if row.key}
    by_title = {row.title.lower(): row for row in known}
    lines: list[Line] = []
    seen: set[tuple[str, str]] = set()
    for draft in drafts:
        solution = by_key.get(draft.key) or by_title.get(draft.title.lower())
        problems = list(draft.problems)
        if not problems:
            problems += _clashes(draft, solution, by_title, seen)
        lines.append(_line(replace(draft, problems=problems), solution))
        seen |= _names(draft, solution)
    return Plan(lines)


def _names(draft: Draft, solution: Solution | None) -> set[tuple[str, str]]:
    """Return what no other draft may have: its key, its title, or its solution."""
    names = {("title", draft.title.lower())}
    if draft.key:
        names.add(("key", draft.key))
    if solution:
        names.add(("solution", str(solution.pk)))
    return names


def _clashes(
    draft: Draft,
    solution: Solution | None,
    by_title: dict[str, Solution],
    seen: set[tuple[str, str]],
) -> Iterable[str]:
    if _names(draft, solution) & seen:
        yield _now("Its key or title is there twice, or names the same solution.")
    namesake = by_title.get(draft.title.lower())
    if namesake and solution and namesake.pk != solution.pk:
        yield _now("Another solution has this title.")
    if solution and solution.key and draft.key and solution.key != draft.key:
        words = _now("The solution of this title has another key: %(key)s.")
        yield words % {"key": solution.key}


def _line(draft: Draft, solution: Solution | None) -> Line:
    if draft.problems:
        return Line(draft, Fate.REFUSED)
    if solution is None:
        return Line(draft, Fate.NEW)
    changes = tuple(
        _label(name)
        for name in ("key", *library.COLUMNS)
        if getattr(solution, name) != getattr(draft, name)
        and (name != "key" or draft.key)
    )
    return Line(draft, Fate.CHANGED if changes else Fate.SAME, solution, changes)


def _label(name: str) -> str:
    field = Solution._meta.get_field(name)
    return str(getattr(field, "verbose_name", name))


def keep(tenant: Tenant, drafts: Sequence[Draft], *, user: User) -> LibraryImport:
    """Keep what was read until somebody says to take it over."""
    rows = [asdict(draft) for draft in drafts]
    return LibraryImport.objects.create(tenant=tenant, user=user, drafts=rows)


def drafts_of(kept: LibraryImport) -> list[Draft]:
    """Return what was read."""
    return [Draft(**row) for row in kept.drafts]


def apply(kept: LibraryImport, *, mark: str, actor: User) -> Plan | None:
    """Write what the plan of this mark says, once; None when it would be another now."""
    with transaction.atomic():
        kept.tenant.lock()
        made = plan(kept.tenant, drafts_of(kept))
        if made.mark != mark:
            return None
        for line in made.lines:
            if line.fate in {Fate.NEW, Fate.CHANGED}:
                _write(kept.tenant, line, actor)
        sources.put_library(kept.tenant)
        audit.record(
            "solution.imported",
            tenant=kept.tenant,
            actor=actor,
            new=made.count(Fate.NEW),
            changed=made.count(Fate.CHANGED),
            refused=made.count(Fate.REFUSED),
        )
        kept.delete()
    return made


def _write(tenant: Tenant, line: Line, actor: User) -> None:
    solution = line.solution or Solution(tenant=tenant)
    solution.tenant = tenant
    solution.key = line.draft.key or solution.key
    values = {name: getattr(line.draft, name) for name in library.COLUMNS}
    library.write(solution, values, actor=actor)


def export(tenant: Tenant) -> str:
    """Return the library as CSV, as it can be imported again."""
    text = io.StringIO(newline="")
    text.write(BYTE_ORDER_MARK)
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in Solution.objects.for_tenant(tenant):
        published = "yes" if row.is_published else "no"
        cells = (row.key, row.title, ", ".join(row.services), row.keywords, published)
        writer.writerow([_cell(cell) for cell in (*cells, row.body)])
    return text.getvalue()


def _cell(text: str) -> str:
    # An apostrophe of the text's own before such a start is to survive as well.
    is_risky = text.removeprefix("'").startswith(FORMULA_STARTS)
    return f"'{text}" if is_risky else text


def tidy() -> None:
    """Forget what nobody took over."""
    old = timezone.now() - KEPT
    LibraryImport.objects.filter(created_at__lt=old).delete()
