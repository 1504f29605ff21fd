"""The user's keyboard: lines, yes or no, and Ctrl-C."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import Callable
from types import TracebackType

import anyio

from codeact.actions import CodeAction
from codeact.consents import Consent, Question

RUN = "Run this? [y]es [n]o [a]lways [q]uit: "
CALL = "Call it? [y]es [n]o [a]lways [q]uit: "
"""Both fit 40 columns; "always" holds for all later code or for this tool, until the end."""

_ANSWERS = {
    "y": Consent(given=True),
    "yes": Consent(given=True),
    "a": Consent(given=True, scope="tool"),
    "always": Consent(given=True, scope="tool"),
    "q": None,
    "quit": None,
}
_NO = re.compile(r"no?\b[\s,.:;-]*(?P<message>.*)", re.IGNORECASE | re.DOTALL)


async def consent(question: Question, pause: Callable[[], None]) -> Consent | None:
    """Ask until there is an answer. What was typed before the question is thrown away, so that
    nobody agrees to what is not shown yet. What follows a no is for the model. None is quit, or the
    end of the input.
    """
    import termios

    pause()
    termios.tcflush(sys.stdin, termios.TCIFLUSH)
    while True:
        line = await read_line(RUN if isinstance(question.action, CodeAction) else CALL)
        if line is None:
            return None
        answer = line.strip()
        if answer.lower() in _ANSWERS:
            return _ANSWERS[answer.lower()]
        no = _NO.fullmatch(answer)
        if no is not None:
            return Consent(given=False, message=no["message"].strip())


async def read_line(prompt: str) -> str | None:
    """A line from the terminal, None at its end. Can be cancelled."""
    sys.stderr.write(prompt)
    sys.stderr.flush()
    loop = asyncio.get_running_loop()
    descriptor = sys.stdin.fileno()
    ready = asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)
    line = os.read(descriptor, 65536)
    return line.decode("utf-8", "replace") if line else None


class CtrlC:
    """While this is entered, the first Ctrl-C sets `pressed` and the second cancels the block.

    `left` says whether that happened.
    """

    def __init__(self) -> None:
        self.pressed = anyio.Event()
        self.left = False
        self._scope = anyio.CancelScope()

    def press(self) -> None:
        if not self.pressed.is_set():
            self.pressed.set()
        else:
            self.left = True
            self._scope.cancel()

    def __enter__(self) -> CtrlC:
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self.press)
        self._scope.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)
        return bool(self._scope.__exit__(kind, error, trace))
