"""A policy for the code of a session, the tiers of walls around it, and what they hold.

Tiers, from the strongest: `full+cgroup` (all walls), `full` (no control group), `landlock` (no
namespaces, as inside most containers), `none`. Which one a machine offers, `offer.probe` finds out;
`confinement` builds it; `docs/sandbox.md` has the attacks and their results.

Covered in the full tiers, each with hostile tests in `tests/sandbox/`:
- files outside the workspace: reading, listing, stat, writing, removing, chmod, touching, tagging,
  watching, through links and dots, another session's workspace, the host's /tmp and /dev/shm
- the system's programs, kernel parameters, /sys, control groups, the out-of-memory killer's order
- gaining root by a set-uid program, leaving one behind
- a disk filled by one file; by many small ones and by inodes, where the workspace is in memory
- other processes: environment, memory, command line, tracing, signals; what outlives the session
- forks, threads and memory without end, per process; together only where a cgroup holds
- a cell that breaks the protocol, ignores its deadline, prints without end or damages Python
- System V memory of others, nested namespaces, typing into the terminal, io_uring, keyrings, perf,
  userfaultfd and other system calls that ordinary Python does not need
- the host's network: TCP, UDP, Unix sockets by name and path, netlink, packet and raw sockets
- descriptors inherited from the host

Covered in the Landlock tier: the same, but for these
- names, sizes and dates of files outside can be seen (not their contents)
- the numbers of other processes can be seen (nothing else of them)
- an ordinary user's files outside can be chmod-ed and touched; root's sessions get their own uid
- what the code starts in the background can outlive the session
- nothing bounds the number of files; no pseudo-terminals, no POSIX shared memory
- a Python environment inside the workspace can be written to

Not covered in any tier:
- a bug of the kernel that all share; processor caches and other side channels
- what /proc tells about the machine: processors, memory, version, boot command line
- what the policy allows: with `network="full"` the host's loopback and cloud metadata services
- processor time as such: deadlines are the interpreter's
- the disk, where the workspace is a folder: the host watches it, a burst gets through
- GPUs and other devices: none is reachable
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from codeact.errors import ConfigError

Mode = Literal["auto", "required", "off"]
Network = Literal["none", "loopback", "full"]
Tier = Literal["full+cgroup", "full", "landlock", "none"]
Wall = Literal[
    "users",
    "mounts",
    "pids",
    "network",
    "ipc",
    "capabilities",
    "landlock",
    "seccomp",
    "rlimits",
    "cgroup",
]

_REFUSED = (
    "The sandbox is required, and this machine cannot build one{reason}. Run where Linux offers "
    'Landlock or user namespaces, or say sandbox="auto" to run the code without walls.'
)
_WARNING = (
    "Warning: no sandbox on this machine{reason}: the code can read, change and send whatever "
    "you can."
)
_SHARED_USER = "Runs with the uid of the host process: files outside can be chmod-ed and touched."
_NO_MOUNTS = "No mount namespace: names, sizes and dates of files outside can be seen, not opened."
_NO_PIDS = "No pid namespace: what the code starts in the background may outlive the session."
_NO_IPC = "No ipc namespace: System V and POSIX queues are refused by seccomp alone."
_NO_WALLS = "Not put up in this tier."
_NO_LANDLOCK = "This kernel has no Landlock, or it is switched off."
_OLD_LANDLOCK = "Landlock version {abi}: signals and abstract sockets are not held (6 does)."
_NO_CGROUP = "No cgroup: memory and processes are bounded one by one, not together."
_FULL_NETWORK = "The policy allows the network: the host's loopback is reachable too."
_NO_LOOPBACK = "A loopback of its own needs a network namespace: there is no network instead."
_NO_NETWORK_VIEW = "No network namespace: sockets are refused by seccomp and Landlock."
_SCOPES = 6  # Landlock's version that holds signals and abstract sockets

WALLS: tuple[Wall, ...] = get_args(Wall)
ALL_WALLS = frozenset(WALLS)
FULL: tuple[Tier, ...] = ("full", "full+cgroup")


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxPolicy:
    """What the code of a session may do. Sizes are in MB (2**20 bytes).

    `readable` are paths beside what Python itself needs; writable are the workspace and a temporary
    folder of its own. `memory_mb` bounds each process, and all of them together where a cgroup
    holds; there `cpus` bounds how many processors' worth of time they get. `workspace_in="memory"`
    gives a workspace of at most `disk_mb` that ends with the session; in a folder, `disk_mb` is
    watched by the host.
    """

    mode: Mode = "auto"
    network: Network = "none"
    memory_mb: int = 2048
    cpu_seconds: int | None = None
    cpus: float | None = None
    processes: int = 64
    file_mb: int = 1024
    disk_mb: int = 2048
    tmp_mb: int = 256
    workspace_in: Literal["folder", "memory"] = "folder"
    readable: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One wall: whether it stands, and a sentence on why not, or what it cannot hold here."""

    wall: Wall
    stands: bool
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What confines this kernel. `tmp` is the folder for TMPDIR, `pid` the host's name for it;
    `steps` are the milliseconds that each wall took.
    """

    tier: Tier
    layers: tuple[Layer, ...]
    tmp: str
    uid: int
    pid: int
    steps: tuple[tuple[str, float], ...] = ()


def refused(policy: SandboxPolicy, tier: Tier, why: str = "") -> str | None:
    """A warning for the user where no wall stands, None where all is well or he said "off".

    Raises ConfigError where the policy requires walls that this machine cannot build.
    """
    if tier != "none" or policy.mode == "off":
        return None
    reason = f" ({why})" if why else ""
    if policy.mode == "required":
        raise ConfigError(_REFUSED.format(reason=reason))
    return _WARNING.format(reason=reason)


def layers(
    policy: SandboxPolicy, tier: Tier, *, own_uid: bool, abi: int, walls: frozenset[Wall]
) -> tuple[Layer, ...]:
    """Every wall, whether it stands around a kernel of this tier, and what it lacks here."""
    full = tier in FULL
    confined = tier != "none"
    plans: dict[Wall, tuple[bool, str]] = {
        "users": (confined and own_uid, _SHARED_USER),
        "mounts": (full, _NO_MOUNTS),
        "pids": (full, _NO_PIDS),
        "network": (full and policy.network != "full", _network_note(policy, full=full)),
        "ipc": (full, _NO_IPC),
        "capabilities": (confined, _NO_WALLS),
        "landlock": (confined and abi > 0, _NO_LANDLOCK),
        "seccomp": (confined, _NO_WALLS),
        "rlimits": (confined, _NO_WALLS),
        "cgroup": (tier == "full+cgroup", _NO_CGROUP),
    }
    found = []
    for wall, (stands, lack) in plans.items():
        old = wall == "landlock" and 0 < abi < _SCOPES
        note = _OLD_LANDLOCK.format(abi=abi) if old else lack
        complete = stands and not old
        left_out = wall not in walls
        text = "" if complete else note
        found.append(Layer(wall=wall, stands=stands and not left_out, note=text))
    return tuple(found)


def _network_note(policy: SandboxPolicy, *, full: bool) -> str:
    if policy.network == "full":
        return _FULL_NETWORK
    if policy.network == "loopback" and not full:
        return _NO_LOOPBACK
    return _NO_NETWORK_VIEW
