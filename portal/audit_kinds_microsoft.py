"""The acts of the audit trail: Microsoft Secure Score and the support integration."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from portal.audit_kinds import Kind

SCORE = {
    "score.effect_rule_set": Kind(
        gettext_lazy("Rule for regressions set"),
        gettext_lazy(
            "%(actor)s set what tickets of regressed actions are told: %(rule)s"
        ),
        "edit",
    ),
    "score.plan_shared": Kind(
        gettext_lazy("Share plan shared"),
        gettext_lazy("%(actor)s shared a plan of %(count)s improvement actions"),
        "share",
    ),
    "score.sync_requested": Kind(
        gettext_lazy("Score sync requested"),
        gettext_lazy("%(actor)s had the score fetched from Microsoft Graph"),
        "refresh",
    ),
    "graph.entered": Kind(
        gettext_lazy("Microsoft Graph access entered"),
        gettext_lazy("%(actor)s entered the access to Microsoft Graph (%(target)s)"),
        "key",
    ),
    "graph.removed": Kind(
        gettext_lazy("Microsoft Graph access removed"),
        gettext_lazy("%(actor)s removed the access to Microsoft Graph (%(target)s)"),
        "trash",
    ),
    "graph.check_requested": Kind(
        gettext_lazy("Microsoft Graph check requested"),
        gettext_lazy("%(actor)s had the access to Microsoft Graph checked"),
        "refresh",
    ),
    "score.zones_set": Kind(
        gettext_lazy("Score zones set"),
        gettext_lazy(
            "%(actor)s set the score zones: okay from %(okay)s%%, good from %(good)s%%"
        ),
        "edit",
    ),
    "alertrule.saved": Kind(
        gettext_lazy("Alert rule saved"),
        gettext_lazy("%(actor)s saved the alert rule “%(target)s”"),
        "edit",
    ),
    "alertrule.deleted": Kind(
        gettext_lazy("Alert rule deleted"),
        gettext_lazy("%(actor)s deleted the alert rule “%(target)s”"),
        "trash",
    ),
    "alert.raised": Kind(
        gettext_lazy("Alert raised"),
        gettext_lazy("The alert “%(target)s” was raised"),
        "warning",
    ),
    "alert.acknowledged": Kind(
        gettext_lazy("Alert acknowledged"),
        gettext_lazy("%(actor)s acknowledged the alert “%(target)s”"),
        "check",
    ),
    "actionplan.changed": Kind(
        gettext_lazy("Action plan changed"),
        gettext_lazy("%(actor)s changed the action plan of %(count)s action(s)"),
        "edit",
    ),
    "actionplan.state_refused": Kind(
        gettext_lazy("Status not taken"),
        gettext_lazy("Microsoft Graph did not take the status of %(target)s"),
        "stop",
    ),
    "actionplan.state_retried": Kind(
        gettext_lazy("Status sent again"),
        gettext_lazy("%(actor)s sent the status of %(count)s action(s) again"),
        "refresh",
    ),
    "actionplan.state_withdrawn": Kind(
        gettext_lazy("Status withdrawn"),
        gettext_lazy("%(actor)s withdrew the status chosen for %(target)s"),
        "close",
    ),
    "export.requested": Kind(
        gettext_lazy("Export requested"),
        gettext_lazy("%(actor)s exported %(count)s improvement action(s)"),
        "download",
    ),
}

SUPPORT = {
    "support.decided": Kind(
        gettext_lazy("Support set-up decided"),
        gettext_lazy("%(actor)s chose the support set-up “%(target)s”"),
        "chat",
    ),
    "support.settings_changed": Kind(
        gettext_lazy("Support settings changed"),
        gettext_lazy("%(actor)s changed the settings of the support integration"),
        "settings",
    ),
    "support.repository_added": Kind(
        gettext_lazy("Repository added"),
        gettext_lazy("%(actor)s added the repository %(target)s"),
        "plus",
    ),
    "support.repository_changed": Kind(
        gettext_lazy("Repository changed"),
        gettext_lazy("%(actor)s changed the repository %(target)s"),
        "edit",
    ),
    "support.repository_removed": Kind(
        gettext_lazy("Repository removed"),
        gettext_lazy("%(actor)s removed the repository %(target)s"),
        "trash",
    ),
    "support.check_requested": Kind(
        gettext_lazy("Support check requested"),
        gettext_lazy("%(actor)s had the repository %(target)s checked"),
        "refresh",
    ),
    "support.diagnosis_requested": Kind(
        gettext_lazy("Support diagnosis requested"),
        gettext_lazy("%(actor)s had the instance of %(target)s looked at"),
        "refresh",
    ),
    "support.step_done": Kind(
        gettext_lazy("Set-up step done"),
        gettext_lazy("%(actor)s marked “%(step)s” of %(target)s as done"),
        "check",
    ),
    "support.step_reopened": Kind(
        gettext_lazy("Set-up step reopened"),
        gettext_lazy("%(actor)s marked “%(step)s” of %(target)s as not done"),
        "refresh",
    ),
    "support.step_noted": Kind(
        gettext_lazy("Set-up step noted"),
        gettext_lazy("%(actor)s changed the note of “%(step)s” of %(target)s"),
        "edit",
    ),
    "support.account_linked": Kind(
        gettext_lazy("Account linked"),
        gettext_lazy("%(actor)s linked %(target)s to %(email)s"),
        "link",
    ),
    "support.account_unlinked": Kind(
        gettext_lazy("Account link removed"),
        gettext_lazy("%(actor)s removed the link of %(target)s to %(email)s"),
        "link",
    ),
    "support.health_requested": Kind(
        gettext_lazy("Service health requested"),
        gettext_lazy("%(actor)s had service health fetched from Microsoft"),
        "refresh",
    ),
    "support.match_confirmed": Kind(
        gettext_lazy("Ticket matched to an issue"),
        gettext_lazy("%(actor)s confirmed that %(target)s is about %(issue)s"),
        "check",
    ),
    "support.match_rejected": Kind(
        gettext_lazy("Ticket not about an issue"),
        gettext_lazy("%(actor)s said that %(target)s is not about %(issue)s"),
        "close",
    ),
    "support.match_suggested": Kind(
        gettext_lazy("Match of a ticket reopened"),
        gettext_lazy(
            "%(actor)s took back what was decided about %(target)s and %(issue)s"
        ),
        "refresh",
    ),
    "support.bulk_noted": Kind(
        gettext_lazy("Tickets of an issue noted"),
        gettext_lazy("%(actor)s wrote a note into %(tickets)s tickets of %(target)s"),
        "chat",
    ),
    "support.request_opened": Kind(
        gettext_lazy("Service request opened"),
        gettext_lazy("%(by)s opened the service request %(target)s"),
        "chat",
    ),
    "support.request_moved": Kind(
        gettext_lazy("Service request: state changed"),
        gettext_lazy(
            "The service request %(target)s went from %(before)s to %(state)s"
        ),
        "refresh",
    ),
    "support.request_numbered": Kind(
        gettext_lazy("Service request: case number"),
        gettext_lazy("The service request %(target)s has the case number %(number)s"),
        "tag",
    ),
    "support.request_updated": Kind(
        gettext_lazy("Service request updated"),
        gettext_lazy("%(by)s told Microsoft more about %(target)s"),
        "chat",
    ),
    "support.request_answered": Kind(
        gettext_lazy("Microsoft answered"),
        gettext_lazy("%(by)s wrote about the service request %(target)s"),
        "mail",
    ),
    "support.request_stopped": Kind(
        gettext_lazy("Service request: not sent"),
        gettext_lazy("Something about the service request %(target)s was not sent"),
        "stop",
    ),
    "support.request_retried": Kind(
        gettext_lazy("Service request: sent again"),
        gettext_lazy("%(actor)s had something about %(target)s sent again"),
        "refresh",
    ),
    "support.request_discarded": Kind(
        gettext_lazy("Service request: discarded"),
        gettext_lazy("%(actor)s discarded what was not sent about %(target)s"),
        "stop",
    ),
    "support.message_unmatched": Kind(
        gettext_lazy("Message for the inbox"),
        gettext_lazy("A message of %(target)s fits no service request"),
        "mail",
    ),
    "support.message_assigned": Kind(
        gettext_lazy("Message assigned"),
        gettext_lazy("%(actor)s put a message of %(sender)s into %(target)s"),
        "check",
    ),
    "support.message_dropped": Kind(
        gettext_lazy("Message dropped"),
        gettext_lazy("%(actor)s dropped a message of %(target)s"),
        "trash",
    ),
    "support.inbound_opened": Kind(
        gettext_lazy("Way for answers opened"),
        gettext_lazy("%(actor)s made the secret that answers are signed with"),
        "key",
    ),
    "support.inbound_rotated": Kind(
        gettext_lazy("Secret for answers replaced"),
        gettext_lazy("%(actor)s replaced the secret that answers are signed with"),
        "key",
    ),
    "solution.created": Kind(
        gettext_lazy("Solution written"),
        gettext_lazy("%(actor)s wrote the solution “%(target)s”"),
        "edit",
    ),
    "solution.changed": Kind(
        gettext_lazy("Solution changed"),
        gettext_lazy("%(actor)s changed the solution “%(target)s”"),
        "edit",
    ),
    "solution.deleted": Kind(
        gettext_lazy("Solution deleted"),
        gettext_lazy("%(actor)s deleted the solution “%(target)s”"),
        "trash",
    ),
    "solution.imported": Kind(
        gettext_lazy("Solutions imported"),
        gettext_lazy("%(actor)s imported solutions: %(new)s new, %(changed)s changed"),
        "check",
    ),
    "solution.exported": Kind(
        gettext_lazy("Solutions exported"),
        gettext_lazy("%(actor)s exported the library of solutions"),
        "share",
    ),
    "solution.knowledge_configured": Kind(
        gettext_lazy("Knowledge base set"),
        gettext_lazy(
            "%(actor)s set what is taken from the knowledge base of %(target)s"
        ),
        "edit",
    ),
}
