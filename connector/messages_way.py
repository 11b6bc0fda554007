"""What can keep an instance from answering, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from connector.messages import Texts

# The way to the instance.
CONNECTION: Texts = {
    "timeout": (
        _("ServiceNow did not answer in time"),
        _(
            "It is tried again by itself. If this lasts, ask your ServiceNow administrator whether the instance is slow."
        ),
    ),
    "connect_timeout": (
        _("The instance could not be reached"),
        _(
            "Check the instance name and whether a firewall between the portal and ServiceNow lets HTTPS (port 443) through."
        ),
    ),
    "connection_refused": (
        _("The connection was refused"),
        _(
            "Check the instance name. If it is right, a firewall or proxy on the way turns the portal away."
        ),
    ),
    "connection_lost": (
        _("The connection broke off in the middle"),
        _(
            "It is tried again by itself. If this lasts, look for a proxy or firewall that cuts connections."
        ),
    ),
    "unknown_host": (
        _("There is no instance of this name"),
        _(
            "Check the spelling of the instance name. If it is right, check the portal server's name resolution (DNS)."
        ),
    ),
    "proxy": (
        _("The proxy on the way did not let the portal through"),
        _(
            "Check the proxy address (HTTPS_PROXY) on the portal server and allow the instance there."
        ),
    ),
    "certificate": (
        _("The certificate of the instance is not trusted"),
        _(
            "If a proxy inspects traffic, give the portal its certificate (REQUESTS_CA_BUNDLE). Otherwise do not continue: somebody may be in between."
        ),
    ),
    "tls": (
        _("No secure connection could be made"),
        _(
            "It is tried again by itself. If this lasts, look for a proxy or firewall that interferes with HTTPS."
        ),
    ),
    "private_address": (
        _("The name leads into your own network"),
        _(
            "The portal calls public addresses only. Check the instance name and the name resolution (DNS) of the portal server."
        ),
    ),
    "invalid_url": (
        _("The address of the instance cannot be used"),
        _("Enter the instance name again on the set-up page."),
    ),
    "too_large": (
        _("The answer was too large"),
        _(
            "Ask your ServiceNow administrator whether something on the instance adds large texts to every record."
        ),
    ),
}

# The instance is there, but does not work now.
INSTANCE: Texts = {
    "hibernating": (
        _("The instance is asleep"),
        _(
            "Developer instances hibernate when nobody uses them. Sign in at developer.servicenow.com and wake it up; waiting tickets are then sent by themselves."
        ),
    ),
    "sign_in_page": (
        _("A sign-in page came instead of data"),
        _(
            "Single sign-on or a proxy answers in place of ServiceNow's API. Ask your ServiceNow administrator to exempt /api/now/ and /oauth_token.do from it."
        ),
    ),
    "maintenance": (
        _("The instance is under maintenance or overloaded"),
        _(
            "It is tried again by itself. Your ServiceNow administrator can see planned work in Now Support."
        ),
    ),
    "unexpected_answer": (
        _("The answer was not one of ServiceNow's API"),
        _(
            "Check that the instance name leads to your ServiceNow instance, and that no proxy answers in its place."
        ),
    ),
    "incomplete_answer": (
        _("The instance broke off its answer"),
        _(
            "It ran out of time. It is tried again by itself; if it stays, ask your ServiceNow administrator to look at slow queries (System Diagnostics > Stats)."
        ),
    ),
    "dropped": (
        _("The instance dropped the request"),
        _("It was overloaded. It is tried again by itself."),
    ),
    "rate_limited": (
        _("The instance allows no more requests for now"),
        _(
            "It is tried again when the instance allows it. To allow more: System Web Services > REST > Rate Limit Rules."
        ),
    ),
    "server_error": (
        _("The instance failed inside"),
        _(
            "It is tried again by itself. The details are in the instance's System Logs > System Log > Errors."
        ),
    ),
    "bad_gateway": (
        _("The instance is gone or overloaded"),
        _(
            "Developer instances are taken back after days without use: look at developer.servicenow.com. Otherwise it is tried again by itself."
        ),
    ),
    "transaction_cancelled": (
        _("The instance took longer than it allows itself"),
        _(
            "It is tried again by itself, after looking whether the ticket is there already. If it stays, ask your ServiceNow administrator about slow business rules."
        ),
    ),
}
