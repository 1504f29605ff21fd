"""Memory and processes of a whole session bounded together, by control groups of either version.

Version 2 is used where a parent group is ours to divide (systemd delegates one to each user's
service manager), version 1 where its memory and pids hierarchies are writable. Attaching takes
some 10 ms in version 1: it belongs beside the start of a session. A group's name tells who made it,
so that the groups of a host that was killed are found and taken away by the next one.
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
_PROCESSOR = "cpu"
_PERIOD = 100_000  # microseconds over which processor time is counted
_MB = 2**20
_PREFIX = "codeact-"
_NOT_MOUNTED = "no control groups with memory and pids are mounted"
_NOT_OURS = "the control groups of this process are not writable for this user"
_PATIENCE, _PAUSE = 5.0, 0.01  # seconds until a group whose processes were killed must be empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where groups can be made: one parent folder for each controller, or why there is none.

    `processor` is where version 1 bounds processor time, the one parent itself in version 2.
    """

    kind: Kind
    parents: tuple[Path, ...] = ()
    why: str = ""
    processor: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One session's group. `folders` are its own, one for each hierarchy."""

    kind: Kind
    folders: tuple[Path, ...]

    def attach(self, pid: int) -> None:
        """Moves the process; children that it forks later follow, those it has do not."""
        for folder in self.folders:
            (folder / "cgroup.procs").write_text(str(pid))

    def out_of_memory(self) -> int:
        """How many of its processes were killed because its memory ran out."""
        name = "memory.events" if self.kind == "v2" else "memory.oom_control"
        lines = (self.folders[0] / name).read_text().splitlines()
        counts = dict(line.split(maxsplit=1) for line in lines)
        return int(counts.get("oom_kill", 0))

    def memory_mb(self) -> float:
        """What its processes hold now, without the pages of files, which can be given back."""
        field = "anon" if self.kind == "v2" else "total_rss"
        lines = (self.folders[0] / "memory.stat").read_text().splitlines()
        return int(dict(line.split() for line in lines)[field]) / _MB

    def processes(self) -> tuple[int, ...]:
        """Of the first of its folders that is still there."""
        lists = (folder / "cgroup.procs" for folder in self.folders)
        there = next((each for each in lists if each.exists()), None)
        return tuple(int(word) for word in there.read_text().split()) if there else ()

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
        given = (unified / "cgroup.subtree_control").read_text().split()
        processor = unified if _PROCESSOR in given else None
        return Place(kind="v2", parents=(unified,), processor=processor)
    parents = []
    for controller in _NEEDED:
        names = next((names for names in own if controller in names.split(",")), None)
        folder = mounts / controller
        if names is None or not folder.is_dir():
            return Place(kind="", why=_NOT_MOUNTED)
        parents.append(folder / own[names].strip("/"))
    if all(os.access(parent, os.W_OK) for parent in parents):
        return Place(kind="v1", parents=tuple(parents), processor=_processor(mounts, own))
    return Place(kind="", why=_NOT_OURS)


def _processor(mounts: Path, own: dict[str, str]) -> Path | None:
    """Version 1's parent group for processor time, where it can bound it."""
    names = next((names for names in own if _PROCESSOR in names.split(",")), None)
    folder = mounts / _PROCESSOR / own.get(names or "", "").strip("/")
    bounds = folder / "cpu.cfs_quota_us"
    return folder if names and bounds.exists() and os.access(folder, os.W_OK) else None


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


def make(place: Place, *, memory_mb: int, processes: int, cpus: float | None = None) -> Group:
    """A new group with its limits, without processes. Leaves nothing behind where it fails.

    `cpus` bounds processor time, where the machine lets us: how many processors' worth.
    """
    name = f"{_PREFIX}{_mark(os.getpid())}-{secrets.token_hex(6)}"
    parents = list(place.parents)
    if cpus is not None and place.processor is not None and place.processor not in parents:
        parents.append(place.processor)
    group = Group(kind=place.kind, folders=tuple(parent / name for parent in parents))
    memory, pids, last = group.folders[0], group.folders[len(place.parents) - 1], group.folders[-1]
    size = str(memory_mb * _MB)
    try:
        for folder in group.folders:
            folder.mkdir()
        if place.kind == "v2":
            _set(memory, "memory.max", size)
            _set(memory, "memory.swap.max", "0", needed=False)
            _set(memory, "memory.oom.group", "0", needed=False)
        else:
            _set(memory, "memory.limit_in_bytes", size)
            _set(memory, "memory.memsw.limit_in_bytes", size, needed=False)
        _set(pids, "pids.max", str(processes))
        if cpus is not None and place.processor is not None:
            quota = str(round(cpus * _PERIOD))
            if place.kind == "v2":
                _set(last, "cpu.max", f"{quota} {_PERIOD}")
            else:
                _set(last, "cpu.cfs_quota_us", quota)
    except OSError:
        group.remove()
        raise
    return group


def sweep(place: Place) -> int:
    """Takes away the groups of hosts that have ended without doing it; how many there were.

    What still runs in them was left behind by their sessions, and is killed. Groups of another pid
    namespace are left alone: who made them cannot be asked for from here.
    """
    found = 0
    ours = _mark(os.getpid()).split("-")[0]
    left: dict[str, list[Path]] = {}
    for parent in (*place.parents, *([place.processor] if place.processor else [])):
        # the host that was killed may have been in a group beside ours
        for path in {*parent.glob(f"{_PREFIX}*"), *parent.parent.glob(f"*/{_PREFIX}*")}:
            left.setdefault(path.name, []).append(path)
    for name, folders in left.items():
        match name.removeprefix(_PREFIX).split("-"):
            case [namespace, pid, begun, _] if namespace == ours and pid.isdecimal():
                if _mark(int(pid)) == f"{namespace}-{pid}-{begun}":
                    continue
                with contextlib.suppress(OSError):  # another host sweeps at the same time
                    Group(kind=place.kind, folders=tuple(folders)).remove()
                    found += 1
    return found


def _mark(pid: int) -> str:
    """Tells one process from all others: its pid namespace, its pid and when it began."""
    namespace = os.stat("/proc/self/ns/pid").st_ino
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return f"{namespace}-{pid}-gone"
    return f"{namespace}-{pid}-{status.rpartition(')')[2].split()[19]}"


def _set(folder: Path, name: str, value: str, *, needed: bool = True) -> None:
    if needed or (folder / name).exists():
        (folder / name).write_text(value)
