"""What an answer must say: the right value in whatever words, and no wrong one beside it."""

from __future__ import annotations

import calendar
import datetime
import difflib
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

_NUMBER = re.compile(
    r"(?<![\w.])-?\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\w)|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"
)
_NO = re.compile(r"\b(?:no|not|isn't|aren't|don't|doesn't|false|never|none|neither)\b", re.I)
_YES = re.compile(r"\b(?:yes|true|indeed|correct)\b", re.I)
_UNSURE = re.compile(r"\b(?:know|sure|maybe|perhaps|might|could|cannot|can't)\b", re.I)
_STATED = re.compile(r"\b(?:is|are|does|do|has|can)\b", re.I)
_FILLER = re.compile(r"\b(?:a|i)\s+(?=[a-z])(?!(?:or|and|is|occurs|appears|comes)\b)", re.I)
_ALONE = re.compile(r"(?<!\w)(?<!\w')[a-z](?!\w)(?!'\w)", re.I)
_MONTHS, _DAYS = tuple(calendar.month_name)[1:], tuple(calendar.day_name)
_ALIKE = 0.7  # how similar to the right text another one must be to count as a second answer


class Expected(Protocol):
    """Judges an answer to `request`; `workspace` is where the code worked."""

    def accepts(self, answer: str, request: str, workspace: Path) -> bool: ...


def numbers_in(text: str) -> list[float]:
    """The numbers that a text writes, thousands with or without commas; whole ones are exact."""
    found = [each.replace(",", "") for each in _NUMBER.findall(text)]
    return [int(each) if each.lstrip("-").isdecimal() else float(each) for each in found]


@dataclass(frozen=True, slots=True)
class Number:
    """A number within a tolerance. Numbers of the request may be repeated, once each; any other
    number is a wrong answer beside the right one.
    """

    value: float
    tolerance: float = 1e-6

    def accepts(self, answer: str, request: str, workspace: Path) -> bool:
        return _only(numbers_in(answer), [self.value], numbers_in(request), self.tolerance)


@dataclass(frozen=True, slots=True)
class Numbers:
    """Several numbers in the order stated, or in any, under the rules of Number. `others` are
    candidates, numbers of the request that may not be repeated: one that does not belong is wrong.
    """

    values: Sequence[float]
    tolerance: float = 1e-6
    others: Sequence[float] = ()
    ordered: bool = True

    def accepts(self, answer: str, request: str, workspace: Path) -> bool:
        found, wanted = numbers_in(answer), list(self.values)
        given = Counter(numbers_in(request)) - Counter(self.others)
        if not self.ordered:
            found, wanted = sorted(found), sorted(wanted)
        return _only(found, wanted, list(given.elements()), self.tolerance)


@dataclass(frozen=True, slots=True)
class Name:
    """One of several candidates, in any case; naming another one as well is wrong."""

    value: str
    others: Sequence[str] = ()

    def accepts(self, answer: str, request: str, workspace: Path) -> bool:
        if not _mentions(answer, self.value):
            return False
        rest = _pattern(self.value).sub(" ", answer)
        return not any(_mentions(rest, each) for each in self.others if each != self.value)


@dataclass(frozen=True, slots=True)
class Names:
    """Names in the order stated, or in any; candidates that do not belong are wrong."""

    values: Sequence[str]
    others: Sequence[str] = ()
    ordered: bool = True

    def accepts(self, answer: str, request: str, workspace: Path) -> bool:
        wanted = [each.lower() for each in self.values]
        known = sorted({*wanted, *(each.lower() for each in self.others)}, key=len, reverse=True)
        either = "|".join(re.escape(each) for each in known)
        found = re.findall(rf"(?<!\w)(?:{either})(?!\w)", answer.lower()) if either else []
        if self.ordered:
            return found == wanted
        return Counter(found) == Counter(wanted)


