"""A root of its own: the system read-only, the workspace writable, all else not there at all."""

from __future__ import annotations

import contextlib
import os
import stat
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from codeact.interpreter.walls.syscalls import call

_AT_FDCWD, _AT_EMPTY_PATH, _AT_RECURSIVE = -100, 0x1000, 0x8000
_CLONE, _FROM_DESCRIPTOR = 1, 4
_READ_ONLY, _NO_SET_ID, _NO_DEVICES, _NO_PROGRAMS, _ID_MAP = 1, 2, 4, 8, 0x10_0000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REC, _MS_PRIVATE = 1, 2, 4, 8, 0x4000, 1 << 18
_DETACH = 2
_FILES_PER_MB = 64

_BUILDING_SITE = "/tmp"  # the new root stands here until it is entered
_DEVICES = ("null", "zero", "full", "random", "urandom")
_DEVICE_LINKS = (
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("ptmx", "pts/ptmx"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bind:
    """Shows the file or folder `source` at `target`, read-only unless `writable`."""

    source: str
    target: str
    folder: bool = True
    writable: bool = False
    id_map: int | None = None  # descriptor of a user namespace that translates the owners


@dataclass(frozen=True, slots=True, kw_only=True)
class InMemory:
    """An empty folder that lives in memory and ends with the session; open to every uid.

    It holds at most 64 files and folders for each MB of its size.
    """

    target: str
    size_mb: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    target: str
    leads_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A small file made for the session."""

    target: str
    text: str


Piece = Bind | InMemory | Link | Text


def enter_new_root(pieces: Sequence[Piece], *, own_pids: bool, write_to_proc: bool) -> None:
    """Builds a root of these pieces and moves in; the old one is out of reach.

    Needs an own mount namespace and CAP_SYS_ADMIN over it and over the pid namespace, which must be
    our own for a /proc of our own. Who makes a user namespace afterwards must write to /proc. The
    working folder is `/` at the end.
    """
    _mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    trees = {each: _clone(each) for each in pieces if isinstance(each, Bind)}
    devices = {name: _clone_device(name) for name in _DEVICES}
    _mount("tmpfs", _BUILDING_SITE, "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=755,size=4m")
    for each in sorted(pieces, key=lambda piece: piece.target):
        _place(each, _BUILDING_SITE + each.target, trees)
    _place_devices(devices)
    _place_processes(own_pids=own_pids, writable=write_to_proc)
    os.chdir(_BUILDING_SITE)
    call("pivot_root", b".", b".")
    call("umount2", b".", _DETACH)
    os.chdir("/")
    call("mount_setattr", _AT_FDCWD, b"/", 0, _attributes(_READ_ONLY), 32)


def can_translate(folder: str, id_map: int) -> bool:
    """Whether the folder's filesystem lets a mount show other owners than it stores."""
    try:
        os.close(_clone(Bind(source=folder, target=folder, id_map=id_map)))
    except OSError:
        return False
    return True


def _place(piece: Piece, where: str, trees: dict[Bind, int]) -> None:
    match piece:
        case Bind():
            _attach(trees[piece], where, folder=piece.folder)
        case InMemory(size_mb=size):
            os.makedirs(where, exist_ok=True)
            options = f"mode=1777,size={size}m,nr_inodes={_FILES_PER_MB * size}"
            _mount("tmpfs", where, "tmpfs", _MS_NOSUID | _MS_NODEV, options)
        case Link(leads_to=leads_to):
            os.makedirs(os.path.dirname(where), exist_ok=True)
            os.symlink(leads_to, where)
        case Text(text=text):
            os.makedirs(os.path.dirname(where), exist_ok=True)
            file = os.open(where, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o444)
            os.write(file, text.encode())
            os.close(file)


def _place_processes(*, own_pids: bool, writable: bool) -> None:
    where = f"{_BUILDING_SITE}/proc"
    if own_pids:
        os.makedirs(where)
        flags = _MS_NOSUID | _MS_NODEV | _MS_NOEXEC | (0 if writable else _MS_RDONLY)
        _mount("proc", where, "proc", flags)
    else:
        _attach(_open_tree("/proc"), where, folder=True)


def _place_devices(devices: dict[str, int]) -> None:
    for name, tree in devices.items():
        _attach(tree, f"{_BUILDING_SITE}/dev/{name}", folder=False)
    for name, leads_to in _DEVICE_LINKS:
        os.symlink(leads_to, f"{_BUILDING_SITE}/dev/{name}")
    terminals = f"{_BUILDING_SITE}/dev/pts"
    os.makedirs(terminals)
    flags = _MS_NOSUID | _MS_NOEXEC
    _mount("devpts", terminals, "devpts", flags, "newinstance,ptmxmode=0666,mode=620")


def _clone(bind: Bind) -> int:
    tree = _open_tree(bind.source)
    set_flags = _NO_SET_ID | _NO_DEVICES | (0 if bind.writable else _READ_ONLY)
    if bind.id_map is not None:
        set_flags |= _ID_MAP
    attributes = _attributes(set_flags, bind.id_map)
    try:
        call("mount_setattr", tree, b"", _AT_EMPTY_PATH | _AT_RECURSIVE, attributes, 32)
    except OSError:
        os.close(tree)
        raise
    return tree


def _clone_device(name: str) -> int:
    tree = _open_tree(f"/dev/{name}")
    attributes = _attributes(_NO_SET_ID | _NO_PROGRAMS)
    call("mount_setattr", tree, b"", _AT_EMPTY_PATH, attributes, 32)
    return tree


def _open_tree(path: str) -> int:
    flags = _CLONE | _AT_RECURSIVE | os.O_CLOEXEC
    return call("open_tree", _AT_FDCWD, os.fsencode(path), flags)


def _attach(tree: int, where: str, *, folder: bool) -> None:
    try:
        _make_place(where, folder=folder)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(where), exist_ok=True)
        _make_place(where, folder=folder)
    call("move_mount", tree, b"", _AT_FDCWD, os.fsencode(where), _FROM_DESCRIPTOR)
    os.close(tree)


def _make_place(where: str, *, folder: bool) -> None:
    """The mount point; it exists already where it lies in something shown."""
    with contextlib.suppress(FileExistsError):
        if folder:
            os.mkdir(where)
        else:
            os.mknod(where, stat.S_IFREG | 0o444)


def _attributes(set_flags: int, id_map: int | None = None) -> bytes:
    return struct.pack("QQQQ", set_flags, 0, 0, id_map or 0)


def _mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    call(
        "mount",
        source.encode(),
        os.fsencode(target),
        kind.encode() if kind else None,
        flags,
        options.encode() or None,
    )
