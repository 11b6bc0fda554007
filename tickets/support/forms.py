"""The forms of the support integration: answers, settings, notes, accounts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from tickets.forms import refuse_control_characters
from tickets.support.models import SupportIntegration, SupportUser

if TYPE_CHECKING:
    from connector.models import Tenant
    from tickets.support.models import Repository

    _ModelForm = forms.ModelForm[SupportIntegration]
else:
    _ModelForm = forms.ModelForm

_GUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_DOMAIN = r"([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z]{2,63}"
guid = RegexValidator(
    re.compile(rf"^{_GUID}\Z"),
    _(
        "Enter an application (client) ID, such as 00000000-1111-2222-3333-444444444444."
    ),
)
_directory = RegexValidator(
    re.compile(rf"^({_GUID}|{_DOMAIN})\Z"),
    _("Enter the directory (tenant) ID or a domain of it, such as contoso.com."),
)
PLAIN = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}
SECRET = {**PLAIN, "autocomplete": "new-password"}
OPEN_REQUESTS = "tickets.manage_servicerequest"
_YES_NO = [("yes", _("Yes")), ("no", _("No"))]
_ANSWERS = {"yes": True, "no": False}


class DecisionForm(forms.Form):
    """The two questions."""

    basic_auth = forms.TypedChoiceField(
        label=_(
            "Does your ServiceNow environment allow basic authentication for inbound web-service calls?"
        ),
        help_text=_("That is access with a ServiceNow user's name and password."),
        choices=_YES_NO,
        coerce=_ANSWERS.__getitem__,
        widget=forms.RadioSelect,
        error_messages={"required": _("Say whether basic authentication is allowed.")},
    )
    single_tenant = forms.TypedChoiceField(
        label=_(
            "Is one single Microsoft 365 tenant to be integrated with this ServiceNow environment?"
        ),
        help_text=_("Of possibly several tenants that you have."),
        choices=_YES_NO,
        coerce=_ANSWERS.__getitem__,
        widget=forms.RadioSelect,
        error_messages={"required": _("Say whether it is one single tenant.")},
    )

    def __init__(self, data: Any = None, *, integration: SupportIntegration) -> None:
        words = {True: "yes", False: "no", None: None}
        initial = {
            "basic_auth": words[integration.basic_auth_allowed],
            "single_tenant": words[integration.single_tenant],
        }
        super().__init__(data, initial=initial)


class SettingsForm(_ModelForm):
    """Basic information and application settings; only what was changed is stored.

    The form carries what it showed, so that two people do not undo each other.
    """

    outbound_secret = forms.CharField(
        label=_("Client secret of the outbound application"),
        help_text=_(
            "Only to check that Microsoft Entra gives it a token. It is stored encrypted and never shown."
        ),
        max_length=500,
        required=False,
        widget=forms.PasswordInput(attrs=SECRET),
    )
    forget_secret = forms.BooleanField(
        label=_("Forget the stored client secret"), required=False
    )

    class Meta:
        model = SupportIntegration
        fields = (
            *("internal_support_tool", "outbound_app_id", "outbound_secret"),
            *("forget_secret", "directory_id", "admin_email", "has_sso", "is_test"),
            "note_automatically",
        )
        help_texts = {
            "outbound_app_id": _(
                "The application (client) ID of the application for outbound calls. ServiceNow calls the portal with its tokens."
            ),
            "directory_id": _(
                "Of the Microsoft 365 tenant, as in the Microsoft Entra admin center; a domain such as contoso.com will do. Addresses in the guide are made with it."
            ),
            "admin_email": _("The contact for support cases."),
            "has_sso": _(
                "The instance is set up for single sign-on with this Microsoft 365 tenant."
            ),
            "note_automatically": _(
                "Tickets that seem to be about a service health issue get a note of each of Microsoft's updates. Switched off: only those somebody confirmed."
            ),
            "is_test": _(
                "While testing: nobody is contacted, and every page of the integration says so."
            ),
        }

    def __init__(self, data: Any = None, *, integration: SupportIntegration) -> None:
        super().__init__(data, instance=integration, initial={"outbound_secret": ""})
        known = integration.tenant.microsoft_tenant_id
        if not integration.directory_id and known:
            self.initial["directory_id"] = known
        for name in ("outbound_app_id", "directory_id", "admin_email"):
            self.fields[name].widget.attrs.update(PLAIN)
            # Not needed to save, but for the set-up: a check says what is missing.
            self.fields[name].is_conditional = True  # type: ignore[attr-defined]
        self.fields["outbound_app_id"].validators.append(guid)
        self.fields["directory_id"].validators.append(_directory)
        for name in self._meta.fields or ():
            if name not in {"outbound_secret", "forget_secret"}:
                self.fields[name].show_hidden_initial = True
        if integration.outbound_secret:
            self.fields["outbound_secret"].help_text = _(
                "A secret is stored. Leave this empty to keep it."
            )
        else:
            del self.fields["forget_secret"]

    def clean_outbound_app_id(self) -> str:
        return str(self.cleaned_data["outbound_app_id"]).lower()

    def changes(self) -> dict[str, Any]:
        """Return what was changed since the form was shown."""
        values = {name: self.cleaned_data[name] for name in self.changed_data}
        if values.pop("forget_secret", False):
            values["outbound_secret"] = ""
        elif not values.get("outbound_secret"):
            values.pop("outbound_secret", None)
        return values


class NoteForm(forms.Form):
    """A note on a step, and the one that was seen when it was written."""

    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=500,
        validators=[refuse_control_characters],
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput, strip=False)


class AccountForm(forms.Form):
    """Which Microsoft 365 admin account a user of an instance has."""

    repository: forms.ModelChoiceField[Repository] = forms.ModelChoiceField(
        label=_("ServiceNow instance"),
        queryset=None,
        empty_label=None,
        error_messages={"required": _("Choose an instance.")},
    )
    user_name = forms.CharField(
        label=_("ServiceNow user"),
        help_text=_("The User ID, as in User Administration > Users."),
        max_length=100,
        validators=[refuse_control_characters],
        widget=forms.TextInput(attrs=PLAIN),
        error_messages={"required": _("Enter the User ID.")},
    )
    email = forms.EmailField(
        label=_("Microsoft 365 admin email"),
        max_length=254,
        help_text=_("Where it differs from the ServiceNow account."),
        widget=forms.EmailInput(attrs=PLAIN),
        error_messages={"required": _("Enter the e-mail of the admin account.")},
    )

    def __init__(self, data: Any = None, *, repositories: Any, **more: Any) -> None:
        super().__init__(data, **more)
        self.fields["repository"].queryset = repositories  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any] | None:
        """Accept administrators of the app, and users whose role nobody could read."""
        values = super().clean() or {}
        repository, user_name = values.get("repository"), values.get("user_name")
        if repository and user_name and _is_known_without(repository, user_name):
            message = _(
                "%(user)s does not have the role x_mioms_m365_assis.administrator, which this is for."
            )
            error = ValidationError(message, code="no_role", params={"user": user_name})
            self.add_error("user_name", error)
        return values


class PersonForm(forms.Form):
    """Which Microsoft 365 admin account somebody of the portal has."""

    user: forms.ModelChoiceField[User] = forms.ModelChoiceField(
        label=_("Person"),
        queryset=None,
        help_text=_("Who may open service requests in the portal."),
        error_messages={"required": _("Choose a person.")},
    )
    email = forms.EmailField(
        label=_("Microsoft 365 admin email"),
        max_length=254,
        widget=forms.EmailInput(attrs=PLAIN),
        error_messages={"required": _("Enter the e-mail of the admin account.")},
    )

    def __init__(self, data: Any = None, *, tenant: Tenant) -> None:
        super().__init__(data, auto_id="id_person_%s")
        members = User.objects.filter(tenants=tenant, is_active=True)
        able = [one.pk for one in members if one.has_perm(OPEN_REQUESTS)]
        people = members.filter(pk__in=able).order_by("username")
        self.fields["user"].queryset = people  # type: ignore[attr-defined]


def _is_known_without(repository: Repository, user_name: str) -> bool:
    """Say whether the roles are known and this user is no administrator."""
    users = SupportUser.objects.filter(repository=repository)
    if not users.exclude(role="").exists():
        return False
    return not users.administrators().filter(user_name=user_name).exists()
