"""What the cell's code has defined: names, types and short previews, safely and in bounded time."""

from __future__ import annotations

import builtins
import reprlib
import signal
import sys
import types
from typing import Any

globals()["__builtins__"] = vars(builtins).copy()  # the cell may replace builtins; ours stay

PREVIEW = 60
"""Characters of a preview."""
_SECONDS = 0.1
"""How long one value may take to describe itself."""
_MOST = 500
"""Variables that are described."""

UNREADABLE = "<its repr fails: {error}>"
TOO_SLOW = "<its repr takes too long>"


class _TooSlow(BaseException):
    """A repr's time is over."""


_short = reprlib.Repr()
_short.maxlist = _short.maxtuple = _short.maxdict = _short.maxset = _short.maxfrozenset = 8
_short.maxdeque = _short.maxarray = 8
_short.maxlevel = 3
_short.maxstring = _short.maxother = _short.maxlong = PREVIEW


def describe(names: list[str], namespace: dict[str, Any]) -> list[list[str]]:
    """[name, type, preview] of each, in order."""
    seen = []
    previous = signal.signal(signal.SIGALRM, _alarm)
    try:
        for name in names[-_MOST:]:
            value = namespace[name]
            seen.append([name, _bounded(type_text, value, "?"), _bounded(_preview, value, "")])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    return seen


def _alarm(number: int, frame: object) -> None:
    raise _TooSlow


def _bounded(function: Any, value: Any, fallback: str) -> str:
    try:
        signal.setitimer(signal.ITIMER_REAL, _SECONDS)
        text = str.__str__(function(value))
        signal.setitimer(signal.ITIMER_REAL, 0)
    except _TooSlow:
        return fallback or TOO_SLOW
    except BaseException as error:  # noqa: BLE001 - values of the cell can misbehave in any way
        signal.setitimer(signal.ITIMER_REAL, 0)
        return fallback or UNREADABLE.format(error=type(error).__name__)
    return text


def type_text(value: Any) -> str:
    kind = type(value)
    if isinstance(value, type):
        return "class"
    if kind in (types.FunctionType, types.BuiltinFunctionType, types.MethodType):
        return "function"
    name = kind.__name__
    if kind in (str, bytes, list, tuple, dict, set, frozenset):
        return f"{name} ({len(value)})"
    shape = _shape(value)
    if shape is None:
        return name
    dtype = getattr(value, "dtype", None)
    return f"{name} {dtype} {shape}" if dtype is not None else f"{name} {shape}"


def _shape(value: Any) -> str | None:
    """The shape of an array, a frame or a tensor of a library that is loaded."""
    module = type(value).__module__.partition(".")[0]
    if module not in sys.modules or module == "__main__":
        return None
    shape = getattr(value, "shape", None)
    return str(tuple(shape)) if isinstance(shape, tuple) else None


def _preview(value: Any) -> str:
    if isinstance(value, type):
        text = value.__name__
    elif isinstance(value, types.FunctionType):
        names = value.__code__.co_varnames[: value.__code__.co_argcount]
        text = f"{value.__name__}({', '.join(names)})"
    elif type(value).__name__ == "DataFrame" and type(value).__module__.startswith("pandas"):
        text = "columns: " + ", ".join(str(each) for each in value.columns[:20])
    elif type(value).__name__ == "ndarray" and type(value).__module__ == "numpy":
        text = _short.repr(value.ravel()[:8].tolist())
    else:
        text = _short.repr(value)
    text = " ".join(str.__str__(text).split())
    return text if len(text) <= PREVIEW else text[: PREVIEW - 1] + "…"
