"""Recognising Microsoft's case number in what its support writes."""

from __future__ import annotations

import re
import time
from functools import lru_cache
from math import prod
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Mails of Microsoft's support carry "TrackingID#2211150030001234" (unverified for all
# kinds of support); others speak of a case, an SR or a service or support request.
USUAL = (
    r"(?i)(?:TrackingID|case|SR|(?:service|support) request)"
    r"(?: number| no\.?| ID)?[ :#]{0,5}(\d{8,18})(?!\d)"
)
LONGEST_PATTERN = 200
LONGEST_NUMBER = 50
# A pattern of people is tried on lines this long: what takes it long takes a moment.
_LONGEST_LINE = 200
_MOST_LINES = 200
# Three repetitions of anything, or as many other choices as take no longer.
_MOST_CHOICES = (_LONGEST_LINE + 1) ** 3
# Seconds after which no further line is tried.
_PATIENCE = 1.0
_REPEATS = (
    _constants.MAX_REPEAT,
    _constants.MIN_REPEAT,
    _constants.POSSESSIVE_REPEAT,
)


def find(texts: Iterable[str], pattern: str = "") -> str:
    """Return the first case number in the texts, or ""."""
    compiled = _compiled(pattern or USUAL)
    ends_at = time.monotonic() + _PATIENCE
    for line in _lines(texts):
        if time.monotonic() > ends_at:
            break
        if match := compiled.search(line):
            return next(filter(None, match.groups()), "")[:LONGEST_NUMBER]
    return ""


def _lines(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        for line in text.splitlines()[:_MOST_LINES]:
            yield line[:_LONGEST_LINE]


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def check(pattern: str) -> None:
    """Accept a pattern that has a group and ends in time on any text."""
    try:
        compiled, tree = re.compile(pattern), _parser.parse(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        words = _("This is no regular expression: %(why)s.")
        raise ValidationError(words, "regex", {"why": str(error)}) from error
    if compiled.groups < 1:
        message = _("Put the number into parentheses, such as Case (\\d+).")
        raise ValidationError(message, code="group")
    is_nested = any(prod(_choices(inner)) > 1 for inner in _repeated(tree))
    if is_nested or prod(_choices(tree)) > _MOST_CHOICES:
        message = _(
            "Use three repetitions such as * or + at most, few ? and |, and none of them inside a repetition: others can take for ever."
        )
        raise ValidationError(message, code="slow")


def _repeated(tree: Any) -> Iterator[Any]:
    """Yield what may come several times, anywhere in a parsed pattern."""
    for operation, argument in tree:
        if operation in _REPEATS and argument[1] > 1:
            yield argument[2]
        for part in _parts(argument):
            yield from _repeated(part)


def _choices(tree: Any) -> Iterator[int]:
    """Yield in how many ways each part can be taken, as far as it costs time.

    What is short counts double: repetitions share the length of a line.
    """
    for operation, argument in tree:
        if operation in _REPEATS:
            least, most, _inner = argument
            ways = min(most, _LONGEST_LINE) - least + 1
            yield max(ways, 1) if most > 1 else ways**2
        elif operation is _constants.BRANCH:
            yield 2 * len(argument[1])
        for part in _parts(argument):
            yield from _choices(part)


def _parts(argument: Any) -> Iterator[Any]:
    """Yield the patterns inside an operation's argument, however it holds them."""
    if isinstance(argument, _parser.SubPattern):
        yield argument
    elif isinstance(argument, list | tuple):
        for one in argument:
            yield from _parts(one)
