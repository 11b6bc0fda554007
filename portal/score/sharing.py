"""The entries of the Share menu and the addresses behind them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from connector import markup

if TYPE_CHECKING:
    from connector.models import Connection
    from portal.score.models import ControlProfile

# https://learn.microsoft.com/microsoftteams/platform/concepts/build-and-test/share-to-teams-from-web-apps
# documents a script of Microsoft's; this is the address that script opens.
TEAMS = "https://teams.microsoft.com/share"
# Unverified: Microsoft documents no address that fills in a new task, so Planner is
# only opened.
PLANNER = "https://planner.cloud.microsoft/"
# Mail programs cut longer mailto addresses off.
LONGEST_BODY = 900
CRLF = "\r\n"


@dataclass(frozen=True)
class ServiceNowEntry:
    """The entry ServiceNow: a link, or the reason why it is none and what helps."""

    url: str = ""
    reason: str = ""
    help_url: str = ""
    help_label: str = ""


@dataclass(frozen=True)
class ShareMenu:
    """Everything the menu links to."""

    link: str
    email: str
    teams: str
    planner: str
    servicenow: ServiceNowEntry


def share_menu(
    profile: ControlProfile, connection: Connection | None, user: Any
) -> ShareMenu:
    """Return the menu of one action for one person."""
    link = absolute_url(profile)
    return ShareMenu(
        link=link,
        email=_mailto(profile, link),
        teams=f"{TEAMS}?{_query(href=link, msgText=profile.title)}",
        planner=PLANNER,
        servicenow=_servicenow(profile, connection, user),
    )


def absolute_url(profile: ControlProfile) -> str:
    """Return the address of the action's page for people elsewhere."""
    return f"{settings.SITE_URL}{profile.get_absolute_url()}"


def _mailto(profile: ControlProfile, link: str) -> str:
    text = markup.shortened(profile.description, LONGEST_BODY)
    # Mail wants CRLF: https://www.rfc-editor.org/rfc/rfc6068#section-5
    parts = [part for part in (text.replace("\n", CRLF), link) if part]
    return f"mailto:?{_query(subject=profile.title, body=(2 * CRLF).join(parts))}"


def _query(**values: str) -> str:
    """Encode with %20: mail programs show the plus of forms as it is."""
    return urlencode(values, quote_via=quote, safe="")


def _servicenow(
    profile: ControlProfile, connection: Connection | None, user: Any
) -> ServiceNowEntry:
    if not user.has_perm("tickets.share_ticket"):
        return ServiceNowEntry(
            reason=_(
                "Your role cannot share tickets. Ask a Security Administrator or "
                "Security Operator."
            )
        )
    if connection is not None and connection.is_usable:
        url = reverse("score:share", args=[profile.control_id])
        return ServiceNowEntry(url=url, reason=_note(connection))
    return _not_usable(connection, user.has_perm("connector.manage_connection"))


def _note(connection: Connection) -> str:
    if connection.is_connected:
        return ""
    return _("ServiceNow needs attention. The ticket is kept and sent afterwards.")


def _not_usable(connection: Connection | None, may_manage: bool) -> ServiceNowEntry:
    """Say what is missing; only who may mend it gets the link."""
    if connection is None or connection.status in ("draft", "authorizing"):
        reason, name = _("ServiceNow is not connected."), "connector:setup"
        label = _("Connect to ServiceNow")
    elif connection.is_connected:
        reason, name = _("Sharing is not turned on yet."), "connector:provisioning"
        label = _("Open the provisioning page")
    else:
        reason, name = _("ServiceNow needs attention."), "connector:provisioning"
        label = _("Repair the connection")
    if not may_manage:
        asked = _("Ask a Security Administrator.")
        return ServiceNowEntry(reason=f"{reason} {asked}")
    return ServiceNowEntry(reason=reason, help_url=reverse(name), help_label=label)
