"""MINT's graders of an answer's text, bug for bug: a published figure rests on what they accept.

They are generous: a number may be 5 % off, a text need only contain the reference, and so a
multiple-choice answer passes wherever the right letter occurs in it. They are mean too: no number
is near a negative reference, and an option that is answered with its LaTeX cannot be read. All of
this is what the public recorded runs were judged by.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from codeact.tasks.arithmetic import Unreadable, value_of

NEAR = 0.05
"""How far a number may be off its reference, as a share of it."""
NEAR_THEOREM = 0.04
"""The same in TheoremQA, for references that are no whole numbers."""

_NUMBER = r"[-+]?(?:[\d,]*\.*\d+)"
_UNSIGNED = r"(?:[\d,]*\.*\d+)"
_UNITS = [
    re.compile(rf"({_NUMBER}) [^0-9 ]+$"),
    re.compile(rf"[^0-9 ]+ ({_NUMBER})$"),
    re.compile(rf"({_NUMBER})[^\d]{{1,2}}$"),
    re.compile(rf"[^-+\d]{{1,2}}({_UNSIGNED})$"),
]
_GROUPED = re.compile(r"[-+]?(\d{1,3}(,\d{3})*|(\d+))(\.\d+)?$")
_OPTION = re.compile(r"\([a-d]\)")
_WORDS = {"true": "True", "yes": "True", "false": "False", "no": "False"}


def near_or_contained(reference: Any, answer: str) -> bool:
    """GSM8K, MATH, HotpotQA: two numbers within 5 %, else the reference somewhere in the answer.

    The share is taken of the reference with its sign, so that a negative one is never met.
    """
    wanted, given = str(reference).strip().lower(), answer.strip().lower()
    try:
        return abs(float(wanted) - float(given)) <= NEAR * float(wanted)
    except ValueError:
        return wanted in given


def options_of(prompt: str) -> dict[str, str]:
    """The options of a multiple-choice prompt by their letters, in small letters."""
    options = {}
    for option in prompt.split("Options: ")[-1].split(" , "):
        letter, bracket, content = option.strip("[]' ").partition(")")
        if bracket:
            options[letter.lower().strip()] = content.partition(")")[0].lower().strip(".").strip()
    return options


def chosen(letter: str, options: Mapping[str, str], answer: str) -> bool:
    """MMLU: the right letter anywhere in the answer; else the right option's text in it, and no
    other's.
    """
    given = answer.lower().strip()
    if "a)" in given or "a )" in given:
        given = "a"
    if _same_or_contained(letter.strip().lower(), given):
        return True
    right = options.get(letter.strip().lower())
    if right is None:
        return False
    others = list(options.values())
    position = 0
    while position < len(others):  # the public loop skips the option after each that it removes
        if others[position] in right:
            others.remove(others[position])
        position += 1
    if any(_same_or_contained(other, given) or other in given for other in others):
        return False
    return _same_or_contained(right, given) or right in given


def _same_or_contained(wanted: str, given: str) -> bool:
    if wanted.isdecimal() and given.isdecimal():
        return abs(float(wanted) - float(given)) <= NEAR * float(wanted)
    return wanted in given


def theorem(reference: Any, answer: str) -> bool:
    """TheoremQA: the answer read as a value, compared by the reference's type."""
    given = _theorem_value(answer)
    try:
        match reference:
            case bool() | str():
                return bool(given == f"({reference})" or given == reference)
            case int() | float():
                return _same_number(given, reference)
            case list():
                return _same_list(given, reference)
    except (OverflowError, ValueError):  # infinity or no number at all has no whole part
        return False
    return False


def _theorem_value(answer: str) -> Any:
    """None where the answer cannot be read."""
    if "\\" in answer:
        return None
    text = answer
    for sign in "=≈":
        if sign in text:
            text = text.split(sign)[-1].strip()
    for sign in "`$°":
        text = text.replace(sign, "")
    text = _WORDS.get(text, text)
    if "True" in text or "False" in text:
        text = "True" if "True" in text else "False"
    if "approximately" in text:
        text = text.replace("approximately", "").strip()
    text = text.split(" or ")[0]
    for unit in _UNITS:
        if found := unit.match(text):
            text = found.group(1)
    if "10^" in text:
        return None  # the public grader writes a call here that it cannot evaluate
    text = text.replace(" x ", "*").replace(" × ", "*")
    if _GROUPED.match(text):
        text = text.replace(",", "")
    for letter in "abcd":
        if f"{letter})" in text or f"{letter} )" in text or text.lower().strip() == letter:
            text = f"({letter})"
    if found := _OPTION.search(text):
        return found.group()
    try:
        value = value_of(text or "0")
    except Unreadable:
        return None
    if isinstance(value, set | tuple):
        return [each.real if isinstance(each, complex) else each for each in value]
    return value.real if isinstance(value, complex) else value


def _same_number(given: Any, wanted: float) -> bool:
    if not isinstance(given, int | float):
        return False
    if isinstance(wanted, float):
        return abs(given - wanted) <= NEAR_THEOREM * abs(wanted)
    return round(given) == wanted


def _same_list(given: Any, wanted: list[Any]) -> bool:
    if not isinstance(given, list) or len(given) != len(wanted):
        return False
    if not all(isinstance(each, int | float) for each in given):
        return False
    pairs = zip(sorted(given), sorted(wanted), strict=True)
    return all(_same_number(one, other) for one, other in pairs)