@dataclass(frozen=True, slots=True)
class Text:
    """A text to the letter, quotes aside; a second one much like it is wrong unless asked about."""

    value: str

    def accepts(self, answer: str, request: str, workspace: Path) -> bool:
        if not _mentions(answer, self.value, exactly=True):
            return False
        words = _tokens(self.value)
        said = f" {' '.join(_tokens(request))} "
        rest = _tokens(answer.replace(self.value, " ", 1))
        for size, wanted in ((1, words), (len(words), [" ".join(words)])):
            windows = [" ".join(rest[n : n + size]) for n in range(len(rest) - size + 1)]
            others = [each for each in windows if f" {each} " not in said and each not in wanted]
            if any(_alike(each, part) for each in others for part in wanted):
                return False
        return True


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter of a text, in any case; any other letter that stands alone is wrong, but for the
    words "a" and "I" and what stands in the text itself.
    """

    value: str
    of: str

    def accepts(self, answer: str, request: str, workspace: Path) -> bool:
        said = _FILLER.sub(" ", answer.replace(self.of, " "))
        return {each.lower() for each in _ALONE.findall(said)} == {self.value.lower()}


@dataclass(frozen=True, slots=True)
class Today:
    """The date on the day of the judging, in figures or with its month in words; or its weekday."""

    weekday: bool = False
    today: Callable[[], datetime.date] = datetime.date.today

    def accepts(self, answer: str, request: str, workspace: Path) -> bool:
        day = self.today()
        weekday = _DAYS[day.weekday()]
        if self.weekday:
            return Name(weekday, _DAYS).accepts(answer, request, workspace)
        if any(_mentions(answer, each) for each in _DAYS if each != weekday):
            return False
        found = [abs(each) for each in numbers_in(answer)]
        months = [n for n, name in enumerate(_MONTHS, 1) if _spelled(name).search(answer)]
        if months:
            return months == [day.month] and sorted(found) == [day.day, day.year]
        y, m, d = day.year, day.month, day.day
        return found in ([y, m, d], [d, m, y], [m, d, y])


@dataclass(frozen=True, slots=True)
class YesNo:
    """Yes or no, said clearly and only one of them."""

    value: bool

    def accepts(self, answer: str, request: str, workspace: Path) -> bool:
        no, yes = bool(_NO.search(answer)), bool(_YES.search(answer))
        if _UNSURE.search(answer):
            return False
        if self.value:
            return not no and (yes or bool(_STATED.search(answer)))
        return no and not yes


@dataclass(frozen=True, slots=True)
class File:
    """A file in the workspace that holds what it should; the answer names it."""

    name: str
    holds: Callable[[bytes], bool]
    gone: tuple[str, ...] = ()

    def accepts(self, answer: str, request: str, workspace: Path) -> bool:
        path = workspace / self.name
        if not path.is_file() or any((workspace / each).exists() for each in self.gone):
            return False
        return self.name in answer and self.holds(path.read_bytes())


@dataclass(frozen=True, slots=True)
class Both:
    """All of several expectations."""

    parts: Sequence[Expected]

    def accepts(self, answer: str, request: str, workspace: Path) -> bool:
        return all(each.accepts(answer, request, workspace) for each in self.parts)


@dataclass(frozen=True, slots=True)
class Says:
    """One of some words is said, in any case; no words stand for any answer at all."""

    words: Sequence[str] = ()

    def accepts(self, answer: str, request: str, workspace: Path) -> bool:
        low = answer.lower()
        return bool(low.strip()) and (not self.words or any(each in low for each in self.words))


@dataclass(frozen=True, slots=True)
class Talk(Says):
    """As Says, but an action is a fault: words alone are wanted."""


def _only(
    found: Sequence[float], wanted: Sequence[float], given: Sequence[float], tolerance: float
) -> bool:
    """Whether `found` is `wanted` in order, but for the numbers of the request, once each."""
    if _equal(found, wanted, tolerance):
        return True
    if len(wanted) == 1 and found and all(_near(each, wanted[0], tolerance) for each in found):
        return True
    allowed = Counter(given)
    rest = []
    for each in found:
        if allowed[each] > 0:
            allowed[each] -= 1
        else:
            rest.append(each)
    if len(wanted) == 1:
        return bool(rest) and all(_near(each, wanted[0], tolerance) for each in rest)
    if _equal(rest, wanted, tolerance):
        return True
    # What is wanted may itself be numbers of the request: then it stands first or last.
    count = len(wanted)
    for part, others in ((found[:count], found[count:]), (found[-count:], found[:-count])):
        if _equal(part, wanted, tolerance) and not Counter(others) - Counter(given):
            return True
    return False


def _spelled(month: str) -> re.Pattern[str]:
    """A month's name, or its first three letters."""
    return re.compile(rf"\b{month[:3]}(?:{month[3:]})?\b")


def _equal(left: Sequence[float], right: Sequence[float], tolerance: float) -> bool:
    pairs = zip(left, right, strict=False)
    return len(left) == len(right) and all(_near(a, b, tolerance) for a, b in pairs)


def _near(left: float, right: float, tolerance: float) -> bool:
    if isinstance(left, int) and isinstance(right, int):
        return left == right
    return math.isclose(left, right, rel_tol=1e-9, abs_tol=tolerance)


def _tokens(text: str) -> list[str]:
    return [each for each in (part.strip(".,;:!?\"'`()[]*") for part in text.split()) if each]


def _alike(token: str, text: str) -> bool:
    if len(token) < 3:
        return False
    same_letters = sorted(token) == sorted(text)
    return same_letters or difflib.SequenceMatcher(None, token, text).ratio() > _ALIKE


def _pattern(value: str, *, exactly: bool = False) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(value)}(?!\w)", 0 if exactly else re.IGNORECASE)


def _mentions(text: str, value: str, *, exactly: bool = False) -> bool:
    return _pattern(value, exactly=exactly).search(text) is not None
