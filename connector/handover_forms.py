"""Forms of the hand-over link: making it, and what is entered by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from connector import handover
from connector.forms import ADDRESS_ERRORS, origin_of
from connector.models import Connection

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from connector.models import Tenant

AuthType = Connection.AuthType
_PLAIN = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}


def _days(count: int) -> str | _StrPromise:
    return ngettext_lazy("%(count)d day", "%(count)d days", count) % {"count": count}


class HandOverForm(forms.Form):
    """What must be settled before a link is made: instance, user, and how long."""

    instance = forms.CharField(
        label=_("Instance name"),
        max_length=500,
        widget=forms.TextInput(attrs=_PLAIN),
        error_messages={"required": ADDRESS_ERRORS["empty"]},
    )
    integration_user = forms.CharField(
        label=_("Integration user"),
        help_text=_("The user ID the administrator is asked to create."),
        max_length=100,
        widget=forms.TextInput(attrs=_PLAIN),
        initial="m365.integration",
        error_messages={"required": _("Enter the user ID of the integration user.")},
    )
    auth_type = forms.ChoiceField(
        label=_("How the portal signs in"),
        choices=[
            (AuthType.AUTHORIZATION_CODE, _("Authorization code (recommended)")),
            (AuthType.CLIENT_CREDENTIALS, _("Client credentials")),
        ],
        initial=AuthType.AUTHORIZATION_CODE,
        widget=forms.RadioSelect,
    )
    days = forms.TypedChoiceField(
        label=_("The link works for"),
        choices=[(days, _days(days)) for days in handover.LIFETIMES],
        initial=handover.DEFAULT_LIFETIME,
        coerce=int,
        widget=forms.RadioSelect,
    )

    def __init__(
        self, data: Any = None, *, tenant: Tenant, connection: Connection | None = None
    ) -> None:
        super().__init__(data, initial=_stored(connection))
        self._tenant = tenant

    def clean_instance(self) -> str:
        base_url = origin_of(self.cleaned_data["instance"])
        mine = Connection.objects.of_servicenow(self._tenant).filter(base_url=base_url)
        if mine.exclude(status=Connection.Status.DRAFT).exists():
            message = _("This instance was authorized already; nothing is handed over.")
            raise forms.ValidationError(message, code="taken")
        return base_url


def _stored(connection: Connection | None) -> dict[str, str]:
    if connection is None:
        return {}
    initial = {"instance": connection.host}
    if connection.integration_user:
        initial["integration_user"] = connection.integration_user
    if connection.needs_consent or connection.has_password:
        return initial
    return initial | {"auth_type": connection.auth_type}


class CredentialsForm(forms.Form):
    """Client ID and secret of the OAuth entity, entered by whoever made it."""

    client_id = forms.CharField(
        label=_("Client ID"),
        max_length=255,
        widget=forms.TextInput(attrs=_PLAIN),
        error_messages={"required": _("Enter the client ID.")},
    )
    client_secret = forms.CharField(
        label=_("Client secret"),
        help_text=_("It is stored encrypted and never shown, not even here."),
        max_length=500,
        widget=forms.PasswordInput(attrs={**_PLAIN, "autocomplete": "new-password"}),
        error_messages={"required": _("Enter the client secret.")},
    )
