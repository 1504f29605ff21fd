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
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

MOST_IDLE = 16
"""Threads that wait for another call; more than these end with their call."""
RAISED_STOP = "The tool raised StopIteration: {error}"


@dataclass(frozen=True, slots=True)
class _Job:
    function: Callable[[], Any]
    context: contextvars.Context
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]

    def settle(self, result: Any, failure: BaseException | None) -> None:
        if self.future.done():
            return
        if failure is None:
            self.future.set_result(result)
        else:
            self.future.set_exception(failure)


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
        result: Any = None
        failure: BaseException | None = None
        try:
            result = job.context.run(job.function)
        except StopIteration as error:  # a future refuses this type
            failure = RuntimeError(RAISED_STOP.format(error=error))
        except BaseException as error:  # noqa: BLE001 - whatever the tool raises is its caller's
            failure = error
        stays = len(_IDLE) < MOST_IDLE
        if stays:
            _IDLE.append(self)
        with contextlib.suppress(RuntimeError):  # the loop has ended before the tool
            job.loop.call_soon_threadsafe(job.settle, result, failure)
        return stays


_IDLE: list[_Worker] = []


async def in_thread(function: Callable[[], Any], seconds: float | None, too_late: Exception) -> Any:
    """The result of a call in another thread, with the caller's context variables.

    After `seconds` the thread is left behind and `too_late` raised.
    """
    loop = asyncio.get_running_loop()
    job = _Job(function, contextvars.copy_context(), loop, loop.create_future())
    alarm = None if seconds is None else loop.call_later(seconds, job.settle, None, too_late)
    _idle().jobs.put(job)
    try:
        return await job.future
    finally:
        if alarm is not None:
            alarm.cancel()


def _idle() -> _Worker:
    while True:
        try:
            worker = _IDLE.pop()
        except IndexError:
            return _Worker()
        if worker.pid == os.getpid():  # threads do not survive a fork
            return worker
