"""What the page of a field mapping shows beside its inputs: samples, verdicts, preview."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from tickets import (
    checking,
    columns,
    glossary,
    mapping,
    profiles,
    samples,
    sharing,
    verdicts,
)
from tickets.glossary import Glossary
from tickets.mapping_forms import FIELD_LABELS
from tickets.models import Priority, Ticket
from tickets.profiles import FOLLOWED, USUAL, USUAL_PRIORITIES, WEIGHTS

if TYPE_CHECKING:
    from django.forms.boundfield import BoundField

    from connector.models import Connection
    from tickets.columns import Column, Known
    from tickets.instance_models import InstanceProfile
    from tickets.mapping_forms import ProfileForm
    from tickets.profiles import Profile
    from tickets.sharing import SentField
    from tickets.verdicts import Demand, Verdict


@dataclass(frozen=True)
class Row:
    """One input and what can be said of it."""

    id: str
    label: str
    field: BoundField
    sample: str
    verdict: Verdict | None
    note: str = ""


@dataclass(frozen=True)
class MappingPage:
    """The page of one kind; `trial` is what is in force, or what was typed if it is valid."""

    connection: Connection
    stored: InstanceProfile
    trial: InstanceProfile
    form: ProfileForm
    known: Known

    @cached_property
    def profile(self) -> Profile:
        return profiles.in_force(self.trial)

    @cached_property
    def sample(self) -> Ticket:
        return samples.sample(self.connection, self.stored.kind)

    @property
    def is_made_up(self) -> bool:
        return self.sample.pk is None

    @property
    def is_customised(self) -> bool:
        return profiles.is_customised(self.stored)

    @property
    def is_pending(self) -> bool:
        return checking.is_pending(self.stored)

    @property
    def is_slow(self) -> bool:
        return checking.is_slow(self.stored)

    @property
    def failure(self) -> tuple[str, str] | None:
        return verdicts.of_failure(self.stored)

    @property
    def suggestions(self) -> list[Column]:
        """What may be mapped, for the list below an input."""
        return [
            column
            for column in sorted(self.known.values(), key=lambda column: column.element)
            if not profiles.is_protected(column.element)
        ]

    @cached_property
    def _said(self) -> dict[str, str]:
        return mapping.said(self.sample, self.profile)

    @cached_property
    def _said_fully(self) -> dict[str, str]:
        """What a ticket says that says something everywhere."""
        full = samples.made_up(self.connection, self.stored.kind)
        return mapping.said(full, self.profile)

    @cached_property
    def rows(self) -> list[Row]:
        """One row per portal field."""
        return [self._row(name) for name in USUAL[self.stored.kind]]

    def _row(self, name: str) -> Row:
        field = self.form.column_field(name)
        column = _typed(field)
        return Row(
            f"verdict-column-{name}",
            str(FIELD_LABELS[name]),
            field,
            self._said[name],
            None if field.errors else self._verdict(column, self._samples_of(name)),
            self._note(name, column),
        )

    def _samples_of(self, name: str) -> list[str]:
        if name in WEIGHTS:
            weights = self.profile.weights_out
            return [weights[priority][name] for priority in Priority]
        return [self._said[name] or self._said_fully[name]]

    def _verdict(self, column: str, some: list[str]) -> Verdict | None:
        return verdicts.of_column(column, some, self.known, self.stored)

    def _note(self, name: str, column: str) -> str:
        """Say what is not followed because of where it is sent."""
        if name not in FOLLOWED:
            return ""
        read_from = self.profile.read_from(name)
        if not read_from:
            return _("Not sent, so a change in ServiceNow is not followed either.")
        if column == read_from and not columns.is_followed(read_from, self.known):
            return _(
                "Sent, but a change in ServiceNow is not followed: polls read the table task, which lacks this column."
            )
        return ""

    @cached_property
    def default_rows(self) -> list[tuple[BoundField, BoundField, Verdict | None]]:
        return [
            (column, value, self._verdict(_typed(column), [_typed(value)]))
            for column, value in self.form.default_rows()
        ]

    @cached_property
    def named_rows(self) -> list[Row]:
        """The inputs of rows that are typed by name, and of constants."""
        return [
            self._named_row(name)
            for name in ("group", "category", "change_type", "change_model", "template")
            if name in self.form.fields
        ]

    @cached_property
    def closing_rows(self) -> list[Row]:
        return [self._named_row(name) for name in ("close_code", "close_notes")]

    def _named_row(self, name: str) -> Row:
        field = self.form[name]
        typed = _typed(field)
        if name in profiles.REFERENCES:
            verdict = verdicts.of_reference(getattr(self.stored, name), typed)
        else:
            column = "type" if name == "change_type" else name
            verdict = self._verdict(column if typed else "", [typed])
        return Row(f"verdict-{name}", str(field.label), field, "", verdict)

    @cached_property
    def code_rows(self) -> list[tuple[str, str, BoundField]]:
        """ServiceNow's priority codes with what the instance calls them."""
        column = self.known.get("priority")
        return [
            (
                code,
                (column.label_of(code) if column else "")
                or mapping.PRIORITY_NAMES.get(code, code),
                field,
            )
            for code, field in self.form.code_fields()
        ]

    @cached_property
    def demands(self) -> list[Demand]:
        """What the instance wants and nothing fills."""
        profile = self.profile
        # One that is mapped and may be empty has no place for a default here.
        optional = {profile.columns.get(name, "") for name in profiles.OPTIONAL}
        filled = profiles.filled(profile) | optional
        kind = self.stored.kind
        return verdicts.demands(self.connection, kind, self.known, filled)

    @cached_property
    def payload(self) -> dict[str, str]:
        return mapping.payload(self.sample, self.profile)

    @property
    def sent(self) -> list[SentField]:
        words = Glossary(self.known, glossary.names_of(self.trial))
        return sharing.preview(self.payload, words)

    @property
    def wire(self) -> str:
        """The body of the request, byte for byte."""
        return json.dumps(self.payload)


def _typed(field: BoundField) -> str:
    value: Any = field.value()
    return str(value or "").strip()


def codes_of(connection: Connection, row: InstanceProfile, known: Known) -> list[str]:
    """Return the priority codes the instance is known to use."""
    tickets = Ticket.objects.for_tenant(connection.tenant).filter(
        connection=connection, kind=row.kind
    )
    seen = tickets.exclude(remote_priority="").order_by()
    column = known.get(row.columns.get("priority") or "priority")
    choices = [value for value, _label in (column and column.choices) or ()]
    codes = {
        *USUAL_PRIORITIES,
        *row.priorities_in,
        *choices,
        *seen.values_list("remote_priority", flat=True).distinct(),
    }
    return sorted(codes, key=lambda code: (len(code), code))
