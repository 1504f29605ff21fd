"""A policy for the process of a kernel, the tiers of walls that a machine can build, the report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

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


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxPolicy:
    """What the code of a session may do. Sizes are in MB (2**20 bytes).

    `readable` are paths beside what Python itself needs; writable are the workspace and a temporary
    folder of its own. `memory_mb` bounds each process, and all of them together where a cgroup
    holds. `workspace_in="memory"` gives a workspace of at most `disk_mb` that ends with the session;
    in a folder, `disk_mb` is watched by the host.
    """

    mode: Mode = "auto"
    network: Network = "none"
    memory_mb: int = 2048
    cpu_seconds: int | None = None
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
    """What confines this kernel. `tmp` is the folder for TMPDIR; `steps` are milliseconds each."""

    tier: Tier
    layers: tuple[Layer, ...]
    tmp: str
    uid: int
    steps: tuple[tuple[str, float], ...] = ()
