"""An interpreter whose kernels are forked: there in milliseconds, and restored when they die."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from codeact.errors import InterpreterLost
from codeact.interpreter import Execution, State
from codeact.interpreter.answers import LOST_BEFORE
from codeact.interpreter.beneath import make_folder
from codeact.interpreter.child import ONE_THREAD, Child, environment
from codeact.interpreter.enclosure import SessionGroup, Tell, warn
from codeact.interpreter.fork_server import Forked, Settings, zygote
from codeact.interpreter.harmless import is_harmless
from codeact.interpreter.kept_files import Keeper, TooMuch, bring_back
from codeact.interpreter.restored import (
    NOT_BACK,
    NOTHING_TO_UNDO,
    files_undone,
    told_restored,
    told_undone,
)
from codeact.interpreter.sandbox import SandboxPolicy
from codeact.interpreter.snapshots import (
    CANNOT_COPY,
    COPY_SECONDS,
    CannotCopy,
    Frozen,
    Home,
    Lineage,
    Snapshot,
    When,
)
from codeact.interpreter.watched import WatchedInterpreter

WALLED = "behind walls a copy works inside of the first session's folder, name no other"
FORKS = (".codeact", "forks")
NOT_EMPTY = "{folder} is not empty"


class ForkedInterpreter(WatchedInterpreter):
    """A ProcessInterpreter, but that its kernels are forked from a zygote that all sessions share.

    `preload` are modules that the zygote imports where they are installed. `snapshots` says when
    the state is kept before a cell: "auto" where something has changed since the last time and the
    cell may change more, "always", or "never". At most `keep` are held, for `keep_seconds`.

    A snapshot copies memory, and the files of the workspace. It cannot copy threads, processes that
    the code has started, or effects outside: while there are such threads or processes no snapshot
    is made, and the last one stays. `sandbox` puts up walls: the strongest that the machine offers;
    `tell` hears once where it offers none. Files that are open are shared with their position,
    sockets are shared too. Linux only.
    """

    def __init__(
        self,
        *,
        snapshots: When = "auto",
        keep: int = 8,
        keep_seconds: float = 3600.0,
        sandbox: SandboxPolicy | None = None,
        tell: Tell = warn,
        **settings: Any,
    ) -> None:
        super().__init__(sandbox=sandbox, tell=tell, **settings)
        self._settings = settings
        self._when: When = snapshots
        self._keep = max(keep, 2)
        self._keep_seconds = keep_seconds
        self._files = Keeper()
        self._resolved: Path | None = None
        self._shots: list[Snapshot] = []
        self._lineage = Lineage()
        self._home = Home()
        self._changed = False
        self._returning: asyncio.Future[None] | None = None
        self.uncopied = ""
        """Why the last snapshot was not made, empty where it was."""

    async def fork(self, workspace: Path | None = None) -> ForkedInterpreter:
        """An independent living copy, opened already: the same variables, copies of the files.

        Without an (empty) `workspace` it works in a fresh folder, which goes with it. Paths that
        the code keeps as text still lead to the first folder. Raises CannotCopy.
        """
        await self.interrupt()
        await self._lock.acquire()
        try:
            if self._obituary:
                raise CannotCopy(CANNOT_COPY.format(why=self._obituary.strip("[]. ")))
            await self._awake()
            twin = ForkedInterpreter(
                snapshots=self._when,
                keep=self._keep,
                keep_seconds=self._keep_seconds,
                sandbox=self._sandbox,
                tell=self._tell,
                **{**self._settings, "workspace": self._folder_of_twin(workspace)},
            )
            try:
                await _whole(self._branch(twin))
            except CannotCopy:
                await twin.aclose()
                raise
            return twin
        finally:
            if self._returning is None or self._returning.done():
                self._lock.release()

    async def _branch(self, twin: ForkedInterpreter) -> None:
        """The twin goes on from here first. Where this session's kernel has become a snapshot by
        that, its own copy comes meanwhile, and holds the lock until it is there.
        """
        await asyncio.to_thread(twin._bring_files_of, self._place)
        newest = self._newest()
        if not self._used or (newest is not None and not self._changed):
            await twin._descend(self, newest)
            return
        kernel = self._child
        assert isinstance(kernel, Forked)
        frozen = Frozen(kernel, min(COPY_SECONDS, self._start_seconds))
        await twin._descend(self, frozen)
        shot = self._froze(frozen)
        await self._keep_files(shot)
        self._returning = asyncio.ensure_future(self._return(frozen))

    async def _return(self, frozen: Frozen) -> None:
        try:
            await self._go_on(frozen)
        except CannotCopy as error:
            self._obituary = NOT_BACK.format(error=str(error).rstrip("."))
        finally:
            self._lock.release()

    async def undo(self) -> Execution:
        """Back to before the last cell that may have changed something, files included.

        The error is "NothingToUndo", or "FilesNotRestored" where the variables alone came back.
        """
        await self.interrupt()
        async with self._lock:
            began = time.perf_counter()
            self._obituary = ""
            here = self._shots.pop() if self._shots and not self._changed else None
            while self._shots and not await self._thaw(self._shots[-1]):
                self._shots.pop()
            if not self._shots:
                self._shots += [here] if here else []
                return Execution(text=NOTHING_TO_UNDO, ok=False, error="NothingToUndo")
            if here is not None:
                await self._drop(here)
            shot = self._shots[-1]
            files, error = await asyncio.to_thread(files_undone, shot, self._place)
            text = told_undone(shot, files)
            seconds = time.perf_counter() - began
            return Execution(
                text=text, ok=error is None, error=error, state="restored", seconds=seconds
            )

    async def _renew(self) -> None:
        await super()._renew()
        await self._leave()

    async def aclose(self) -> None:
        if self._returning is not None:
            await asyncio.wait([self._returning])
        home, self._home = self._home, Home()
        if self._own_folder and self._folder is not None and home.members > 1:
            home.folders.append(self._folder)
            self._own_folder = False
        await super().aclose()
        self._retire(self._walls.begin())
        await self._leave()
        await home.leave()
        await asyncio.to_thread(self._files.close)

    def _folder_of_twin(self, workspace: Path | None) -> Path | None:
        """Behind walls a copy sees no other folder than the first session's: it works inside."""
        if self._sandbox is None:
            return workspace
        if workspace is not None:
            raise CannotCopy(CANNOT_COPY.format(why=WALLED))
        try:
            return make_folder(self._place, FORKS, "fork-")
        except OSError as error:
            raise CannotCopy(CANNOT_COPY.format(why=error)) from error

    def _launch(self) -> Child:
        settings = Settings(python=self._python, preload=self._preload, walls=self._walls.walls())
        parent = zygote(settings)
        _ = self._place
        self._retire(self._walls.begin())
        kernel = Forked(
            parent.beget({"workspace": str(self.workspace)}),
            on_frame=self._hear,
            on_death=self._mourn,
            last_words=parent.last_words,
        )
        kernel.spare_group = parent.spares.take
        kernel.verdict = self._walls.verdict
        return kernel

    @property
    def _place(self) -> Path:
        """The workspace by a path without links, found before any code could have made one."""
        if self._resolved is None:
            self._resolved = self.workspace.resolve()
        return self._resolved

    async def _evict(self) -> None:
        """No snapshot could go on without what is to end: all processes of the session do."""
        assert self._child is not None
        self._child.kill()
        self._retire(self._walls.begin())
        await self._leave()

    def _retire(self, group: SessionGroup | None) -> None:
        """Snapshots in it may still be needed: it goes with the last of these sessions."""
        if group is not None:
            self._lineage.groups.append(group)

    def _greeting(self) -> dict[str, Any]:
        env = environment(self._python, self.workspace) if self._env is None else self._env
        return {**super()._greeting(), "preload": [], "env": {**ONE_THREAD, **env}}

    async def _prepare(self, code: str) -> None:
        if self._when == "never" or (self._when == "auto" and is_harmless(code)):
            return
        if self._changed or (self._when == "always" and self._used):
            try:
                await _whole(self._freeze())
                self.uncopied = ""
            except CannotCopy as error:
                self.uncopied = str(error)
                return
        elif not self._shots:
            self._shots.append(Snapshot(None, self._cell + 1))
        self._changed = True
        newest = self._shots[-1]
        newest.cell = self._cell + 1
        await self._keep_files(newest)
        await self._trim()

    def _altered(self) -> None:
        self._changed = True

    async def _freeze(self) -> None:
        """The kernel becomes a snapshot, a copy of it goes on. Raises CannotCopy."""
        kernel = self._child
        assert isinstance(kernel, Forked)
        frozen = Frozen(kernel, min(COPY_SECONDS, self._start_seconds))
        await self._go_on(frozen)
        self._froze(frozen)

    async def _go_on(self, frozen: Frozen) -> None:
        """In a copy of this snapshot of now. Raises CannotCopy."""
        self._child = copy = await frozen.copy(None, self._hear, self._mourn)
        copy.verdict = self._walls.verdict
        self._walls.prefer(copy.pid, frozen.pid)

    def _froze(self, frozen: Frozen) -> Snapshot:
        """The kernel has become a snapshot."""
        self._lineage.add(frozen)
        shot = Snapshot(frozen, self._cell + 1, tuple(self._names))
        self._shots.append(shot)
        self._changed = False
        return shot

    async def _keep_files(self, shot: Snapshot) -> None:
        before = self._shots[-2].files if len(self._shots) > 1 else None
        known = next((each for each in (shot.files, before) if isinstance(each, dict)), None)
        try:
            shot.files = await asyncio.to_thread(self._files.keep, self._place, known)
        except (TooMuch, OSError) as error:
            shot.files = str(error)

    async def _trim(self) -> None:
        oldest = time.monotonic() - self._keep_seconds
        dropped = 0
        while len(self._shots) > self._keep or (
            len(self._shots) > 1 and (self._shots[0].made < oldest or self._walls.crowded())
        ):
            dropped += 1
            await self._drop(self._shots.pop(0))
        if dropped:
            self._files.forget([each.files for each in self._shots if isinstance(each.files, dict)])

    async def _drop(self, shot: Snapshot) -> None:
        if shot.frozen is not None:
            await self._lineage.drop(shot.frozen)

    def _newest(self) -> Frozen | None:
        return self._shots[-1].frozen if self._shots else None

    async def _recover(self, before: str) -> tuple[str, State]:
        names, last = self._names, self._cell
        if self._closed or not self._used:
            return await super()._recover(before)
        while self._shots:
            shot = self._shots[-1]
            if shot.frozen is not None and await self._thaw(shot):
                cell = before if shot.cell == last else f"cell {shot.cell}"
                return await self._told_restored(shot, cell, names, last), "restored"
            self._shots.pop()
        self._retire(self._walls.begin())
        await self._leave()
        return await super()._recover(before)

    async def _thaw(self, shot: Snapshot) -> bool:
        """Replace the kernel by a copy of the snapshot. False where it is gone."""
        try:
            if shot.frozen is None:
                self._used = False
                await self._bury()
                self.start()
                await self._depart()
                await self._awake()
            else:
                copy = await shot.frozen.copy(None, self._hear, self._mourn)
                copy.verdict = self._walls.verdict
                self._walls.prefer(copy.pid, shot.frozen.pid)
                self._used = False
                await self._bury()
                self._child = copy
                if copy.dead:  # pragma: no cover - it was killed within these few milliseconds
                    return False
        except (CannotCopy, InterpreterLost):
            return False
        self._names = list(shot.names)
        self._offered = None
        self._used = shot.frozen is not None
        self._changed = False
        return True

    async def _told_restored(self, shot: Snapshot, cell: str, names: list[str], last: int) -> str:
        described = await self._ask({"op": "variables"}, self._describe_seconds)
        lives = described is not None or await self._thaw(shot)  # a repr can end the process
        self._obituary = "" if lives else LOST_BEFORE
        found = described["variables"] if described else []
        return told_restored(shot, cell, found, names, last)

    async def _leave(self) -> None:
        """No snapshot is needed any more."""
        self._shots.clear()
        self._changed = False
        await self._depart()

    async def _depart(self) -> None:
        """A kernel that comes of no snapshot is the first of a lineage of its own."""
        lineage, self._lineage = self._lineage, Lineage()
        await lineage.leave()

    def _bring_files_of(self, workspace: Path) -> None:
        keeper = Keeper(max_bytes=1 << 50, max_files=1 << 30)
        try:
            self.workspace.mkdir(parents=True, exist_ok=True)
            if any(self._place.iterdir()):
                raise CannotCopy(CANNOT_COPY.format(why=NOT_EMPTY.format(folder=self.workspace)))
            bring_back(keeper.keep(workspace), self._place)
        except OSError as error:
            raise CannotCopy(CANNOT_COPY.format(why=error)) from error
        finally:
            keeper.close()

    async def _descend(self, other: ForkedInterpreter, frozen: Frozen | None) -> None:
        """Go on from where another one is. Raises CannotCopy."""
        self._home = other._home
        self._home.members += 1
        if frozen is None:
            self.start()
            return
        self._lineage = other._lineage
        self._lineage.members += 1
        self._ready = asyncio.get_running_loop().create_future()
        self._walls.inherit(other._walls)
        self._child = copy = await frozen.copy(str(self.workspace), self._hear, self._mourn)
        copy.verdict = self._walls.verdict
        self._walls.join(copy.pid, inside=True)
        self._ready.set_result(True)
        self._names = list(other._names)
        self._cell = other._cell
        self._used = self._changed = True


async def _whole(work: Coroutine[Any, Any, None]) -> None:
    """Work that is finished before a cancellation goes on."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
