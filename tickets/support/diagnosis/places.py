"""The portal's pages where causes are mended, and the pages of the instance to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from tickets.support.diagnosis.findings import Finding
    from tickets.support.models import Repository


def page_of(finding: Finding, repository: Repository) -> tuple[str, str]:
    """Return label and address of the page where a cause is mended, or two times ""."""
    name = finding.cause.page
    if not name:
        return "", ""
    of_this = [repository.pk]
    chosen = f"?{urlencode({'repository': repository.pk})}"
    pages = {
        "decision": (_("Decision"), reverse("support:decision")),
        "settings": (_("Settings"), reverse("support:settings")),
        "guide": (_("Set-up"), f"{reverse('support:setup')}{chosen}"),
        "account": (_("Link account"), reverse("support:account")),
        "repository": (_("Repository"), reverse("support:repository", args=of_this)),
        "roles": (
            _("Repository: roles"),
            f"{reverse('support:repository', args=of_this)}#roles",
        ),
        "repository_edit": (
            _("Edit repository"),
            reverse("support:repository_edit", args=of_this),
        ),
        "requests": (_("Service requests"), reverse("support:requests")),
        "calls": (_("Log of calls"), f"{reverse('support:calls')}{chosen}"),
    }
    return pages[name]
