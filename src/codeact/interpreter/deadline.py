"""What stops a cell: its deadline, an interrupt that is repeated, at last the kill."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

from codeact.interpreter.alarm import Alarm
from codeact.interpreter.child import Child

GRACE = 0.7
"""Seconds between the interrupt of a cell whose deadline has passed, and the kill."""
INTERRUPT_GRACE = 2.0
"""Seconds between an interrupt that was asked for, and the kill."""
_REPEAT = 0.3
"""Seconds between interrupts while the cell goes on: one may be swallowed, or come too early."""
Reason = Literal["", "Timeout", "Interrupted", "Cancelled"]
Asked = asyncio.Future[dict[str, Any] | None]


class Deadline:
    """One request to a kernel after another. `reason` says why the latest was stopped, if it was.

    `stopping` is called once when a request is told to stop.
    """

    def __init__(self, stopping: Callable[[], None]) -> None:
        self.reason: Reason = ""
        self._stopping = stopping
        self._child: Child | None = None
        self._asked: Asked | None = None
        self._kills: list[asyncio.TimerHandle] = []
        self._alarm = Alarm(lambda: self.stop("Timeout", GRACE))
        self._left: float | None = None
        self._since = 0.0
        self._waits = 0

    def begin(self, child: Child, asked: Asked, seconds: float | None) -> None:
        """A request goes out that may take so many seconds; None is no deadline."""
        self.reason = ""
        self._child, self._asked = child, asked
        self._left, self._waits = seconds, 0
        self._run()

    def end(self) -> None:
        """The request is over, however it ended."""
        self._asked = None
        self._hold()
        for timer in self._kills:
            timer.cancel()
        self._kills.clear()

    def close(self) -> None:
        """No request will come any more."""
        self.end()
        self._alarm.close()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """The time that passes inside does not count; several may overlap."""
        asked = self._asked
        self._waits += 1
        if self._waits == 1:
            self._hold()
        try:
            yield
        finally:
            if self._asked is asked:
                self._waits -= 1
                if self._waits == 0 and not self.reason:
                    self._run()

    def stop(self, reason: Reason, grace: float) -> None:
        """Interrupt what runs; kill it when it goes on."""
        if self._asked is None or self._asked.done() or self.reason or self._child is None:
            return
        self.reason = reason
        loop = asyncio.get_running_loop()
        self._child.interrupt()
        self._stopping()
        again = _REPEAT
        while again < grace:
            self._kills.append(loop.call_later(again, self._child.interrupt))
            again += _REPEAT
        self._kills.append(loop.call_later(grace, self._child.kill))

    def _run(self) -> None:
        if self._left is not None and self._asked is not None:
            self._since = time.monotonic()
            self._alarm.set(self._left)

    def _hold(self) -> None:
        if self._alarm.is_set and self._left is not None:
            self._alarm.clear()
            self._left = max(0.0, self._left - (time.monotonic() - self._since))
