"""From text to what is indexed and asked for: stems, meanings and codes.

The same for both databases, so that both find the same: a term has letters and digits
only, and no database stems it again.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from tickets.support.solutions.synonyms import MEANINGS

# When this changes, all documents are indexed anew at their next put.
VERSION = 1
LONGEST_TERM = 40
# A phrase's own words beside its meaning.
PART = 0.4
# Words of every second incident; they tell little.
CHATTER_WEIGHT = 0.3

_EMPTY_WORDS = (
    "a about after again all also am an and any are as at be because been before "
    "being both but by can could did do does doing for from had has have he her here "
    "hers him his how i if in into is it its itself just me more most my no nor not "
    "now of off on once one only or other our out over own same she should so some "
    "such than that the their them then there these they this those through to too "
    "under until up very was we were what when where which while who why will with "
    "would you your yours dont doesnt didnt cant cannot couldnt wont isnt arent im "
    "ive please hello hi dear thank thanks regards kind "
)
_EMPTY = frozenset(_EMPTY_WORDS.split())
_CHATTER_WORDS = (
    "user issue problem error help need want try unable fail work working since today "
    "yesterday morning several people person time every keep get give make show say "
    "says said report message happen still always never colleague customer new"
)
_TOKEN = re.compile(
    r"0x[0-9a-f]{4,8}"
    r"|\d{1,3}(?:\.\d{1,3}){2}(?![\d.])"
    r"|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+"
    r"|[^\W_]+(?:['\u2019][^\W_]+)*",
    re.IGNORECASE,
)
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_CODE = re.compile(r"(?=.*\d)[0-9a-z]{5,}")
_IRREGULAR = {"sent": "send", "lost": "lose", "got": "get", "gave": "give"}
_VOWEL = re.compile(r"[aeiouy]")


@dataclass(frozen=True)
class Term:
    """One term and where in the text it is from; `weight` is 1 for a plain word."""

    text: str
    start: int
    end: int
    weight: float = 1.0


@dataclass(frozen=True)
class _Token:
    text: str
    start: int
    end: int


def analyse(text: str) -> list[Term]:
    """Return the terms of a text in their order, meanings after the words they are of."""
    tokens = _tokens(text)
    terms: list[Term] = []
    place = 0
    while place < len(tokens):
        length, meaning = _meaning_at(tokens, place)
        some = tokens[place : place + length]
        weight = PART if meaning and length > 1 else 1.0
        if not meaning or length > 1:
            terms += [
                Term(one.text, one.start, one.end, weight * _worth(one.text))
                for one in some
                if one.text not in _EMPTY
            ]
        if meaning:
            terms.append(Term(meaning, some[0].start, some[-1].end))
        place += length
    return terms


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    for match in _TOKEN.finditer(text):
        if _UNSPACED.match(match[0]):
            found += _pairs(match)
            continue
        plain = _plain(match[0])
        if plain:
            found.append(_Token(stem(plain), match.start(), match.end()))
    return found


def _pairs(match: re.Match[str]) -> list[_Token]:
    """Return each two neighbours of a script without spaces."""
    word, start = match[0], match.start()
    places = range(max(len(word) - 1, 1))
    pairs = [
        _Token(_plain(word[place : place + 2]), start + place, start + place + 2)
        for place in places
    ]
    return [one for one in pairs if one.text]


@lru_cache(maxsize=50_000)
def _plain(word: str) -> str:
    """Return the word in lower case, without accents and punctuation."""
    if word.isascii():
        plain = word.lower()
    else:
        apart = unicodedata.normalize("NFKD", word.casefold())
        bare = "".join(one for one in apart if not unicodedata.combining(one))
        plain = unicodedata.normalize("NFC", bare)
    if "." in plain:
        # An enhanced status code, 5.7.501: one word for every database.
        return "x".join(plain.split("."))
    return "".join(one for one in plain if one.isalnum())[:LONGEST_TERM]


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Return the stem of an English word in lower case; others stay as they are."""
    if len(word) < 4 or not (word.isascii() and word.isalpha()) or word in _EMPTY:
        return word
    word = _singular(_IRREGULAR.get(word, word))
    for ending in ("ing", "ed"):
        bare = word.removesuffix(ending)
        if bare != word and len(bare) > 2 and _VOWEL.search(bare):
            word = _single(bare)
            break
    if len(word) > 5 and word.endswith(("tion", "sion")):
        word = word[:-3]
    return word[:-1] if len(word) > 4 and word.endswith("e") else word


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _single(bare: str) -> str:
    """Return "stop" for the "stopp" of stopping; "call" and "pass" stay."""
    is_double = bare[-1] == bare[-2] and bare[-1] not in "lsz"
    return bare[:-1] if is_double and len(bare) > 3 else bare


_CHATTER = frozenset(map(stem, _CHATTER_WORDS.split()))


def _read_meanings() -> dict[tuple[str, ...], str]:
    found: dict[tuple[str, ...], str] = {}
    for line in MEANINGS.strip().splitlines():
        names = [name.strip() for name in line.split(",")]
        for name in names:
            key = tuple(stem(word) for word in name.split())
            found.setdefault(key, names[0])
    return found


_MEANINGS = _read_meanings()
_LONGEST = max(map(len, _MEANINGS))
# Only there can a phrase begin.
_BEGINNINGS = frozenset(key[0] for key in _MEANINGS)


def _meaning_at(tokens: list[_Token], place: int) -> tuple[int, str]:
    """Return how many words from here on have one meaning, the longest first."""
    if tokens[place].text not in _BEGINNINGS:
        return 1, ""
    words = tuple(one.text for one in tokens[place : place + _LONGEST])
    for length in range(len(words), 0, -1):
        if meaning := _MEANINGS.get(words[:length]):
            return length, meaning
    return 1, ""


def _worth(text: str) -> float:
    return CHATTER_WEIGHT if text in _CHATTER else 1.0


def is_code(term: str) -> bool:
    """Say whether a term is an error code or the number of something."""
    return _CODE.fullmatch(term) is not None


def line(text: str, most: int) -> str:
    """Return the first terms of a text as they are indexed: with spaces between them."""
    return " ".join(term.text for term in analyse(text)[:most])
