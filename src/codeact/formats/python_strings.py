"""Finds a closing mark in Python that is still being written, but not inside a string literal."""

from __future__ import annotations

import re

_TRIPLE = {
    '"""': re.compile(r'(?:[^"\\]++|\\.|"(?!""))*+"""', re.DOTALL),
    "'''": re.compile(r"(?:[^'\\]++|\\.|'(?!''))*+'''", re.DOTALL),
}
_LINE = {
    '"': re.compile(r'(?:[^"\\\n]++|\\(?:\r\n|.))*+', re.DOTALL),
    "'": re.compile(r"(?:[^'\\\n]++|\\(?:\r\n|.))*+", re.DOTALL),
}


def mark_outside_strings(
    mark: str, text: str, start: int, *, whole: bool
) -> tuple[int, int] | None:
    """Where the first match of the pattern `mark` outside string literals begins and ends.

    A quote that never closes on its line opens no string (`!echo don't`), and a triple quote that
    never closes in a `whole` text opens none either. Without `whole` more text may follow: as long
    as a quote is undecided there is no mark, so a mark once found stays where it is. A mark inside
    a comment counts. Prefixes (`f`, `r`, `b`) do not change where a literal ends; quotes nested in
    an f-string's braces are taken for its end, as Python before 3.12 does. Linear in the text.
    """
    token = re.compile(
        rf"(?P<mark>{mark})|(?P<quote>\"\"\"|'''|\"|')|#", re.IGNORECASE | re.MULTILINE
    )
    never_closed: set[str] = set()
    unclosed_until = {'"': start, "'": start}
    position = start
    while found := token.search(text, position):
        quote, position = found["quote"], found.end()
        if found["mark"]:
            return found.span()
        if quote is None:
            position = text.find("\n", position) + 1 or len(text)
            comment = re.compile(mark, re.IGNORECASE | re.MULTILINE)
            if inside := comment.search(text, found.end(), position):
                return inside.span()
        elif quote in _TRIPLE:
            if quote in never_closed:
                continue
            if closed := _TRIPLE[quote].match(text, position):
                position = closed.end()
            elif whole:
                never_closed.add(quote)
            else:
                return None
        elif found.start() >= unclosed_until[quote]:
            body = _LINE[quote].match(text, position)
            stop = body.end() if body else position
            after = text[stop : stop + 1]
            if after == quote:
                position = stop + 1
            elif whole or after == "\n":
                unclosed_until[quote] = stop
            else:
                return None
    return None
