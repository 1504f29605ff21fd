"""Questions of a cell's code to the person before it: `input()` and `getpass`, one task each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager

from codeact.interpreter.calls import Send
from codeact.interpreter.kernel_output import NO_INPUT
from codeact.interpreter.wire import Frame, WireError

Ask = Callable[[str, bool], Awaitable[str]]
"""Asks a person, a password if the flag is set. What it raises is raised in the cell."""
MAX_OPEN = 16
"""Questions that wait at the same time."""

NO_CELL = "input() was called after its cell had ended. Ask while the cell runs."
TOO_MANY = "{count} questions wait for an answer already."
STOPPED = "The question was given up: the cell that asked was stopped."


async def nobody(prompt: str, password: bool) -> str:
    """Where there is no person."""
    raise EOFError(NO_INPUT)


class Questions:
    """The questions of one cell after another. The time inside of `paused` does not count."""

    def __init__(self, ask: Ask, paused: Callable[[], AbstractContextManager[None]]) -> None:
        self._ask = ask
        self._paused = paused
        self._open = False
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def open(self) -> None:
        """A cell begins."""
        self._open = True

    def close(self) -> None:
        """The cell has ended: nobody waits for an answer any more."""
        self._open = False
        for task in self._tasks.values():
            task.cancel()

    def cancel(self, key: int) -> None:
        """The code takes a question back."""
        if key in self._tasks:
            self._tasks[key].cancel()

    def hear(self, frame: Frame, send: Send) -> None:
        """A frame "input", not trusted. Raises WireError where it is malformed."""
        match frame.head, frame.values():
            case {"id": int(key)}, [str(prompt), bool(password)] if key not in self._tasks:
                pass
            case _:
                raise WireError("a question that is none")
        if not self._open:
            _raise_there(send, key, RuntimeError(NO_CELL))
        elif len(self._tasks) >= MAX_OPEN:
            _raise_there(send, key, RuntimeError(TOO_MANY.format(count=MAX_OPEN)))
        else:
            answer = self._answer(key, prompt, password, send)
            task = self._tasks[key] = asyncio.get_running_loop().create_task(answer)
            task.add_done_callback(lambda done: self._ended(key, done, send))

    async def _answer(self, key: int, prompt: str, password: bool, send: Send) -> None:
        try:
            with self._paused():
                text = await self._ask(prompt, password)
        except Exception as error:  # noqa: BLE001 - why nobody can be asked, the cell is told
            _raise_there(send, key, error)
        else:
            send({"op": "reply", "id": key}, text)

    def _ended(self, key: int, task: asyncio.Task[None], send: Send) -> None:
        del self._tasks[key]
        if task.cancelled():  # perhaps before it began
            _raise_there(send, key, EOFError(STOPPED))


def _raise_there(send: Send, key: int, error: Exception) -> None:
    names = [each.__name__ for each in type(error).__mro__ if issubclass(each, Exception)]
    send({"op": "reply", "id": key, "error": names, "text": str(error)}, [str(error)])
