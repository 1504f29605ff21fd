"""Tracebacks as the author of a cell should read them: their own lines, none of ours."""

from __future__ import annotations

import builtins
import os
import traceback
from pathlib import Path
from typing import Any

globals()["__builtins__"] = vars(builtins).copy()  # the cell may replace builtins; ours stay

CELL = "<cell "
"""How the file name of a cell's code begins."""
_OURS = str(Path(__file__).parent) + os.sep
_MACHINERY = (f"{os.sep}IPython{os.sep}core{os.sep}", f"{os.sep}IPython{os.sep}utils{os.sep}")
_FIRST = 10
_LAST = 20
LEFT_OUT = "[… {count} calls left out …]"


def render(error: BaseException) -> str:
    """The traceback as plain text, chained exceptions included."""
    try:
        whole = traceback.TracebackException(type(error), error, error.__traceback__, compact=True)
        _clean(whole)
        return "".join(whole.format())
    except Exception as failure:  # noqa: BLE001 - exceptions of the cell can misbehave in any way
        return f"{type(error).__name__} (its traceback cannot be shown: {type(failure).__name__})\n"


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
    def format_frame_summary(self, frame_summary: traceback.FrameSummary, **options: Any) -> str:
        if frame_summary.filename.startswith("[… "):
            return f"  {frame_summary.filename}\n"
        return super().format_frame_summary(frame_summary, **options)  # Python 3.13 sends one


def _is_machinery(frame: traceback.FrameSummary) -> bool:
    name = frame.filename
    return (
        name.startswith((_OURS, "<decorator-gen"))
        or name in ("<frozen runpy>", "<tool>")
        or any(part in name for part in _MACHINERY)
    )
