"""Whether an answer to a question about a table means the same, as WikiTableQuestions judges it.

An answer is a set of values. Two values agree when they are the same number, the same date or, made
plain, the same text; two answers agree when they have as many values and each wanted one has its
match. The public data set gives numbers such as "12,467" a reading of their own in its tagged
files; here thousands separators are read on both sides instead.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence

SEPARATOR = "|"
"""Between the values of an answer; within a value it is written `\\\\p`."""

NEAR = 1e-6

_QUOTES = str.maketrans("‘’´`“”‐‑‒–—−", "''''\"\"------")
_NOTES = re.compile(r"((?<!^)\[[^\]]*\]|\[\d+\]|[•♦†‡*#+])*$")
_DETAILS = re.compile(r"(?<!^)( \([^)]*\))*$")
_QUOTED = re.compile(r'^"([^"]*)"$')
_DATE = re.compile(r"(\d{1,4}|x{1,4})-(\d{1,2}|xx)-(\d{1,2}|xx)$")
_GROUPED = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?$")
_ESCAPES = re.compile(r"\\([np\\])")
_MEANT = {"n": "\n", "p": "|", "\\": "\\"}

Date = tuple[int | None, int | None, int | None]


def same(wanted: Sequence[str], given: Sequence[str]) -> bool:
    """Whether two answers, as values, agree."""
    targets, values = _distinct(wanted), _distinct(given)
    return len(targets) == len(values) and all(
        any(same_value(target, value) for value in values) for target in targets
    )


def values_of(answer: str) -> list[str]:
    """The values of an answer in one line, `|` between them."""
    return [unescaped(each.strip()) for each in answer.split(SEPARATOR)]


def answer_of(values: Iterable[str]) -> str:
    """The line that `values_of` reads back."""
    return f" {SEPARATOR} ".join(
        each.replace("\\", "\\\\").replace("\n", "\\n").replace(SEPARATOR, "\\p") for each in values
    )


def unescaped(text: str) -> str:
    """A cell of the public files as it is meant: `\\\\n`, `\\\\p` and a doubled backslash."""
    return _ESCAPES.sub(lambda found: _MEANT[found[1]], text)


def same_value(one: str, other: str) -> bool:
    """Equal made plain, or the same number, or the same date."""
    if plain(one) == plain(other):
        return True
    left, right = number(one), number(other)
    if left is not None and right is not None:
        return abs(left - right) < NEAR
    day = date(one)
    return day is not None and day == date(other)


def plain(text: str) -> str:
    """Small letters without accents, notes, details in brackets and outer quotes."""
    text = unicodedata.normalize("NFKD", text)
    text = "".join(each for each in text if unicodedata.category(each) != "Mn").translate(_QUOTES)
    before = None
    while text != before:
        before = text
        text = _NOTES.sub("", text.strip())
        text = _DETAILS.sub("", text.strip())
        text = _QUOTED.sub(r"\1", text.strip())
    return " ".join(text.removesuffix(".").split()).lower()


def number(text: str) -> float | None:
    """The number that a value is, None for other values."""
    text = text.strip()
    if _GROUPED.match(text):
        text = text.replace(",", "")
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def date(text: str) -> Date | None:
    """Year, month and day of a value such as 1999-xx-03, each None where it is not said; None for
    other values, and where nothing is said.
    """
    found = _DATE.match(text.strip().lower())
    if found is None:
        return None
    year, month, day = (None if "x" in part else int(part) for part in found.groups())
    if (month is not None and not 1 <= month <= 12) or (day is not None and not 1 <= day <= 31):
        return None
    return None if year is month is day is None else (year, month, day)


def _distinct(values: Sequence[str]) -> list[str]:
    """Values that are the same text, made plain, count once."""
    return list({plain(each): each for each in values}.values())
