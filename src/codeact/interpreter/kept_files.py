"""Copies of a workspace's files that can be brought back; no link of the code's is followed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from codeact.interpreter.beneath import opened

MAX_BYTES = 256 * 1024 * 1024
"""Of one workspace, that are copied."""
MAX_FILES = 5_000
_OURS = ".codeact"
_FICLONE = 0x40049409
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

TOO_MUCH = "the working folder holds more than {files:,} files or {size} MB"
NOT_BACK = "these could not be brought back: {files}"
SHOWN = 5
"""Of the files that could not be brought back."""


class TooMuch(Exception):
    """A workspace that is too large to be copied for every cell."""


class NotAllBack(OSError):
    """All files have been brought back but for some, which the message names."""

    def __init__(self, failed: dict[str, OSError]) -> None:
        told = [f"{path} ({error.strerror})" for path, error in sorted(failed.items())]
        if len(told) > SHOWN:
            told[SHOWN:] = [f"{len(told) - SHOWN} more"]
        super().__init__(NOT_BACK.format(files=", ".join(told)))


@dataclass(frozen=True, slots=True)
class Entry:
    """One file, folder or link; of others, and of what cannot be read, only that it is there.

    `stamp` changes whenever the content may have.
    """

    status: os.stat_result
    copy: Path | None = None
    link: str = ""

    @property
    def stamp(self) -> tuple[int, ...]:
        found = self.status
        return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_mode)

    @property
    def can_be_made(self) -> bool:
        return self.copy is not None or self.link != "" or stat.S_ISDIR(self.status.st_mode)


Kept = dict[str, Entry]
"""What a workspace held at one moment, by relative path, folders before what is in them."""


class Keeper:
    """Keeps copies of one workspace's files. What has not changed is stored once."""

    def __init__(self, max_bytes: int = MAX_BYTES, max_files: int = MAX_FILES) -> None:
        self._store: Path | None = None
        self._limits = max_bytes, max_files
        self._number = 0

    def keep(self, workspace: Path, before: Kept | None = None) -> Kept:
        """Copy what differs from `before`. Raises TooMuch, and OSError where a link leads there."""
        kept: Kept = {}
        size = 0
        max_bytes, max_files = self._limits
        for path, status, folder in _walk(workspace):
            entry = Entry(status)
            known = None if before is None else before.get(path)
            if stat.S_ISLNK(status.st_mode):
                entry = Entry(status, link=os.readlink(os.path.basename(path), dir_fd=folder))
            elif stat.S_ISREG(status.st_mode):
                size += status.st_size
                if size > max_bytes or len(kept) >= max_files:
                    self.forget([before or {}])
                    raise TooMuch(TOO_MUCH.format(files=max_files, size=max_bytes >> 20))
                if known is not None and known.stamp == entry.stamp:
                    entry = known
                else:
                    entry = Entry(status, copy=self._copied(os.path.basename(path), folder))
            kept[path] = entry
        return kept

    def forget(self, still: Iterable[Kept]) -> None:
        """Remove the copies that none of these needs."""
        if self._store is not None:
            needed = {entry.copy for kept in still for entry in kept.values()}
            for path in self._store.iterdir():
                if path not in needed:
                    path.unlink()

    def close(self) -> None:
        if self._store is not None:
            shutil.rmtree(self._store, ignore_errors=True)
            self._store = None

    def _copied(self, name: str, folder: int) -> Path | None:
        """A copy of a regular file; None where it cannot be read."""
        if self._store is None:
            self._store = Path(tempfile.mkdtemp(prefix="codeact-kept-"))
        self._number += 1
        copy = self._store / str(self._number)
        try:
            source = os.open(name, _FILE, dir_fd=folder)
        except OSError:
            return None
        with open(source, "rb") as reading, open(copy, "wb") as writing:
            regular = stat.S_ISREG(os.fstat(source).st_mode)  # else it was put there just now
            if regular:
                _clone(reading.fileno(), writing.fileno())
        return copy if regular else None


