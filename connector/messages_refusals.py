"""What an instance refuses, and what goes wrong in the portal itself, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from connector.messages import Texts

# The instance understood and said no.
REFUSALS: Texts = {
    "business_rule": (
        _("A business rule on the instance refused it"),
        _(
            "The rule's name is in ServiceNow's words. Ask your ServiceNow administrator to exempt the integration user (System Definition > Business Rules), then try again."
        ),
    ),
    "data_policy": (
        _("The instance demands more fields"),
        _(
            "The missing fields are in ServiceNow's words. Give them a default on the Field mapping page, or ask your ServiceNow administrator to make them optional (System Policy > Data Policies), then try again."
        ),
    ),
    "acl": (
        _("The integration user may not do this"),
        _(
            "Give the integration user the roles sn_change_write and sn_incident_write, or itil (User Administration > Users), then try again."
        ),
    ),
    "api_acl": (
        _("The integration user may not use the API"),
        _(
            "Give the integration user the role snc_platform_rest_api_access (User Administration > Users)."
        ),
    ),
    "query_acl": (
        _("The integration user may not search by this field"),
        _(
            "Give the integration user the roles named in the installation checklist. A field-level access rule (System Security > Access Control) may be in the way."
        ),
    ),
    "scope": (
        _("The application may not use this API"),
        _(
            "In System OAuth > Application Registry give the entity the auth scope useraccount, or the scope linked to the Table API."
        ),
    ),
    "cross_scope": (
        _("The table's cross-scope access policy refused it"),
        _(
            "Open the table named in ServiceNow's words in System Definition > Tables, Application Access: set Accessible from to All application scopes and tick Can read."
        ),
    ),
    "ip_restricted": (
        _("The instance does not let the portal's address in"),
        _(
            "Allow the portal's address, named in ServiceNow's words, in System Security > IP Address Access Control."
        ),
    ),
    "forbidden": (
        _("ServiceNow refused it"),
        _(
            "ServiceNow's words say why. Check the roles of the integration user and what was customised on the table."
        ),
    ),
    "not_found": (
        _("The record is not there, or hidden from the integration user"),
        _(
            "Look in ServiceNow whether it was deleted. If it is there, give the integration user the right to read it."
        ),
    ),
    "hidden_record": (
        _("ServiceNow holds this ticket, but hides it from the integration user"),
        _(
            "Nothing is sent again, so that there are not two. Give the integration user the right to read the table, then select Try again."
        ),
    ),
    "bad_request": (
        _("ServiceNow did not understand the request"),
        _(
            "ServiceNow's words say what it did not like. Check what was customised on the table."
        ),
    ),
    "payload_too_large": (
        _("The ticket is too large for the instance"),
        _("Shorten the description and send it again."),
    ),
    "address_too_long": (
        _("The request was too long for the instance"),
        _("Tell the people who run the portal: this should not happen."),
    ),
    "invalid_table": (
        _("A table is missing on the instance"),
        _(
            "The table is named in ServiceNow's words. Activate the plugin it belongs to: Incident Management or Change Management (System Definition > Plugins)."
        ),
    ),
    "invalid_path": (
        _("The instance has no Table API at this address"),
        _(
            "Check that the instance name leads to your ServiceNow instance, of release Kingston or later."
        ),
    ),
    "not_supported": (
        _("The instance does not take this kind of request"),
        _(
            "Check whether a proxy on the way changes requests, and that the release is Kingston or later."
        ),
    ),
}

OWN: Texts = {
    "changed_meanwhile": (
        _("Somebody changed it in ServiceNow meanwhile"),
        _(
            "Nothing was overwritten. Compare what ServiceNow holds now, below, with your change. Try again sends your change all the same; Discard leaves the ticket as it is in ServiceNow."
        ),
    ),
    "not_taken": (
        _("ServiceNow took the request, but not the values"),
        _(
            "What it holds is below. The integration user may not write this field (System Security > Access Control), or a business rule sets it (System Definition > Business Rules). Ask your ServiceNow administrator, then try again."
        ),
    ),
    "note_unverifiable": (
        _("The portal cannot see whether the note arrived"),
        _(
            "The integration user may not read the journals, so the note is not sent again by itself. Open the ticket in ServiceNow: if the note is there, select Discard, otherwise Try again."
        ),
    ),
    "internal_error": (
        _("Something failed in the portal itself"),
        _("Tell the people who run the portal: its log says more."),
    ),
}
