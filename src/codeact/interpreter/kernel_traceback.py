"""Tracebacks as the author of a cell should read them: their own lines, none of ours.

Explained, they mark the line of the cell that failed, show the values of the names on it and what
may have been meant.
"""

from __future__ import annotations

import ast
import builtins
import linecache
import os
import traceback
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Any

from codeact.interpreter.kernel_suggestions import suggestion
from codeact.interpreter.kernel_values import Line

globals()["__builtins__"] = vars(builtins).copy()  # the cell may replace builtins; ours stay

CELL = "<cell "
"""How the file name of a cell's code begins."""
_OURS = str(Path(__file__).parent) + os.sep
_MACHINERY = (f"{os.sep}IPython{os.sep}core{os.sep}", f"{os.sep}IPython{os.sep}utils{os.sep}")
_FIRST = 10
_LAST = 20
LEFT_OUT = "[… {count} calls left out …]"
MARK = "--> "
"""Stands before the line that failed."""
WHERE = "    where {values}\n"
NOTHING_RAN = "[Nothing of this cell was run: line {line} would fail. Correct it and run it all.]\n"
NOT_PYTHON = "[Nothing of this cell was run: it is not valid Python. Correct it and run it all.]\n"


def render(error: BaseException, *, explain: bool = False) -> str:
    """The traceback as plain text, chained exceptions included."""
    try:
        whole = traceback.TracebackException(type(error), error, error.__traceback__, compact=True)
        _clean(whole)
        if not explain:
            return "".join(whole.format())
        line, values = _place(error)
        if whole.stack is not None and line is not None:
            whole.stack = _Stack(whole.stack, values)
        return _suggested("".join(whole.format()), _hint(error, line))
    except Exception as failure:  # noqa: BLE001 - exceptions of the cell can misbehave in any way
        return f"{type(error).__name__} (its traceback cannot be shown: {type(failure).__name__})\n"


def refusal(error: Exception, node: ast.AST | None, hint: str, file: str) -> str:
    """What is told of a cell that was not begun, as Python would tell it."""
    if node is None:
        if isinstance(error, SyntaxError) and error.text is None:
            error.text = linecache.getline(file, error.lineno or 0)
        return render(error) + NOT_PYTHON
    assert isinstance(node, ast.expr)
    place = traceback.FrameSummary(
        file,
        node.lineno,
        "<module>",
        end_lineno=node.end_lineno,
        colno=node.col_offset,
        end_colno=node.end_col_offset,
    )
    told = ["Traceback (most recent call last):\n", *_Stack([place], "").format()]
    told += traceback.TracebackException(type(error), error, None).format_exception_only()
    return _suggested("".join(told), hint) + NOTHING_RAN.format(line=node.lineno)


def _suggested(text: str, hint: str) -> str:
    """With a suggestion, unless this Python or a tool has made one."""
    last = text[text.rstrip().rfind("\n") + 1 :]
    return text if not hint or "Did you " in last else f"{text}{hint}\n"


def _place(error: BaseException) -> tuple[Line | None, str]:
    """The line of a cell that was running, and the values on it."""
    frame: FrameType | None = None
    number = 0
    step = error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename.startswith(CELL):
            frame, number = step.tb_frame, step.tb_lineno
        step = step.tb_next
    if frame is None:
        return None, ""
    try:
        line = Line.of(frame, number)
        return line, "" if line is None else line.values()
    except Exception:  # noqa: BLE001 - values of the cell can misbehave in any way
        return None, ""


def _hint(error: BaseException, line: Line | None) -> str:
    try:
        return suggestion(error, line)
    except Exception:  # noqa: BLE001 - exceptions of the cell can misbehave in any way
        return ""


def _clean(whole: traceback.TracebackException) -> None:
    if whole.__cause__ is not None:
        _clean(whole.__cause__)
    if whole.__context__ is not None:
        _clean(whole.__context__)
    for each in getattr(whole, "exceptions", None) or ():
        _clean(each)
    frames = list(whole.stack)
    own = [place for place, frame in enumerate(frames) if frame.filename.startswith(CELL)]
    frames = [frame for frame in frames[own[0] if own else 0 :] if not _is_machinery(frame)]
    if not frames:
        whole.stack = None  # type: ignore[assignment]  # format() then leaves the heading out
        return
    if len(frames) > 3 * (_FIRST + _LAST):
        count = len(frames) - _FIRST - _LAST
        mark = LEFT_OUT.format(count=count)
        gap = traceback.FrameSummary(mark, 0, "", lookup_line=False, line="")
        frames = [*frames[:_FIRST], gap, *frames[-_LAST:]]
    whole.stack = _Stack(frames)


class _Stack(traceback.StackSummary):
    """`values` None: nothing is marked."""

    def __init__(self, frames: Iterable[traceback.FrameSummary], values: str | None = None) -> None:
        super().__init__(frames)
        cells = [each for each in frames if each.filename.startswith(CELL)]
        self._marked = cells[-1] if cells and values is not None else None
        self._values = values

    def format_frame_summary(self, frame_summary: traceback.FrameSummary, **options: Any) -> str:
        if frame_summary.filename.startswith("[… "):
            return f"  {frame_summary.filename}\n"
        text = super().format_frame_summary(frame_summary, **options)  # Python 3.13 sends one
        if frame_summary is not self._marked:
            return text
        values = WHERE.format(values=self._values) if self._values else ""
        return text.replace("\n    ", f"\n{MARK}", 1) + values


def _is_machinery(frame: traceback.FrameSummary) -> bool:
    name = frame.filename
    return (
        name.startswith((_OURS, "<decorator-gen"))
        or name in ("<frozen runpy>", "<tool>")
        or any(part in name for part in _MACHINERY)
    )
