"""Forms of the connection: what the admin brings back from ServiceNow, and removal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from connector import addresses
from connector.models import Connection

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from connector.models import Tenant

ADDRESS_ERRORS = {
    "empty": _("Enter the instance name."),
    "too_long": _("This is too long for an instance name."),
    "spaces": _("An instance name has no spaces. Copy the address from ServiceNow."),
    "not_https": _("Only https:// addresses can be connected."),
    "credentials": _("Leave user name and password out of the address."),
    "ip": _("Enter the instance's name, not an IP address or this computer."),
    "port": _("Leave the port out: ServiceNow answers on 443."),
    "characters": _("This is not an instance name. Copy the address from ServiceNow."),
    "foreign": _(
        "This is not a ServiceNow host. It ends in .service-now.com; a custom domain must be allowed by whoever runs the portal (SERVICENOW_EXTRA_HOSTS)."
    ),
}


AuthType = Connection.AuthType


_AUTH_TYPES = [
    (AuthType.AUTHORIZATION_CODE, _("Authorization code (recommended)")),
    (AuthType.CLIENT_CREDENTIALS, _("Client credentials")),
    (AuthType.BASIC, _("Basic (not recommended; refused by new instances)")),
]
_NEEDS: dict[str, _StrPromise] = {
    AuthType.AUTHORIZATION_CODE: _(
        "Needs a client ID, a client secret, and somebody who signs in to ServiceNow once as the integration user, and again every 100 days."
    ),
    AuthType.CLIENT_CREDENTIALS: _(
        "Needs a client ID, a client secret, and the integration user as the entity's OAuth Application User. Nobody signs in. From Washington DC on, and only where an administrator switched it on."
    ),
    AuthType.BASIC: _(
        "Needs the integration user's password, and on restricted instances its role snc_basic_auth_api_access. The password travels with every request."
    ),
}
_NEEDED: dict[str, tuple[str, ...]] = {
    AuthType.AUTHORIZATION_CODE: ("client_id", "client_secret"),
    AuthType.CLIENT_CREDENTIALS: ("client_id", "client_secret"),
    AuthType.BASIC: ("password",),
}
_MISSING = {
    "client_id": _("Enter the client ID."),
    "client_secret": _("Enter the client secret."),
    "password": _("Enter the password of the integration user."),
}


def origin_of(text: str) -> str:
    """Return the origin meant by what was typed; raises ValidationError saying why not."""
    try:
        return addresses.normalise(text)
    except addresses.AddressError as error:
        message = ADDRESS_ERRORS[error.code]
        raise forms.ValidationError(message, code=error.code) from error


class ExplainedRadios(forms.RadioSelect):
    """Ways to sign in, each with what it needs below its name."""

    option_template_name = "connector/_auth_type.html"

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(*args, **kwargs)
        option["needs"] = _NEEDS[str(option["value"])]
        option["attrs"]["aria-describedby"] = f"{option['attrs']['id']}_needs"
        return option


class ConnectionForm(forms.Form):
    """What the portal needs for each way to sign in; secrets are never shown again."""

    _plain = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}

    instance = forms.CharField(
        label=_("Instance name"),
        help_text=_(
            "For example acme, acme.service-now.com, or any address copied from it."
        ),
        max_length=500,
        widget=forms.TextInput(attrs=_plain),
        error_messages={"required": ADDRESS_ERRORS["empty"]},
    )
    auth_type = forms.ChoiceField(
        label=_("How the portal signs in"),
        choices=_AUTH_TYPES,
        required=False,
        widget=ExplainedRadios,
    )
    client_id = forms.CharField(
        label=_("Client ID"),
        help_text=_(
            "From the entity in System OAuth > Application Registry. Not for Basic."
        ),
        max_length=255,
        required=False,
        widget=forms.TextInput(attrs=_plain),
    )
    client_secret = forms.CharField(
        label=_("Client secret"),
        help_text=_(
            "From the same entity. It is stored encrypted and never shown. Not for Basic."
        ),
        max_length=500,
        required=False,
        widget=forms.PasswordInput(attrs={**_plain, "autocomplete": "new-password"}),
    )
    integration_user = forms.CharField(
        label=_("Integration user"),
        help_text=_(
            "The user ID of the integration user, as in User Administration > Users."
        ),
        max_length=100,
        widget=forms.TextInput(attrs=_plain),
        error_messages={"required": _("Enter the user ID of the integration user.")},
    )
    password = forms.CharField(
        label=_("Password"),
        help_text=_(
            "Of the integration user, for Basic only. It is stored encrypted and never shown."
        ),
        max_length=500,
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={**_plain, "autocomplete": "new-password"}),
    )

    name = forms.CharField(
        label=_("Name"),
        help_text=_(
            "For example Production. People see it where several instances are connected."
        ),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    is_test = forms.BooleanField(
        label=_("This is a test instance"),
        help_text=_("Its tickets begin with [TEST], here and in ServiceNow."),
        required=False,
    )

    def __init__(
        self,
        data: Any = None,
        *,
        tenant: Tenant,
        connection: Connection | None = None,
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial=_stored_values(connection) | (initial or {}))
        self._connection = connection
        self._tenant = tenant
        for name in ("auth_type", *_MISSING):
            # Needed or not depends on the type; clean() says what is missing.
            self.fields[name].is_conditional = True  # type: ignore[attr-defined]
        if self._stored("client_secret"):
            self.fields["client_secret"].help_text = _(
                "A secret is stored. Leave this empty to keep it."
            )
        if self._stored("password"):
            self.fields["password"].help_text = _(
                "A password is stored. Leave this empty to keep it."
            )

    def clean_auth_type(self) -> str:
        return self.cleaned_data["auth_type"] or AuthType.AUTHORIZATION_CODE.value

    def clean_instance(self) -> str:
        base_url = origin_of(self.cleaned_data["instance"])
        if self._is_in_use() and base_url != self._stored("base_url"):
            message = _(
                "%(host)s is connected and has a history here. If the instance moved, select Re-provision; for another instance, add another connection."
            )
            raise forms.ValidationError(
                message, code="in_use", params={"host": self._host()}
            )
        self._refuse_taken(base_url)
        return base_url

    def _refuse_taken(self, base_url: str) -> None:
        """Accept an instance once; a draft of it is taken up again."""
        others = Connection.objects.of_servicenow(self._tenant)
        others = others.filter(base_url=base_url).exclude(status="draft", replaces=None)
        if self._connection:
            others = others.exclude(pk=self._connection.pk)
        if there := others.first():
            message = _(
                "%(host)s is connected already. Enter another instance, or open its connection to change it."
            )
            raise forms.ValidationError(
                message, code="taken", params={"host": there.host}
            )

    def clean(self) -> dict[str, Any] | None:
        """Demand what the type needs, and leave out what it does not."""
        values = super().clean() or {}
        needed = _NEEDED.get(values.get("auth_type", ""), ())
        for name, message in _MISSING.items():
            if name not in needed:
                values[name] = ""
            elif not self._has(name, values) and name not in self.errors:
                self.add_error(name, message)
        user_name = values.get("integration_user", "")
        if "password" in needed and ":" in user_name:
            message = _("Basic authentication cannot name a user with a colon.")
            self.add_error("integration_user", message)
        return values

    def _has(self, name: str, values: dict[str, Any]) -> bool:
        """Say whether a value was entered, or is stored for this very instance."""
        if values.get(name) or name == "client_id":
            return bool(values.get(name))
        moves = values.get("instance") not in {None, self._stored("base_url")}
        return bool(self._stored(name)) and not moves

    def _is_in_use(self) -> bool:
        return bool(self._connection and self._connection.authorized_at)

    def _host(self) -> str:
        return self._connection.host if self._connection else ""

    def _stored(self, name: str) -> str:
        return str(getattr(self._connection, name, ""))


def _stored_values(connection: Connection | None) -> dict[str, Any]:
    if connection is None:
        return {"auth_type": AuthType.AUTHORIZATION_CODE.value}
    return {
        "auth_type": connection.auth_type,
        "instance": connection.host,
        "client_id": connection.client_id,
        "integration_user": connection.integration_user,
        "name": connection.name,
        "is_test": connection.is_test,
    }


class LabelForm(forms.Form):
    """What people call a connection, and whether its tickets are tests."""

    name = forms.CharField(
        label=_("Name"),
        help_text=_("For example Production. Without one the host is shown."),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    is_test = forms.BooleanField(
        label=_("This is a test instance"),
        help_text=_(
            "New tickets begin with [TEST], here and in ServiceNow. Those that were sent keep their names."
        ),
        required=False,
    )


class RemovalForm(forms.Form):
    """The typed name of what is to be removed."""

    confirmation = forms.CharField(
        max_length=300,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, data: Any = None, *, connection: Connection) -> None:
        super().__init__(data)
        self._host = connection.host
        self.fields["confirmation"].label = _("Type %(host)s to confirm") % {
            "host": connection.host
        }
        self.fields["confirmation"].error_messages["required"] = self._mismatch()

    def clean_confirmation(self) -> str:
        typed: str = self.cleaned_data["confirmation"]
        accepted = {self._host, self._host.partition(".")[0]}
        if typed.strip().lower() not in accepted:
            raise forms.ValidationError(self._mismatch(), code="mismatch")
        return typed

    def _mismatch(self) -> str:
        return _("Type the instance name exactly as shown: %(host)s.") % {
            "host": self._host
        }
