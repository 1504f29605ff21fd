"""The attacks: what each tries, which walls hold it, and what becomes of it in each tier.

An attack is a few lines of Python that call `breach(evidence)` when they got through; an exception,
an empty hand or a silent end means that they were held. `V` describes the victim, a process of the
host outside the sandbox, and the files around it. `libc` is the C library.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Literal

from codeact.interpreter.sandbox import Tier, Wall

Result = Literal["held", "breach"]
Who = Literal["root", "user"]

_FILES: tuple[Wall, ...] = ("users", "mounts", "landlock", "capabilities")
_PROCESSES: tuple[Wall, ...] = (
    "users",
    "mounts",
    "pids",
    "landlock",
    "seccomp",
    "capabilities",
)
_SOCKETS: tuple[Wall, ...] = ("network", "landlock", "seccomp")
BOTH: tuple[Who, ...] = ("root", "user")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """`walls`: with all of them gone, and the others standing, the attack must get through.

    `landlock` is the expected result in the Landlock tier for root and for an ordinary user; in the
    full tiers every attack must be held. `shown_by`: for whom the missing wall makes a difference.
    """

    name: str
    section: Literal["files", "processes", "network"]
    code: str
    walls: tuple[Wall, ...]
    landlock: tuple[Result, Result] = ("held", "held")
    shown_by: tuple[Who, ...] = BOTH
    prepared_by_root: bool = False
    policy: dict[str, int | str] = field(default_factory=dict)

    def can_show(self, who: Who) -> bool:
        """Whether this person gets through where the walls are missing, as far as we can try."""
        return who in self.shown_by and (os.geteuid() == 0 or not self.prepared_by_root)

    def without(self, tier: Tier, who: Who) -> Tier:
        """The tier in which to leave out `walls`: an ordinary user's namespaces all come from his
        user namespace, without which he is left with what the Landlock tier has.
        """
        return "landlock" if who == "user" and "users" in self.walls else tier

    def expected(self, tier: str, who: Who) -> Result:
        if tier == "none":
            return "breach"
        return self.landlock[BOTH.index(who)] if tier == "landlock" else "held"


def _file(
    name: str,
    code: str,
    walls: tuple[Wall, ...] = _FILES,
    landlock: tuple[Result, Result] = ("held", "held"),
    shown_by: tuple[Who, ...] = BOTH,
    prepared_by_root: bool = False,
    policy: dict[str, int | str] | None = None,
) -> Attack:
    return Attack(
        name=name,
        section="files",
        code=code,
        walls=walls,
        landlock=landlock,
        shown_by=shown_by,
        prepared_by_root=prepared_by_root,
        policy=policy or {},
    )


def _process(
    name: str,
    code: str,
    walls: tuple[Wall, ...] = _PROCESSES,
    shown_by: tuple[Who, ...] = BOTH,
) -> Attack:
    return Attack(name=name, section="processes", code=code, walls=walls, shown_by=shown_by)


def _network(
    name: str,
    code: str,
    walls: tuple[Wall, ...] = _SOCKETS,
    shown_by: tuple[Who, ...] = BOTH,
) -> Attack:
    return Attack(name=name, section="network", code=code, walls=walls, shown_by=shown_by)


FILES = (
    _file("read the password hashes", "breach(open('/etc/shadow').read()[:9])", shown_by=("root",)),
    _file("read a file outside", "breach(open(V['secret']).read())"),
    _file("list a folder outside", "breach(os.listdir(V['outside']))"),
    _file(
        "see that a file outside exists",
        "breach(os.stat(V['secret']).st_size)",
        ("mounts",),
        landlock=("breach", "breach"),
    ),
    _file("read another session's workspace", "breach(open(V['neighbour']).read())"),
    _file(
        "follow a link out of the workspace",
        "os.symlink(V['secret'], 'l'); breach(open('l').read())",
    ),
    _file("climb out with dots", "breach(open('../' * 20 + V['secret']).read())"),
    _file("create a file outside", "breach(open(V['outside'] + '/new', 'w'))"),
    _file("append to a file outside", "breach(open(V['neighbour'], 'a').write('x'))"),
    _file("change a file in the host's /tmp", "breach(open(V['in_tmp'], 'r+').write('x'))"),
    _file("change a file in the host's /dev/shm", "breach(open(V['in_shm'], 'r+').write('x'))"),
    _file("remove a file outside", "os.unlink(V['disposable']); breach('gone')"),
    _file(
        "chmod a file outside",
        "os.chmod(V['secret'], 0o644); breach('changed')",
        landlock=("held", "breach"),
    ),
    _file(
        "touch a file outside",
        "os.utime(V['secret'], (1, 1)); breach('changed')",
        landlock=("held", "breach"),
    ),
    _file(
        "tag a file outside with an attribute",
        "os.setxattr(V['secret'], 'user.tag', b'1'); breach('tagged')",
        (*_FILES, "seccomp"),
    ),
    _file(
        "watch a folder outside",
        "watch = libc.inotify_init1(0)\n"
        "if watch >= 0 and libc.inotify_add_watch(watch, V['outside'].encode(), 0xfff) >= 0:\n"
        "    breach('watching')",
        (*_FILES, "seccomp"),
    ),
    _file(
        "write to the system's programs",
        "breach(open('/usr/share/codeact-attack', 'w')); os.unlink('/usr/share/codeact-attack')",
        shown_by=("root",),
    ),
    _file(
        "leave a set-uid program in the workspace",
        "open('s', 'w').close(); os.chmod('s', 0o4755)\n"
        "if os.stat('s').st_mode & 0o4000: breach('chmod')",
        ("seccomp",),
    ),
    _file(
        "create a set-uid program in the workspace",
        "os.open('c', os.O_CREAT | os.O_WRONLY, 0o4755)\n"
        "if os.stat('c').st_mode & 0o4000: breach('open')",
        ("seccomp",),
    ),
    _file(
        "gain root by a set-uid program",
        "import subprocess\n"
        "if subprocess.check_output([V['set_uid_id'], '-u']).strip() == b'0': breach('root')",
        ("users", "mounts", "landlock", "seccomp", "capabilities"),
        shown_by=("user",),
        prepared_by_root=True,
    ),
    _file(
        "set a kernel parameter",
        "p = '/proc/sys/kernel/core_uses_pid'; breach(open(p, 'r+').write(open(p).read()))",
        shown_by=("root",),
    ),
    _file(
        "write to the machine's devices through /sys",
        "p = '/sys/kernel/mm/ksm/pages_to_scan'; breach(open(p, 'r+').write(open(p).read()))",
        shown_by=("root",),
    ),
    _file(
        "make a control group",
        "p = V['cgroup']; os.mkdir(p); os.rmdir(p); breach(p)",
        shown_by=("root",),
    ),
    _file(
        "escape the out-of-memory killer",
        "breach(open('/proc/self/oom_score_adj', 'w').write('-1'))",
        shown_by=("root",),
    ),
    _file(
        "fill the disk with one file",
        "with open('big', 'wb') as f:\n"
        "    for _ in range(12): f.write(bytes(1 << 20)); f.flush()\n"
        "breach(os.stat('big').st_size)",
        ("rlimits",),
    ),
    _file(
        "fill the disk with many files",
        "for n in range(12): open(f'f{n}', 'wb').write(bytes(1 << 20))\nbreach('12 MB')",
        ("mounts",),
        landlock=("breach", "breach"),
        policy={"workspace_in": "memory", "disk_mb": 8},
    ),
    _file(
        "use up the disk's files",
        "import tempfile; d = tempfile.mkdtemp(dir=V['tmp'])\n"
        "for n in range(1_500): os.mknod(f'{d}/{n}')\nbreach('1,500')",
        ("mounts",),
        landlock=("breach", "breach"),
    ),
)

_READ_MEMORY = (
    "f = open(f\"/proc/{V['pid']}/mem\", 'rb', 0); f.seek(V['address']); breach(f.read(6))"
)
_PTRACE = "\nif libc.ptrace(0x4206, V['pid'], None, None) == 0: breach('attached')"
_VM_READ = """
class Vector(ctypes.Structure): _fields_ = [('at', ctypes.c_void_p), ('size', ctypes.c_size_t)]
mine = ctypes.create_string_buffer(6)
here, there = Vector(ctypes.addressof(mine), 6), Vector(V['address'], 6)
if libc.process_vm_readv(V['pid'], ctypes.byref(here), 1, ctypes.byref(there), 1, 0) == 6:
    breach(mine.raw)
