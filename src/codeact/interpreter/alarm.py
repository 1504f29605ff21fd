"""A timer that is set anew with each cell and rings seldom: to move it costs next to nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Alarm:
    """Calls `ring` once when its time has come. On the running loop, in the thread of that loop.

    The loop's own timer stays where it was when the alarm is cleared or set later; it looks anew
    when it fires.
    """

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._due: float | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_set(self) -> bool:
        return self._due is not None

    def set(self, seconds: float) -> None:
        """Ring after so many seconds, not at the time of before."""
        loop = asyncio.get_running_loop()
        self._due = loop.time() + seconds
        if self._timer is None or self._loop is not loop or self._timer.when() > self._due:
            self._start(loop, self._due)

    def clear(self) -> None:
        """Do not ring."""
        self._due = None

    def close(self) -> None:
        """Do not ring, and hold nothing in the loop any more."""
        self._due = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _start(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._loop, self._timer = loop, loop.call_at(due, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._due is None or self._loop is None:
            return
        if self._loop.time() < self._due:
            self._start(self._loop, self._due)
            return
        self._due = None
        self._ring()
