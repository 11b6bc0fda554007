"""The form of the access to Microsoft Graph."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connector.models import GraphAccess

if TYPE_CHECKING:
    from connector.models import Tenant

Credential = GraphAccess.Credential
_PLAIN = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}
_LONGEST_PEM = 20_000


class SecretTextarea(forms.Textarea):
    """Several lines that are never sent back to the page."""

    def format_value(self, value: Any) -> str:  # noqa: ARG002 - of the base class
        return ""


class GraphAccessForm(forms.Form):
    """Directory, application, and a secret or a certificate; secrets never come back."""

    directory_id = forms.CharField(
        label=_("Directory (tenant) ID"),
        help_text=_("Entra ID > App registrations > your application > Overview."),
        max_length=60,
        widget=forms.TextInput(attrs=_PLAIN),
        error_messages={"required": _("Enter the directory (tenant) ID.")},
    )
    client_id = forms.CharField(
        label=_("Application (client) ID"),
        help_text=_("From the same page. Not the object ID."),
        max_length=60,
        widget=forms.TextInput(attrs=_PLAIN),
        error_messages={"required": _("Enter the application (client) ID.")},
    )
    credential = forms.ChoiceField(
        label=_("How the portal signs in"),
        choices=Credential.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a client secret or a certificate.")},
    )
    client_secret = forms.CharField(
        label=_("Client secret"),
        help_text=_(
            "The Value under Certificates & secrets > Client secrets, not the Secret ID."
        ),
        max_length=500,
        required=False,
        widget=forms.PasswordInput(attrs={**_PLAIN, "autocomplete": "new-password"}),
    )
    expires_on = forms.DateField(
        label=_("Secret expires on"),
        help_text=_("As the Entra admin center shows it: the portal reminds you."),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    certificate = forms.CharField(
        label=_("Certificate (PEM)"),
        help_text=_(
            "The public part, as uploaded under Certificates & secrets > Certificates."
        ),
        max_length=_LONGEST_PEM,
        required=False,
        widget=forms.Textarea(attrs={**_PLAIN, "rows": 4, "class": "mono"}),
    )
    private_key = forms.CharField(
        label=_("Private key (PEM, without password)"),
        help_text=_("It is stored encrypted and never shown."),
        max_length=_LONGEST_PEM,
        required=False,
        widget=SecretTextarea(attrs={**_PLAIN, "rows": 4, "class": "mono"}),
    )

    def __init__(
        self, data: Any = None, *, tenant: Tenant, access: GraphAccess
    ) -> None:
        super().__init__(data, initial=_stored_values(tenant, access))
        self._tenant, self._access = tenant, access
        for name in ("client_secret", "certificate", "private_key"):
            # Needed or not depends on the kind; clean() says what is missing.
            self.fields[name].is_conditional = True  # type: ignore[attr-defined]
        if access.client_secret:
            self.fields["client_secret"].help_text = _(
                "A secret is stored and unchanged. Leave this empty to keep it."
            )
        if access.private_key:
            kept = _("Stored and unchanged. Leave both empty to keep them.")
            self.fields["certificate"].help_text = kept
            self.fields["private_key"].help_text = kept

    def clean_directory_id(self) -> str:
        directory = _guid(self.cleaned_data["directory_id"])
        known = self._tenant.microsoft_tenant_id.lower()
        if known and directory != known:
            message = _(
                "The score kept here is of the directory %(known)s. Another directory is another organization."
            )
            raise forms.ValidationError(
                message, code="other_directory", params={"known": known}
            )
        return directory

    def clean_client_id(self) -> str:
        return _guid(self.cleaned_data["client_id"])

    def clean(self) -> dict[str, Any]:
        """Demand what the kind needs, and leave out what it does not."""
        values: dict[str, Any] = super().clean() or {}
        if values.get("credential") == Credential.CERTIFICATE:
            values |= {"client_secret": "", "expires_on": None}
            self._check_certificate(values)
        else:
            values |= {"certificate": "", "private_key": ""}
            self._check_secret(values)
        return values

    def _check_secret(self, values: dict[str, Any]) -> None:
        if "client_secret" in self.errors:
            return
        is_same = values.get("client_id") == self._access.client_id
        if not values.get("client_secret") and not (
            self._access.client_secret and is_same
        ):
            self.add_error("client_secret", _("Enter the client secret."))

    def _check_certificate(self, values: dict[str, Any]) -> None:
        given = values.get("certificate", ""), values.get("private_key", "")
        is_same = values.get("client_id") == self._access.client_id
        if not any(given) and self._access.private_key and is_same:
            return
        certificate = self._read("certificate", given[0], _load_certificate)
        key = self._read("private_key", given[1], _load_key)
        if certificate is None or key is None:
            return
        if certificate.not_valid_after_utc <= timezone.now():
            self.add_error("certificate", _("This certificate has expired."))
        if certificate.public_key() != key.public_key():
            message = _("This private key belongs to another certificate.")
            self.add_error("private_key", message)

    def _read(self, name: str, text: str, load: Any) -> Any:
        if name in self.errors:
            return None
        try:
            return load(text.encode())
        except (ValueError, TypeError):
            self.add_error(name, _NOT_READABLE[name])
            return None


_NOT_READABLE = {
    "certificate": _(
        "This is not a certificate in PEM format: it begins with -----BEGIN CERTIFICATE-----."
    ),
    "private_key": _(
        "This is not an RSA private key in PEM format without password: it begins with -----BEGIN PRIVATE KEY-----."
    ),
}


def _load_certificate(text: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificate(text)


def _load_key(text: bytes) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(text, password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        # Microsoft Entra ID takes RSA alone.
        raise TypeError(type(key).__name__)
    return key


def _guid(text: str) -> str:
    try:
        return str(uuid.UUID(text.strip()))
    except ValueError as error:
        message = _(
            "This is not an ID: it has 32 digits and letters, such as 5b1d0c52-7a3e-4c8f-9a64-2f0e6d93c1ab."
        )
        raise forms.ValidationError(message, code="guid") from error


def _stored_values(tenant: Tenant, access: GraphAccess) -> dict[str, Any]:
    return {
        "directory_id": access.directory_id or tenant.microsoft_tenant_id,
        "client_id": access.client_id,
        "credential": access.credential,
        "expires_on": None if access.thumbprint else access.expires_on,
    }
