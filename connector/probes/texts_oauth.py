"""What the probes of the OAuth entity and its tokens say."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from connector.probes.texts import Copy, Text, add

_BY_HAND = (
    _(
        "Open **System OAuth > Application Registry** and look for the entity by the name given to it. (From Zurich on: **Machine Identity Console > Inbound integrations**.)"
    ),
    _("It must be active, and its Client ID must be:"),
    Copy(_("Client ID"), "%(client_id)s"),
)
_NOT_NEEDED = Text(_("Not needed with this way to sign in."))
_AUTHORIZE = _(
    "Select **Authorize** here and sign in to ServiceNow as the integration user."
)
_NEW_REDIRECT = (
    _(
        "Open **System OAuth > Application Registry**, open the entity and enter this as Redirect URL (a second one goes behind a comma):"
    ),
    Copy(_("Redirect URL"), "%(wanted)s"),
    _("Select **Update**, then **Authorize** here."),
)
_CROSS_SCOPE = (
    _("Open **System Definition > Tables**, look for this name and open the table:"),
    Copy(_("Name"), "oauth_entity"),
    _("Set the table back to its default, in **Application Access**:"),
    Copy(_("Label"), "Application Registeries"),
    Copy(_("Accessible from"), "All application scopes"),
    Copy(_("Can read"), "selected"),
    _("Select **Update** and go on with step 1 of the installation checklist."),
)
_CLIENT = (
    _(
        "Open **System Properties > All Properties** (sys_properties.list) and look for:"
    ),
    Copy(_("System property"), "%(property)s"),
    _("Its value must be **true** (from Washington DC on)."),
    _(
        "Open **System OAuth > Application Registry**, open the entity: it must be active, and its **OAuth Application User** must be %(named)s, who is active and not locked out."
    ),
    _(
        "Compare Client ID and Client Secret with the set-up page here; enter the secret once more if in doubt."
    ),
)

add(
    {
        ("token", "yes"): Text(_("Yes.")),
        ("token", "not_authorized"): Text(
            _("Nobody has authorized the portal yet."),
            (_AUTHORIZE,),
            "security",
            "authorize",
        ),
        ("token", "scope"): Text(
            _("The entity may not use the Table API."),
            (
                _(
                    "Open **System OAuth > Application Registry**, open the entity and add to its **Auth Scopes**:"
                ),
                Copy(_("Auth scope"), "useraccount"),
                _(
                    "Or the scope that is linked to the Table API (**REST API Auth Scope**)."
                ),
            ),
        ),
        ("token", "api_acl"): Text(
            _("The integration user may not use the REST API."),
            (
                _(
                    "Open **User Administration > Users**, open the integration user and add this role in **Roles > Edit**:"
                ),
                Copy(_("Role"), "snc_platform_rest_api_access"),
            ),
        ),
        ("entity", "readable"): Text(_("Yes: “%(name)s”, active.")),
        ("entity", "answers"): Text(
            _(
                "Yes: the token endpoint accepts the client ID and secret. Its name cannot be read with these rights."
            )
        ),
        ("entity", "not_needed"): _NOT_NEEDED,
        ("entity", "inactive"): Text(
            _("It is there (“%(name)s”), but not active."),
            (
                _("Open **System OAuth > Application Registry** and open “%(name)s”."),
                _("Set **Active** and select **Update**."),
            ),
        ),
        ("entity", "missing"): Text(
            _("No: the instance knows no entity with this client ID."),
            (
                *_BY_HAND,
                _(
                    "Is there none? Create one as the installation checklist on the set-up page says. Is it another one? Correct the client ID here on the set-up page."
                ),
            ),
            action="setup",
        ),
        ("entity", "hidden"): Text(
            _(
                "Cannot be told: the table of the entities does not show with these rights, which is usual."
            ),
            _BY_HAND,
        ),
        ("entity", "client_rejected"): Text(
            _("The instance gives no token for this client ID and secret."),
            (*_BY_HAND, *_CLIENT[3:]),
            action="setup",
        ),
        ("redirect", "same"): Text(_("Yes: %(wanted)s.")),
        ("redirect", "came_back"): Text(
            _("Yes: the authorization of %(date)s came back to %(wanted)s.")
        ),
        ("redirect", "not_needed"): _NOT_NEEDED,
        ("redirect", "other"): Text(
            _("No: it sends people to %(found)s, without a word of warning."),
            _NEW_REDIRECT,
        ),
        ("redirect", "hidden"): Text(
            _(
                "Cannot be told before the first authorization. ServiceNow sends people silently to the first address of the entity."
            ),
            _NEW_REDIRECT,
        ),
        ("grants", "not_needed"): _NOT_NEEDED,
        ("grants", "renews"): Text(
            _("Yes: authorization code, and it is renewed by refresh token.")
        ),
        ("grants", "gives"): Text(_("Yes: client credentials.")),
        ("grants", "public_client"): Text(
            _("“%(name)s” is a public client: it is given no refresh token."),
            (
                _("Open **System OAuth > Application Registry** and open “%(name)s”."),
                _(
                    "Clear **Public Client**, set a **Client Secret**, select **Update**."
                ),
                _("Enter the secret on the set-up page and select **Authorize**."),
            ),
            action="setup",
        ),
        ("grants", "not_authorized"): Text(
            _("Cannot be told before the first authorization.")
        ),
        ("grants", "refused"): Text(
            _("The instance renews nothing; it never says why."),
            (
                _AUTHORIZE,
                _(
                    "If that fails too, open **System OAuth > Application Registry**: was the client secret changed, or the entity switched off? Enter the secret once more on the set-up page."
                ),
                _(
                    "Open **User Administration > Users**: is the integration user active, not locked out, and without the role snc_read_only?"
                ),
            ),
            "security",
            "authorize",
        ),
        ("grants", "switched_off"): Text(
            _("No: client credentials are switched off on the instance."),
            _CLIENT[:3],
        ),
        ("grants", "client_refused"): Text(
            _("No token for client credentials; the instance never says why."),
            _CLIENT,
            action="setup",
        ),
        ("cross_scope", "open"): Text(_("Yes.")),
        ("cross_scope", "hidden"): Text(
            _(
                "Cannot be told with these rights. It matters for step 1 of the installation checklist only."
            )
        ),
        ("cross_scope", "restricted"): Text(
            _(
                "No: the table was customised (accessible from: %(access)s, can read: %(read)s). Step 1 of the installation checklist fails."
            ),
            _CROSS_SCOPE,
        ),
        ("cross_scope", "refused"): Text(
            _(
                "No: the table's cross-scope access policy refuses it. The connector app takes for granted that any administrator may create and read OAuth entities."
            ),
            _CROSS_SCOPE,
        ),
        ("lifetime", "long"): Text(
            _(
                "%(days)s days, until %(date)s. Until then access tokens are renewed automatically."
            )
        ),
        ("lifetime", "ends_soon"): Text(
            _("%(days)s days, until %(date)s."),
            (_("Select **Authorize** before it ends, so that tickets keep moving."),),
            action="authorize",
        ),
        ("lifetime", "asked_anew"): Text(
            _("Without an end: each new token is asked for with the client secret.")
        ),
        ("lifetime", "password"): Text(
            _(
                "As long as the instance accepts the password. New instances refuse Basic authentication."
            ),
            (
                _(
                    "Choose authorization code or client credentials on the set-up page as soon as you can."
                ),
            ),
            action="setup",
        ),
        ("lifetime", "not_renewable"): Text(
            _("Only until the access token ends: the instance gave no refresh token."),
            (
                _(
                    "Open **System OAuth > Application Registry** and make the entity a confidential client with a client secret."
                ),
                _("Then select **Authorize** here."),
            ),
            "servicenow",
            "authorize",
        ),
        ("lifetime", "short_refresh"): Text(
            _(
                "A new authorization lasts %(refresh_days)s days only; then somebody must authorize again."
            ),
            (
                _(
                    "Open **System OAuth > Application Registry**, open the entity and set **Refresh Token Lifespan** to ServiceNow's default (100 days):"
                ),
                Copy(_("Refresh Token Lifespan (seconds)"), "8640000"),
            ),
            "servicenow",
        ),
        ("lifetime", "short_access"): Text(
            _(
                "Access tokens last %(access)s seconds only: they are renewed all the time."
            ),
            (
                _(
                    "Open **System OAuth > Application Registry**, open the entity and set **Access Token Lifespan** to ServiceNow's default:"
                ),
                Copy(_("Access Token Lifespan (seconds)"), "1800"),
            ),
            "servicenow",
        ),
        ("basic", "no_matter"): Text(
            _("No: the portal signs in by OAuth, which it does not concern.")
        ),
        ("basic", "let_in"): Text(
            _("Not now; but new and upgraded instances begin to refuse passwords."),
            (
                _(
                    "Choose authorization code or client credentials on the set-up page as soon as you can."
                ),
            ),
            "security",
            "setup",
        ),
        ("basic", "basic_rejected"): Text(
            _(
                "The instance refuses the user name and password, and says the same for a wrong password as for a restriction."
            ),
            (
                _(
                    "Better: choose authorization code or client credentials on the set-up page."
                ),
                _(
                    "Or check the password on the set-up page, and in **User Administration > Users** that %(named)s is active, not locked out and need not reset the password."
                ),
                _("Is this property true? Then passwords are restricted:"),
                Copy(
                    _("System property"),
                    "glide.authenticate.basic_auth.restriction.active",
                ),
                _("Give %(named)s the role that is let in all the same:"),
                Copy(_("Role"), "snc_basic_auth_api_access"),
            ),
            action="setup",
        ),
        ("basic", "basic_needs_code"): Text(
            _("The instance asks for a second factor besides the password."),
            (
                _(
                    "Better: choose authorization code or client credentials on the set-up page."
                ),
                _(
                    "Or exempt %(named)s in **Multi-factor Authentication > Multi-factor Criteria**."
                ),
            ),
            action="setup",
        ),
    }
)
