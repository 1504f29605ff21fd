"""The text spelling of a call: `tool_name, argument, key=argument`, with quotes for commas.

    call     = name { "," [ key "=" ] value }
    value    = quoted | list | object | bare
    quoted   = '"' { character | escape } '"'  |  "'" { character | escape } "'"
    escape   = "\\" followed by one of  " ' \\ / b f n r t  or by  u  and four hexadecimal digits
    list     = "[" [ value { "," value } ] "]"
    object   = "{" [ member { "," member } ] "}"
    member   = ( quoted | bare ) ":" value
    bare     = any other text up to the next "," (inside a list or object also "]", "}" and ":"
               after a key), trimmed, on one line

A bare text is an integer or a float where JSON reads it as one, true, false or null (also True,
False, None), else a string. Quoted text is always a string; a backslash before any other character
stays. Names and keys are identifiers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from codeact.formats.json_values import DEPTH, dumped

_NAME = re.compile(r"\s*+([^\W\d]\w*+)\s*+(,|\Z)")
_KEY = re.compile(r"\s*+([^\W\d]\w*+)\s*+=(?!=)")
_SPACE = re.compile(r"\s*+")
_QUOTED = {
    '"': re.compile(r'"((?:[^"\\]++|\\.)*+)"', re.DOTALL),
    "'": re.compile(r"'((?:[^'\\]++|\\.)*+)'", re.DOTALL),
}
_ESCAPE = re.compile(r"((?:\\u[0-9a-fA-F]{4})+)|\\([\"'\\/bfnrt])")
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_BARE = {ends: re.compile(rf"[^{re.escape(ends)}]*+") for ends in (",", ",]}", ",]}:")}
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*+)(\.[0-9]++)?([eE][+-]?[0-9]++)?")
_WORDS: dict[str, Any] = {
    "true": True,
    "True": True,
    "false": False,
    "False": False,
    "null": None,
    "None": None,
}

_NO_NAME = "It does not begin with a tool's name followed by a comma or nothing: {found}."
_OPEN_QUOTE = "A quote is not closed: {found}."
_OPEN_BRACKET = "A bracket is not closed: {found}."
_AFTER_VALUE = "A comma is missing before {found}; quote an argument that holds quotes or brackets."
_EMPTY_VALUE = 'An argument is empty; write "" for an empty string.'
_TWO_LINES = "An argument without quotes spans lines: {found}. Write one call, and quote the text."
_TOO_DEEP = "Brackets nest deeper than {depth} levels."
_NO_COLON = "A colon is missing after the key before {found}."
_TWICE = "The argument {key} is given twice."


class Unreadable(ValueError):
    """A call outside the grammar; the message is one sentence for the model."""


def read_call(text: str) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
    """The name, the arguments and the named arguments of a call. Raises Unreadable."""
    name = _NAME.match(text)
    if name is None:
        raise Unreadable(_NO_NAME.format(found=_excerpt(text.strip())))
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    position, more = name.end(), name[2] == ","
    while more:
        key = _KEY.match(text, position)
        value, position = _value(text, key.end() if key else position, ",", 0)
        if key is None:
            args.append(value)
        elif key[1] in kwargs:
            raise Unreadable(_TWICE.format(key=key[1]))
        else:
            kwargs[key[1]] = value
        more = text[position : position + 1] == ","
        if not more and position < len(text):
            raise Unreadable(_AFTER_VALUE.format(found=_excerpt(text[position:])))
        position += 1
    return name[1], tuple(args), kwargs


def read_paper_call(text: str) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
    """A call as M3ToolEval reads it: split at every comma; integers, floats, else strings. Raises
    Unreadable.
    """
    name, *args = (part.strip() for part in text.split(","))
    if not name:
        raise Unreadable(_NO_NAME.format(found=_excerpt(text.strip())))
    return name, tuple(_paper_value(arg) for arg in args), {}


def spelled_call(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """The canonical spelling: every string quoted."""
    named = [f"{key}={dumped(value)}" for key, value in kwargs.items()]
    return ", ".join([name, *map(dumped, args), *named])


def _value(text: str, position: int, ends: str, depth: int) -> tuple[Any, int]:
    """A value and where the next mark stands."""
    value: Any
    position = _skip(text, position)
    begin = text[position : position + 1]
    if begin and begin in "\"'":
        value, position = _quoted(text, position)
    elif begin and begin in "[{":
        if depth == DEPTH:
            raise Unreadable(_TOO_DEEP.format(depth=DEPTH))
        container = _list if begin == "[" else _object
        value, position = container(text, position + 1, depth + 1)
    else:
        value, position = _bare(text, position, ends)
        value = _scalar(value)
    return value, _skip(text, position)


def _list(text: str, position: int, depth: int) -> tuple[list[Any], int]:
    members: list[Any] = []

    def member(position: int) -> int:
        value, position = _value(text, position, ",]}", depth)
        members.append(value)
        return position

    return members, _members(text, position, "]", member)


def _object(text: str, position: int, depth: int) -> tuple[dict[str, Any], int]:
    members: dict[str, Any] = {}

    def member(position: int) -> int:
        quoted = text[position : position + 1] in ("'", '"')
        key, position = _quoted(text, position) if quoted else _bare(text, position, ",]}:")
        position = _skip(text, position)
        if text[position : position + 1] != ":":
            raise Unreadable(_NO_COLON.format(found=_excerpt(text[position:])))
        members[key], position = _value(text, position + 1, ",]}", depth)
        return position

    return members, _members(text, position, "}", member)


def _members(text: str, position: int, closing: str, member: Callable[[int], int]) -> int:
    """Read members up to the closing bracket; where the text after it begins."""
    begin, position = position - 1, _skip(text, position)
    if text[position : position + 1] == closing:
        return position + 1
    while position < len(text):
        position = member(_skip(text, position))
        after = text[position : position + 1]
        if after == closing:
            return position + 1
        if after and after != ",":
            raise Unreadable(_AFTER_VALUE.format(found=_excerpt(text[position:])))
        position += 1
    raise Unreadable(_OPEN_BRACKET.format(found=_excerpt(text[begin:])))


def _quoted(text: str, position: int) -> tuple[str, int]:
    found = _QUOTED[text[position]].match(text, position)
    if found is None:
        raise Unreadable(_OPEN_QUOTE.format(found=_excerpt(text[position:])))
    return _ESCAPE.sub(_unescaped, found[1]), found.end()


def _bare(text: str, position: int, ends: str) -> tuple[str, int]:
    found = _BARE[ends].match(text, position)
    bare = found[0].strip() if found else ""
    if not bare:
        raise Unreadable(_EMPTY_VALUE)
    if "\n" in bare:
        raise Unreadable(_TWO_LINES.format(found=_excerpt(bare)))
    return bare, found.end() if found else position


def _scalar(bare: str) -> Any:
    if bare in _WORDS:
        return _WORDS[bare]
    number = _NUMBER.fullmatch(bare)
    if number is None:
        return bare
    if number[1] or number[2]:
        return float(bare)
    try:
        return int(bare)
    except ValueError:  # more digits than Python reads
        return bare


def _paper_value(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _unescaped(escape: re.Match[str]) -> str:
    if escape[1]:
        decoded: str = json.loads(f'"{escape[1]}"')
        return decoded
    return _ESCAPED.get(escape[2], escape[2])


def _skip(text: str, position: int) -> int:
    space = _SPACE.match(text, position)
    return space.end() if space else position


def _excerpt(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}…")
