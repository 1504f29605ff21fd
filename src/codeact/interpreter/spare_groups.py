"""Control groups that kernels have joined before a session asks for them: joining takes longest."""

from __future__ import annotations

import json
import os
import threading

from codeact.interpreter.enclosure import SessionGroup
from codeact.interpreter.sandbox import SandboxPolicy


class SpareGroups:
    """Those of one zygote's next kernels. `walls` is the confinement as JSON, "" for none."""

    def __init__(self, walls: str) -> None:
        self._policy: SandboxPolicy | None = None
        if walls:
            plain = json.loads(walls)["policy"]
            self._policy = SandboxPolicy(**{**plain, "readable": tuple(plain["readable"])})
        self._groups: dict[int, SessionGroup] = {}
        self._taken: set[int] = set()
        self._lock = threading.Lock()
        self._closed = False

    def prepare(self, pid: int) -> None:
        """Blocks while the kernel joins a group of its own."""
        with self._lock:
            if self._policy is None or self._closed:
                return
            if pid in self._taken:  # asked for before we heard of it; it has a group by now
                self._taken.remove(pid)
                return
            gone = [each for each in self._groups if not os.path.exists(f"/proc/{each}")]
            useless = [self._groups.pop(each) for each in gone]
            group = self._groups[pid] = SessionGroup(self._policy)
        for each in useless:
            each.remove()
        group.join(pid)

    def take(self, pid: int) -> SessionGroup | None:
        """The group of a kernel that is a session's now, which it may still be joining."""
        with self._lock:
            group = self._groups.pop(pid, None)
            if group is None and self._policy is not None:
                self._taken.add(pid)
            return group

    def close(self) -> None:
        """The kernels that nobody has asked for are gone."""
        with self._lock:
            self._closed = True
            groups, self._groups = self._groups, {}
        for each in groups.values():
            each.remove()
