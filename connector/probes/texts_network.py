"""What the probes of the way to the instance say."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from connector.probes.texts import Copy, Text, add

_PROXY = Text(_("Cannot be told from here: the proxy %(proxy)s is on the way."))

add(
    {
        ("dns", "found"): Text(_("Yes: %(host)s is %(addresses)s.")),
        ("dns", "sandbox"): Text(_("Yes: %(host)s is this machine, the sandbox.")),
        ("dns", "through_proxy"): _PROXY,
        ("dns", "unknown_host"): Text(
            _("No: no address is known for %(host)s."),
            (
                _(
                    "Compare the name with the address bar of a browser in which the instance is open, and correct it on the set-up page."
                ),
                _(
                    "Is it right? Then check the name resolution (DNS) of the portal server with this command:"
                ),
                Copy(_("Command"), "nslookup %(host)s"),
            ),
            "security",
            "setup",
        ),
        ("dns", "private_address"): Text(
            _("It leads into your own network: %(inside)s."),
            (
                _(
                    "The portal calls public addresses only. Correct the entry of %(host)s in the name resolution (DNS, hosts file) of the portal server."
                ),
                _(
                    "If the instance can only be reached through a proxy, set **HTTPS_PROXY** for the portal and restart it."
                ),
            ),
        ),
        ("tls", "trusted"): Text(
            _(
                "Yes: the certificate of %(subject)s by %(issuer)s, for %(days)s more days (until %(date)s)."
            )
        ),
        ("tls", "plain_sandbox"): Text(_("Not encrypted: sandbox.")),
        ("tls", "through_proxy"): _PROXY,
        ("tls", "ends_soon"): Text(
            _(
                "Yes, but the certificate of %(subject)s by %(issuer)s ends in %(days)s days (on %(date)s)."
            ),
            (
                _(
                    "For a service-now.com name ServiceNow renews it by itself. For a custom URL renew it in **Custom URL > Certificates** on the instance."
                ),
                _(
                    "Does a proxy inspect the traffic (compare the issuer)? Then renew the proxy's certificate."
                ),
            ),
            "servicenow",
        ),
        ("tls", "certificate"): Text(
            _("The certificate of %(host)s is not trusted."),
            (
                _(
                    "Does a proxy inspect the traffic? Add its authority to a copy of the public ones, and name that file to the portal:"
                ),
                Copy(_("Variable"), "REQUESTS_CA_BUNDLE"),
                _(
                    "Otherwise do not go on: the certificate has ended, or somebody is in between. Show the words above to your network administrators."
                ),
            ),
        ),
        ("tls", "connection_refused"): Text(
            _("Nobody answers at %(host)s on port 443."),
            (
                _(
                    "Let HTTPS (port 443) from the portal server to the instance pass the firewall."
                ),
                _("Is the name right? Compare it with the set-up page."),
            ),
        ),
        ("tls", "connect_timeout"): Text(
            _("%(host)s does not answer on port 443."),
            (
                _(
                    "Let HTTPS (port 443) from the portal server to the instance pass the firewall."
                ),
                _(
                    "If there is a proxy, set **HTTPS_PROXY** for the portal and restart it."
                ),
            ),
        ),
        ("awake", "yes"): Text(_("Yes: %(host)s answers.")),
        ("awake", "hibernating"): Text(
            _("The instance is asleep."),
            (
                _(
                    "Sign in at developer.servicenow.com with the account the instance belongs to."
                ),
                _("Select **Wake instance** and wait a minute or two."),
                _("Waiting tickets are then sent by themselves."),
            ),
        ),
        ("awake", "bad_gateway"): Text(
            _("The instance is gone or overloaded."),
            (
                _(
                    "A developer instance is taken back after ten days without use: look at developer.servicenow.com, **Manage instance**."
                ),
                _(
                    "Any other: look at **Now Support > Instances** for an outage. It is tried again by itself."
                ),
            ),
        ),
        ("awake", "maintenance"): Text(
            _("The instance is under maintenance or overloaded."),
            (
                _(
                    "Look at **Now Support > Changes** for planned work. It is tried again by itself."
                ),
            ),
        ),
        ("awake", "sign_in_page"): Text(
            _("A sign-in page came instead of data."),
            (
                _(
                    "Single sign-on or a proxy answers in place of ServiceNow's API. Exempt these addresses from it:"
                ),
                Copy(_("Table API"), "/api/now/"),
                Copy(_("Token endpoint"), "/oauth_token.do"),
            ),
        ),
        ("address", "let_in"): Text(_("Yes.")),
        ("address", "ip_restricted"): Text(
            _("No: the instance saw %(address)s and turned it away."),
            (
                _(
                    "Open **System Security > IP Address Access Control** and select **New**."
                ),
                _("Set Type to **Allow** and both ends of the range to:"),
                Copy(_("Address the instance saw"), "%(address)s"),
                _(
                    "Does the portal leave by several addresses? Allow all of them; whoever runs the portal knows them."
                ),
            ),
        ),
        ("single_sign_on", "own_page"): Text(
            _("Yes: the instance shows its own sign-in page.")
        ),
        ("single_sign_on", "not_needed"): Text(
            _("Nobody has to: the portal signs in by itself.")
        ),
        ("single_sign_on", "passed"): Text(
            _(
                "Single sign-on (%(host)s) is in between, but the authorization went past it. Next time again: %(side_door)s."
            )
        ),
        ("single_sign_on", "page_refused"): Text(
            _("Cannot be told: the page that asks for permission was refused."),
            (
                _("See what is said about the OAuth entity below."),
                _("Open the set-up page and select **Authorize** to see it yourself."),
            ),
        ),
        ("single_sign_on", "elsewhere"): Text(
            _("Single sign-on is in between: the page leads to %(host)s."),
            (
                _(
                    "Either sign in to ServiceNow as the integration user %(named)s: in a private window open the address below, which leads past single sign-on, sign in, then select **Authorize** here in the same window, and **Allow** there."
                ),
                Copy(_("Sign-in of the instance"), "%(side_door)s"),
                _(
                    "Or create in your directory (Microsoft Entra admin center, **Users > New user**) a user with the security admin role and the same name and e-mail address as the integration user; sign in to the security center as this user and follow the set-up. The role may be removed afterwards."
                ),
                _(
                    "Does ServiceNow show your own name? Select **Not You**, at the top right, and sign in as the integration user."
                ),
            ),
            "entra",
        ),
    }
)
