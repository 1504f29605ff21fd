"""Which answers are right: as the paper's program judged, and as it was meant."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from codeact.evals.m3tooleval.calculator import MURKY
from codeact.evals.m3tooleval.exercise import Exercise
from codeact.observations import Observation

GraderName = Literal["paper", "fixed"]
Grader = Callable[[Exercise, str], bool]

CENT = 0.01
"""How far an answer may be off where two decimals are asked for (`fixed`)."""

_NOISE = 1e-9
_LONGEST = 10_000
_HUGE = 1e300

RIGHT = "That is correct."
WRONG = "That is not the right answer. Have another look and try again."


def paper(exercise: Exercise, answer: str) -> bool:
    """Bug-compatible: numbers must be equal to the last bit, anything else equal as printed.

    The public program has a tolerant comparison of lists; it always raises and the exception is
    swallowed, so that lists, dictionaries and tuples are compared as printed Python objects.
    """
    expected = exercise.answer
    if answer == expected:
        return True
    given, wanted = _number(answer), _number(expected)
    if given is not None and wanted is not None:
        return given == wanted
    if isinstance(expected, str):
        read = _literal(answer), _literal(expected)
        if _UNREAD not in read and read[0] == read[1]:
            return True
    return answer == str(expected)


def fixed(exercise: Exercise, answer: str) -> bool:
    """Numbers by value (within a cent where two decimals are asked for), containers by value, and
    what the exercise accepts besides.
    """
    text = answer.strip()
    near = CENT if exercise.decimals else 0.0
    return any(_means(text, wanted, near) for wanted in (exercise.answer, *exercise.also))


GRADERS: dict[GraderName, Grader] = {"paper": paper, "fixed": fixed}


@dataclass(frozen=True, slots=True, kw_only=True)
class Examiner:
    """The user who grades. With `retry` a wrong answer is told so and the episode goes on: the
    paper's oracle. Without, the first answer ends the episode.
    """

    exercise: Exercise
    grader: Grader
    retry: bool

    async def hear(self, answer: str) -> Observation:
        # A wrong answer is no failed action: `ok` stays true, so that trying again is not cut short
        # as repeating a failure.
        if self.grader(self.exercise, answer):
            return Observation(text=RIGHT, source="user", done=True)
        return Observation(text=WRONG, source="user", done=not self.retry)


class _Unread:
    """Stands for a text that is no Python literal."""


_UNREAD = _Unread()


def _means(text: str, wanted: Any, near: float) -> bool:
    read = _literal(text)
    if isinstance(wanted, str):
        return wanted in (text, read)
    return read is not _UNREAD and _equal(read, wanted, near)


def _equal(given: Any, wanted: Any, near: float) -> bool:
    if isinstance(wanted, bool) or isinstance(given, bool):
        return given is wanted
    if isinstance(wanted, int | float):
        if not isinstance(given, int | float) or abs(given) > _HUGE:
            return False
        return math.isclose(given, wanted, rel_tol=_NOISE, abs_tol=near)
    if isinstance(wanted, list | tuple):
        return (
            isinstance(given, list | tuple)
            and len(given) == len(wanted)
            and all(_equal(one, other, near) for one, other in zip(given, wanted, strict=True))
        )
    if isinstance(wanted, dict):
        return (
            isinstance(given, dict)
            and given.keys() == wanted.keys()
            and all(_equal(given[key], wanted[key], near) for key in wanted)
        )
    return bool(given == wanted)


def _literal(text: str) -> Any:
    if len(text) > _LONGEST or MURKY.search(text):
        return _UNREAD
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return _UNREAD


def _number(value: Any) -> int | float | None:
    """An int where it reads as one, else a float; None for anything else."""
    if isinstance(value, int | float):
        return value
    if not isinstance(value, str):
        return None
    for kind in (int, float):
        try:
            number: int | float = kind(value)
        except ValueError:
            continue
        return number
    return None
