"""What walls this machine offers, found out by building them in a child that is thrown away."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NoReturn

from codeact.interpreter.confinement import confine
from codeact.interpreter.sandbox import SandboxPolicy, Tier
from codeact.interpreter.walls import cgroups, credentials, landlock, namespaces, seccomp
from codeact.interpreter.walls.syscalls import numbers

_NAMESPACES = {
    "mount namespace": namespaces.NEWNS,
    "pid namespace": namespaces.NEWPID,
    "network namespace": namespaces.NEWNET,
    "ipc namespace": namespaces.NEWIPC,
    "uts namespace": namespaces.NEWUTS,
    "cgroup namespace": namespaces.NEWCGROUP,
}
_WORKS = "works"
_UNNEEDED = "not installed, and not needed: the same walls are built here"
_NOT_LINUX = "{system} has none of Linux's walls"
_NOT_THIS_MACHINE = "system calls of {machine} processors are not known here"
_NOT_ROOT = "only root can give a session a uid of its own; sessions get a user namespace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing tried: whether it worked, and what the kernel said where it did not."""

    name: str
    works: bool
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """`landlock` is its version, 0 for none; `cgroup` is "v2", "v1" or empty."""

    findings: tuple[Finding, ...]
    landlock: int
    cgroup: str

    def works(self, name: str) -> bool:
        return any(each.works for each in self.findings if each.name == name)

    def missing(self) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if not each.works)


@lru_cache
def probe() -> Offer:
    """Takes some 50 ms once per process: it forks, whatever threads there are, and only calls
    the kernel in the children.
    """
    if sys.platform != "linux" or not numbers(platform.machine()):
        known = _NOT_LINUX if sys.platform != "linux" else _NOT_THIS_MACHINE
        why = known.format(system=platform.system(), machine=platform.machine())
        return Offer(findings=(Finding(name="Linux", works=False, why=why),), landlock=0, cgroup="")
    findings = [
        _tried("user namespace", lambda _: namespaces.own_users()),
        *(_tried(name, _attempt(flag)) for name, flag in _NAMESPACES.items()),
        _rehearsed(),
        _tried("landlock", lambda _: landlock.abi()),
        _tried("seccomp", lambda _: _filter_calls()),
        _own_uid(),
    ]
    group = cgroups.offered()
    findings.append(Finding(name="cgroup", works=bool(group.kind), why=group.why))
    bubblewrap = shutil.which("bwrap")
    note = "" if bubblewrap else _UNNEEDED
    findings.append(Finding(name="bubblewrap", works=bool(bubblewrap), why=note))
    return Offer(findings=tuple(findings), landlock=_version(), cgroup=group.kind)


def tier(offer: Offer) -> Tier:
    """The strongest set of walls that can be built here."""
    if offer.works("all namespaces together") and offer.works("seccomp"):
        return "full+cgroup" if offer.cgroup else "full"
    return "landlock" if offer.landlock and offer.works("seccomp") else "none"


def _version() -> int:
    try:
        return landlock.abi()
    except OSError:
        return 0


def _attempt(flag: int) -> Callable[[int], None]:
    def own(_: int) -> None:
        if not credentials.can_switch_uid():
            namespaces.own_users()
        namespaces.unshare(flag)

    return own


def _own_uid() -> Finding:
    works = credentials.can_switch_uid()
    return Finding(name="own uid", works=works, why="" if works else _NOT_ROOT)


def _filter_calls() -> None:
    credentials.no_new_privileges()
    seccomp.load(seccomp.compiled(families=(), watching=False))


def _rehearsed() -> Finding:
    """The whole way: some refusals only show when walls meet, as that of a /proc in a container."""
    with tempfile.TemporaryDirectory(prefix="codeact-probe-") as folder:

        def rehearse(writing: int) -> None:
            if not credentials.can_switch_uid():
                namespaces.own_users()
            namespaces.unshare(namespaces.NEWPID)
            child = os.fork()
            if child == 0:
                policy, kept = SandboxPolicy(), (writing,)
                place = Path(folder)
                _tell(lambda _: confine(policy, place, tier="full", descriptors=kept), writing)
            os.waitpid(child, 0)
            os._exit(0)

        return _tried("all namespaces together", rehearse)


def _tried(name: str, action: Callable[[int], object]) -> Finding:
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # our children call the kernel only
        child = os.fork()
    if child == 0:
        _tell(action, writing)
    os.close(writing)
    with open(reading, encoding="utf-8") as file:
        said = file.read()
    os.waitpid(child, 0)
    return Finding(name=name, works=said == _WORKS, why="" if said == _WORKS else said)


def _tell(action: Callable[[int], object], writing: int) -> NoReturn:
    try:
        action(writing)
        said = _WORKS
    except OSError as error:
        said = f"{error.strerror}: {error.filename}" if error.filename else str(error)
    os.write(writing, said.encode())
    os._exit(0)
