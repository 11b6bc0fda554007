"""What an improvement action needs: whether the organisation has the product."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from portal.score.models import ControlProfile, Snapshot

# Unverified: Graph lists these names without saying which product each stands for.
_SERVICES = {
    "EXO": {"HasExchange"},
    "SPO": {"HasSharePoint"},
    "Intune": {"HasInTune"},
    "MCAS": {"HasOCAS"},
    "MDO": {"HasMDOP1", "HasMDOP2"},
}


@dataclass(frozen=True)
class Prerequisite:
    """One sentence, and whether it is met; None where nobody can say."""

    text: str
    is_met: bool | None


def prerequisite(profile: ControlProfile, latest: Snapshot | None) -> Prerequisite:
    """Return what Graph's data says of the action's product."""
    names = _SERVICES.get(profile.service)
    if names is None or latest is None or not latest.enabled_services:
        return Prerequisite(_("Microsoft Graph names none; see the next steps."), None)
    words = {"product": profile.product}
    if names & set(latest.enabled_services):
        return Prerequisite(_("Your organization has %(product)s.") % words, True)
    text = _("Microsoft does not list %(product)s among your organization's services.")
    return Prerequisite(text % words, False)
