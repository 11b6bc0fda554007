"""What the portal says of itself beside the probes' findings."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from connector.probes.texts import Text, add

_AUTHORIZE = _(
    "Select **Authorize** and sign in to ServiceNow as the integration user."
)

add(
    {
        ("connected", "connected"): Text(_("Yes: %(host)s.")),
        ("connected", "authorizing"): Text(_("The authorization is being finished.")),
        ("connected", "draft"): Text(
            _("Not yet: %(host)s was not authorized."),
            (_AUTHORIZE,),
            "security",
            "authorize",
        ),
        ("connected", "none"): Text(
            _("No."),
            (_("Open the set-up page and follow its steps."),),
            "security",
            "setup",
        ),
        ("cards", "on"): Text(_("Yes.")),
        ("cards", "off"): Text(
            _("No: the home page shows no tickets and sharing is not offered."),
            (_("Select Authorize, or Save if ServiceNow is authorized already."),),
            "security",
            "save",
        ),
        ("", "on_request"): Text(_("Not tried: only when somebody asks for it.")),
    }
)
