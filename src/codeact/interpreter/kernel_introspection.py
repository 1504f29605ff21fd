"""Questions of an editor about the living namespace: completion, help, whether a cell is whole.

Values of the cell's code can answer in any way (`__dir__`, `__getattr__`, `__repr__`): nothing of
theirs may take long or raise into the kernel.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import signal
from typing import Any

from IPython.core.completer import provisionalcompleter, rectify_completions
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.tokenutil import token_at_cursor

from codeact.interpreter.kernel_shell import Shell

globals()["__builtins__"] = vars(builtins).copy()  # the cell may replace builtins; ours stay

_SECONDS = 1.0
"""How long the values may take to answer."""
_MOST = 1000
"""Completions that are sent."""
_MOST_TEXT = 200_000
"""Characters of one description."""
_EXPERIMENTAL = "_jupyter_types_experimental"


class _TooSlow(BaseException):
    """The time for an answer is over."""


def answer(shell: Shell, head: dict[str, Any]) -> dict[str, Any]:
    """What is known; empty where the values do not let it be known."""
    kind, code = head["kind"], head["code"]
    if kind == "expressions":  # code like a cell's: it may take its time
        found: dict[str, Any] = shell.user_expressions(code)  # type: ignore[no-untyped-call]
        return found
    previous = signal.signal(signal.SIGALRM, _alarm)
    silence = io.StringIO()
    try:
        signal.setitimer(signal.ITIMER_REAL, _SECONDS)
        with contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence):
            match kind:
                case "complete":
                    return _complete(shell, code, head["cursor"])
                case "inspect":
                    return _inspect(shell, code, head["cursor"], head["detail"])
                case _:
                    return _is_complete(shell, code)
    except _TooSlow:
        return {}
    except Exception:  # noqa: BLE001 - values of the cell can misbehave in any way
        return {}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def _alarm(number: int, frame: object) -> None:
    raise _TooSlow


def _complete(shell: Shell, code: str, cursor: int) -> dict[str, Any]:
    if getattr(shell, "Completer", None) is None:
        InteractiveShell.init_completer(shell)  # type: ignore[no-untyped-call]
        shell.Completer.use_jedi = False
    with provisionalcompleter():
        raw = shell.Completer.completions(code, cursor)
        found = list(rectify_completions(code, raw))[:_MOST]
    start, end = (found[0].start, found[0].end) if found else (cursor, cursor)
    kinds = [
        {"start": each.start, "end": each.end, "text": each.text, "type": each.type or ""}
        for each in found
    ]
    return {
        "matches": [each.text for each in found],
        "cursor_start": start,
        "cursor_end": end,
        "metadata": {_EXPERIMENTAL: kinds},
    }


def _inspect(shell: Shell, code: str, cursor: int, detail: int) -> dict[str, Any]:
    name = token_at_cursor(code, cursor)
    try:
        bundle = shell.object_inspect_mime(name, detail_level=detail)  # type: ignore[no-untyped-call]
    except KeyError:
        return {"data": {}}
    texts = {kind: text[:_MOST_TEXT] for kind, text in bundle.items() if isinstance(text, str)}
    texts.pop("text/html", None)  # the same, in markup that fits no client's style
    return {"data": texts}


def _is_complete(shell: Shell, code: str) -> dict[str, Any]:
    status, indent = shell.input_transformer_manager.check_complete(code)
    return {"status": status, "indent": " " * (indent or 0)}
