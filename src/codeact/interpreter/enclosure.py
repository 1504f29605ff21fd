"""What the host puts around one session: the tier it gets, its control group, its report."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import json
import threading
import warnings
from collections.abc import Callable

from codeact.interpreter.in_force import NOT_ASKED_FOR, InForce, layers_told
from codeact.interpreter.sandbox import FULL, Layer, SandboxPolicy, Tier, refused
from codeact.interpreter.walls import cgroups
from codeact.interpreter.walls.cgroups import Group, Place

Tell = Callable[[str], None]
"""Hears, once, a sentence for the user where no walls can be built."""

SWITCHED_OFF = "the policy switched the walls off"
NOT_OFFERED = "this machine offers none"
OUT_OF_MEMORY = (
    "was killed because the session ran out of memory (its limit: {limit:,} MB for all of its "
    "processes together)"
)
CHILDREN_KILLED = (
    "[The session ran out of memory (its limit: {limit:,} MB for all of its processes together), "
    "and {count} of the processes that it had started were killed. Use less memory at a time, or "
    "fewer processes.]"
)
_NOT_JOINED = "Not joined: {error}"
_ENDS_FIRST, _ENDS_LAST = 500, 0
"""What the kernel adds to a process' badness when memory runs out: snapshots are the last to go."""


def warn(sentence: str) -> None:
    """The default of `Tell`."""
    warnings.warn(sentence, stacklevel=4)


class SessionGroup:
    """One control group, made when its first process joins. Blocks: call it in threads."""

    def __init__(self, policy: SandboxPolicy) -> None:
        self._policy = policy
        self._lock = threading.Lock()
        self._group: Group | None = None
        self._over = False
        self._joined: set[int] = set()
        self.why = ""
        """Why it does not hold, empty where it does or nothing has joined yet."""

    @property
    def kind(self) -> str:
        return self._group.kind if self._group is not None and not self.why else ""

    def join(self, pid: int) -> None:
        """Everything that this process starts from here on is in the group."""
        with self._lock:
            if self._over or pid in self._joined:
                return
            place = _place()
            try:
                if not place.kind:  # pragma: no cover - a machine without control groups
                    raise OSError(place.why)
                if self._group is None:
                    self._group = cgroups.make(
                        place,
                        memory_mb=self._policy.memory_mb,
                        processes=self._policy.processes,
                        cpus=self._policy.cpus,
                    )
                self._group.attach(pid)
                self._joined.add(pid)
            except OSError as error:
                self.why = _NOT_JOINED.format(error=error)

    def holds(self, pid: int) -> bool:
        """Whether this process has joined already."""
        return pid in self._joined

    def kills(self) -> int:
        """How many processes were killed for memory so far."""
        if self._group is not None:
            with contextlib.suppress(OSError, ValueError):
                return self._group.out_of_memory()
        return 0

    def memory_mb(self) -> float:
        if self._group is not None:
            with contextlib.suppress(OSError, ValueError, KeyError):
                return self._group.memory_mb()
        return 0.0

    def remove(self) -> None:
        """Ends all that is still in it."""
        with self._lock:
            self._over = True
            if self._group is not None:
                with contextlib.suppress(OSError):  # the next host's start tries again
                    self._group.remove()
                self._group = None


@functools.cache
def _place() -> Place:
    """Where this host makes groups; what hosts that were killed have left there is gone."""
    place = cgroups.offered()
    cgroups.sweep(place)
    return place


