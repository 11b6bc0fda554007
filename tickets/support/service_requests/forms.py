"""The forms of service requests: open one, tell how it goes on, settings, the inbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from tickets.forms import refuse_control_characters, refuse_hidden_characters
from tickets.support.forms import PLAIN
from tickets.support.models import Repository, RequestTransport, SupportIntegration
from tickets.support.service_requests import case_numbers
from tickets.support.service_requests.models import (
    EMAIL_LIMIT,
    TEXT_LIMIT,
    TITLE_LIMIT,
    ServiceRequest,
)
from tickets.support.service_requests.opening import Wish
from tickets.support.service_requests.states import (
    SEVERITY_TEXTS,
    Severity,
    State,
    deed,
)

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from connector.models import Tenant

    _ModelForm = forms.ModelForm[SupportIntegration]
else:
    _ModelForm = forms.ModelForm

UPDATE_LIMIT = 8000


class TextField(forms.CharField):
    """Several lines, with nothing in them that cannot be seen."""

    def __init__(self, *, rows: int, **options: Any) -> None:
        area = forms.Textarea(attrs={"rows": rows})
        super().__init__(widget=area, **options)

    def clean(self, value: Any) -> str:
        text = str(super().clean(value) or "").replace("\r\n", "\n")
        refuse_hidden_characters(text)
        return text


def _severities() -> list[tuple[str, Any]]:
    return [
        (
            one.value,
            format_html(
                '<span class="choice"><strong>{}</strong> {}</span>',
                one.label,
                SEVERITY_TEXTS[one],
            ),
        )
        for one in Severity
    ]


class RequestForm(forms.Form):
    """What is asked of Microsoft; the diagnostics are what is attached, word for word."""

    title = forms.CharField(
        label=_("Title"),
        max_length=TITLE_LIMIT,
        validators=[refuse_control_characters],
        error_messages={"required": _("Enter a title.")},
    )
    description = TextField(
        label=_("Description"),
        rows=7,
        max_length=TEXT_LIMIT,
        help_text=_(
            "What happens, since when, who is affected, what was tried. No passwords."
        ),
        error_messages={"required": _("Describe the problem.")},
    )
    severity = forms.ChoiceField(
        label=_("Severity"),
        choices=_severities,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a severity.")},
    )
    contact_name = forms.CharField(
        label=_("Contact name"),
        max_length=150,
        validators=[refuse_control_characters],
        error_messages={"required": _("Enter who Microsoft may ask.")},
    )
    contact_email = forms.EmailField(
        label=_("Contact email"),
        max_length=EMAIL_LIMIT,
        widget=forms.EmailInput(attrs=PLAIN),
        error_messages={"required": _("Enter an e-mail address.")},
    )
    contact_phone = forms.CharField(
        label=_("Contact phone"),
        max_length=50,
        required=False,
        validators=[refuse_control_characters],
    )
    repository: forms.ModelChoiceField[Repository] = forms.ModelChoiceField(
        label=_("ServiceNow instance"),
        queryset=None,
        required=False,
        empty_label=_("None"),
        help_text=_("Where the incident is; what happens is noted into it."),
    )
    incident_number = forms.CharField(
        label=_("Incident number"),
        max_length=40,
        required=False,
        validators=[refuse_control_characters],
        help_text=_("Such as INC0010023."),
        widget=forms.TextInput(attrs=PLAIN),
    )
    diagnostics = TextField(
        label=_("Diagnostics to attach"),
        rows=12,
        max_length=TEXT_LIMIT,
        required=False,
        help_text=_(
            "Collected without secrets, and brought up to date for the preview unless you change it. Empty it to attach nothing."
        ),
    )
    # Of the page it was written on: a second submit opens the same request.
    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    def __init__(
        self,
        data: Any = None,
        *,
        repositories: QuerySet[Repository],
        **more: Any,
    ) -> None:
        super().__init__(data, **more)
        self.fields["repository"].queryset = repositories  # type: ignore[attr-defined]
        # Tells whether somebody changed what was collected.
        self.fields["diagnostics"].show_hidden_initial = True
        if not repositories:
            del self.fields["repository"], self.fields["incident_number"]

    def clean(self) -> dict[str, Any] | None:
        """Want both or none of instance and incident."""
        values = super().clean() or {}
        number, repository = values.get("incident_number"), values.get("repository")
        if number and not repository and "repository" not in self.errors:
            message = _("Choose the instance this incident is on.")
            self.add_error("repository", ValidationError(message, code="missing"))
        return values

    @property
    def is_as_collected(self) -> bool:
        """Whether nobody changed the diagnostics; of a valid form."""
        return "diagnostics" not in self.changed_data

    def attach(self, diagnostics: str) -> None:
        """Take other diagnostics than those that were typed; of a valid form."""
        self.cleaned_data["diagnostics"] = diagnostics
        typed = {name: self.data[name] for name in self.data}
        self.data = {**typed, "diagnostics": diagnostics}

    def wish(self) -> Wish:
        """Return what was wanted; of a valid form."""
        values = self.cleaned_data
        names = ("title", "description", "severity", "diagnostics")
        contact = ("contact_name", "contact_email", "contact_phone")
        return Wish(
            **{name: values[name] for name in (*names, *contact)},
            incident_number=values.get("incident_number", ""),
            caller_id=values["once"],
        )


class StateForm(forms.Form):
    """Into which state a request goes, and what is said about it."""

    state = forms.ChoiceField()
    text = TextField(
        label=_("Reason or remark"),
        rows=3,
        max_length=UPDATE_LIMIT,
        required=False,
        help_text=_(
            "Noted in the timeline. Microsoft is told when the request is reopened, closed or cancelled."
        ),
    )
    # What the page showed: two people may press different buttons.
    seen = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, case: ServiceRequest) -> None:
        super().__init__(data, initial={"seen": case.state}, auto_id="id_state_%s")
        self.case = case
        self.following = [
            (state.value, deed(case.state, state))
            for state in case.may_follow
            # It opens with its number.
            if state != State.OPEN or case.is_known_to_microsoft
        ]
        self.fields["state"].choices = self.following  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any] | None:
        """Refuse what was decided on another state than the one there is."""
        values = super().clean() or {}
        if values.get("seen") != self.case.state:
            message = _(
                "Somebody changed the state meanwhile. Look at what it is now, and choose again."
            )
            # The one reason is enough.
            self.errors.pop("state", None)
            self.add_error(None, ValidationError(message, code="overtaken"))
        return values


class CaseForm(forms.Form):
    """Microsoft's number of the case."""

    case_number = forms.RegexField(
        r"^[0-9A-Za-z#/_.-]{3,50}\Z",
        label=_("Case number"),
        widget=forms.TextInput(attrs=PLAIN),
        error_messages={
            "required": _("Enter the case number."),
            "invalid": _("Enter the number as Microsoft shows it, without spaces."),
        },
    )


