"""Each error of a delivery in words: what happened, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from connector import messages
from connector.graph import texts as graph_texts

if TYPE_CHECKING:
    from connector.messages import Explanation, Texts

_TEXTS: Texts = {
    "mail_refused": (
        _("The mail server refused the mail"),
        _(
            "Its words say why. Check the support address in the settings and the sender (EMAIL_FROM), then select Try again."
        ),
    ),
    "mail_delayed": (
        _("The mail server does not take the mail now"),
        _("It is sent again by itself. Its words say what it waits for."),
    ),
    "mail_sign_in": (
        _("The mail server refused the portal's sign-in"),
        _(
            "Ask the people who run the portal to correct EMAIL_HOST_USER and EMAIL_HOST_PASSWORD. The mail is sent by itself afterwards, or at once with Try again."
        ),
    ),
    "mail_not_supported": (
        _("The mail server and the portal do not agree on how to talk"),
        _(
            "Ask the people who run the portal to check EMAIL_PORT, EMAIL_USE_TLS and EMAIL_USE_SSL, and the server's certificate."
        ),
    ),
    "mail_unreachable": (
        _("The mail server cannot be reached, or hung up"),
        _(
            "It is sent again by itself, under the same name (Message-ID), so that a second copy is recognised. If it stays, ask the people who run the portal to check EMAIL_HOST and EMAIL_PORT."
        ),
    ),
    "no_support_address": (
        _("No support address is entered"),
        _(
            "Enter the support address in the settings of service requests, then select Try again."
        ),
    ),
    "repository_incomplete": (
        _("The repository is not complete for the chosen set-up"),
        _(
            "Enter its values under Settings > Repositories and test the connection. The note goes out by itself afterwards."
        ),
    ),
    "repository_removed": (
        _("The repository was removed"),
        _("Nothing can be written into its incidents any more. Select Discard."),
    ),
    "incident_not_found": (
        _("The incident was not found by its number"),
        _(
            "Check the number, and that the integration user may read incidents. Then select Try again, or Discard."
        ),
    ),
    "basic_rejected": (
        _("The instance refused the Rest user's name or password"),
        _(
            "Enter the password anew under Settings > Repositories, or unlock the user in User Administration > Users. The note goes out by itself afterwards."
        ),
    ),
    "token_rejected": (
        _("The instance refused the token of Microsoft Entra"),
        _(
            "Test the connection of the repository: its checks say whether the OIDC provider, the audience or the integration user does not fit. The note goes out by itself once the sign-in works."
        ),
    ),
}


def explain(code: str) -> Explanation:
    """Return the explanation of a code in the language of the reader."""
    if code in _TEXTS:
        title, repair = _TEXTS[code]
        return messages.Explanation(str(title), str(repair))
    if code.startswith("graph_"):
        told = graph_texts.explain(code)
        return messages.Explanation(str(told.title), str(told.repair))
    return messages.explain(code)