class Enclosure:
    """The walls of one session, kernel after kernel; with no policy there are none."""

    def __init__(self, policy: SandboxPolicy | None, tell: Tell = warn) -> None:
        self._policy = policy
        self._tell = tell
        self._told = False
        self._tier: Tier = "none"
        self._why = NOT_ASKED_FOR
        self._layers: tuple[Layer, ...] | None = None
        self._group: SessionGroup | None = None
        self._joining: asyncio.Future[None] | None = None
        self._kills = 0

    @property
    def report(self) -> InForce | None:
        """None before the first kernel has told which walls stand around it."""
        if self._layers is None:
            return None
        grouped = self._group.kind if self._group is not None else ""
        tier: Tier = "full+cgroup" if grouped and self._tier in FULL else self._tier
        return InForce(
            tier=tier,
            policy=self._policy,
            layers=tuple(self._with_group(each, grouped) for each in self._layers),
            cgroup=grouped,
            why=self._why,
        )

    @property
    def stands(self) -> bool:
        """Whether the present kernel has walls."""
        return self._tier != "none"

    def walls(self) -> str:
        """The confinement of a next kernel as JSON, "" for none. Raises ConfigError."""
        from codeact.interpreter.offer import probe, tier

        if self._policy is None:
            return ""
        found = tier(probe())
        sentence = refused(self._policy, found)
        if sentence is not None and not self._told:
            self._told = True
            self._tell(sentence)
        if found == "none" or self._policy.mode == "off":
            self._tier = "none"
            self._why = SWITCHED_OFF if self._policy.mode == "off" else NOT_OFFERED
            return ""
        self._tier, self._why = "full" if found in FULL else found, ""
        plain = dataclasses.asdict(self._policy)
        readable = [str(each) for each in self._policy.readable]
        return json.dumps({"policy": plain | {"readable": readable}, "tier": self._tier})

    def begin(self) -> SessionGroup | None:
        """A fresh kernel is about to start, with a group of its own. Returns the group before."""
        before, self._group = self._group, None
        if self._policy is not None and self._tier != "none":
            self._group = SessionGroup(self._policy)
        self._kills = 0
        return before

    def meet(self, told: object, pid: int, group: SessionGroup | None) -> None:
        """A fresh kernel says which walls stand around it, before it has heard of any code.

        It joins its group meanwhile, where it has not come with one. Raises WireError.
        """
        self._layers = layers_told(told)
        if group is not None and self._group is not None:
            self._group = group
        self.join(pid)

    def join(self, pid: int, *, inside: bool = False) -> None:
        """In a thread: it takes milliseconds, in which the kernel waits for its first cell. One
        that is `inside` of another session's group does not: the bounds there hold until then.
        """
        if self._group is not None and pid:
            if not self._group.holds(pid):
                loop = asyncio.get_running_loop()
                joining = loop.run_in_executor(None, self._group.join, pid)
                self._joining = None if inside else joining
            _set_badness(pid, _ENDS_FIRST)

    async def complete(self) -> None:
        """All walls stand. No code runs before: nothing that it starts can be outside of them."""
        if self._joining is not None:
            await asyncio.wait([self._joining])
            self._joining = None

    def inherit(self, other: Enclosure) -> None:
        """A copy of another session's kernel has that one's walls, and a group of its own."""
        self._tier, self._why, self._layers = other._tier, other._why, other._layers
        self.begin()

    def prefer(self, living: int, waiting: int) -> None:
        """Where memory runs out, the living kernel is killed and not the snapshot before it."""
        if self._group is not None:
            _set_badness(living, _ENDS_FIRST)
            _set_badness(waiting, _ENDS_LAST)

    def crowded(self) -> bool:
        """Whether the session's processes hold more than half of what they may."""
        if self._group is None or self._policy is None:
            return False
        return self._group.memory_mb() > self._policy.memory_mb / 2

    def verdict(self) -> str:
        """Why a kernel was killed, where the control group did it."""
        if self._policy is None or not self._new_kills():
            return ""
        return OUT_OF_MEMORY.format(limit=self._policy.memory_mb)

    def remark(self) -> str:
        """What to say after a cell over which other processes than the kernel were killed."""
        count = self._new_kills()
        if self._policy is None or not count:
            return ""
        return CHILDREN_KILLED.format(limit=self._policy.memory_mb, count=count)

    def _new_kills(self) -> int:
        if self._group is None:
            return 0
        before, self._kills = self._kills, self._group.kills()
        return self._kills - before

    def _with_group(self, layer: Layer, grouped: str) -> Layer:
        if layer.wall != "cgroup":
            return layer
        note = self._group.why if self._group is not None else ""
        note = "" if grouped else note or layer.note
        return Layer(wall="cgroup", stands=bool(grouped), note=note)


def _set_badness(pid: int, badness: int) -> None:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/oom_score_adj", "w") as file:
        file.write(str(badness))
