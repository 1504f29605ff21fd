"""Whether two short mathematical answers in LaTeX say the same."""

from __future__ import annotations

import math
import re

from codeact.tasks.arithmetic import Unreadable, value_of

_DROPPED = re.compile(
    r"\\left|\\right|\\displaystyle|\\[!,;: %$]|[$%~]|\^\{?\\circ\}?|\{?,\}?(?=\d{3}\b)"
)
_WORDS = re.compile(r"\\(?:text|mbox|textbf|mathrm)\{([^{}]*)\}")
_UNIT = re.compile(r"(?<=[\d})])\\(?:text|mbox|mathrm)\{[^{}]*\}(?:\^\{?\d\}?)?")
_BARE_FRACTION = re.compile(r"\\frac\s*(\d)\s*(\d)")
_HALF_FRACTION = re.compile(r"\\frac\s*(?:(\d)\s*(\{[^{}]*\})|(\{[^{}]*\})\s*(\d))")
_SLASH = re.compile(r"^(-?)(\d+)/(\d+)$")
_ROOT = re.compile(r"\\sqrt\s*(\w)")
_NAMED = re.compile(r"^[a-zA-Z]\w?=")
_SIMPLE = re.compile(r"^(-?)\\frac\{(-?\d+)\}\{(-?\d+)\}$")


def boxed(text: str) -> str | None:
    """What the last box of a text holds, None without one or where it is not closed."""
    start = max(text.rfind("\\boxed{"), text.rfind("\\fbox{"))
    if start < 0:
        return None
    first = text.index("{", start)
    depth = 0
    for position in range(first, len(text)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return text[first + 1 : position]
    return None


def same(given: str, wanted: str) -> bool:
    """Equal once spelled alike, or equal numbers."""
    one, other = plain(given), plain(wanted)
    if one == other:
        return True
    left, right = _number(one), _number(other)
    return left is not None and right is not None and math.isclose(left, right, rel_tol=1e-9)


def plain(answer: str) -> str:
    """One spelling of an answer: no spaces, dollar signs, units or sizes, fractions written out."""
    text = answer.strip().rstrip(".").replace("dfrac", "frac").replace("tfrac", "frac")
    text = _UNIT.sub("", text)
    text = _WORDS.sub(lambda found: found.group(1), text)
    text = "".join(_DROPPED.sub("", text).split())
    text = _BARE_FRACTION.sub(r"\\frac{\1}{\2}", text)
    text = _HALF_FRACTION.sub(_braced, text)
    text = _SLASH.sub(r"\1\\frac{\2}{\3}", text)
    text = _ROOT.sub(r"\\sqrt{\1}", text)
    return _NAMED.sub("", text)


def _braced(found: re.Match[str]) -> str:
    above, below, upper, lower = found.groups()
    return f"\\frac{{{above}}}{below}" if above else f"\\frac{upper}{{{lower}}}"


def _number(text: str) -> float | None:
    found = _SIMPLE.match(text)
    written = f"{found[1]}({found[2]})/({found[3]})" if found else text
    try:
        value = value_of(written)
    except Unreadable:
        return None
    return float(value) if isinstance(value, int | float) and abs(value) < 1e300 else None
