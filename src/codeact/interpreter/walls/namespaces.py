"""Own views of processes, network, names and users: what a kernel cannot see it cannot touch."""

from __future__ import annotations

import fcntl
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from codeact.interpreter.walls.credentials import readable_to_itself
from codeact.interpreter.walls.syscalls import call

NEWNS = 0x0002_0000
NEWCGROUP = 0x0200_0000
NEWUTS = 0x0400_0000
NEWIPC = 0x0800_0000
NEWUSER = 0x1000_0000
NEWPID = 0x2000_0000
NEWNET = 0x4000_0000

_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1


def unshare(flags: int) -> None:
    call("unshare", flags)


def own_users() -> None:
    """A user namespace in which the caller keeps its uid and gid and knows no others.

    The caller has all capabilities inside it until it drops them. Needs a single thread.
    """
    uid, gid = os.geteuid(), os.getegid()
    readable_to_itself()  # else its own maps in /proc belong to root
    unshare(NEWUSER)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{uid} {uid} 1")
    _write("/proc/self/gid_map", f"{gid} {gid} 1")


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


@contextmanager
def children_in_own_pids() -> Iterator[None]:
    """The first child forked inside is process 1 of a new pid namespace; later ones are ours again.

    Without privilege this needs a caller that lives in a pid namespace of its own user namespace.
    """
    own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    ourselves = os.readlink("/proc/self")  # getpid() may be 1 on both sides of the fork
    try:
        unshare(NEWPID)
        yield
    finally:
        if os.readlink("/proc/self") == ourselves:
            call("setns", own, NEWPID)
        os.close(own)


def loopback_up() -> None:
    """Brings up `lo` of the network namespace the caller is in."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", _IFF_UP))
