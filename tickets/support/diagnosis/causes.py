"""The causes of the situations: what is wrong, who repairs it, how, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from connector.probes.texts import Copy, Step, filled_steps
from tickets.support.guide_parts import Owner

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.probes.texts import Words

AAD_ADMIN = Owner.AAD_ADMIN.label
SERVICENOW_ADMIN = Owner.SERVICENOW_ADMIN.label
HELPDESK_ADMIN = Owner.HELPDESK_ADMIN.label
PORTAL_ADMIN = _("Whoever runs the portal")

# What the app says without calling, and what it says of a refusal.
SETUP = (2, 4, 6)
FINAL = (3, 5, 7)
NOTHING = (9, 11, 13)
AGAIN = (14, 15)
SERVICE = (10, 12)


@dataclass(frozen=True)
class Cause:
    """Something that can be wrong; `**` stands around menus and buttons.

    `situations` are those it can lead to, `page` is the portal's page where it is
    mended ("repository", "repository_edit", "settings", "guide", "account", "roles",
    "health", "" for none). Texts are filled with the values of the repository and with
    the facts of what was found.
    """

    id: str
    situations: tuple[int, ...]
    title: Words
    text: Words
    repair: tuple[Words | Copy, ...]
    owner: Words
    page: str = ""
    # Whether it is about single agents: everybody else can work.
    is_personal: bool = False

    def told(self, facts: Mapping[str, str]) -> str:
        """Return why it is so."""
        return filled(self.text, facts)

    def steps(self, facts: Mapping[str, str]) -> list[Step]:
        """Return what to do about it."""
        return list(filled_steps(self.repair, facts))


class _Facts(dict[str, str]):
    """The values of a text; one of an older version may lack some."""

    def __missing__(self, key: str) -> str:
        return "-"


def filled(words: Words, facts: Mapping[str, str]) -> str:
    """Return a text with its facts; one that is not known is a dash."""
    return str(words) % _Facts(facts)
