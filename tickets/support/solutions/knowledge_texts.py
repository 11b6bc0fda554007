"""What to say of a knowledge base that could not be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from connector import messages
from connector.messages import Explanation

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Texts = tuple[_StrPromise, _StrPromise]

_MISSING: Texts = (
    _("The instance has no knowledge interface"),
    _(
        "The plugin Knowledge API (sn_km_api) is not active. A ServiceNow administrator activates it under System Applications > All Available Applications, then select Fetch now."
    ),
)
_NO_RIGHTS: Texts = (
    _("The user may not use the knowledge interface"),
    _(
        "Give the user the role snc_internal, see that it may read the knowledge base by its user criteria (Can Read), and look at the ACL of the REST API Knowledge API. Then select Fetch now."
    ),
)
_TEXTS: dict[str, Texts] = {
    "knowledge_nobody_reads": (
        _("Nobody can read this instance"),
        _(
            "The repository of this instance lacks values, or the connection to it does not work. Complete one of them, then select Fetch now."
        ),
    ),
    "invalid_path": _MISSING,
    "not_found": _MISSING,
    "not_supported": _MISSING,
    **dict.fromkeys(("forbidden", "acl", "api_acl", "query_acl", "scope"), _NO_RIGHTS),
    "basic_rejected": (
        _("ServiceNow refused the Rest user's name and password"),
        _(
            "Enter them anew in the repository, then select Fetch now. The portal tries only every six hours, so that the user is not locked out."
        ),
    ),
    "rate_limited": (
        _("The instance's rate limit is used up"),
        _(
            "The portal goes on by itself when the instance allows it. If it happens again and again, give the user a rule of its own under System Web Services > REST > Rate Limit Rules."
        ),
    ),
}


def explain(code: str) -> Explanation:
    """Return what happened and what to do."""
    if code not in _TEXTS:
        return messages.explain(code)
    title, repair = _TEXTS[code]
    return Explanation(str(title), str(repair))
