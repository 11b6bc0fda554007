"""The left navigation as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest
    from django.utils.functional import _StrPromise


@dataclass(frozen=True)
class Entry:
    """One page of the navigation and who may open it; `below` are pages under it."""

    label: str | _StrPromise
    url_name: str
    icon: str
    permission: str
    below: tuple[str, ...] = ()
    is_apart: bool = False


@dataclass(frozen=True)
class Item:
    """An entry as one person sees it on one page."""

    label: str | _StrPromise
    url: str
    icon: str
    is_current: bool
    is_apart: bool
    # How many new things wait there.
    news: int = 0


ENTRIES = (
    Entry(_("Home"), "portal:home", "home", "portal.view_score"),
    Entry(
        _("Secure score"),
        "score:overview",
        "score",
        "portal.view_score",
        (
            "score:history",
            "score:effects",
            "score:effect_note",
            "score:effect_reopen",
            "score:ledger",
            "score:plan",
            "score:plan_review",
            "score:trends",
            "score:zones",
            "score:alerts",
            "score:alert_rule",
            "score:alert_rule_new",
            "score:organizations",
        ),
    ),
    Entry(
        _("Improvement actions"),
        "score:actions",
        "checklist",
        "portal.view_score",
        ("score:action", "score:share", "score:bulk", "score:export"),
    ),
    Entry(
        _("Tickets"),
        "tickets:list",
        "ticket",
        "tickets.view_ticket",
        ("tickets:new", "tickets:detail"),
    ),
    Entry(
        _("ServiceNow"),
        "connector:configuration",
        "servicenow",
        "connector.view_connection",
        (
            *("connector:setup", "connector:provisioning", "connector:remove"),
            *("connector:check_run", "tickets:mapping"),
        ),
        is_apart=True,
    ),
    Entry(
        _("Ticket state names"),
        "tickets:states",
        "tag",
        "tickets.rename_ticketstate",
        ("tickets:edit_states", "tickets:upload_states"),
    ),
    Entry(_("Microsoft Graph"), "connector:graph", "key", "connector.manage_graph"),
    Entry(
        _("Support integration"),
        "support:overview",
        "chat",
        "tickets.view_support",
        (
            *("support:decision", "support:setup", "support:print"),
            *("support:settings", "support:account", "support:repository"),
            *("support:repository_add", "support:repository_edit"),
            "support:repository_remove",
            *("support:health", "support:issue", "support:bulk_note"),
            *("support:messages", "support:message"),
            *("support:diagnosis", "support:calls", "support:call"),
            *("support:requests", "support:request_new", "support:request"),
            *("support:request_inbox", "support:request_settings"),
            *("support:solutions", "support:library", "support:solution"),
            *("support:solution_new", "support:solution_edit"),
            *("support:solution_delete", "support:library_import"),
            *("support:library_import_preview", "support:knowledge"),
            "support:knowledge_save",
            *("support:inbound_secret", "support:inbox_assign"),
            *("support:request_state", "support:request_case"),
            "support:request_update",
        ),
    ),
    Entry(_("Audit trail"), "portal:audit", "history", "connector.view_auditevent"),
)


def navigation(
    request: HttpRequest, news: Mapping[str, int] | None = None
) -> list[Item]:
    """Return the entries the person may open, the current one marked.

    `news` says how many new things wait on a page, by its URL name.
    """
    news = news or {}
    match = request.resolver_match
    here = match.view_name if match else ""
    return [
        Item(
            label=entry.label,
            url=reverse(entry.url_name),
            icon=entry.icon,
            is_current=here == entry.url_name or here in entry.below,
            is_apart=entry.is_apart,
            news=news.get(entry.url_name, 0),
        )
        for entry in ENTRIES
        if request.user.has_perm(entry.permission)
    ]
