"""Each error code in words: what happened, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from connector.messages_authorization import AUTHORIZATION, CONSENT
from connector.messages_refusals import OWN, REFUSALS
from connector.messages_way import CONNECTION, INSTANCE

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@dataclass(frozen=True)
class Explanation:
    """What happened and what to do; shown beside the remote's own words."""

    title: str
    repair: str


def explain(code: str) -> Explanation:
    """Return the explanation of a code in the language of the reader."""
    title, repair = _TEXTS.get(code, _UNKNOWN)
    return Explanation(str(title), str(repair))


def is_known(code: str) -> bool:
    """Say whether the code has an explanation of its own."""
    return code in _TEXTS


Texts = dict[str, "tuple[str | _StrPromise, str | _StrPromise]"]

_UNKNOWN = (
    _("ServiceNow could not be used"),
    _("Try again. If it stays, show the words below to your ServiceNow administrator."),
)

_TEXTS: Texts = {
    **OWN,
    **CONNECTION,
    **INSTANCE,
    **AUTHORIZATION,
    **CONSENT,
    **REFUSALS,
}
