"""An interpreter whose session the host watches: its walls, its memory, how full its folder is."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from codeact.events import Emit, ignore
from codeact.interpreter import Execution
from codeact.interpreter.answers import joined
from codeact.interpreter.deadline import GRACE
from codeact.interpreter.disk_watch import STOPPED, TOO_FULL, WARNINGS, WAS_KILLED, DiskWatch
from codeact.interpreter.enclosure import Enclosure, Tell
from codeact.interpreter.fork_server import Forked
from codeact.interpreter.in_force import InForce
from codeact.interpreter.process import ProcessInterpreter
from codeact.interpreter.sandbox import SandboxPolicy
from codeact.interpreter.wire import Frame
from codeact.tools import EMPTY, Toolbox

LASTED = 0.02
"""Seconds from which on a cell that ended well is asked what it has cost; counts are not lost."""


class WatchedInterpreter(ProcessInterpreter):
    """What a session behind walls needs of its host while it lives; `sandbox` None watches nothing.

    The error of a cell that was stopped for what it wrote is "DiskFull".
    """

    def __init__(self, *, sandbox: SandboxPolicy | None, tell: Tell, **settings: Any) -> None:
        super().__init__(**settings)
        self._sandbox = sandbox
        self._tell = tell
        self._walls = Enclosure(sandbox, tell)
        in_folder = sandbox is not None and sandbox.workspace_in == "folder"
        self._disk = DiskWatch(sandbox) if sandbox is not None and in_folder else None
        self._disk_full = False

    @property
    def report(self) -> InForce | None:
        """What confines it; None before the first kernel has come."""
        return self._walls.report

    async def execute(
        self, code: str, *, toolbox: Toolbox = EMPTY, emit: Emit = ignore
    ) -> Execution:
        """As the protocol says, with a remark on what ran out: memory, or the disk's share."""
        self._disk_full = False
        execution = await super().execute(code, toolbox=toolbox, emit=emit)
        lasted = not execution.ok or execution.seconds > LASTED
        remark = self._walls.remark() if lasted else ""
        if remark:
            execution = dataclasses.replace(execution, text=joined(execution.text, remark))
        if self._disk is None:
            return execution
        if self._disk.warnings >= WARNINGS:
            self._disk.warnings = 0
            await self._end_background()
        return self._weighed(execution, self._disk)

    async def aclose(self) -> None:
        if self._disk is not None:
            await self._disk.close()
        await super().aclose()

    async def _evict(self) -> None:
        """End the session's kernel, and all that it has left running."""

    def _weighed(self, execution: Execution, disk: DiskWatch) -> Execution:
        if self._walls.stands and not self._closed:
            disk.watch_idle(self.workspace, self._end_background)
        if self._disk_full:
            text = joined(execution.text, disk.told(STOPPED))
            return dataclasses.replace(execution, text=text, ok=False, error="DiskFull")
        if disk.full:
            text = joined(execution.text, disk.told(TOO_FULL))
            return dataclasses.replace(execution, text=text)
        return execution

    async def _end_background(self) -> None:
        """Between two cells the workspace has become too full."""
        assert self._disk is not None
        async with self._lock:
            kernel = self._child
            if isinstance(kernel, Forked) and not kernel.dead and not self._closed:
                sentence = self._disk.told(WAS_KILLED)
                kernel.verdict = lambda: sentence
                await self._evict()

    async def _ask(
        self, head: dict[str, Any], seconds: float | None, descriptors: Sequence[int] = ()
    ) -> dict[str, Any] | None:
        disk = self._disk
        if disk is None or head["op"] != "execute" or not self._walls.stands:
            return await super()._ask(head, seconds, descriptors)
        workspace = self.workspace
        allowed = await disk.begin(workspace, self._stop_filling)
        try:
            done = await super()._ask(head, seconds, descriptors)
        except BaseException:
            await disk.give_up()
            raise
        await disk.end(workspace, allowed)
        return done

    def _stop_filling(self) -> None:
        self._disk_full = True
        self._deadline.stop("Interrupted", GRACE)

    def _hear(self, frame: Frame) -> None:
        if frame.head.get("op") == "ready" and self._ready is not None and not self._ready.done():
            assert isinstance(self._child, Forked)
            kernel = self._child
            self._walls.meet(frame.head.get("walls"), kernel.pid, kernel.spare_group(kernel.pid))
        super()._hear(frame)

    async def _awake(self) -> None:
        await super()._awake()
        await self._walls.complete()
