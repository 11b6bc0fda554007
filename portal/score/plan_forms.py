"""The forms of action plans: of one action, and of a selection."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from portal.score.plan_models import (
    LONGEST_NOTES,
    LONGEST_REASON,
    LONGEST_TAG,
    MOST_TAGS,
)
from portal.score.plans import KEEP, Wish
from portal.score.status import SETTABLE, ActionStatus
from tickets.forms import Day, refuse_hidden_characters

if TYPE_CHECKING:
    from datetime import date

    from django.contrib.auth.models import User

    from connector.models import Tenant
    from portal.score.plan_models import ActionPlan
    from portal.score.plans import Keep

STATUSES = [(status.value, status.label) for status in SETTABLE]


class TextField(forms.CharField):
    """Text of several lines, without anything that cannot be seen."""

    default_validators = [refuse_hidden_characters]

    def to_python(self, value: Any) -> Any:
        return (super().to_python(value) or "").replace("\r\n", "\n")


class TagsField(forms.CharField):
    """Words with commas between them, as a list; upper and lower case are one."""

    def to_python(self, value: Any) -> Any:
        text = re.sub(r"\s+", " ", super().to_python(value) or "")
        words = [word.strip() for word in text.split(",")]
        return tuple({word.lower(): word for word in words if word}.values())

    def validate(self, value: Any) -> None:
        super().validate(value)
        if any(len(word) > LONGEST_TAG for word in value):
            message = gettext("Use at most %(count)s letters for a tag.")
            raise ValidationError(message % {"count": LONGEST_TAG}, code="long")
        if len(value) > MOST_TAGS:
            message = gettext("Use at most %(count)s tags.")
            raise ValidationError(message % {"count": MOST_TAGS}, code="many")

    def run_validators(self, value: Any) -> None:
        super().run_validators(", ".join(value))


def reason_field() -> TextField:
    """Return the field for why a status is set; whether it is needed depends."""
    return TextField(
        label=_("Reason for the status"),
        required=False,
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Needed for a new status. Microsoft gets it as the comment."),
    )


def due_date_field() -> forms.DateField:
    """Return the field of the due date."""
    return forms.DateField(
        label=_("Due date"),
        required=False,
        widget=Day,
        error_messages={"invalid": _("Enter a date, for example 2026-12-31.")},
    )


class PlanForm(forms.Form):
    """The plan of one action; the status is missing where none can be set."""

    is_filter = True

    status = forms.ChoiceField(
        label=_("Status"), choices=STATUSES, widget=forms.RadioSelect, required=False
    )
    reason = reason_field()
    notes = TextField(
        label=_("Notes"),
        required=False,
        max_length=LONGEST_NOTES,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    tags = TagsField(
        label=_("Tags"),
        required=False,
        help_text=_("With commas between them."),
        widget=forms.TextInput(attrs={"list": "known-tags", "autocomplete": "off"}),
    )
    owner = forms.ModelChoiceField(
        label=_("Owner"),
        queryset=get_user_model().objects.none(),
        required=False,
        empty_label=_("Nobody"),
    )
    due_date = due_date_field()
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(
        self,
        data: Any = None,
        *,
        tenant: Tenant,
        plan: ActionPlan | None,
        status: ActionStatus,
        is_device: bool = False,
    ) -> None:
        super().__init__(data, initial=_initial(plan, status))
        self.plan = plan
        self.current = status
        self.fields["owner"].queryset = people(tenant, plan)  # type: ignore[attr-defined]
        if is_device:
            self.fields["reason"].help_text = _("Needed for a new status.")
        if status == ActionStatus.COMPLETED:
            del self.fields["status"], self.fields["reason"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.has_new_status(cleaned):
            _need(self, "reason", _("Say why the status is changed."))
        version = self.plan.version if self.plan else 0
        if cleaned.get("version") != version:
            self._report_overtaken(version)
        return cleaned

    def has_new_status(self, cleaned: dict[str, Any]) -> bool:
        """Say whether another status than the one that counts was chosen."""
        return bool(cleaned.get("status")) and cleaned["status"] != self.current

    def _report_overtaken(self, version: int) -> None:
        """Say who was quicker; what was typed stays, and a second save counts."""
        who = self.plan.updated_by_name if self.plan else ""
        message = gettext(
            "%(who)s changed this plan while you had it open. What you typed is kept:"
            " compare it with the history, then save again."
        )
        self.add_error(None, message % {"who": who})
        self.data = {**self.data.dict(), "version": str(version)}  # type: ignore[attr-defined]

    def wish(self) -> Wish:
        """Return what is to be different; the form must be valid."""
        said = self.cleaned_data
        return Wish(
            status=ActionStatus(said["status"]) if self.has_new_status(said) else KEEP,
            reason=said.get("reason", ""),
            notes=said["notes"],
            owner=said["owner"],
            due_date=said["due_date"],
            tags=said["tags"],
        )


class BulkForm(forms.Form):
    """What is to be different in every plan of a selection."""

    is_filter = True
    OWNERS = [("", _("Leave as it is")), ("none", _("Nobody"))]
    DATES = [
        ("", _("Leave as they are")),
        ("set", _("Set to the date below")),
        ("clear", _("Remove")),
    ]

    status = forms.ChoiceField(
        label=_("Status"),
        choices=[("", _("Leave as it is")), *STATUSES],
        required=False,
    )
    reason = reason_field()
    owner = forms.ChoiceField(label=_("Owner"), required=False)
    due = forms.ChoiceField(label=_("Due dates"), choices=DATES, required=False)
    due_date = due_date_field()
    more_tags = TagsField(
        label=_("Add tags"),
        required=False,
        help_text=_("With commas between them."),
        widget=forms.TextInput(attrs={"list": "known-tags", "autocomplete": "off"}),
    )
    fewer_tags = TagsField(
        label=_("Remove tags"),
        required=False,
        widget=forms.TextInput(attrs={"list": "known-tags", "autocomplete": "off"}),
    )

    def __init__(self, data: Any = None, *, tenant: Tenant) -> None:
        super().__init__(data)
        self._people = {str(user.pk): user for user in people(tenant)}
        names = [(key, user.get_username()) for key, user in self._people.items()]
        self.fields["owner"].choices = [*self.OWNERS, *names]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("status"):
            _need(self, "reason", _("Say why the status is changed."))
        if cleaned.get("due") == "set":
            _need(self, "due_date", _("Enter the due date."))
        if not self.errors and self.wish() == Wish(reason=cleaned.get("reason", "")):
            raise ValidationError(_("Choose what to change."), code="nothing")
        return cleaned

    def wish(self) -> Wish:
        """Return what is to be different; the fields must be clean."""
        said = self.cleaned_data
        return Wish(
            status=ActionStatus(said["status"]) if said["status"] else KEEP,
            reason=said["reason"],
            owner=self._owner(said["owner"]),
            due_date=_due_date(said["due"], said["due_date"]),
            more_tags=said["more_tags"],
            fewer_tags=said["fewer_tags"],
        )

    def _owner(self, choice: str) -> User | Keep | None:
        if not choice:
            return KEEP
        return self._people.get(choice)


def _need(form: forms.Form, name: str, message: Any) -> None:
    """Ask for a field that is empty; one with an error of its own says that."""
    if not form.cleaned_data.get(name) and name not in form.errors:
        form.add_error(name, message)


def people(tenant: Tenant, plan: ActionPlan | None = None) -> Any:
    """Return who may own an action: active members, and who owns it now."""
    may = Q(tenants=tenant, is_active=True)
    if plan and plan.owner_id:
        may |= Q(pk=plan.owner_id)
    return get_user_model().objects.filter(may).distinct().order_by("username")


def told(outcome: Any) -> str:
    """Say in one sentence what came of a change of many plans."""
    parts = [
        ngettext(
            "%(count)s action changed.", "%(count)s actions changed.", outcome.changed
        )
        % {"count": outcome.changed}
    ]
    if outcome.sent:
        text = ngettext(
            "%(count)s status is being sent to Microsoft.",
            "%(count)s statuses are being sent to Microsoft.",
            outcome.sent,
        )
        parts.append(text % {"count": outcome.sent})
    if outcome.completed:
        text = ngettext(
            "%(count)s is Completed by its points, so its status stays.",
            "%(count)s are Completed by their points, so their status stays.",
            outcome.completed,
        )
        parts.append(text % {"count": outcome.completed})
    if outcome.full:
        text = ngettext(
            "%(count)s has too many tags already.",
            "%(count)s have too many tags already.",
            outcome.full,
        )
        parts.append(text % {"count": outcome.full})
    return " ".join(parts)


def _initial(plan: ActionPlan | None, status: ActionStatus) -> dict[str, Any]:
    initial: dict[str, Any] = {"status": status.value, "version": 0}
    if plan:
        initial |= {
            "notes": plan.notes,
            "tags": ", ".join(tag.name for tag in plan.tags.all()),
            "owner": plan.owner,
            "due_date": plan.due_date,
            "version": plan.version,
        }
    return initial


def _due_date(choice: str, day: date | None) -> date | Keep | None:
    if not choice:
        return KEEP
    return day if choice == "set" else None