def bring_back(kept: Kept, workspace: Path) -> None:
    """Make the workspace what it was, or another folder like it.

    Raises NotAllBack where all the rest is done, and OSError where the workspace is no folder.
    """
    failed: dict[str, OSError] = {}
    present = {path: Entry(status) for path, status, _ in _walk(workspace)}
    for path in sorted(present, reverse=True):  # what is in a folder before the folder
        wanted = kept.get(path)
        if wanted is None or (wanted.can_be_made and not _alike(wanted, present[path])):
            with _noting(failed, path), _parent(workspace, path) as (folder, name):
                _remove(name, folder, present[path])
                del present[path]
    for path, entry in kept.items():
        if path not in present and entry.can_be_made:
            with _noting(failed, path):
                with _parent(workspace, path) as (folder, name):
                    _make(name, folder, entry)
                if not stat.S_ISDIR(entry.status.st_mode):
                    kept[path] = _renewed(workspace, path, entry)
    for path in reversed(list(kept)):  # last: a folder may forbid what is done in it
        if stat.S_ISDIR(kept[path].status.st_mode):
            with _noting(failed, path), _parent(workspace, path) as (folder, name):
                _finish(name, folder, kept[path].status)
    if failed:
        raise NotAllBack(failed)


@contextlib.contextmanager
def _noting(failed: dict[str, OSError], path: str) -> Iterator[None]:
    """What cannot be done for a path is noted, but not what follows for its folder or content."""
    try:
        yield
    except OSError as error:
        related = [each for each in failed if f"{each}/".startswith(f"{path}/")]
        related += [each for each in failed if f"{path}/".startswith(f"{each}/")]
        if not related:
            failed[path] = error


def _alike(wanted: Entry, found: Entry) -> bool:
    if stat.S_ISDIR(wanted.status.st_mode) and stat.S_ISDIR(found.status.st_mode):
        return True
    return wanted.stamp == found.stamp


def _walk(workspace: Path) -> Iterator[tuple[str, os.stat_result, int]]:
    """Relative path, status, and the descriptor of the folder in which it lies; links are told."""
    top = opened(workspace)
    try:
        for root, folders, files, descriptor in os.fwalk(".", follow_symlinks=False, dir_fd=top):
            inside = os.path.relpath(root, ".")
            if inside == ".":
                inside = ""
                folders[:] = [name for name in folders if name != _OURS]
            for name in (*folders, *files):
                with contextlib.suppress(FileNotFoundError):
                    status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
                    yield os.path.join(inside, name), status, descriptor
    finally:
        os.close(top)


@contextlib.contextmanager
def _parent(workspace: Path, path: str) -> Iterator[tuple[int, str]]:
    """The folder in which the path lies, opened without following a link, and the last name."""
    *folders, name = path.split(os.sep)
    descriptor = opened(workspace)
    try:
        for each in folders:
            inner = os.open(each, _FOLDER, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        yield descriptor, name
    finally:
        os.close(descriptor)


def _remove(name: str, folder: int, entry: Entry) -> None:
    if stat.S_ISDIR(entry.status.st_mode):
        os.rmdir(name, dir_fd=folder)
    else:
        os.unlink(name, dir_fd=folder)


def _make(name: str, folder: int, entry: Entry) -> None:
    status = entry.status
    if stat.S_ISDIR(status.st_mode):
        os.mkdir(name, 0o700, dir_fd=folder)
    elif entry.copy is None:
        os.symlink(entry.link, name, dir_fd=folder)
    else:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with (
            open(entry.copy, "rb") as reading,
            open(os.open(name, flags, 0o600, dir_fd=folder), "wb") as writing,
        ):
            _clone(reading.fileno(), writing.fileno())
    if os.geteuid() == 0:
        os.chown(name, status.st_uid, status.st_gid, dir_fd=folder, follow_symlinks=False)
    if entry.copy is not None:
        _finish(name, folder, status)


def _finish(name: str, folder: int, status: os.stat_result) -> None:
    """Mode and dates, of a file or a folder."""
    inner = os.open(name, _FILE, dir_fd=folder)
    os.utime(inner, ns=(status.st_atime_ns, status.st_mtime_ns))
    os.fchmod(inner, stat.S_IMODE(status.st_mode) & 0o777)
    os.close(inner)


def _renewed(workspace: Path, path: str, entry: Entry) -> Entry:
    with _parent(workspace, path) as (folder, name):
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    return Entry(status, copy=entry.copy, link=entry.link)


def _clone(source: int, target: int) -> None:
    """Share the blocks where the file system can, else copy them."""
    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError:
        while os.sendfile(target, source, None, 1 << 30):
            pass
