"""Forms of recommended solutions: search, writing, files, knowledge bases, feedback."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from tickets.forms import refuse_control_characters, refuse_hidden_characters
from tickets.support.solutions import files
from tickets.support.solutions.files import Draft, WrongFile
from tickets.support.solutions.models import (
    BODY_LIMIT,
    KEYWORDS_LIMIT,
    MOST_SERVICES,
    TERMS_LIMIT,
    TITLE_LIMIT,
    Solution,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


_SYS_ID = re.compile(r"[0-9a-f]{32}")
MOST_BASES = 50


class SolutionForm(forms.Form):
    """A solution of the library."""

    title = forms.CharField(
        label=_("Title"),
        max_length=TITLE_LIMIT,
        validators=[refuse_control_characters],
        help_text=_("What somebody reports, in their words: it counts most."),
        error_messages={"required": _("Enter a title.")},
    )
    body = forms.CharField(
        label=_("Text"),
        max_length=BODY_LIMIT,
        widget=forms.Textarea(attrs={"rows": 18, "class": "mono"}),
        help_text=_(
            "Markdown: # heading, **bold**, - list, 1. steps, `code`, [words](https://…)."
        ),
        error_messages={"required": _("Write what to do.")},
    )
    services = forms.CharField(
        label=_("Services"),
        required=False,
        max_length=500,
        validators=[refuse_control_characters],
        help_text=_(
            "With commas between them, such as Exchange Online, Microsoft Teams."
        ),
    )
    keywords = forms.CharField(
        label=_("Keywords"),
        required=False,
        max_length=KEYWORDS_LIMIT,
        validators=[refuse_control_characters],
        help_text=_(
            "Error codes and other words people use, with commas between them."
        ),
    )
    is_published = forms.BooleanField(
        label=_("Published"),
        required=False,
        initial=True,
        help_text=_("A draft is found by nobody and seen by those who may write."),
    )
    # How often it had been saved when the page was made.
    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput, initial=0)

    def __init__(self, data: Any = None, *, solution: Solution) -> None:
        super().__init__(data, initial=initial_of(solution))
        self.solution = solution

    def clean_title(self) -> str:
        title = " ".join(self.cleaned_data["title"].split())
        others = Solution.objects.for_tenant(self.solution.tenant)
        if self.solution.pk:
            others = others.exclude(pk=self.solution.pk)
        if others.filter(title__iexact=title).exists():
            raise ValidationError(_("Another solution has this title."))
        return title

    def clean_body(self) -> str:
        text: str = self.cleaned_data["body"].replace("\r\n", "\n").strip()
        refuse_hidden_characters(text)
        return text

    def clean_services(self) -> list[str]:
        named = re.split(r"[,;]", self.cleaned_data["services"])
        found = list(dict.fromkeys(" ".join(one.split()) for one in named))
        found = [one for one in found if one]
        if len(found) > MOST_SERVICES or any(len(one) > 100 for one in found):
            raise ValidationError(
                _now("At most %(most)d services of 100 characters each.")
                % {"most": MOST_SERVICES}
            )
        return found

    def clean_keywords(self) -> str:
        return " ".join(self.cleaned_data["keywords"].split())


def initial_of(solution: Solution) -> dict[str, Any]:
    """Return the values of a solution as its form shows them."""
    return {
        "title": solution.title,
        "body": solution.body,
        "services": ", ".join(solution.services),
        "keywords": solution.keywords,
        "is_published": solution.is_published,
        "revision": solution.revision if solution.pk else 0,
    }


class _Files(forms.ClearableFileInput):
    allow_multiple_selected = True


class _FilesField(forms.FileField):
    """Several files, read as drafts; all that is wrong is said at once."""

    def clean(self, data: Any, initial: Any = None) -> list[Draft]:  # noqa: ARG002
        uploads = [one for one in data or [] if one]
        if not uploads:
            # What is larger altogether does not arrive here at all.
            raise ValidationError(
                _("Choose one file at least, and no more than 2 MB together.")
            )
        if len(uploads) > files.MOST_FILES:
            words = _now("At most %(most)d files at a time.")
            raise ValidationError(words % {"most": files.MOST_FILES})
        drafts: list[Draft] = []
        wrong: list[str] = []
        for upload in uploads:
            try:
                # One byte more than is allowed tells that it is too long.
                content = upload.read(files.MOST_BYTES + 1)
                drafts += files.read(upload.name, content)
            except WrongFile as error:
                wrong.append(str(error))
        wrong += _wrong_count(drafts, wrong)
        if wrong:
            raise ValidationError(wrong)
        return drafts


def _wrong_count(drafts: Sequence[Draft], wrong: Sequence[str]) -> list[str]:
    if len(drafts) > files.MOST_DRAFTS:
        words = ngettext(
            "At most %(most)d solution at a time.",
            "At most %(most)d solutions at a time.",
            files.MOST_DRAFTS,
        )
        return [words % {"most": files.MOST_DRAFTS}]
    if not drafts and not wrong:
        return [_now("There is no solution in it.")]
    return []


class FilesForm(forms.Form):
    """Files with solutions."""

    chosen = _FilesField(
        label=_("Files"),
        widget=_Files(attrs={"accept": ".md,.markdown,.csv,text/markdown,text/csv"}),
        help_text=_(
            "Markdown (.md), one solution each, or CSV. At most 1 MB each and 2 MB together."
        ),
    )

    def __init__(self, data: Any = None, uploads: Any = None) -> None:
        super().__init__(data, uploads)


class KnowledgeForm(forms.Form):
    """What is taken from the knowledge base of an instance."""

    is_enabled = forms.BooleanField(label=_("Take articles over"), required=False)
    bases = forms.CharField(
        label=_("Only these knowledge bases"),
        required=False,
        max_length=MOST_BASES * 40,
        widget=forms.Textarea(attrs={"rows": 3, "class": "mono"}),
        help_text=_(
            "The sys_id of each in a line of its own. Empty: all the user may read."
        ),
    )

    def clean_bases(self) -> list[str]:
        named = re.split(r"[\s,;]+", self.cleaned_data["bases"].strip().lower())
        found = list(dict.fromkeys(one for one in named if one))
        wrong = [one for one in found if not _SYS_ID.fullmatch(one)]
        if wrong:
            words = _now("“%(word)s” is no sys_id: 32 characters from 0-9 and a-f.")
            raise ValidationError(words % {"word": wrong[0][:40]})
        if len(found) > MOST_BASES:
            words = _now("At most %(most)d knowledge bases.")
            raise ValidationError(words % {"most": MOST_BASES})
        return found


class OpinionForm(forms.Form):
    """Whether a document helped with what was looked for."""

    helpful = forms.TypedChoiceField(
        choices=[("yes", "yes"), ("no", "no")], coerce=lambda word: word == "yes"
    )
    terms = forms.CharField(max_length=TERMS_LIMIT)


def values_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the cleaned values that are stored."""
    return {name: value for name, value in data.items() if name != "revision"}
