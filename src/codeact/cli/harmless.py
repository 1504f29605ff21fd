"""Text that models and programs wrote, made harmless before a terminal shows it."""

from __future__ import annotations

import re

_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # colours, cursor moves
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # titles, links
    r"|\x1b[ -/]*[0-~]"
)
# Controls, and the characters that make text read in another order than it runs.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def clean(text: str) -> str:
    """What is left to read: no escape sequences, no control characters; of a line that a progress
    bar overwrites, its last state.
    """
    if text.isprintable():
        return text
    text = _SEQUENCE.sub("", text)
    if "\r" in text:
        text = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return _CONTROL.sub("", text)


def visible(code: str) -> str:
    """Code as it runs, with every control character spelled out: nothing hides from who approves
    it.
    """
    return _CONTROL.sub(lambda found: found.group().encode("unicode_escape").decode(), code)
