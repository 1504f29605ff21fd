"""Linux system calls by name, on x86-64 and 64-bit Arm, for what Python's `os` does not offer."""

from __future__ import annotations

import ctypes
import os
import platform
from functools import lru_cache

# name, number on x86-64, number on aarch64 ("-": it does not exist there)
_TABLE = """
acct 163 89                    add_key 248 217              adjtimex 159 171
bpf 321 280                    capset 126 91                chmod 90 -
chroot 161 51                  clock_adjtime 305 266        clock_settime 227 112
clone 56 220                   clone3 435 435               close_range 436 436
creat 85 -                     create_module 174 -          delete_module 176 106
fanotify_init 300 262          fanotify_mark 301 263        fchmod 91 52
fchmodat 268 53                fchmodat2 452 452            finit_module 313 273
fremovexattr 199 16            fsconfig 431 431             fsetxattr 190 7
fsmount 432 432                fsopen 430 430               fspick 433 433
init_module 175 105            inotify_init 253 -           inotify_init1 294 26
io_uring_enter 426 426         io_uring_register 427 427    io_uring_setup 425 425
ioctl 16 29                    ioperm 173 -                 iopl 172 -
kcmp 312 272                   kexec_file_load 320 294      kexec_load 246 104
keyctl 250 219                 landlock_add_rule 445 445    landlock_create_ruleset 444 444
landlock_restrict_self 446 446 lookup_dcookie 212 18        lremovexattr 198 15
lsetxattr 189 6                memfd_secret 447 447         migrate_pages 256 238
mknod 133 -                    mknodat 259 33               modify_ldt 154 -
mount 165 40                   mount_setattr 442 442        move_mount 429 429
move_pages 279 239             mq_open 240 180              mq_unlink 241 181
msgctl 71 187                  msgget 68 186                msgrcv 70 188
msgsnd 69 189                  name_to_handle_at 303 264    nfsservctl 180 42
open 2 -                       open_by_handle_at 304 265    open_tree 428 428
open_tree_attr 467 467         openat 257 56                openat2 437 437
perf_event_open 298 241        personality 135 92           pidfd_getfd 438 438
pivot_root 155 41              prctl 157 167                process_madvise 440 440
process_mrelease 448 448       process_vm_readv 310 270     process_vm_writev 311 271
ptrace 101 117                 quotactl 179 60              quotactl_fd 443 443
reboot 169 142                 removexattr 197 14           removexattrat 466 466
request_key 249 218            seccomp 317 277              semctl 66 191
semget 64 190                  semop 65 193                 semtimedop 220 192
setdomainname 171 162          sethostname 170 161          setns 308 268
settimeofday 164 170           setxattr 188 5               setxattrat 463 463
shmat 30 196                   shmctl 31 195                shmdt 67 197
shmget 29 194                  socket 41 198                socketpair 53 199
swapoff 168 225                swapon 167 224               syslog 103 116
umount2 166 39                 unshare 272 97               uselib 134 -
userfaultfd 323 282            ustat 136 -                  vhangup 153 58
"""

_COLUMNS = {"x86_64": 1, "aarch64": 2, "arm64": 2}

Argument = int | bytes | ctypes.Array[ctypes.c_char] | None


@lru_cache
def numbers(machine: str) -> dict[str, int]:
    """Numbers by name, of the calls that exist on this machine; empty on one we do not know."""
    column = _COLUMNS.get(machine)
    if column is None:
        return {}
    words = _TABLE.split()
    rows = (words[at : at + 3] for at in range(0, len(words), 3))
    return {row[0]: int(row[column]) for row in rows if row[column] != "-"}


@lru_cache
def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return libc


@lru_cache
def _number(name: str) -> int:
    return numbers(platform.machine())[name]


def call(name: str, *arguments: Argument) -> int:
    """Makes the system call; raises OSError that names it."""
    passed = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    result = int(_libc().syscall(ctypes.c_long(_number(name)), *passed))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)
    return result
