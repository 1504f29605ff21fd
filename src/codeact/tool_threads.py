"""Threads for synchronous tools: daemons, used again and again, left behind by a tool that hangs.

A tool that hangs holds up neither the event loop nor the end of the process.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

MOST_IDLE = 16
"""Threads that wait for another call; more than these end with their call."""
RAISED_STOP = "The tool raised StopIteration: {error}"


@dataclass(slots=True)
class Outcome:
    """What came of a call: a result, or an exception."""

    result: Any = None
    failure: BaseException | None = None

    def settle(self, future: asyncio.Future[Any]) -> None:
        """Tell it to whoever waits, where somebody still does."""
        if future.done():
            return
        if self.failure is None:
            future.set_result(self.result)
        else:
            future.set_exception(self.failure)


def outcome_of(function: Callable[[], Any]) -> Outcome:
    """Call it, whatever it raises."""
    try:
        return Outcome(function())
    except StopIteration as error:  # a future refuses this type
        return Outcome(failure=RuntimeError(RAISED_STOP.format(error=error)))
    except BaseException as error:  # noqa: BLE001 - whatever the tool raises is its caller's
        return Outcome(failure=error)


@dataclass(frozen=True, slots=True)
class _Job:
    function: Callable[[], Any]
    context: contextvars.Context = field(default_factory=contextvars.copy_context)
    loop: asyncio.AbstractEventLoop | None = None
    future: asyncio.Future[Any] | None = None

    def tell(self, outcome: Outcome) -> None:
        if self.loop is not None and self.future is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended before the tool
                self.loop.call_soon_threadsafe(outcome.settle, self.future)


class _Worker:
    def __init__(self) -> None:
        self.pid = os.getpid()
        self.jobs: SimpleQueue[_Job] = SimpleQueue()
        threading.Thread(target=self._work, daemon=True, name="codeact-tool").start()

    def _work(self) -> None:
        while self._do(self.jobs.get()):
            pass

    def _do(self, job: _Job) -> bool:
        """Whether another job may come. A frame of its own: no value outlives its call here."""
        outcome = job.context.run(outcome_of, job.function)
        stays = len(_IDLE) < MOST_IDLE
        if stays:
            _IDLE.append(self)
        job.tell(outcome)
        return stays


_IDLE: list[_Worker] = []


async def in_thread(function: Callable[[], Any], seconds: float | None, too_late: Exception) -> Any:
    """The result of a call in another thread, with the caller's context variables.

    After `seconds` the thread is left behind and `too_late` raised.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()
    alarm = None
    if seconds is not None:
        alarm = loop.call_later(seconds, Outcome(failure=too_late).settle, future)
    _idle().jobs.put(_Job(function, loop=loop, future=future))
    try:
        return await future
    finally:
        if alarm is not None:
            alarm.cancel()


def begin(function: Callable[[], object]) -> None:
    """Run it in one of these threads; nobody waits for it."""
    _idle().jobs.put(_Job(function))


def _idle() -> _Worker:
    while True:
        try:
            worker = _IDLE.pop()
        except IndexError:
            return _Worker()
        if worker.pid == os.getpid():  # threads do not survive a fork
            return worker
