"""System calls that ordinary Python never needs and an attacker does: Linux refuses them."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import socket
from functools import lru_cache

from codeact.interpreter.walls import namespaces
from codeact.interpreter.walls.bpf import Among, Bits, Condition, Denial, NotAmong, program
from codeact.interpreter.walls.syscalls import call

_SET_MODE_FILTER = 1
_NEW_NAMESPACES = (
    namespaces.NEWNS
    | namespaces.NEWCGROUP
    | namespaces.NEWUTS
    | namespaces.NEWIPC
    | namespaces.NEWUSER
    | namespaces.NEWPID
    | namespaces.NEWNET
)
_SET_ID_BITS = 0o6000
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_ORDINARY_PERSONALITIES = (0, 0xFFFF_FFFF)

_MOUNTING = """mount umount2 pivot_root move_mount open_tree open_tree_attr fsopen fsconfig fsmount
    fspick mount_setattr chroot unshare setns"""
_OTHER_PROCESSES = """ptrace process_vm_readv process_vm_writev process_madvise process_mrelease
    kcmp pidfd_getfd move_pages migrate_pages"""
_KERNEL_SURFACE = """bpf perf_event_open userfaultfd keyctl add_key request_key kexec_load
    kexec_file_load init_module finit_module delete_module create_module reboot swapon swapoff
    quotactl quotactl_fd open_by_handle_at name_to_handle_at acct settimeofday clock_settime
    adjtimex clock_adjtime sethostname setdomainname nfsservctl iopl ioperm syslog vhangup
    lookup_dcookie uselib ustat modify_ldt fanotify_init fanotify_mark memfd_secret"""
_SHARED_BETWEEN_PROCESSES = """shmget shmat shmdt shmctl semget semop semtimedop semctl msgget
    msgsnd msgrcv msgctl mq_open mq_unlink"""
_EXTENDED_ATTRIBUTES = """setxattr lsetxattr fsetxattr setxattrat removexattr lremovexattr
    fremovexattr removexattrat"""
# Programs that meet ENOSYS fall back to an older call whose arguments a filter can see.
_HIDDEN = "clone3 openat2 fchmodat2 io_uring_setup io_uring_enter io_uring_register"
_WATCHING = "inotify_init inotify_init1"


def _all(names: str, number: int = errno.EPERM) -> tuple[Denial, ...]:
    return tuple(Denial(name=name, errno=number) for name in names.split())


def _if(name: str, *conditions: Condition) -> Denial:
    return Denial(name=name, errno=errno.EPERM, when=conditions)


def _no_set_id_files() -> tuple[Denial, ...]:
    """The host sees the workspace with its owner's uid: a set-uid file there would be his."""
    creating = os.O_CREAT
    return (
        _if("chmod", Bits(argument=1, mask=_SET_ID_BITS)),
        _if("fchmod", Bits(argument=1, mask=_SET_ID_BITS)),
        _if("fchmodat", Bits(argument=2, mask=_SET_ID_BITS)),
        _if("creat", Bits(argument=1, mask=_SET_ID_BITS)),
        _if("mknod", Bits(argument=1, mask=_SET_ID_BITS)),
        _if("mknodat", Bits(argument=2, mask=_SET_ID_BITS)),
        _if("open", Bits(argument=1, mask=creating), Bits(argument=2, mask=_SET_ID_BITS)),
        _if("openat", Bits(argument=2, mask=creating), Bits(argument=3, mask=_SET_ID_BITS)),
    )


def _sockets(families: tuple[int, ...]) -> tuple[Denial, ...]:
    allowed = NotAmong(argument=0, values=families) if families else None
    return (
        _if("socket", *([allowed] if allowed else [])),
        # SOCK_RAW and SOCK_PACKET; the flags SOCK_CLOEXEC and SOCK_NONBLOCK may stand beside them
        _if("socket", Among(argument=1, values=_with_flags(socket.SOCK_RAW))),
        _if("socket", Among(argument=1, values=_with_flags(10))),
        _if("socketpair", NotAmong(argument=0, values=(socket.AF_UNIX,))),
    )


def _with_flags(kind: int) -> tuple[int, ...]:
    close, nonblocking = 0o2000000, 0o4000
    return (kind, kind | close, kind | nonblocking, kind | close | nonblocking)


def denials(*, families: tuple[int, ...], watching: bool) -> tuple[Denial, ...]:
    """What a kernel is refused. `families` are the sockets it may open besides socket pairs.

    `watching` allows inotify, which could observe folders that Landlock forbids to read.
    """
    return (
        *_all(_MOUNTING),
        *_all(_HIDDEN, errno.ENOSYS),
        *_all(_OTHER_PROCESSES),
        *_all(_KERNEL_SURFACE),
        *_all(_SHARED_BETWEEN_PROCESSES),
        *_all(_EXTENDED_ATTRIBUTES),
        *(() if watching else _all(_WATCHING)),
        _if("clone", Bits(argument=0, mask=_NEW_NAMESPACES)),
        _if("personality", NotAmong(argument=0, values=_ORDINARY_PERSONALITIES)),
        _if("ioctl", Among(argument=1, values=(_TIOCSTI, _TIOCLINUX))),
        *_no_set_id_files(),
        *_sockets(families),
    )


def container_denials() -> tuple[Denial, ...]:
    """What Docker's default profile refuses of what we would like to do: no namespace, no mount."""
    return (
        *_all(_MOUNTING),
        *_all("keyctl add_key request_key bpf perf_event_open userfaultfd"),
        *_all("clone3 io_uring_setup io_uring_enter io_uring_register", errno.ENOSYS),
        _if("clone", Bits(argument=0, mask=_NEW_NAMESPACES)),
    )


@lru_cache
def compiled(*, families: tuple[int, ...], watching: bool) -> bytes:
    return program(denials(families=families, watching=watching), platform.machine())


@lru_cache
def compiled_container() -> bytes:
    return program(container_denials(), platform.machine())


def load(code: bytes) -> None:
    """The filter holds for this process and all that it starts. Needs no_new_privileges first."""
    buffer = ctypes.create_string_buffer(code, len(code))
    length, address = len(code) // 8, ctypes.addressof(buffer)
    header = length.to_bytes(8, "little") + address.to_bytes(8, "little")
    call("seccomp", _SET_MODE_FILTER, 0, header)
