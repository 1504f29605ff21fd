"""Markdown fences and code spans of a reply: what they hold and what they hide."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from codeact.formats.python_strings import mark_outside_strings

PYTHON = frozenset({"python", "python3", "py", "py3", "ipython", "ipython3"})

_FENCE = re.compile(
    r"^(?P<indent>[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*)(?P<mark>`{3,}|~{3,})(?P<info>[^\n]*)$",
    re.MULTILINE,
)
_LANGUAGE = re.compile(r"[ \t]*+\{?([\w+#.-]+)")
_RUNS = re.compile(r"`+|\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block: `start` is where its opening line begins, `body` where that line ends,
    `closing` where its closing line begins, `end` where that ends. Both are the end of the text
    when nothing closes it.
    """

    mark: str
    language: str
    start: int
    body: int
    closing: int
    end: int


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks in order, as Markdown sees them. `language` is lower case, "" where the
    fence names none.

    An opening line that holds `<` or `"` is none: it holds an action, or prose.
    """
    opening: re.Match[str] | None = None
    for line in _FENCE.finditer(text):
        mark, info = line["mark"], line["info"]
        if opening is None:
            if not re.search(r'[<"]' if mark[0] == "~" else r'[<"`]', info):
                opening = line
        elif _closes(line, opening["mark"]):
            yield _block(opening, line.start(), line.end())
            opening = None
    if opening is not None:
        yield _block(opening, len(text), len(text))


def closing_outside_strings(
    text: str, mark: str, start: int, *, whole: bool
) -> tuple[int, int] | None:
    """Where the fence that closes a block of Python begins and ends: at the start of a line, at
    least as long as `mark`, outside string literals.

    Whatever follows it on its line does not matter, since no Python line can begin so. Thus it is
    known to close the block before its line is complete.
    """
    return mark_outside_strings(rf"^[ \t]*{mark[0]}{{{len(mark)},}}", text, start, whole=whole)


def unwrap(content: str) -> tuple[str, str]:
    """The language and the body of a fence around the whole content, else ("", the content).

    The closing line may be missing. A content that begins with a fence in another language is not
    Python whatever follows.
    """
    text = content.strip()
    opening = next(blocks(text), None) if text[:1] in "`~" else None
    if opening is None or opening.start:
        return "", content
    if opening.language and opening.language not in PYTHON:
        return opening.language, text[opening.body : opening.closing]
    closed = closing_outside_strings(text, opening.mark, opening.body, whole=True)
    if closed is None:
        return opening.language, text[opening.body :]
    if text[closed[1] :].strip():
        return "", content
    return opening.language, text[opening.body : closed[0]]


class Shield:
    """The stretches of a text where an action is only mentioned: fenced blocks in a language
    outside `shown` and, with `spans`, inline code.
    """

    def __init__(self, text: str, *, shown: Collection[str], spans: bool = False) -> None:
        ranges: list[tuple[int, int]] = []
        self.undecided = len(text)
        """From here on the rest of the last line decides whether inline code was opened."""
        if "`" in text or "~~~" in text:
            ranges = [
                (block.start, block.end) for block in blocks(text) if block.language not in shown
            ]
            if spans:
                inline, self.undecided = _spans(text)
                ranges = sorted(ranges + inline)
        self._starts = [start for start, _ in ranges]
        self._ranges = ranges

    def end(self, position: int) -> int | None:
        """Where the stretch around this position ends; None where the position is in the open."""
        index = bisect_right(self._starts, position) - 1
        if index >= 0 and position < self._ranges[index][1]:
            return self._ranges[index][1]
        return None


def _closes(line: re.Match[str], mark: str) -> bool:
    blank = not line["indent"].strip() and not line["info"].strip()
    return blank and line["mark"][0] == mark[0] and len(line["mark"]) >= len(mark)


def _block(opening: re.Match[str], closing: int, end: int) -> Block:
    language = _LANGUAGE.match(opening["info"])
    return Block(
        mark=opening["mark"],
        language=language[1].lower() if language else "",
        start=opening.start(),
        body=opening.end(),
        closing=closing,
        end=end,
    )


def _spans(text: str) -> tuple[list[tuple[int, int]], int]:
    """The code spans, each within one line, and where the last line's first open run begins."""
    spans: list[tuple[int, int]] = []
    line: list[re.Match[str]] = []
    for run in _RUNS.finditer(text):
        if run[0] != "\n":
            line.append(run)
        elif line:
            spans += _pairs(line)[0]
            line = []
    pairs, unpaired = _pairs(line)
    return spans + pairs, unpaired if unpaired is not None else len(text)


def _pairs(runs: list[re.Match[str]]) -> tuple[list[tuple[int, int]], int | None]:
    following: dict[int, int] = {}
    partner: list[int | None] = [None] * len(runs)
    for index in range(len(runs) - 1, -1, -1):
        length = len(runs[index][0])
        partner[index] = following.get(length)
        following[length] = index
    pairs: list[tuple[int, int]] = []
    unpaired: int | None = None
    index = 0
    while index < len(runs):
        other = partner[index]
        if other is None:
            unpaired = runs[index].start() if unpaired is None else unpaired
        else:
            pairs.append((runs[index].start(), runs[other].end()))
            index = other
        index += 1
    return pairs, unpaired
