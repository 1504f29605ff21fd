"""Stops a session that fills its workspace: the host looks while cells run, after them and between.

A folder on the host's disk has no bound of its own. A burst between two looks gets through; a
workspace in memory is bounded exactly.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path

from codeact.interpreter.alarm import Alarm
from codeact.interpreter.sandbox import SandboxPolicy
from codeact.interpreter.walls.disk import Usage, usage

FILES_PER_MB = 64
"""As in a workspace in memory: how many files and folders for each MB of the limit."""
HELD = "the workspace holds {size} in {files:,} files, more than its limit of {limit}"
STOPPED = "[The cell was stopped because {held}. Remove what you do not need, then go on.]"
TOO_FULL = (
    "[From here on cells that add to the workspace are stopped, because {held}. Remove what you do "
    "not need.]"
)
WAS_KILLED = "was killed because {held}"
WARNINGS = 3
"""After so many the session is ended."""
_AT_ONCE = 300
"""So many files are looked at in the event loop; more are in a thread."""
_PAUSE, _CAREFUL_PAUSE = 0.1, 0.02
"""Seconds between two looks while a cell runs, and while the workspace is full already."""
_IDLE_PAUSE, _LONGEST_PAUSE, _CALM = 1.0, 10.0, 1.5
"""Between cells: at first, at last, and how the pause grows while nothing is written."""
_SHARE = 10
"""A look may take this part of the time."""


_SHORT, _FRESH = 0.005, 0.25
"""After a cell of so few seconds nobody looks, where the latest look is not older than so many."""


Work = Callable[[], Coroutine[None, None, None]]


class _Later:
    """Work that begins after a pause and can be ended before; to plan it costs next to nothing."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self._work: Work | None = None
        self._alarm = Alarm(self._begin)

    @property
    def planned(self) -> bool:
        """Whether it will begin, or has begun and is not done."""
        return self._alarm.is_set or (self._task is not None and not self._task.done())

    def plan(self, seconds: float, work: Work) -> None:
        self._work = work
        self._alarm.set(seconds)

    async def end(self) -> None:
        """Called by the work itself, it does nothing."""
        self._alarm.clear()
        task = self._task
        if task is not None and task is not asyncio.current_task():
            self._task = None
            task.cancel()
            await asyncio.wait([task])

    async def close(self) -> None:
        await self.end()
        self._alarm.close()

    def _begin(self) -> None:
        assert self._work is not None
        self._task = asyncio.ensure_future(self._work())


class DiskWatch:
    """What one workspace may hold."""

    def __init__(self, policy: SandboxPolicy) -> None:
        self._most = Usage(size=policy.disk_mb << 20, files=policy.disk_mb * FILES_PER_MB)
        self._found = Usage(size=0, files=0)
        self._looked = self._began = 0.0
        self._busy = _Later()
        self._idle = _Later()
        self.warnings = 0
        """So many cells in a row have ended with more than they began with, and too much."""

    @property
    def full(self) -> bool:
        """At the latest look."""
        return self._exceeds(self._most)

    def told(self, sentence: str) -> str:
        """One of this room's sentences with what was found at the latest look."""
        found, most = self._found, self._most
        limit = f"{_spelled(most.size)} and {most.files:,} files"
        held = HELD.format(size=_spelled(found.size), files=found.files, limit=limit)
        return sentence.format(held=held)

    async def begin(self, workspace: Path, stop: Callable[[], None]) -> Usage:
        """A cell runs from here on; `stop` is called once where it adds to what is too much.

        What it may hold at its end.
        """
        await self._idle.end()
        full = self.full
        allowed = self._found if full else self._most
        pause = _CAREFUL_PAUSE if full else _PAUSE
        self._began = time.perf_counter()
        self._busy.plan(pause, lambda: self._watch(workspace, allowed, pause, stop))
        return allowed

    async def end(self, workspace: Path, allowed: Usage) -> None:
        """The cell has come to its end."""
        await self._busy.end()
        now = time.perf_counter()
        if self.full or now - self._began > _SHORT or now - self._looked > _FRESH:
            await self._look(workspace)
        self.warnings = self.warnings + 1 if self.full and self._exceeds(allowed) else 0

    async def give_up(self) -> None:
        """Whoever ran the cell does not wait for its end."""
        await self._busy.end()

    def watch_idle(self, workspace: Path, end: Callable[[], Awaitable[None]]) -> None:
        """Until the next cell; `end` is awaited where what the code left running fills it."""
        if not self._idle.planned:
            self._idle.plan(_IDLE_PAUSE, lambda: self._watch_idle(workspace, end))

    async def close(self) -> None:
        """Look no more."""
        await self._busy.close()
        await self._idle.close()

    async def _watch_idle(self, workspace: Path, end: Callable[[], Awaitable[None]]) -> None:
        allowed = self._found if self.full else self._most
        stopped = asyncio.Event()
        await self._watch(workspace, allowed, _IDLE_PAUSE, stopped.set, calms=True)
        if stopped.is_set():
            await end()

    async def _watch(
        self,
        workspace: Path,
        allowed: Usage,
        pause: float,
        stop: Callable[[], None],
        *,
        calms: bool = False,
    ) -> None:
        while True:
            began, before = time.perf_counter(), self._found
            await self._look(workspace)
            if self._exceeds(allowed):
                stop()
                return
            if calms:
                pause = min(pause * _CALM, _LONGEST_PAUSE) if self._found == before else _IDLE_PAUSE
            pause = max(pause, _SHARE * (time.perf_counter() - began))
            await asyncio.sleep(pause)

    def _exceeds(self, allowed: Usage) -> bool:
        return self._found.size > allowed.size or self._found.files > allowed.files

    async def _look(self, workspace: Path) -> None:
        few = Usage(size=self._most.size, files=_AT_ONCE)
        with contextlib.suppress(OSError):  # a folder that is gone holds nothing
            found = usage(str(workspace), most=few)
            if found.files > _AT_ONCE:
                twice = Usage(size=2 * self._most.size, files=2 * self._most.files)
                found = await asyncio.to_thread(usage, str(workspace), most=twice)
            self._found = found
        self._looked = time.perf_counter()


def _spelled(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 10**9 else f"{size / 1e6:.0f} MB"
