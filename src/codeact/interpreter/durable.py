"""An interpreter whose variables outlive it: `checkpoint` to a file, `restore` from one."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from codeact.interpreter import checkpoints
from codeact.interpreter.answers import LOST_BEFORE
from codeact.interpreter.checkpoints import (
    MAX_BYTES,
    NOT_WRITTEN,
    NOTHING_THERE,
    SECONDS,
    Checkpoint,
    CheckpointFailed,
    Restoration,
)


class Durable(ABC):
    """What a handle to a kernel needs to be saved and restored."""

    _lock: asyncio.Lock
    _cell: int
    _used: bool
    _obituary: str
    _names: list[str]

    @abstractmethod
    async def _awake(self) -> None: ...

    @abstractmethod
    async def _ask(
        self, head: dict[str, Any], seconds: float | None, descriptors: Sequence[int] = ()
    ) -> dict[str, Any] | None: ...

    @abstractmethod
    async def reset(self) -> None: ...

    async def checkpoint(
        self,
        path: Path,
        *,
        files: bool = False,
        random: bool = True,
        max_bytes: int = MAX_BYTES,
        seconds: float = SECONDS,
    ) -> Checkpoint:
        """Save the variables to a file, which is replaced as a whole; a running cell ends first.

        Variables are pickled in the kernel, one by one; what two of them share they share again
        after `restore`. The report lists what could not be saved, each with its reason. `files`
        adds the workspace's files, `random` the state of the random generators. The variables
        stay as they are. Raises CheckpointFailed, and the file at `path` is as it was before.
        """
        async with self._lock:
            await self._awake()
            if self._obituary:
                raise CheckpointFailed(NOT_WRITTEN.format(path=path, why=NOTHING_THERE))
            return await checkpoints.write(
                self._request,
                _place(path),
                cell=self._cell,
                files=files,
                random=random,
                limit=max_bytes,
                seconds=seconds,
            )

    async def restore(self, path: Path, *, seconds: float = SECONDS) -> Restoration:
        """A fresh namespace with what a checkpoint holds, and its files over the workspace's.

        Loading runs code: whoever wrote the file can do in the session what a cell can do, and no
        more. Variables that cannot be loaded are in the report. Raises DataError for a file that is
        damaged or no checkpoint, CheckpointFailed for one of another Python, the session as it was
        in both cases; CheckpointFailed too where loading did not end, the session empty then.
        """
        found, copy = await asyncio.to_thread(checkpoints.unseal, _place(path))
        with copy:
            async with self._lock:
                await self._awake()
                checkpoints.suits(found, await self._ask({"op": "about"}, seconds))
            await self.reset()
            try:
                async with self._lock:
                    await self._awake()
                    restored = await checkpoints.read(self._request, found, copy, seconds)
                    self._cell = max(self._cell, found.cell)
                    self._names = [each for each in restored.restored if each[:1] != "_"]
                    self._used = True
                    self._altered()
                    return restored
            except BaseException:  # half of it may be loaded
                await self.reset()
                raise

    def _altered(self) -> None:  # noqa: B027 - most kinds need not know
        """The state has changed other than by a cell."""

    async def _request(
        self, head: dict[str, Any], seconds: float, descriptors: Sequence[int]
    ) -> dict[str, Any] | None:
        done = await self._ask(head, seconds, descriptors)
        if done is None and self._used:
            self._obituary = self._obituary or LOST_BEFORE
        return done


def _place(path: Path) -> Path:
    """Where the file is, wherever this process goes meanwhile."""
    return Path(path).absolute()
