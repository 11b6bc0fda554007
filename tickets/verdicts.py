"""What can be said of a mapped column before anything is sent to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from connector.messages import explain, is_known
from connector.servicenow.records import parse_datetime
from tickets import references
from tickets.models import Delivery

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from connector.models import Connection
    from tickets.columns import Column, Known
    from tickets.instance_models import InstanceProfile

OK, WARNING, FAILED, UNKNOWN = "ok", "warning", "failed", "unknown"
_SYS_ID = re.compile(r"[0-9A-Za-z]{32}")
_INTEGER = re.compile(r"-?\d+")
_MOMENTS = frozenset({"glide_date_time", "due_date", "glide_date", "date", "datetime"})
_BOOLEANS = frozenset({"true", "false"})
# How a data policy names what it misses: by label, behind these words.
_DEMAND = re.compile(r"fields are mandatory:\s*(.+)", re.IGNORECASE | re.DOTALL)
# So many of the tickets that were refused last are read for what they lacked.
_REFUSED = 20


@dataclass(frozen=True)
class Verdict:
    """An answer in one word and one sentence; without a word while nothing was asked."""

    verdict: str
    text: str
    # The instance's own words, where it refused to answer.
    words: str = ""

    @property
    def word(self) -> str:
        words = {OK: _("OK"), WARNING: _("Warning"), FAILED: _("Failed")}
        return words.get(self.verdict, _("Cannot tell"))


@dataclass(frozen=True)
class Demand:
    """A column the instance wants to be filled and nothing fills."""

    label: str
    # "" where the instance tells the label only.
    column: str
    # Whether a ticket was refused for it; else the dictionary merely marks it.
    is_refused: bool


def of_column(
    name: str, samples: Iterable[str], columns: Known, profile: InstanceProfile
) -> Verdict | None:
    """Judge a column by what is known of it and what would be sent; None if nothing is."""
    if not name:
        return None
    column = columns.get(name)
    if column is None or not column.is_listed:
        return _unlisted(column, profile)
    for sample in filter(None, samples):
        if problem := _problem(column, sample):
            return problem
    return Verdict(OK, _told(column))


def _unlisted(column: Column | None, profile: InstanceProfile) -> Verdict:
    if column is not None and column.is_there:
        text = _(
            "It is there. Its type cannot be read with the integration user's roles."
        )
        return Verdict(OK, text)
    if profile.answered_at is None or column is None:
        return Verdict("", _("Not checked yet."))
    if column.is_there is None:
        text = _("There is no record in which it could be looked for.")
        return Verdict(UNKNOWN, text)
    if profile.knows_columns:
        text = _("There is no such column: ServiceNow would ignore it without a word.")
        return Verdict(FAILED, text)
    text = _(
        "Not in the records that were read: it is not there, or hidden from the integration user."
    )
    return Verdict(UNKNOWN, text)


def _told(column: Column) -> str:
    words = {"label": column.label, "type": column.type}
    if column.reference:
        words["type"] = f"{column.type} → {column.reference}"
    if column.max_length and column.type == "string":
        words["length"] = str(column.max_length)
        return _("%(label)s (%(type)s, %(length)s characters)") % words
    return _("%(label)s (%(type)s)") % words


def _problem(column: Column, sample: str) -> Verdict | None:
    """Say what would go wrong with the value, if anything would."""
    if column.type == "reference":
        return _reference_problem(column, sample)
    if text := _type_problem(column, sample):
        return Verdict(FAILED, text)
    if column.choices and not column.label_of(sample):
        text = _("“%(value)s” is not on its list of choices: %(choices)s.")
        shown = ", ".join(value for value, _label in column.choices[:12])
        return Verdict(WARNING, text % {"value": sample[:60], "choices": shown})
    if column.type not in _MOMENTS and column.max_length:
        return _length_problem(column.max_length, sample)
    return None


def _reference_problem(column: Column, sample: str) -> Verdict | None:
    if _SYS_ID.fullmatch(sample):
        return None
    text = _("It refers to a row of %(table)s and takes its sys_id, not a text.")
    return Verdict(FAILED, text % {"table": column.reference or "?"})


def _type_problem(column: Column, sample: str) -> str:
    if column.type == "integer" and not _INTEGER.fullmatch(sample):
        return _("It takes a whole number; ServiceNow would drop “%(value)s”.") % {
            "value": sample[:60]
        }
    if column.type == "boolean" and sample not in _BOOLEANS:
        return _("It takes true or false.")
    if column.type in _MOMENTS and parse_datetime(sample) is None:
        return _("It takes a date.")
    return ""


def _length_problem(most: int, sample: str) -> Verdict | None:
    if len(sample) <= most:
        return None
    text = _(
        "It takes %(most)s characters, the sample has %(length)s: the rest is cut."
    )
    return Verdict(WARNING, text % {"most": most, "length": len(sample)})


def of_reference(stored: Mapping[str, str], typed: str) -> Verdict | None:
    """Say whether a name was found on the instance; None if there is no name."""
    if not typed:
        return None
    if stored.get("name") != typed:
        return Verdict(UNKNOWN, _("Save it: it is then looked up in ServiceNow."))
    problem = stored.get("problem", "")
    if not problem:
        return Verdict(OK, _("Found: %(sys_id)s") % {"sys_id": stored["sys_id"]})
    texts = {
        references.WAITING: _("Being looked up."),
        references.NOT_FOUND: _("There is none of this name. Check the spelling."),
        references.INACTIVE: _("It is inactive in ServiceNow."),
        references.AMBIGUOUS: _("There are several of this name. Rename one of them."),
        references.HIDDEN: _(
            "The integration user may not read this table; give it the right to."
        ),
        references.NO_TABLE: _(
            "The instance has no table for it; activate the plugin it belongs to."
        ),
    }
    missing = _("Until it is found, tickets go out without it.")
    verdict = UNKNOWN if problem == references.WAITING else FAILED
    words = stored.get("words", "")
    return Verdict(verdict, f"{texts[problem]} {missing}", words)


def demands(
    connection: Connection, kind: str, columns: Known, filled: Collection[str]
) -> list[Demand]:
    """Return what the instance wants and nothing fills, first what it refused for."""
    refused = _refused_for(connection, kind)
    by_label = {column.label.casefold(): column.element for column in columns.values()}
    found = [
        Demand(label, by_label.get(label.casefold(), ""), True) for label in refused
    ]
    named = {one.column for one in found}
    found += [
        Demand(column.label, column.element, False)
        for column in sorted(columns.values(), key=lambda column: column.label)
        if column.mandatory and not column.has_default and column.element not in named
    ]
    return [one for one in found if not one.column or one.column not in filled]


def _refused_for(connection: Connection, kind: str) -> list[str]:
    """Return the labels a data policy named when it refused tickets that still wait."""
    stopped = Delivery.objects.filter(
        ticket__connection=connection,
        ticket__kind=kind,
        status=Delivery.Status.STOPPED,
        error_code="data_policy",
    )
    words = stopped.order_by("-pk").values_list("error_words", flat=True)[:_REFUSED]
    labels = [
        label.strip()
        for text in words
        if (match := _DEMAND.search(text))
        for label in match[1].split(",")
    ]
    return list(dict.fromkeys(filter(None, labels)))


def of_failure(profile: InstanceProfile) -> tuple[str, str] | None:
    """Return title and repair of what kept the last check from an answer, or None."""
    if not profile.error_code:
        return None
    code = profile.error_code if is_known(profile.error_code) else ""
    told = explain(code)
    return told.title, told.repair
