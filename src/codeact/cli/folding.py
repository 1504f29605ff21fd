"""What of a long text is shown, and where a reply's thought ends and its action begins."""

from __future__ import annotations

import re
from dataclasses import dataclass

from codeact.actions import Action, Answer, CodeAction, InvalidAction, ToolCall

OUTPUT_LINES = 12
"""So many lines of an output are shown; of a longer one the last line is the count of the rest."""

ERROR_LINES = 6
"""So many last lines of an error are shown."""

LINE_LENGTH = 400

_OPENER = re.compile(
    r"<execute>|^[ \t]*(?:```|~~~)[ \t]*(?:python3?|py3?|ipython3?|json)\b[^\n]*$|^Action:",
    re.IGNORECASE | re.MULTILINE,
)
_CLOSER = re.compile(r"</execute>|^[ \t]*(?:```|~~~)[ \t]*$|^End Action", re.I | re.M)
_LEADING = re.compile(r"^\s*Thought:\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """Lines to show and how many are `hidden`, before them when `from_end`."""

    lines: tuple[str, ...]
    hidden: int = 0
    from_end: bool = False

    @property
    def remark(self) -> str:
        """The line that stands for the hidden ones."""
        place = "earlier" if self.from_end else "more"
        return f"… {self.hidden:,} {place} line{'' if self.hidden == 1 else 's'}"


def fold(text: str, limit: int = OUTPUT_LINES) -> Folded:
    """The first lines."""
    lines = _lines(text)
    shown = lines if len(lines) <= limit else lines[: limit - 1]
    return Folded(lines=tuple(shown), hidden=len(lines) - len(shown))


def fold_error(text: str, limit: int = ERROR_LINES) -> Folded:
    """The last lines, where an error says what it is."""
    lines = _lines(text)
    shown = lines if len(lines) <= limit else lines[-(limit - 1) :]
    return Folded(lines=tuple(shown), hidden=len(lines) - len(shown), from_end=True)


def streamed(text: str) -> tuple[str, str]:
    """The thought and the action of a reply that is still being written."""
    opener = _OPENER.search(text)
    if opener is None:
        return _thought(text), ""
    rest = text[opener.end() :].lstrip("\n")
    closer = _CLOSER.search(rest)
    return _thought(text[: opener.start()]), (rest[: closer.start()] if closer else rest).rstrip()


def thought(text: str, action: Action) -> str:
    """What a whole reply says before its action; all of it where there is none."""
    match action:
        case CodeAction(code=code):
            return _thought(text[: _opened(text, code.partition("\n")[0].strip())])
        case ToolCall(name=name):
            opener = _OPENER.search(text) or re.search(
                rf"^[ \t]*(?:\{{|\[|{re.escape(name)}\b)", text, re.MULTILINE
            )
            return _thought(text[: opener.start()] if opener else text)
        case Answer() | InvalidAction():
            return _thought(text)


def _opened(text: str, first_line: str) -> int:
    """Where the marks around an action begin; the text's length where they are not found."""
    for opener in _OPENER.finditer(text):
        rest = text[opener.end() :].lstrip()
        nested = _OPENER.match(rest)
        if (rest[nested.end() :].lstrip() if nested else rest).startswith(first_line):
            return opener.start()
    return len(text)


def _thought(text: str) -> str:
    return _LEADING.sub("", text).strip()


def _lines(text: str) -> list[str]:
    lines = text.rstrip().split("\n") if text.strip() else []
    return [line if len(line) <= LINE_LENGTH else line[:LINE_LENGTH] + " …" for line in lines]
