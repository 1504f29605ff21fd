"""Memory and processes of a whole session bounded together, by control groups of either version.

Version 2 is used where a parent group is ours to divide (systemd delegates one to each user's
service manager), version 1 where its memory and pids hierarchies are writable. Attaching takes
milliseconds: do it beside the start of a session, not before its first action.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["v2", "v1", ""]

_MOUNTS = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")
_NEEDED = ("memory", "pids")
_MB = 2**20
_PREFIX = "codeact-"
_NOT_MOUNTED = "no control groups with memory and pids are mounted"
_NOT_OURS = "the control groups of this process are not writable for this user"
_PATIENCE, _PAUSE = 5.0, 0.01  # seconds until a group whose processes were killed must be empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where groups can be made: one parent folder for each controller, or why there is none."""

    kind: Kind
    parents: tuple[Path, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One session's group. `folders` are its own, one for each hierarchy."""

    kind: Kind
    folders: tuple[Path, ...]

    def attach(self, pid: int) -> None:
        """Moves the process; children that it forks later follow, those it has do not."""
        for folder in self.folders:
            (folder / "cgroup.procs").write_text(str(pid))

    def processes(self) -> tuple[int, ...]:
        return tuple(int(word) for word in (self.folders[0] / "cgroup.procs").read_text().split())

    def peak_mb(self) -> float:
        """The most memory that the session has used so far."""
        name = "memory.peak" if self.kind == "v2" else "memory.max_usage_in_bytes"
        return int((self.folders[0] / name).read_text()) / _MB

    def kill(self) -> None:
        """SIGKILL to every process in it, also to those that fork while it happens."""
        killer = self.folders[0] / "cgroup.kill"
        if killer.exists():
            killer.write_text("1")
            return
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)

    def remove(self) -> None:
        """Ends what still runs in it and takes the folders away; raises OSError when it cannot."""
        until = time.monotonic() + _PATIENCE
        for folder in self.folders:
            while True:
                try:
                    folder.rmdir()
                    break
                except FileNotFoundError:
                    break
                except OSError:
                    if time.monotonic() > until:
                        raise
                    self.kill()
                    time.sleep(_PAUSE)


def offered(mounts: Path = _MOUNTS, membership: Path = _MEMBERSHIP) -> Place:
    """Looks at the hierarchies that are mounted and at the groups this process is in."""
    try:
        lines = membership.read_text().split()
    except OSError:
        return Place(kind="", why=_NOT_MOUNTED)
    own = dict(line.split(":", 2)[1:] for line in lines)
    if (unified := _divisible(mounts, own.get("", "/"))) is not None:
        return Place(kind="v2", parents=(unified,))
    parents = []
    for controller in _NEEDED:
        names = next((names for names in own if controller in names.split(",")), None)
        folder = mounts / controller
        if names is None or not folder.is_dir():
            return Place(kind="", why=_NOT_MOUNTED)
        parents.append(folder / own[names].strip("/"))
    if all(os.access(parent, os.W_OK) for parent in parents):
        return Place(kind="v1", parents=tuple(parents))
    return Place(kind="", why=_NOT_OURS)


def _divisible(mounts: Path, own: str) -> Path | None:
    """The nearest group above us that hands memory and pids down to groups we may make."""
    if not (mounts / "cgroup.controllers").exists():
        return None
    here = mounts / own.strip("/")
    for folder in (here, *here.parents):
        if not folder.is_relative_to(mounts):
            return None
        handed = folder / "cgroup.subtree_control"
        given = handed.read_text().split() if handed.exists() else []
        movable = os.access(folder / "cgroup.procs", os.W_OK)
        if movable and os.access(folder, os.W_OK) and set(_NEEDED) <= set(given):
            return folder
    return None


def make(place: Place, *, memory_mb: int, processes: int) -> Group:
    """A new group with its limits, without processes. Leaves nothing behind where it fails."""
    name = _PREFIX + secrets.token_hex(8)
    group = Group(kind=place.kind, folders=tuple(parent / name for parent in place.parents))
    size = str(memory_mb * _MB)
    try:
        for folder in group.folders:
            folder.mkdir()
        if place.kind == "v2":
            _set(group.folders[0], "memory.max", size)
            _set(group.folders[0], "memory.swap.max", "0", needed=False)
            _set(group.folders[0], "memory.oom.group", "0", needed=False)
        else:
            _set(group.folders[0], "memory.limit_in_bytes", size)
            _set(group.folders[0], "memory.memsw.limit_in_bytes", size, needed=False)
        _set(group.folders[-1], "pids.max", str(processes))
    except OSError:
        group.remove()
        raise
    return group


def _set(folder: Path, name: str, value: str, *, needed: bool = True) -> None:
    if needed or (folder / name).exists():
        (folder / name).write_text(value)
