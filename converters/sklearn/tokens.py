r"""Tokens: how a text vectorizer cuts text into words or characters, as RE2 writes it.

scikit-learn's patterns are Python's, which takes the first alternative that fits and knows all of Unicode's words; the
graph's are RE2's, which takes the longest and knows those of ASCII alone behind ``\w``, ``\d``, ``\s`` and ``\b``.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any

WORD = r"[\p{L}\p{N}_]"
CLASSES = {r"\w": WORD, r"\d": r"\p{Nd}", ".": r"[^\n]"}
"""What RE2 calls some of Python's classes."""

ATOM = re.compile(
    r"(?P<atom>\\[wWdDsS]|\\[nrtfv]|\\[^\w\s]|\[\^?\]?(?:\\.|[^\]\\])*\]|[^\\\[\](){}.*+?^$|\s]|[ .])"
    r"(?P<count>[*+?]|\{\d+(?:,\d*)?\})?"
)
"""One character of a pattern, or a class, and how often it may be there."""

SIGMA, FINAL_SIGMA, CAPITAL_SIGMA = "σςΣ"
"""Python's ``lower`` makes one of the first two of the third, by the letters around it."""


@dataclass(frozen=True)
class Cutting:
    """How text is cut into tokens."""

    pattern: str
    """What a token is; of several the longest."""
    whole: str | None = None
    """What a token must be from end to end, where those that are not are left out."""
    blank: str | None = None
    """What tokens become one blank."""


def cutting_of(vectorizer: Any) -> Cutting | None:
    """How a vectorizer of words or characters cuts text; None where RE2 cannot be told."""
    if vectorizer.analyzer == "char":
        spaces = rf"{_ranges(chr(92) + 's')}{{2,}}"
        return Cutting(f"{spaces}|(?s:.)", blank=spaces)
    if not isinstance(vectorizer.token_pattern, str):
        return None
    return _of_pattern(vectorizer.token_pattern)


def _of_pattern(pattern: str) -> Cutting | None:
    rest = pattern.removeprefix("(?u)")
    starts, ends = rest.startswith(r"\b"), len(rest) > 2 and rest.endswith(r"\b")
    atoms = _atoms(rest[2 if starts else 0 : -2 if ends else None])
    if not atoms or all(_may_be_none(count) for _, count in atoms):
        return None
    written = "".join(_class(atom) + count for atom, count in atoms)
    if {atom for atom, _ in atoms} == {r"\w"} and any(_is_open(count) for _, count in atoms):
        return Cutting(written)  # which ends where a word does
    if not starts and not ends:
        return Cutting(written)
    if not (starts and ends) or any(_is_beyond_words(atom) for atom, _ in atoms):
        return None
    return Cutting(f"{WORD}+", whole=written)


def _atoms(pattern: str) -> list[tuple[str, str]] | None:
    """The characters and classes that follow each other, each with its count; None where there is anything else."""
    found, place = list[tuple[str, str]](), 0
    while place < len(pattern):
        match = ATOM.match(pattern, place)
        if match is None or _members(match["atom"]) is None:
            return None
        found.append((match["atom"], match["count"] if match["count"] is not None else ""))
        place = match.end()
    return found


def _may_be_none(count: str) -> bool:
    return count[:1] in ("*", "?") or count.startswith("{0")


def _is_open(count: str) -> bool:
    return count in ("*", "+") or count.endswith(",}")


def _class(atom: str) -> str:
    return CLASSES[atom] if atom in CLASSES else _ranges(atom)


@cache
def _everything() -> str:
    return "".join(map(chr, chain(range(0xD800), range(0xE000, 0x110000))))


@cache
def _members(atom: str) -> tuple[tuple[str, str], ...] | None:
    """The first and the last of all that follow each other among what a class holds; None where it is none."""
    try:
        found = re.findall(f"(?:{atom})+", _everything())
    except re.error:
        return None
    return tuple((run[0], run[-1]) for run in found) or None


def _ranges(atom: str) -> str:
    known = _members(atom)
    assert known is not None  # noqa: S101
    return _written(known)


def _written(known: Iterable[tuple[str, str]]) -> str:
    return "[" + "".join(rf"\x{{{ord(first):x}}}-\x{{{ord(last):x}}}" for first, last in known) + "]"


@cache
def around_sigmas() -> tuple[str, str]:
    """The letters that have a case, and what is looked past for such letters: Unicode's table 3-17, Final_Sigma."""
    cased = [letter for letter in _everything() if _is_final(letter)]
    known = frozenset(cased)
    passed = [letter for letter in _everything() if letter not in known and _is_final("a" + letter)]
    return _written(_runs(cased)), _written(_runs(passed))


def _runs(letters: Iterable[str]) -> list[tuple[str, str]]:
    found = list[tuple[str, str]]()
    for letter in letters:
        if found and ord(letter) == ord(found[-1][1]) + 1:
            found[-1] = (found[-1][0], letter)
        else:
            found.append((letter, letter))
    return found


def _is_final(before: str) -> bool:
    return (before + CAPITAL_SIGMA).lower().endswith(FINAL_SIGMA)


def _is_beyond_words(atom: str) -> bool:
    """Whether a class holds what is no letter, digit or underscore."""
    return re.search(rf"(?!\w)(?:{atom})", _everything()) is not None


def takes_blanks(vectorizer: Any) -> bool:
    """Whether a vectorizer of several words in a row has words with blanks in them, so that its terms are ambiguous."""
    if vectorizer.analyzer != "word" or vectorizer.ngram_range[1] == 1:
        return False
    atoms = _atoms(vectorizer.token_pattern.removeprefix("(?u)").replace(r"\b", ""))
    return any(re.fullmatch(atom, " ") is not None for atom, _ in atoms or ())


def has_sigmas(terms: Iterable[tuple[str, ...]]) -> bool:
    """Whether one of the terms has a sigma."""
    return any(SIGMA in token or FINAL_SIGMA in token for term in terms for token in term)


def terms_of(vectorizer: Any) -> list[tuple[str, ...]]:
    """The tokens of each term, in the order of the columns."""
    ordered = sorted(vectorizer.vocabulary_, key=vectorizer.vocabulary_.__getitem__)
    if vectorizer.analyzer == "char":
        return [tuple(term) for term in ordered]
    single = vectorizer.ngram_range[1] == 1
    return [(term,) if single else tuple(term.split(" ")) for term in ordered]


def stop_words_of(vectorizer: Any) -> tuple[str, ...]:
    """The words that are left out, where that changes anything: they may stand between others, or be terms."""
    stopped = vectorizer.get_stop_words() if vectorizer.analyzer == "word" else None
    known = frozenset() if stopped is None else frozenset(stopped)
    return tuple(sorted(known)) if vectorizer.ngram_range[1] > 1 or known & set(vectorizer.vocabulary_) else ()
