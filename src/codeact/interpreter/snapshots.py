"""Kernels that wait: each is the state of a session at one moment, and copies of it can go on."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from codeact.errors import CodeActError
from codeact.interpreter.enclosure import SessionGroup
from codeact.interpreter.fork_server import Forked, Report
from codeact.interpreter.kept_files import Kept
from codeact.interpreter.wire import Frame, WireError

When = Literal["auto", "always", "never"]
COPY_SECONDS = 10.0
"""How long a copy may take to answer."""

NOT_READY = "the copy was not ready after {seconds:g} seconds"
NOT_KEPT = "they were not kept"
DEAD = "the process that it would be a copy of is gone"
CANNOT_COPY = "This session cannot be copied: {why}."


class CannotCopy(CodeActError):
    """A living session that cannot be copied now; the message says why."""


class Frozen:
    """A kernel that runs no code any more. It makes copies of itself and tells how they end.

    It is made of a living one, which becomes frozen with the first copy that succeeds.
    """

    def __init__(self, kernel: Forked, seconds: float = COPY_SECONDS) -> None:
        self._kernel = kernel
        self._seconds = seconds
        self._copies: dict[int, Forked] = {}
        self._newest: Forked | None = None
        self._outcome: asyncio.Future[str] | None = None
        self._missing: set[str] = set()
        """What the newest copy and its parent have still to say."""
        self._frozen = False
        self._refused = False

    @property
    def pid(self) -> int:
        return self._kernel.pid

    @property
    def dead(self) -> bool:
        return self._kernel.dead

    async def copy(
        self,
        workspace: str | None,
        on_frame: Callable[[Frame], None],
        on_death: Callable[[], None],
    ) -> Forked:
        """A living copy, which works in another folder where one is given. Raises CannotCopy."""
        if self.dead:
            raise CannotCopy(CANNOT_COPY.format(why=DEAD))
        heard, mourned = self._kernel.tell(self._hear, self._died)
        self._outcome = outcome = asyncio.get_running_loop().create_future()
        self._missing = {"ready", "forked"}
        self._refused = False

        def hear(frame: Frame) -> None:
            if outcome.done():
                on_frame(frame)
            elif frame.head.get("op") == "ready":
                self._tick("ready")
            else:
                raise WireError("a copy that speaks before it is ready")

        def mourn() -> None:
            if not outcome.done():
                outcome.set_result(DEAD)
            else:
                on_death()

        def beget(descriptors: Sequence[int], report: Report) -> None:
            head: dict[str, Any] = {"op": "fork", "workspace": workspace}
            self._kernel.send_descriptors(head, descriptors)

        copy = self._newest = Forked(beget, on_frame=hear, on_death=mourn)
        try:
            async with asyncio.timeout(self._seconds):
                why = await asyncio.shield(outcome)
        except TimeoutError:
            why = NOT_READY.format(seconds=self._seconds)
            self._kernel.kill()
        if not why:
            self._frozen = True
            return copy
        outcome.cancel()
        copy.orphan()
        copy.tell(_ignore_frame, _ignore_death)
        copy.kill()
        await copy.gone()
        if not self._frozen:
            self._kernel.tell(heard, mourned)
            if self.dead:
                mourned()
            elif not self._refused:  # it waits as a snapshot, and nothing goes on
                self._kernel.kill()
        raise CannotCopy(CANNOT_COPY.format(why=why))

    async def end(self) -> None:
        """Its copies live on, but nobody will know how they ended."""
        for each in self._copies.values():
            each.orphan()
        self._kernel.tell(_ignore_frame, _ignore_death)
        self._kernel.kill()
        await self._kernel.gone()

    def _tick(self, what: str) -> None:
        """Only with both is the copy there: told late, its process would be taken for the next."""
        self._missing.discard(what)
        if not self._missing and self._outcome is not None and not self._outcome.done():
            self._outcome.set_result("")

    def _hear(self, frame: Frame) -> None:
        match frame.head:
            case {"op": "forked", "pid": int(pid)} if self._newest is not None:
                self._copies[pid] = self._newest
                self._tick("forked")
            case {"op": "refused", "why": str(why)}:
                self._refused = True
                if self._outcome is not None and not self._outcome.done():
                    self._outcome.set_result(why)
            case {"op": "exit", "pid": int(pid), "code": int(code)} if pid in self._copies:
                self._copies.pop(pid).ended(code)
            case _:
                raise WireError("a frame that no snapshot sends")

    def _died(self) -> None:
        if self._outcome is not None and not self._outcome.done():
            self._outcome.set_result(DEAD)
        for each in self._copies.values():
            each.orphan()


def _ignore_frame(frame: Frame) -> None:
    """Nobody listens."""


def _ignore_death() -> None:
    """Nobody mourns."""


@dataclass(slots=True)
class Snapshot:
    """The state before a cell. `frozen` None is the state of a fresh session."""

    frozen: Frozen | None
    cell: int
    names: tuple[str, ...] = ()
    files: Kept | str = NOT_KEPT
    """What the workspace held, or why that is not known."""
    made: float = field(default_factory=time.monotonic)


class Lineage:
    """The waiting kernels of a session and of the sessions that were forked from it.

    They share one process namespace, whose first process is the oldest of them: it stays as long as
    any of these sessions is open.
    """

    def __init__(self) -> None:
        self.members = 1
        self.groups: list[SessionGroup] = []
        """Control groups of these sessions' kernels: some hold snapshots of others."""
        self._frozen: list[Frozen] = []

    def add(self, frozen: Frozen) -> None:
        if frozen not in self._frozen:
            self._frozen.append(frozen)

    async def drop(self, frozen: Frozen) -> None:
        """This snapshot is not needed any more."""
        if frozen in self._frozen[1:]:
            self._frozen.remove(frozen)
            await frozen.end()

    async def leave(self) -> None:
        """One of the sessions has closed."""
        self.members -= 1
        while not self.members and self._frozen:
            await self._frozen.pop().end()
        while not self.members and self.groups:
            await asyncio.to_thread(self.groups.pop().remove)


class Home:
    """The folders of a session and of its copies, which may work inside of them.

    A session keeps its home where it loses its lineage: by a reset, or a death that leaves nothing.
    """

    def __init__(self) -> None:
        self.members = 1
        self.folders: list[Path] = []
        """To be removed with the last of these sessions."""

    async def leave(self) -> None:
        """One of the sessions has closed."""
        self.members -= 1
        while not self.members and self.folders:
            await asyncio.to_thread(shutil.rmtree, self.folders.pop(), ignore_errors=True)
