"""The forms of a repository: an instance to begin with, and all that a set-up needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from connector.forms import origin_of
from connector.servicenow.query import Query, UnsafeValue
from tickets.forms import refuse_control_characters
from tickets.support.forms import PLAIN, SECRET, guid
from tickets.support.models import DEFAULT_EXPIRY, LONGEST_EXPIRY, Repository
from tickets.support.setups import AAD, BASIC, INSIGHTS

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from connector.models import Tenant
    from tickets.support.setups import Setup

# What the guide suggests where any value will do.
IGNORED = "ignored"
_SECRETS = ("client_secret", "rest_password")
_HINTS: dict[tuple[str, str], Any] = {
    ("basic", "client_id"): _(
        "Of the inbound provider in System OAuth > Application Registry."
    ),
    ("basic", "client_secret"): _("Of the same inbound provider."),
    ("basic", "rest_username"): _("The user ID of the integration user."),
    ("basic", "rest_password"): _("The password of the integration user."),
    ("aad", "client_id"): _("Of the application for REST (inbound audience)."),
    ("aad", "client_secret"): _(
        "Of the same application. Nothing needs it for signing in: it may stay empty."
    ),
    ("aad", "rest_username"): _(
        "The client ID of the application for the REST user. It is also the User ID of the integration user."
    ),
    ("aad", "rest_password"): _("The secret of the application for the REST user."),
    **{
        ("insights", name): _("Not used in this set-up: any value, such as ignored.")
        for name in ("client_id", "rest_username", "rest_password")
    },
}
_KEPT = _("A value is stored. Leave this empty to keep it.")
_HIDDEN = _("It is stored encrypted and never shown.")


def refuse_unaskable(text: str) -> None:
    """Accept what a query to the instance can name."""
    try:
        Query().equals("name", text)
    except UnsafeValue as error:
        message = _("Remove ^ and control characters; ServiceNow cannot look for them.")
        raise ValidationError(message, code="unaskable") from error


class InstanceForm(forms.Form):
    """The instance: all that is needed to begin with its guide."""

    repository_id = forms.CharField(
        label=_("Repository ID"),
        help_text=_(
            "Any name that both sides know the instance by, such as its host name."
        ),
        max_length=100,
        validators=[refuse_control_characters],
        widget=forms.TextInput(attrs=PLAIN),
        error_messages={"required": _("Enter a Repository ID.")},
    )
    endpoint = forms.CharField(
        label=_("Endpoint"),
        help_text=_("The instance's address, such as https://contoso.service-now.com/"),
        max_length=500,
        widget=forms.TextInput(attrs=PLAIN),
        error_messages={"required": _("Enter the address of the instance.")},
    )
    is_test = forms.BooleanField(
        label=_("Test instance"),
        help_text=_("Nobody is contacted because of it; names begin with dev_."),
        required=False,
    )

    def __init__(
        self, data: Any = None, *, tenant: Tenant, initial: Any = None
    ) -> None:
        super().__init__(data, initial=initial)
        self._tenant = tenant

    def clean_repository_id(self) -> str:
        wanted = str(self.cleaned_data["repository_id"])
        if self._others().filter(repository_id__iexact=wanted).exists():
            message = _("There is a repository with this ID already.")
            raise ValidationError(message, code="taken")
        return wanted

    def clean_endpoint(self) -> str:
        origin = origin_of(self.cleaned_data["endpoint"])
        if self._others().filter(endpoint=origin).exists():
            message = _("There is a repository for this instance already.")
            raise ValidationError(message, code="taken")
        return origin

    def _others(self) -> QuerySet[Repository]:
        return Repository.objects.for_tenant(self._tenant)


class RepositoryForm(InstanceForm):
    """A repository with the fields that its set-up has; secrets are never shown."""

    auth_type = forms.ChoiceField(
        label=_("Authentication type"),
        choices=Repository.AuthType.choices,
        error_messages={"required": _("Choose an authentication type.")},
    )
    client_id = forms.CharField(
        label=_("Client ID"),
        max_length=255,
        validators=[refuse_unaskable],
        widget=forms.TextInput(attrs=PLAIN),
        error_messages={"required": _("Enter the client ID.")},
    )
    client_secret = forms.CharField(
        label=_("Client secret"),
        max_length=500,
        required=False,
        widget=forms.PasswordInput(attrs=SECRET),
    )
    refresh_token_expiry = forms.IntegerField(
        label=_("Refresh token expiry"),
        help_text=_(
            "In seconds, 864000 (10 days) by default. The inbound provider's own lifespan is 8,640,000 (100 days) unless it was changed: this may not be longer."
        ),
        min_value=1,
        max_value=LONGEST_EXPIRY,
        error_messages={"required": _("Enter the refresh token expiry.")},
    )
    rest_username = forms.CharField(
        label=_("Rest username"),
        max_length=100,
        validators=[refuse_unaskable],
        widget=forms.TextInput(attrs=PLAIN),
        error_messages={"required": _("Enter the Rest username.")},
    )
    rest_password = forms.CharField(
        label=_("Rest user password"),
        max_length=500,
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs=SECRET),
    )
    field_order = (
        *("repository_id", "endpoint", "auth_type", "client_id", "client_secret"),
        *("refresh_token_expiry", "rest_username", "rest_password", "is_test"),
    )

    def __init__(
        self, data: Any = None, *, repository: Repository, setup: Setup
    ) -> None:
        self._repository, self._setup = repository, setup
        super().__init__(
            data, tenant=repository.tenant, initial=_initial(repository, setup)
        )
        for name in set(_CONDITIONAL) - set(setup.fields):
            del self.fields[name]
        for name in setup.fields:
            field = self.fields[name]
            field.help_text = _HINTS.get((setup.id, name), field.help_text)
            if name in _SECRETS:
                # Needed or not depends on what is stored; clean() says what is missing.
                is_optional = setup is AAD and name == "client_secret"
                field.is_conditional = not is_optional  # type: ignore[attr-defined]
                note = _KEPT if self._keeps(name, repository.endpoint) else _HIDDEN
                field.help_text = f"{field.help_text} {note}"

    def clean_endpoint(self) -> str:
        """Keep the instance while notes may still go into its incidents."""
        wanted = super().clean_endpoint()
        if self._repository.pk is None or wanted == self._repository.endpoint:
            return wanted
        unfinished = self._repository.service_requests.unfinished()
        if unfinished.exclude(incident_number="", incident_sys_id="").exists():
            message = _(
                "Service requests that are not closed belong to incidents of this instance, and another one may have the same numbers. Close them first, or add the other instance as a repository of its own."
            )
            raise ValidationError(message, code="has_requests")
        return wanted

    def clean_auth_type(self) -> str:
        wanted = str(self.cleaned_data["auth_type"])
        if wanted != self._setup.auth_type:
            message = _(
                "The set-up “%(setup)s” has another authentication type. Change the answers on the decision page if they are wrong."
            )
            raise ValidationError(
                message, code="other_setup", params={"setup": self._setup.label}
            )
        return wanted

    def clean_rest_username(self) -> str:
        wanted = str(self.cleaned_data["rest_username"])
        if self._setup is AAD:
            guid(wanted)
        if self._setup is BASIC and ":" in wanted:
            message = _("Basic authentication cannot name a user with a colon.")
            raise ValidationError(message, code="colon")
        return wanted

    def clean(self) -> dict[str, Any] | None:
        """Demand the secrets, unless they are stored for this instance and set-up."""
        values = super().clean() or {}
        if self._setup is INSIGHTS:
            values["rest_password"] = values.get("rest_password") or IGNORED
            return values
        for name, message in self._needed().items():
            kept = self._keeps(name, values.get("endpoint"))
            if not values.get(name) and not kept and name not in self.errors:
                self.add_error(name, message)
        return values

    def _needed(self) -> dict[str, Any]:
        needed = {"rest_password": _("Enter the Rest user password.")}
        if self._setup is BASIC:
            needed["client_secret"] = _("Enter the client secret.")
        return needed

    def _keeps(self, name: str, endpoint: str | None) -> bool:
        """Say whether the stored secret may go on being used: never at another instance."""
        is_same = endpoint in {None, self._repository.endpoint}
        is_fitting = self._repository.is_complete_for(self._setup)
        return is_same and is_fitting and bool(getattr(self._repository, name))

    def _others(self) -> QuerySet[Repository]:
        return super()._others().exclude(pk=self._repository.pk)


_CONDITIONAL = tuple(dict.fromkeys([*BASIC.fields, *AAD.fields, *INSIGHTS.fields]))


def _initial(repository: Repository, setup: Setup) -> dict[str, Any]:
    shown = {
        "repository_id": repository.repository_id,
        "endpoint": f"{repository.endpoint}/" if repository.endpoint else "",
        "is_test": repository.is_test,
        "auth_type": setup.auth_type,
        "refresh_token_expiry": repository.refresh_token_expiry or DEFAULT_EXPIRY,
    }
    if repository.is_complete_for(setup):
        shown["client_id"] = repository.client_id
        shown["rest_username"] = repository.rest_username
    elif setup is INSIGHTS:
        shown |= {"client_id": IGNORED, "rest_username": IGNORED}
    return shown
