"""Forms of Secure Score: score zones and alert rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from portal.score.alert_models import AlertRule
from portal.score.models import ScoreZone

if TYPE_CHECKING:
    from connector.models import Tenant

MOST_RECIPIENTS = 20
MOST_RULES = 50
_PERCENT_KINDS = {AlertRule.Kind.DROP_PERCENT, AlertRule.Kind.BELOW_PERCENT}


class ZoneForm(forms.ModelForm):  # type: ignore[type-arg]
    """From which percentage the score is okay, and good."""

    okay_from = forms.IntegerField(
        label=_("Okay from (%)"),
        min_value=1,
        max_value=98,
        help_text=_("Below is bad."),
    )
    good_from = forms.IntegerField(label=_("Good from (%)"), min_value=2, max_value=99)

    class Meta:
        model = ScoreZone
        fields = ("okay_from", "good_from")

    def clean(self) -> dict[str, Any] | None:
        """See that the zones are in order."""
        values = super().clean() or {}
        okay, good = values.get("okay_from"), values.get("good_from")
        if okay is not None and good is not None and good <= okay:
            self.add_error("good_from", _("Good must begin above okay."))
        return values


class AlertRuleForm(forms.ModelForm):  # type: ignore[type-arg]
    """When to alert, and whom to write to."""

    value = forms.FloatField(
        label=_("Value"),
        help_text=_("Points, or percent, as the choice above says."),
        min_value=0.01,
        max_value=100_000,
        widget=forms.NumberInput(attrs={"step": "any"}),
    )
    recipients = forms.CharField(
        label=_("E-mail to"),
        help_text=_("One address a line, 20 at most. Empty: in the portal alone."),
        required=False,
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
    )

    class Meta:
        model = AlertRule
        fields = ("kind", "value", "recipients", "is_active")
        error_messages = {"kind": {"required": _("Choose when to alert.")}}

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.tenant = tenant
        kind = self.fields["kind"]
        kind.choices = AlertRule.Kind.choices  # type: ignore[attr-defined]

    def clean_recipients(self) -> str:
        typed = self.cleaned_data["recipients"].replace(",", " ").replace(";", " ")
        addresses = list(dict.fromkeys(typed.split()))
        if len(addresses) > MOST_RECIPIENTS:
            raise ValidationError(_("These are more than 20 addresses."), code="many")
        for address in addresses:
            _check_address(address)
        return "\n".join(addresses)

    def clean(self) -> dict[str, Any] | None:
        """Refuse what can never apply, and a rule that exists already."""
        values = super().clean() or {}
        kind, value = values.get("kind"), values.get("value")
        if kind in _PERCENT_KINDS and value is not None and value > 100:
            self.add_error("value", _("A percentage is 100 at most."))
        self._refuse_twin(kind, value)
        return values

    def _refuse_twin(self, kind: str | None, value: float | None) -> None:
        mine = AlertRule.objects.for_tenant(self.instance.tenant)
        others = mine.exclude(pk=self.instance.pk)
        if others.filter(kind=kind, value=value).exists():
            self.add_error("value", _("There is such a rule already."))
        elif others.count() >= MOST_RULES:
            self.add_error(None, _("There are 50 rules already. Delete one first."))


def _check_address(address: str) -> None:
    try:
        validate_email(address)
    except ValidationError as error:
        message = _("%(address)s is not an e-mail address.")
        raise ValidationError(
            message, code="address", params={"address": address[:100]}
        ) from error
