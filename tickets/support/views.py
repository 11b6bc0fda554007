"""Pages of the support integration: overview, decision, settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.contrib import messages
from django.db import transaction
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from connector.access import require
from tickets.support import configuration, glance
from tickets.support.choosing import integration_of
from tickets.support.forms import DecisionForm, SettingsForm
from tickets.support.models import Repository
from tickets.support.setups import FEATURES, ROWS, setup_for
from tickets.support.switching import switch
from tickets.support.walkthrough import Walkthrough

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpResponse

    from connector.access import TenantRequest
    from tickets.support.models import SupportIntegration
    from tickets.support.switching import Switch

VIEW = "tickets.view_support"
MANAGE = "tickets.manage_support"


class Next(NamedTuple):
    """What is to be done now, and where."""

    title: str
    text: str
    href: str
    action: str


@never_cache
@require_GET
@require(VIEW)
def overview(request: TenantRequest) -> HttpResponse:
    """Show the state of the integration and what comes next."""
    integration = integration_of(request)
    ways = walkthroughs(request, integration)
    context = {
        "integration": integration,
        "features": [
            {"feature": one, "is_on": one in integration.features} for one in FEATURES
        ],
        "ways": ways,
        "glance": glance.of(request.tenant),
        "repositories": Repository.objects.for_tenant(request.tenant),
        "next": _next(integration, ways),
    }
    return render(request, "tickets/support/overview.html", context)


def walkthroughs(
    request: TenantRequest, integration: SupportIntegration
) -> list[Walkthrough]:
    """Return how far the guide of each repository has come; none before the decision."""
    setup = integration.setup
    if setup is None:
        return []
    rows = Repository.objects.for_tenant(request.tenant).with_progress()
    return [Walkthrough(integration, repository, setup) for repository in rows]


def _next(integration: SupportIntegration, ways: list[Walkthrough]) -> Next | None:
    if integration.setup is None:
        return Next(
            _("Answer two questions"),
            _("The answers decide on the features and on the way to set them up."),
            reverse("support:decision"),
            _("Answer the questions"),
        )
    if not ways:
        return Next(
            _("Name the ServiceNow instance"),
            _("The guide then computes every value that has to be copied."),
            reverse("support:setup"),
            _("Start the set-up"),
        )
    return next(filter(None, map(_next_of, ways)), None)


def _next_of(way: Walkthrough) -> Next | None:
    guide = f"{reverse('support:setup')}?repository={way.repository.pk}"
    if way.next_step:
        words = {
            "step": way.next_step.title,
            "owner": way.next_step.owner.label,
            "repository": way.repository,
        }
        return Next(
            _("%(step)s (%(repository)s)") % words,
            _text_of(way, words),
            f"{guide}#step-{way.next_step.id}",
            _("Continue the set-up"),
        )
    if way.failed:
        return Next(
            _("A check of %(repository)s failed") % {"repository": way.repository},
            f"{way.failed[0].question} {way.failed[0].answer}",
            reverse("support:repository", args=[way.repository.pk]),
            _("See what to do"),
        )
    return None


def _text_of(way: Walkthrough, words: Mapping[str, object]) -> str:
    if way.next_step in way.checked:
        return _("Its live checks are OK: it only has to be marked as done.")
    return _("The next step of the guide, for: %(owner)s.") % words


@never_cache
@require_http_methods(["GET", "POST"])
@require(MANAGE)
def decision(request: TenantRequest) -> HttpResponse:
    """Ask the two questions; explain a switch before it is made."""
    form = DecisionForm(
        request.POST or request.unsent or None, integration=integration_of(request)
    )
    change = None
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            change = _decide(request, form)
        if change is None:
            return redirect("support:setup")
    integration = integration_of(request)
    context = {
        "form": form,
        "integration": integration,
        "change": change,
        "rows": [
            {
                "answers": answers,
                "setup": setup,
                "is_current": _is(integration, answers),
            }
            for answers, setup in ROWS.items()
        ],
    }
    status = 422 if request.POST and form.errors else 200
    return render(request, "tickets/support/decision.html", context, status=status)


def _answers(form: DecisionForm) -> dict[str, bool]:
    return {
        "basic_auth": form.cleaned_data["basic_auth"],
        "single_tenant": form.cleaned_data["single_tenant"],
    }


def _is(integration: SupportIntegration, answers: tuple[bool, bool]) -> bool:
    given = (integration.basic_auth_allowed, integration.single_tenant)
    return given == answers


def _decide(request: TenantRequest, form: DecisionForm) -> Switch | None:
    """Store the answers, or return the switch that is to be explained first."""
    request.tenant.lock()
    answers = _answers(form)
    old, new = integration_of(request).setup, setup_for(**answers)
    # What was explained must still be what happens.
    if old and new and old != new and request.POST.get("confirmed") != old.id:
        return switch(request.tenant, old, new)
    configuration.decide(
        request.tenant,
        basic_auth=answers["basic_auth"],
        single=answers["single_tenant"],
        actor=request.user,
    )
    words = {"setup": new.label if new else ""}
    messages.success(request, _("Saved. The set-up is: %(setup)s.") % words)
    return None


@never_cache
@require_http_methods(["GET", "POST"])
@require(MANAGE)
def settings(request: TenantRequest) -> HttpResponse:
    """Show and take basic information and application settings; list repositories."""
    integration = integration_of(request)
    form = SettingsForm(request.POST or request.unsent or None, integration=integration)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            request.tenant.lock()
            configuration.change(request.tenant, form.changes(), actor=request.user)
        messages.success(request, _("Saved."))
        return redirect("support:settings")
    fresh = integration_of(request)
    context = {
        "form": form,
        # The form has written what was typed on its own copy.
        "integration": fresh,
        "setup": fresh.setup,
        "repositories": Repository.objects.for_tenant(request.tenant),
        "ways": walkthroughs(request, fresh),
    }
    status = 422 if request.POST and form.errors else 200
    return render(request, "tickets/support/settings.html", context, status=status)
