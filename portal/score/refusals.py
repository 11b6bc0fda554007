"""Why Microsoft Graph did not take a status, in words for people."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from connector.graph import texts
from connector.graph.texts import Explanation

_TABLE = {
    "graph_forbidden_write": Explanation(
        _("The application may not change Secure Score"),
        _(
            "Grant it SecurityEvents.ReadWrite.All, with an administrator's consent,"
            " then try again. Until then the status counts here only as Microsoft has it."
        ),
    ),
    "graph_refused": Explanation(
        _("Microsoft Graph refused the status"),
        _(
            "Its own words say why. Set the status in Microsoft Defender (Manage), or"
            " choose another one here."
        ),
    ),
    "graph_control_unknown": Explanation(
        _("Microsoft Graph does not know this improvement action"),
        _("Sync Secure Score. If it stays, Microsoft has withdrawn the action."),
    ),
    "graph_state_not_kept": Explanation(
        _("Microsoft Graph took the status, but did not keep it"),
        _("Set it in Microsoft Defender (Manage), or try again."),
    ),
}


def explain(code: str) -> Explanation:
    """Return title and repair of an error on the way to Graph."""
    return _TABLE.get(code) or texts.explain(code)
