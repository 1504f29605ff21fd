"""Who the kernel's process is: no capability, no way to gain one, its own uid, no orphanhood."""

from __future__ import annotations

import os
import signal
import struct

from codeact.interpreter.walls.syscalls import call

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP = 1, 4, 24
_PR_SET_SECUREBITS, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 28, 38, 47
_CLEAR_ALL = 4
_NOROOT, _NO_KEEP_CAPS, _NO_AMBIENT = 0x03, 0x20, 0xC0  # each with its lock
_CAPABILITY_VERSION = 0x20080522

SESSION_UIDS = 0x7000_0000  # up to 0x7fff_ffff: used by no distribution, systemd or subuid default
_LARGEST_PID = 2**22
_CAP_SETUID, _CAP_SETPCAP = 7, 8


def session_uid() -> int:
    """A uid that no other living session of this machine has: pids are unique, so are these.

    Read from /proc, which shows the pid that the fork server's own /proc shows.
    """
    return SESSION_UIDS + int(os.readlink("/proc/self")) % _LARGEST_PID


def can_switch_uid() -> bool:
    """Root that may take any uid; not root inside a user namespace that knows few."""
    if os.geteuid() != 0:
        return False
    ranges = [[int(word) for word in line.split()] for line in _lines("/proc/self/uid_map")]
    known = any(start <= SESSION_UIDS < start + length for start, _, length in ranges)
    return known and bool(_effective() & 1 << _CAP_SETUID)


def _effective() -> int:
    lines = _lines("/proc/self/status")
    return next(int(line.split()[1], 16) for line in lines if line.startswith(b"CapEff"))


def _lines(path: str) -> list[bytes]:
    return read(path).splitlines()


def read(path: str) -> bytes:
    """A small file of /proc, without the text layer that costs a fresh fork a millisecond."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, 1 << 14)
    finally:
        os.close(descriptor)


def become(uid: int) -> None:
    """This uid, this gid, no other group. Needs root; the capabilities of root go with it."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def give_up_bounding_set() -> None:
    """No program executed from here on can gain a capability, not even as uid 0.

    Nothing happens without CAP_SETPCAP: who lacks it has nothing to give up.
    """
    if not _effective() & 1 << _CAP_SETPCAP:
        return
    call("prctl", _PR_SET_SECUREBITS, _NOROOT | _NO_KEEP_CAPS | _NO_AMBIENT, 0, 0, 0)
    for capability in range(64):
        try:
            call("prctl", _PR_CAPBSET_DROP, capability, 0, 0, 0)
        except OSError:
            return  # the kernel knows no more of them


def give_up_capabilities() -> None:
    call("prctl", _PR_CAP_AMBIENT, _CLEAR_ALL, 0, 0, 0)
    call("capset", struct.pack("II", _CAPABILITY_VERSION, 0), bytes(24))


def no_new_privileges() -> None:
    call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def readable_to_itself() -> None:
    """After a change of uid the process could not open its own /proc/self otherwise."""
    call("prctl", _PR_SET_DUMPABLE, 1, 0, 0, 0)


def die_with_parent() -> None:
    """SIGKILL when the thread that forked us ends. A change of uid forgets it: call this after."""
    call("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
