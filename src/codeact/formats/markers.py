"""The marker grammar of M3ToolEval: `Thought:`, then `Action:` … `End Action` or `Answer:` …."""

from __future__ import annotations

import re
from collections.abc import Callable

from codeact.actions import Answer, CodeAction, InvalidAction, ToolCall
from codeact.formats.first_action import FirstAction, note_on

STOP = ("End Action",)

_END = "End Action"
_MARKER = re.compile(r"(?<!End )(Action|Answer):")
_FORM = (
    "Write 'Thought:' and your reasoning if you like, then exactly one of:\n"
    "Action:\n{example}\nEnd Action\n"
    "or\n"
    "Answer: your answer"
)
_NO_MARKER = "Your reply has neither 'Action:' nor 'Answer:'. {form}"
_TWO_MARKERS = "'{first}:' is followed at once by '{second}:'; a reply has one of them. {form}"
_EMPTY = "Nothing follows '{first}:'. {form}"


def form(example: str) -> str:
    """The right form of a reply, for the model."""
    return _FORM.format(example=example)


def find(
    text: str,
    right_form: str,
    read: Callable[[str, str], CodeAction | ToolCall | InvalidAction],
) -> FirstAction:
    """The first action of a reply. `read` makes the action of the text between the markers and a
    note.

    As the benchmark runs it: the markers are plain text wherever they stand, the second of
    `Action:` and `Answer:` cuts the reply, and so does `End Action`; where it is missing before the
    second marker, a `Thought:` that leads to that one is cut off too.
    """
    first = _MARKER.search(text)
    if first is None:
        reason = _NO_MARKER.format(form=right_form)
        return _invalid(text, reason, "no_marker" if text.strip() else "empty", settled=False)
    second = _MARKER.search(text, first.end())
    limit = second.start() if second else len(text)
    mark = text.find(_END, first.end(), limit)
    stop = limit if mark < 0 else mark
    if mark < 0 and second:
        thought = text.find("Thought:", first.end(), limit)
        stop = limit if thought < 0 else thought
    settled = mark >= 0 or second is not None
    content = text[first.end() : stop]
    if not content.strip():
        if mark < 0 and second and stop == limit:
            reason = _TWO_MARKERS.format(first=first[1], second=second[1], form=right_form)
            return _invalid(text, reason, "two_markers", settled=True)
        reason = _EMPTY.format(first=first[1], form=right_form)
        return _invalid(text, reason, "empty", settled=settled)
    if first[1] == "Answer":
        return FirstAction(action=Answer(text=content.strip()), end=stop, settled=settled)
    end = stop if mark < 0 else stop + len(_END)
    action = read(content, note_on(text[end:], another=second is not None))
    if isinstance(action, InvalidAction):
        return FirstAction(action=action, end=len(text), settled=settled)
    closing = "" if mark >= 0 else _END if text[:stop].endswith("\n") else f"\n{_END}"
    return FirstAction(action=action, end=end, closing=closing, settled=settled)


def written(content: str) -> str:
    """An action between its markers."""
    return f"Action:\n{content}\n{_END}"


def escaped(json_text: str) -> str:
    """JSON whose strings hold no marker, spelled with escapes: for values that mention one."""
    return (
        json_text.replace("Action:", "Action\\u003a")
        .replace("Answer:", "Answer\\u003a")
        .replace(_END, "End\\u0020Action")
    )


def _invalid(text: str, reason: str, kind: str, *, settled: bool) -> FirstAction:
    action = InvalidAction(reason=reason, kind=kind)
    return FirstAction(action=action, end=len(text), settled=settled)