"""
_SCAN = """
for pid in filter(str.isdecimal, os.listdir('/proc')):
    try: environment = open(f'/proc/{pid}/environ', 'rb').read()
    except OSError: continue
    if b'VICTIM_SECRET=' in environment and int(pid) == V['pid']: breach(pid)
"""
_MANY_FORKS = """
import signal, time
children = []
try:
    while len(children) < 70:
        child = os.fork()
        if child == 0:
            time.sleep(20); os._exit(0)
        children.append(child)
    breach(len(children))
finally:
    for child in children: os.kill(child, signal.SIGKILL)
"""
_MANY_THREADS = """
import threading
over = threading.Event()
try:
    for n in range(70): threading.Thread(target=over.wait, daemon=True).start()
    breach(n)
finally: over.set()
"""
_TTY = """
import fcntl, pty, termios
child, terminal = pty.fork()
if child == 0:
    try: fcntl.ioctl(0, 0x5412, b'x'); os.write(1, b'TYPED')
    finally: os._exit(0)
said = b''
try:
    while b'TYPED' not in said: said += os.read(terminal, 100)
    breach('typed into the terminal')
except OSError: os.waitpid(child, 0)
"""
PROCESSES = (
    _process("read every process's environment", _SCAN),
    _process("read another process's memory", _READ_MEMORY),
    _process("trace another process", _PTRACE),
    _process("copy out of another process", _VM_READ),
    _process(
        "see another process's command line", "breach(open(f\"/proc/{V['pid']}/cmdline\").read())"
    ),
    Attack(
        name="list the machine's processes",
        section="processes",
        code="breach([each for each in os.listdir('/proc') if each == str(V['pid'])][0])",
        walls=("mounts",),
        landlock=("breach", "breach"),
    ),
    _process("signal another process", "os.kill(V['pid'], 0); breach('may signal')"),
    _process("fork without end", _MANY_FORKS, ("rlimits",)),
    _process("start threads without end", _MANY_THREADS, ("rlimits",)),
    _process("take 400 MB of memory", "breach(len(bytearray(400 << 20)))", ("rlimits",)),
    _process(
        "take 4 GB of shared memory",
        "import mmap; breach(len(mmap.mmap(-1, 4 << 30)))",
        ("rlimits",),
    ),
    _process(
        "read another session's System V memory",
        "if libc.shmget(V['key'], 0, 0) >= 0: breach('found')",
        ("ipc", "seccomp"),
    ),
    _process(
        "mount in a nested user namespace",
        "if libc.unshare(0x10020000) == 0: breach('nested')",
        ("seccomp",),
    ),
    _process(
        "clone into a nested user namespace",
        "child = call('clone', 0x10000011, 0, 0, 0, 0)\n"
        "if child == 0: os._exit(0)\n"
        "if child > 0: breach('nested')",
        ("seccomp",),
    ),
    _process("type into the terminal", _TTY, ("landlock", "seccomp")),
)

# Calls that succeed, or fail for their nonsense arguments, where no filter refuses them.
SYSTEM_CALLS = {
    "add_key": "0, 0, 0, 0, 0",
    "io_uring_setup": "1, 0",
    "kcmp": "os.getpid(), os.getpid(), 1, 0, 0",
    "keyctl": "0, -3, 1",
    "mq_open": "0, 0, 0, 0",
    "msgget": "0, 0o1600",
    "name_to_handle_at": "-1, 0, 0, 0, 0",
    "perf_event_open": "0, 0, -1, -1, 0",
    "personality": "0x0040000",
    "process_vm_readv": "os.getpid(), 0, 0, 0, 0, 0",
    "ptrace": "0, 0, 0, 0",
    "semget": "0, 1, 0o1600",
    "setns": "-1, 0",
    "userfaultfd": "1",
}
CALLS = tuple(
    _process(
        f"call {name}",
        f"call({name!r}, {arguments})\n"
        "if ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS): breach('reached the kernel')",
        ("seccomp",),
    )
    for name, arguments in SYSTEM_CALLS.items()
)

_SOCKET = "import socket\ns = socket.socket(socket.AF_{0})\ns.settimeout(1)\n"
_CONNECT = _SOCKET + "s.connect({1}); breach(s.recv(6))"

NETWORK = (
    _network("reach a TCP server of the host", _CONNECT.format("INET", "('127.0.0.1', V['tcp'])")),
    _network(
        "reach a UDP server of the host",
        "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(1)\n"
        "s.sendto(b'x', ('127.0.0.1', V['udp'])); breach(s.recv(6))",
    ),
    _network(
        "open a TCP server",
        _SOCKET.format("INET") + "s.bind(('0.0.0.0', 0)); s.listen(); breach('listening')",
        ("landlock", "seccomp"),
    ),
    _network(
        "reach an abstract Unix socket of the host",
        _CONNECT.format("UNIX", "chr(0) + V['abstract']"),
    ),
    _network(
        "reach a Unix socket of the host by its path",
        _CONNECT.format("UNIX", "V['unix']"),
        ("users", "mounts", "capabilities", "landlock", "seccomp"),
    ),
    _network(
        "ask the kernel over netlink",
        "import socket\nbreach(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).fileno())",
        ("seccomp",),
    ),
    _network(
        "read packets from the wire",
        "import socket\nbreach(socket.socket(socket.AF_PACKET, socket.SOCK_RAW).fileno())",
        ("users", "capabilities", "seccomp"),
        shown_by=("root",),
    ),
    _network(
        "open a raw socket",
        "import socket\nbreach(socket.socket(socket.AF_INET, socket.SOCK_RAW, 1).fileno())",
        ("users", "capabilities", "seccomp"),
        shown_by=("root",),
    ),
)

ATTACKS = (*FILES, *PROCESSES, *CALLS, *NETWORK)
