"""Limits that each process carries with it: memory, processor time, files, processes."""

from __future__ import annotations

import os
import resource

from codeact.interpreter.walls import credentials

_MB = 2**20
_RESERVED = 2 * 1024 * _MB  # address space that is reserved and never used: thread stacks, arenas
_OPEN_FILES = 1024


def apply(*, memory_mb: int, cpu_seconds: int | None, processes: int | None, file_mb: int) -> None:
    """Sets soft and hard limits; no process under them can raise them again.

    Memory counts what a process writes to privately (RLIMIT_DATA) beyond what it has now, so that
    a kernel forked from a process with large libraries is not punished for them. RLIMIT_AS bounds
    shared mappings, which RLIMIT_DATA does not count.
    """
    virtual, data = _sizes()
    _lower(resource.RLIMIT_DATA, data + memory_mb * _MB)
    _lower(resource.RLIMIT_AS, virtual + memory_mb * _MB + _RESERVED)
    _lower(resource.RLIMIT_FSIZE, file_mb * _MB)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_NOFILE, _OPEN_FILES)
    _lower(resource.RLIMIT_MSGQUEUE, 0)
    _lower(resource.RLIMIT_RTPRIO, 0)
    if cpu_seconds is not None:
        _lower(resource.RLIMIT_CPU, cpu_seconds)
    if processes is not None:
        _lower(resource.RLIMIT_NPROC, processes)


def tasks_of(uid: int) -> int:
    """Threads of all processes of this uid that /proc shows: what RLIMIT_NPROC counts."""
    found = 0
    for name in os.listdir("/proc"):
        if name.isdecimal():
            try:
                if os.stat(f"/proc/{name}").st_uid == uid:
                    found += len(os.listdir(f"/proc/{name}/task"))
            except OSError:
                continue  # it ended while we looked
    return found


def _lower(which: int, value: int) -> None:
    hard = resource.getrlimit(which)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (value, value))


def _sizes() -> tuple[int, int]:
    """Bytes of address space and of private writable memory of this process."""
    fields = credentials.read("/proc/self/statm").split()
    page = resource.getpagesize()
    return int(fields[0]) * page, int(fields[5]) * page
