"""What a confined kernel sees, may write to and may call: the policy in the words of the walls."""

from __future__ import annotations

import os
import socket
from functools import lru_cache
from pathlib import Path

from codeact.interpreter.sandbox import SandboxPolicy, Tier
from codeact.interpreter.walls import paths, seccomp
from codeact.interpreter.walls.landlock import Rule
from codeact.interpreter.walls.mounts import Bind, InMemory, Link, Piece, Text

TEMPORARY = "/tmp"
_SHARED_MEMORY = "/dev/shm"
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_TERMINALS = ("/dev/pts", "/dev/ptmx")
_FACTS = (  # what libraries read to find out about processors and memory
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/filesystems",
    "/proc/loadavg",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/uptime",
    "/proc/version",
    "/proc/sys/vm/overcommit_memory",
    "/sys/devices/system/cpu",
    "/sys/kernel/mm/transparent_hugepage",
)
_PROCESSES = "/proc"
"""A copy of a kernel has another folder there than the kernel, and counts its threads in it."""
_INTERNET = (socket.AF_INET, socket.AF_INET6)


def root(
    policy: SandboxPolicy,
    workspace: str,
    *,
    uid: int,
    owners: int | None = None,
    python_owners: int | None = None,
) -> list[Piece]:
    """The pieces of the new root. `owners` and `python_owners` translate who owns what on disk."""
    pieces: list[Piece] = [*_standing(_connected(policy), policy.readable, policy.tmp_mb)]
    closed = paths.closed_to_others()
    for path in paths.python():
        translated = python_owners if path in closed else None
        pieces.append(Bind(source=path, target=path, id_map=translated))
    pieces.append(Text(target="/etc/passwd", text=f"user:x:{uid}:{uid}::{workspace}:/bin/sh\n"))
    pieces.append(Text(target="/etc/group", text=f"user:x:{uid}:\n"))
    if policy.workspace_in == "memory":
        pieces.append(InMemory(target=workspace, size_mb=policy.disk_mb))
    else:
        source = os.path.realpath(workspace)
        pieces.append(Bind(source=source, target=workspace, writable=True, id_map=owners))
    return pieces


@lru_cache
def _standing(network: bool, readable: tuple[Path, ...], tmp_mb: int) -> tuple[Piece, ...]:
    """What is the same for every kernel of a policy."""
    extra = paths.outermost(str(each) for each in readable)
    return (
        *(_shown(path) for path in paths.system(network=network)),
        *(Bind(source=path, target=path, folder=os.path.isdir(path)) for path in extra),
        *(InMemory(target=path, size_mb=tmp_mb) for path in (TEMPORARY, _SHARED_MEMORY)),
    )


def prepare(policy: SandboxPolicy, tier: Tier) -> None:
    """Computes once, in a fork server, what every child would compute again."""
    paths.python()
    paths.closed_to_others()
    paths.out_of_reach()
    _standing(_connected(policy), policy.readable, policy.tmp_mb)
    if tier != "none":
        system_calls(policy, tier)


def _shown(path: str) -> Piece:
    real = os.path.realpath(path)
    if real != path and real.startswith("/usr/"):
        return Link(target=path, leads_to=os.readlink(path))
    return Bind(source=real, target=path, folder=os.path.isdir(real))


def _connected(policy: SandboxPolicy) -> bool:
    return policy.network != "none"


def files(policy: SandboxPolicy, workspace: str, tmp: str, *, own_root: bool) -> list[Rule]:
    """Landlock's rules, in a root of our own or in the machine's."""
    readable: tuple[str, ...] = ("/",)
    devices: tuple[str, ...] = (*_DEVICES, *_TERMINALS)
    writable: tuple[str, ...] = (workspace, tmp, _SHARED_MEMORY)
    listed: tuple[str, ...] = ()
    if not own_root:
        listed = (_PROCESSES,)
        system = paths.system(network=_connected(policy))
        extra = paths.outermost(str(each) for each in policy.readable)
        readable = (*system, *paths.python(), *extra, *_FACTS)
        devices = _DEVICES
        writable = (workspace, tmp)
    return [
        *(Rule(path=path, access="read") for path in readable),
        *(Rule(path=path, access="list") for path in listed),
        *(Rule(path=path, access="device") for path in devices),
        *(Rule(path=path, access="write") for path in writable),
    ]


def has_network(policy: SandboxPolicy, tier: Tier) -> bool:
    """A loopback of its own needs a network namespace; without one there is no network."""
    return policy.network == "full" or (policy.network == "loopback" and tier != "landlock")


def system_calls(policy: SandboxPolicy, tier: Tier) -> bytes:
    """The filter. Sockets by path could reach the host's services where the root is the host's."""
    families: tuple[int, ...] = _INTERNET if has_network(policy, tier) else ()
    if tier == "landlock":
        return seccomp.compiled(families=families, watching=False)
    return seccomp.compiled(families=(socket.AF_UNIX, *families), watching=True)
