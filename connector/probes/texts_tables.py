"""What the probes of tables, rights and the instance itself say."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from connector.probes.texts import Copy, Text, add

_ROLES = (
    _("Open **User Administration > Users** and open the integration user."),
    _("In **Roles > Edit** add:"),
    Copy(_("Role"), "itil"),
    _("Or, with less rights, these four:"),
    Copy(
        _("Roles"),
        "sn_change_read, sn_change_write, sn_incident_read, sn_incident_write",
    ),
)
_RULES = (
    *_ROLES,
    _(
        "Has it these roles? Then an access rule is in the way: look in **System Security > Access Control (ACL)** for the rules of %(table)s, operation read."
    ),
)
_TEST = _(
    "To be sure, select **Send a test ticket** below: it is created, looked at and canceled at once."
)

_READS = {
    "readable": Text(_("Yes: the table %(table)s.")),
    "empty": Text(_("Yes: %(table)s has no rows yet.")),
    "rows_hidden": Text(
        _(
            "There are rows in %(table)s, but the integration user may see none of them."
        ),
        _RULES,
    ),
    "acl": Text(_("The integration user may not read %(table)s."), _RULES),
    "forbidden": Text(_("ServiceNow refuses to show %(table)s."), _RULES),
    "query_acl": Text(
        _("The integration user may not look at the fields of %(table)s."), _RULES
    ),
    "invalid_table": Text(
        _("There is no table %(table)s on the instance."),
        (
            _(
                "Open **System Definition > Plugins** (All > Application Manager) and activate the plugin it belongs to: **Change Management** or **Incident Management**."
            ),
            Copy(_("Table"), "%(table)s"),
        ),
    ),
}
_WRITES = {
    "by_role": Text(
        _("Yes, as far as the roles tell. Mandatory fields are looked at below.")
    ),
    "proved": Text(_("Yes: a test ticket was taken on %(date)s and canceled.")),
    "no_role": Text(
        _("The roles do not allow it: %(missing)s is in the way or missing."),
        (*_ROLES, _TEST),
    ),
    "untold": Text(
        _("Cannot be told without writing: the roles do not show with these rights."),
        (_TEST,),
        "security",
    ),
}

add(
    {
        (table, code): text
        for table in ("task", "change_request", "incident")
        for code, text in _READS.items()
    }
)
add(
    {
        (f"{kind}_write", code): text
        for kind in ("change_request", "incident")
        for code, text in _WRITES.items()
    }
)
add(
    {
        ("hidden", "none"): Text(
            _("No: all %(looked)s rows that were looked at show.")
        ),
        ("hidden", "unread"): Text(_("Cannot be told: no table can be read.")),
        ("hidden", "some"): Text(
            _(
                "%(count)s of %(looked)s rows that were looked at do not show (%(tables)s)."
            ),
            (
                _(
                    "That may be meant so: other people's tickets need not show. The portal's own must, or they count as deleted."
                ),
                _(
                    "If tickets are called not visible here, look in **System Security > Access Control (ACL)** and **System Definition > Business Rules** (before, Query) for what hides them from the integration user."
                ),
            ),
        ),
        ("labels", "with_records"): Text(
            _("Yes: they come with the records (“%(label)s”).")
        ),
        ("labels", "with_choices"): Text(_("Yes: from the list of choices.")),
        ("labels", "hidden"): Text(
            _(
                "Not yet: they come with the first ticket. ServiceNow's usual names are shown until then."
            )
        ),
        ("release", "new_enough"): Text(_("Yes: %(release)s.")),
        ("release", "too_old"): Text(
            _("No: %(release)s."),
            (
                _(
                    "Upgrade the instance to Kingston or later: **Now Support > Upgrades**."
                ),
            ),
        ),
        ("release", "hidden"): Text(
            _(
                "Cannot be told: the release cannot be read with these rights. That is usual and does no harm."
            )
        ),
        ("release", "unreadable"): Text(
            _("Cannot be told: the instance names its release in an unknown way.")
        ),
        ("clock", "together"): Text(_("Yes: within %(seconds)s s.")),
        ("clock", "ahead"): Text(
            _("The portal's clock is %(seconds)s s ahead of the instance's."),
            (
                _("Compare the portal server's clock with the time of day:"),
                Copy(_("Command"), "timedatectl status"),
                _(
                    "Switch its synchronisation on (NTP). Is the server right? Then the instance is wrong: open a case in **Now Support**."
                ),
            ),
        ),
        ("clock", "behind"): Text(
            _("The portal's clock is %(seconds)s s behind the instance's."),
            (
                _("Compare the portal server's clock with the time of day:"),
                Copy(_("Command"), "timedatectl status"),
                _(
                    "Switch its synchronisation on (NTP). Is the server right? Then the instance is wrong: open a case in **Now Support**."
                ),
            ),
        ),
        ("clock", "no_date"): Text(_("Cannot be told: the answer bore no date.")),
        ("rate", "no_rule"): Text(_("Yes: no rate rule is in force.")),
        ("rate", "enough"): Text(
            _("Yes: %(limit)s an hour, %(used)s used so far (rule %(rule)s).")
        ),
        ("rate", "few"): Text(
            _(
                "%(limit)s requests an hour is little (rule %(rule)s): following tickets alone takes about %(needed)s."
            ),
            (
                _("Open **System Web Services > REST > Rate Limit Rules**."),
                _("Exempt the integration user, or allow it more. The rule is:"),
                Copy(_("Rule"), "%(rule)s"),
            ),
        ),
        ("rate", "nearly"): Text(
            _("%(used)s of %(limit)s requests of this hour are used (rule %(rule)s)."),
            (
                _(
                    "Do other programs use the integration user? Give each its own user: they count together."
                ),
                _(
                    "Or allow more in **System Web Services > REST > Rate Limit Rules**:"
                ),
                Copy(_("Rule"), "%(rule)s"),
            ),
        ),
        ("rate", "used_up"): Text(
            _(
                "The instance allows no more requests for now: %(limit)s an hour (rule %(rule)s). Tickets wait and follow by themselves."
            ),
            (
                _("Open **System Web Services > REST > Rate Limit Rules**."),
                _("Exempt the integration user, or allow it more. The rule is:"),
                Copy(_("Rule"), "%(rule)s"),
            ),
        ),
    }
)
