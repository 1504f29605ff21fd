"""JSON that a model wrote: decoded without surprises, and judged fit to travel."""

from __future__ import annotations

import json
import re
from json import JSONDecodeError
from typing import Any

DEPTH = 40
"""How deep values may nest: what records and prints them recurses."""

_TOO_DEEP = f"it nests deeper than {DEPTH} levels"
_TOO_LONG = "it holds a number with too many digits"
_HALF_CHARACTER = "it holds half of a surrogate pair (\\ud800 to \\udfff), which is no character"

_TOKENS = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[{]|[\]}]', re.DOTALL)
_SURROGATE = re.compile(r"[\ud800-\udfff]")


class _TooLong:
    """Stands for an integer that Python refuses to read."""


def _integer(digits: str) -> int | _TooLong:
    try:
        return int(digits)
    except ValueError:
        return _TooLong()


_DECODER = json.JSONDecoder(parse_int=_integer)


def decode(text: str, start: int = 0) -> tuple[Any, int]:
    """The JSON value that begins at `start` and where it ends. Raises JSONDecodeError.

    Tolerates NaN and Infinity; of duplicate keys the last one counts. Not every value is fit to
    use: see `problem`.
    """
    try:
        return _DECODER.raw_decode(text, start)
    except RecursionError:
        raise JSONDecodeError("Nested too deeply", text, _deep_position(text, start)) from None


def problem(value: Any) -> str | None:
    """Why a decoded value cannot be used, None where it can."""
    waiting: list[tuple[Any, int]] = [(value, 0)]
    while waiting:
        member, depth = waiting.pop()
        if depth > DEPTH:
            return _TOO_DEEP
        if isinstance(member, _TooLong):
            return _TOO_LONG
        if isinstance(member, str) and _SURROGATE.search(member):
            return _HALF_CHARACTER
        if isinstance(member, dict):
            waiting += [(part, depth + 1) for pair in member.items() for part in pair]
        elif isinstance(member, list):
            waiting += [(part, depth + 1) for part in member]
    return None


def described(error: JSONDecodeError) -> str:
    """The error with its place and what stands there."""
    near = error.doc[error.pos : error.pos + 30]
    found = f"near {near!r}" if near else "at its end"
    return f"{error.msg} (line {error.lineno}, column {error.colno}, {found})"


def dumped(value: Any) -> str:
    """One line of JSON; what JSON cannot express becomes its text."""
    return json.dumps(value, ensure_ascii=False, default=str)


def _deep_position(text: str, start: int) -> int:
    depth, position = 0, start
    for token in _TOKENS.finditer(text, start):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        position = token.start()
        if depth > DEPTH:
            break
    return position
