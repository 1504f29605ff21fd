"""The user's keyboard: lines, yes or no, and Ctrl-C."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from types import TracebackType

import anyio

from codeact.cli.asking import Consent

QUESTION = "Run this? [y]es [n]o [a]lways [q]uit: "
"""Fits 40 columns; "always" holds for the session."""

_ANSWERS = {
    "y": Consent.YES,
    "yes": Consent.YES,
    "n": Consent.NO,
    "no": Consent.NO,
    "a": Consent.ALWAYS,
    "always": Consent.ALWAYS,
    "q": Consent.QUIT,
    "quit": Consent.QUIT,
}


async def consent(pause: Callable[[], None], resume: Callable[[], None]) -> Consent:
    """Ask until there is an answer. What was typed before the question is thrown away, so that
    nobody agrees to code before it is shown. The end of the input means quit.
    """
    import termios

    pause()
    termios.tcflush(sys.stdin, termios.TCIFLUSH)
    while True:
        line = await read_line(QUESTION)
        if line is None:
            return Consent.QUIT
        answer = _ANSWERS.get(line.strip().lower())
        if answer is not None:
            resume()
            return answer


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
