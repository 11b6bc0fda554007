"""The instance itself: its release, its clock, its rate rule."""

from __future__ import annotations

import email.utils
import re
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from connector import budget
from connector.exceptions import Misconfigured, Refused
from connector.probes import properties
from connector.probes.catalogue import Probe
from connector.probes.findings import Finding, failed, ok, unknown, warning
from connector.probes.network import GREETING, greeting

if TYPE_CHECKING:
    from datetime import timedelta

    from connector.probes.examination import Examination

# In order, as the instance spells them; what is in neither list is newer.
_TOO_OLD = (
    *("aspen", "berlin", "calgary", "dublin", "eureka", "fuji", "geneva"),
    *("helsinki", "istanbul", "jakarta"),
)
FAMILIES = {
    "kingston": "Kingston",
    "london": "London",
    "madrid": "Madrid",
    "newyork": "New York",
    "orlando": "Orlando",
    "paris": "Paris",
    "quebec": "Quebec",
    "rome": "Rome",
    "sandiego": "San Diego",
    "tokyo": "Tokyo",
    "utah": "Utah",
    "vancouver": "Vancouver",
    "washingtondc": "Washington DC",
    "xanadu": "Xanadu",
    "yokohama": "Yokohama",
    "zurich": "Zurich",
    "australia": "Australia",
}
_FAMILY = re.compile(r"glide-([a-z]+)-")
_NAME = re.compile(r"[A-Za-z][A-Za-z ]{2,30}")
# Seconds; the portal's cursor allows for a little, certificates and codes do not.
_SKEW = 60
# Fewer requests an hour than two polls of ten minutes and some tickets need.
_FEW = 60
_NEARLY = 0.8


def release(e: Examination) -> Finding:
    """Say whether the release is one the connector app works on."""
    try:
        found = properties.settings(e)
    except (Refused, Misconfigured) as error:
        return unknown("hidden", error.evidence)
    war, build = found.get(properties.WAR, ""), found.get(properties.BUILD, "")
    if not war and not build:
        return unknown("hidden")
    family = _family(war, build)
    e.release = FAMILIES.get(family, family.capitalize()) or (war or build)[:100]
    return _judged(family, e.release, war or build)


def _family(war: str, build: str) -> str:
    """Return the family as it stands in the lists, "" when it is named oddly."""
    if match := _FAMILY.search(war):
        return match[1]
    return build.replace(" ", "").lower() if _NAME.fullmatch(build) else ""


def _judged(family: str, name: str, words: str) -> Finding:
    if not family:
        return unknown("unreadable", words)
    if family in _TOO_OLD:
        return failed("too_old", words, release=name)
    return ok("new_enough", words, release=name)


def clock(e: Examination) -> Finding:
    """Say how far the instance's clock and the portal's are apart."""
    answer = greeting(e)
    _answer, now = e.visit(GREETING, {}, "")
    try:
        theirs = email.utils.parsedate_to_datetime(answer.headers.get("Date", ""))
    except ValueError:
        return unknown("no_date")
    apart: timedelta = now - theirs
    seconds = round(apart.total_seconds())
    facts = {"seconds": str(abs(seconds))}
    if abs(seconds) <= _SKEW:
        return ok("together", **facts)
    return warning("ahead" if seconds > 0 else "behind", **facts)


def rate(e: Examination) -> Finding:
    """Say which rate rule the requests are counted under."""
    budget.flush(e.connection.pk)
    meter = budget.reading(e.connection)
    limit = e.rate.limit if e.rate else meter and meter.limit
    if meter is None or not limit:
        return ok("no_rule")
    facts = {
        "limit": limit,
        "used": meter.requests,
        "rule": (e.rate.rule if e.rate else meter.rule) or "-",
        "needed": 2 * 3600 // settings.SYNC_MAX_INTERVAL,
    }
    if meter.blocked_until:
        return warning("used_up", **facts)
    if limit < max(_FEW, int(facts["needed"])):
        return warning("few", **facts)
    if meter.requests >= _NEARLY * limit:
        return warning("nearly", **facts)
    return ok("enough", **facts)


PROBES = [
    Probe(
        "release",
        _("Is the release Kingston or later?"),
        "limits",
        "servicenow",
        release,
        needs=("token",),
        link="stats.do",
    ),
    Probe(
        "clock",
        _("Do the clocks of the portal and the instance agree?"),
        "limits",
        "portal",
        clock,
        needs=("awake",),
    ),
    Probe(
        "rate",
        _("Does the instance allow enough requests?"),
        "limits",
        "servicenow",
        rate,
        needs=("token",),
        link="sys_rate_limit_rules_list.do",
    ),
]
