"""Forms of the connection: what the admin brings back from ServiceNow, and removal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from connector import addresses

if TYPE_CHECKING:
    from connector.models import Connection

_ADDRESS_ERRORS = {
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


class ConnectionForm(forms.Form):
    """The four values the portal needs; the secret is never shown again."""

    _plain = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}

    instance = forms.CharField(
        label=_("Instance name"),
        help_text=_(
            "For example acme, acme.service-now.com, or any address copied from it."
        ),
        max_length=500,
        widget=forms.TextInput(attrs=_plain),
        error_messages={"required": _ADDRESS_ERRORS["empty"]},
    )
    client_id = forms.CharField(
        label=_("Client ID"),
        help_text=_("From the entity in System OAuth > Application Registry."),
        max_length=255,
        widget=forms.TextInput(attrs=_plain),
        error_messages={"required": _("Enter the client ID.")},
    )
    client_secret = forms.CharField(
        label=_("Client secret"),
        help_text=_("From the same entity. It is stored encrypted and never shown."),
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

    def __init__(
        self, data: Any = None, *, connection: Connection | None = None
    ) -> None:
        super().__init__(data, initial=_stored_values(connection))
        self._connection = connection
        if connection and connection.client_secret:
            self.fields["client_secret"].help_text = _(
                "A secret is stored. Leave this empty to keep it."
            )
        else:
            # Marks the field; clean() says what is missing.
            self.fields["client_secret"].required = True
            self.fields["client_secret"].error_messages["required"] = _(
                "Enter the client secret."
            )

    def clean_instance(self) -> str:
        try:
            base_url = addresses.normalise(self.cleaned_data["instance"])
        except addresses.AddressError as error:
            raise forms.ValidationError(
                _ADDRESS_ERRORS[error.code], code=error.code
            ) from error
        if self._is_in_use() and base_url != self._stored("base_url"):
            message = _(
                "%(host)s is connected and has a history here. Remove this connection before you connect another instance."
            )
            raise forms.ValidationError(
                message, code="in_use", params={"host": str(self._connection)}
            )
        return base_url

    def clean(self) -> dict[str, Any] | None:
        """Demand the secret again when it would go to another instance."""
        values = super().clean() or {}
        base_url = values.get("instance")
        moves = base_url and base_url != self._stored("base_url")
        is_missing = not values.get("client_secret")
        if moves and is_missing and "client_secret" not in self.errors:
            self.add_error("client_secret", _("Enter the client secret."))
        return values

    def _is_in_use(self) -> bool:
        return bool(self._connection and self._connection.authorized_at)

    def _stored(self, name: str) -> str:
        return str(getattr(self._connection, name, ""))


def _stored_values(connection: Connection | None) -> dict[str, str]:
    if connection is None:
        return {}
    return {
        "instance": connection.host,
        "client_id": connection.client_id,
        "integration_user": connection.integration_user,
    }


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
