"""Pages of the diagnosis: what is wrong, the sixteen situations, the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from connector.access import require
from tickets.support import tasks
from tickets.support.call_models import Occasion
from tickets.support.choosing import chosen, found, integration_of
from tickets.support.diagnosis import places, records, report, runs
from tickets.support.diagnosis.diagnosis import Diagnosis
from tickets.support.diagnosis.records import Found
from tickets.support.diagnosis.situations import LOOKS, SITUATIONS, Sign
from tickets.support.models import Repository
from tickets.support.views import MANAGE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.access import TenantRequest
    from connector.probes.texts import Step
    from tickets.support.diagnosis.diagnosis import Row
    from tickets.support.diagnosis.findings import Finding
    from tickets.support.diagnosis.situations import Look


@dataclass(frozen=True)
class Shown:
    """A cause with the page where it is mended."""

    finding: Finding
    label: str
    href: str


@dataclass(frozen=True)
class ByHand:
    """A way to look by hand, with what it can tell."""

    look: Look
    steps: list[Step]
    href: str
    findings: list[Finding]


@never_cache
@require_GET
@require(MANAGE)
def diagnosis(request: TenantRequest) -> HttpResponse:
    """Show what is wrong with a repository, and look up a situation."""
    repository = chosen(request)
    context: dict[str, Any] = {
        "integration": integration_of(request),
        "repository": repository,
        "repositories": Repository.objects.for_tenant(request.tenant),
        "signs": Sign.choices,
        "occasions": Occasion.choices,
        "sign": request.GET.get("sign", ""),
        "occasion": request.GET.get("occasion", ""),
    }
    if repository:
        context |= _of(request, repository)
    return render(request, "tickets/support/diagnosis/diagnosis.html", context)


def _of(request: TenantRequest, repository: Repository) -> dict[str, Any]:
    made = Diagnosis(repository)
    return {
        "diagnosis": made,
        "is_pending": runs.is_under_way(made.run),
        "is_slow": runs.is_slow(made.run),
        "was_broken_off": runs.was_broken_off(made.run),
        "causes": [_shown(one, repository) for one in made.present],
        "rows": _looked_up(request, made.rows),
        "found": _recorded(request, repository),
        "by_hand": list(_by_hand(made)),
        "report": report.of(made),
    }


def _shown(finding: Finding, repository: Repository) -> Shown:
    return Shown(finding, *places.page_of(finding, repository))


def _recorded(request: TenantRequest, repository: Repository) -> Found | None:
    """Return what is recorded for the incident the address names, if it names one."""
    asked = request.GET.get("incident", "").strip()[:40]
    if not asked or not asked.isprintable():
        return None
    return Found(asked, records.of_incident(request.tenant, asked), repository)


def _looked_up(request: TenantRequest, rows: Iterable[Row]) -> list[Row]:
    """Return the rows that fit what the agent does and sees."""
    sign, occasion = request.GET.get("sign", ""), request.GET.get("occasion", "")
    return [
        row
        for row in rows
        if (sign not in Sign.values or row.situation.sign == sign)
        and (occasion not in Occasion.values or row.situation.occasion == occasion)
    ]


def _by_hand(made: Diagnosis) -> Iterable[ByHand]:
    """Yield the ways to find out by hand, with what else cannot be told from here."""
    for look in LOOKS:
        numbers = {one.number for one in SITUATIONS if look in one.by_hand}
        href = f"{made.repository.endpoint}/{look.path}" if look.path else ""
        mine = [one for one in made.open if numbers & set(one.situations)]
        yield ByHand(look, look.read(made.known.texts), href, mine)


@never_cache
@require_GET
@require(MANAGE)
def as_text(request: TenantRequest, pk: int) -> HttpResponse:
    """Show the report alone, to print or to save."""
    text = report.of(Diagnosis(found(request, pk)))
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


@require_POST
@require(MANAGE)
def examine(request: TenantRequest, pk: int) -> HttpResponse:
    """Have the instance looked at and all live checks made again."""
    repository = found(request, pk)
    with transaction.atomic():
        # Two clicks at once must not both try the password.
        request.tenant.lock()
        run = runs.begin(repository, actor=request.user)
        if run:
            asked = runs.due_checks(repository, actor=request.user)
            tasks.diagnose.delay_on_commit(run.pk, asked)
    if run is None:
        messages.info(request, _("It is being looked at already."))
    return redirect(f"{reverse('support:diagnosis')}?repository={repository.pk}")
