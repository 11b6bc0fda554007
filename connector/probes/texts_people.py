"""What the probes of the integration user say."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from connector.probes.texts import Copy, Text, add

_OPEN = _("Open **User Administration > Users** and open %(named)s.")
_ROLES = (
    _OPEN,
    _("In **Roles > Edit** add this role, which holds all that is needed:"),
    Copy(_("Role"), "itil"),
    _("Or, with less rights, these four:"),
    Copy(
        _("Roles"),
        "sn_change_read, sn_change_write, sn_incident_read, sn_incident_write",
    ),
    _("Then select **Check again**; roles count from the next request on."),
)
_OWN_ACCOUNT = (
    _(
        "Open **User Administration > Users**, select **New** and make an account for the portal alone, with the roles named in the installation checklist."
    ),
    _("Name it on the set-up page as the integration user."),
    _(
        "Select **Authorize**; on ServiceNow's page select **Not You**, at the top right, sign in as the new account and select **Allow**."
    ),
)

add(
    {
        ("owner", "same"): Text(_("Yes: %(user)s (%(name)s).")),
        ("owner", "other"): Text(
            _(
                "No: it belongs to %(user)s (%(name)s), not to %(named)s. Tickets would be created in the name of %(user)s."
            ),
            (
                _("Select **Authorize** here."),
                _(
                    "On ServiceNow's page select **Not You**, at the top right, and sign in as %(named)s."
                ),
                _("Select **Allow**."),
            ),
            action="authorize",
        ),
        ("owner", "other_entity"): Text(
            _(
                "No: it belongs to %(user)s (%(name)s), not to %(named)s. Tickets would be created in the name of %(user)s."
            ),
            (
                _(
                    "Open **System OAuth > Application Registry**, open the entity and set its **OAuth Application User** to %(named)s."
                ),
                _("Then select **Authorize** here."),
            ),
            "servicenow",
            "authorize",
        ),
        ("owner", "hidden"): Text(
            _(
                "The instance does not say: the user table cannot be read with these rights."
            ),
            (
                _("Make sure that you signed in as %(named)s. If in doubt:"),
                _(
                    "Select **Authorize**, and on ServiceNow's page look at the name at the top right: is it %(named)s? If not, select **Not You**."
                ),
            ),
        ),
        ("user", "active"): Text(_("Yes: %(named)s (%(name)s) is active.")),
        ("user", "missing"): Text(
            _("No: the instance has no user %(named)s."),
            (
                _(
                    "Open **User Administration > Users** and look for the user by the name given to it."
                ),
                _(
                    "Is it spelt otherwise? Correct it on the set-up page. Is there none? Select **New**, or run step 2 of the installation checklist."
                ),
                Copy(_("User ID"), "%(named)s"),
            ),
            action="setup",
        ),
        ("user", "inactive"): Text(
            _("%(named)s is there, but not active."),
            (_OPEN, _("Set **Active** and select **Update**.")),
        ),
        ("user", "locked"): Text(
            _("%(named)s is locked out."),
            (_OPEN, _("Clear **Locked out** and select **Update**.")),
        ),
        ("user", "must_reset"): Text(
            _(
                "%(named)s must reset the password first: the API answers 401 until then."
            ),
            (_OPEN, _("Clear **Password needs reset** and select **Update**.")),
        ),
        ("user", "hidden"): Text(
            _("Cannot be told: users do not show with these rights."),
            (
                _(
                    "Open **User Administration > Users** and look for the user by the name given to it. It must be active and not locked out."
                ),
                Copy(_("User ID"), "%(named)s"),
            ),
        ),
        ("person", "own"): Text(_("Yes: nothing says otherwise of %(user)s.")),
        ("person", "hidden"): Text(
            _("Cannot be told: users do not show with these rights."),
            (
                _(
                    "Make sure that %(named)s is an account of its own: no person signs in with it, and it is no administrator."
                ),
            ),
        ),
        ("person", "administrator"): Text(
            _(
                "%(user)s (%(name)s) is powerful (%(roles)s): whoever takes over the portal could do anything on the instance."
            ),
            _OWN_ACCOUNT,
        ),
        ("person", "somebodys"): Text(
            _(
                "%(user)s (%(name)s) looks like somebody's own account: tickets stop when that person leaves."
            ),
            _OWN_ACCOUNT,
        ),
        ("roles", "enough"): Text(_("Yes: %(held)s.")),
        ("roles", "hidden"): Text(
            _("Cannot be told: roles do not show with these rights."),
            (
                _OPEN,
                _("**Roles** must show itil, or these four:"),
                Copy(
                    _("Roles"),
                    "sn_change_read, sn_change_write, sn_incident_read, sn_incident_write",
                ),
                _("To be sure, send a test ticket of each kind (below)."),
            ),
        ),
        ("roles", "missing"): Text(_("No: %(missing)s is missing."), _ROLES),
        ("roles", "others"): Text(
            _(
                "%(missing)s is missing, but a test ticket of each kind was taken: other roles give the same rights here."
            ),
            (_("Nothing has to be done. If it stops working, look here first."),),
        ),
        ("roles", "read_only"): Text(
            _("No: the role snc_read_only takes away every right to write."),
            (
                _OPEN,
                _("In **Roles > Edit** take away:"),
                Copy(_("Role"), "snc_read_only"),
            ),
        ),
    }
)