class UpdateForm(forms.Form):
    """Something Microsoft is to know."""

    text = TextField(
        label=_("Add an update"),
        rows=4,
        max_length=UPDATE_LIMIT,
        error_messages={"required": _("Write something.")},
    )
    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)


class AssignForm(forms.Form):
    """The request a message belongs to."""

    reference = forms.CharField(
        label=_("Reference of the request"),
        max_length=20,
        help_text=_("Such as SR-7K3M-2Q9X; the list of service requests shows them."),
        widget=forms.TextInput(attrs=PLAIN),
        error_messages={"required": _("Enter the reference of a request.")},
    )

    def __init__(self, data: Any = None, *, tenant: Tenant, **more: Any) -> None:
        super().__init__(data, **more)
        self.tenant = tenant
        self.case: ServiceRequest | None = None

    def clean_reference(self) -> str:
        reference = self.cleaned_data["reference"].strip().upper()
        mine = ServiceRequest.objects.for_tenant(self.tenant)
        rows = mine.select_related("tenant", "repository")
        self.case = rows.filter(reference=reference).first()
        if self.case is None:
            raise ValidationError(_("There is no such request."), code="unknown")
        return str(reference)


class RequestSettingsForm(_ModelForm):
    """How requests reach Microsoft, and what comes back is known by."""

    class Meta:
        model = SupportIntegration
        fields = (
            *("request_transport", "support_address", "reply_address"),
            "case_pattern",
        )
        widgets = {"request_transport": forms.RadioSelect}
        help_texts = {
            "support_address": _(
                "Where requests are sent by e-mail, such as the support mailbox your agreement with Microsoft or your partner names. Only senders of its domain are believed to speak for Microsoft."
            ),
            "reply_address": _(
                "Where answers go (Reply-To). Have its mail server hand them to the portal, as below."
            ),
            "case_pattern": _(
                "A regular expression with the number in parentheses, only if the usual one does not find Microsoft's case numbers."
            ),
        }

    def __init__(self, data: Any = None, *, integration: SupportIntegration) -> None:
        super().__init__(data, instance=integration)
        for name in ("support_address", "reply_address", "case_pattern"):
            self.fields[name].widget.attrs.update(PLAIN)
        # Wanted by one of the two ways.
        self.fields["support_address"].is_conditional = True  # type: ignore[attr-defined]
        for name in self.fields:
            self.fields[name].show_hidden_initial = True

    def clean_case_pattern(self) -> str:
        pattern = str(self.cleaned_data["case_pattern"])
        if pattern:
            case_numbers.check(pattern)
        return pattern

    def clean(self) -> dict[str, Any]:
        """Want an address where mails are to be sent."""
        values = super().clean() or {}
        by_mail = values.get("request_transport") == RequestTransport.EMAIL
        if (
            by_mail
            and not values.get("support_address")
            and "support_address" not in self.errors
        ):
            message = _("Enter the address requests are sent to.")
            self.add_error("support_address", ValidationError(message, code="missing"))
        return values

    def changes(self) -> dict[str, Any]:
        """Return what was changed since the form was shown."""
        return {name: self.cleaned_data[name] for name in self.changed_data}
