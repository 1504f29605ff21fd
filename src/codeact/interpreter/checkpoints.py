"""A session's variables in one file: written whole or not at all, and read only where they belong.

What the kernel has saved is opaque here: nothing of it is ever unpickled in this process, and a
hostile file can hurt the session that loads it, not the host.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any

from codeact.errors import CodeActError, DataError

SCHEMA = "codeact.checkpoint/1"
MAX_BYTES = 1 << 30
"""Of one checkpoint, files of the workspace included."""
SECONDS = 120.0
"""How long saving or loading may take as a whole."""
EACH_SECONDS = 20.0
"""How long one variable may take."""
_MAX_HEADER = 64 << 20
_MAGIC = b"codeact.checkpoint/1 "
_ANY_VERSION = b"codeact.checkpoint/"
_LINE = len(_MAGIC) + 20 + 1 + 20 + 1 + 64 + 1
_CHUNK = 1 << 20
SHOWN = 40

NOT_WRITTEN = "The checkpoint {path} was not written: {why}. Variables are as they were."
KILLED_WRITING = (
    "The checkpoint {path} was not written: the session's process died or was killed over it. "
    "The next cell tells what became of the variables."
)
NOTHING_THERE = "the session's process has died; run a cell first, it tells what became of it"
TOO_LARGE = "it is larger than {limit:,} bytes"
NO_PLACE = "it cannot be put there ({error})"
NOT_READ = "The checkpoint {path} cannot be read ({error}). Is the path right?"
FOREIGN = "{path} is no checkpoint of codeact. Name a file that `checkpoint` has written."
NEWER = "{path} was written by another version of codeact. Restore it with that version."
DAMAGED = (
    "The checkpoint {path} is damaged: {why}. Nothing was restored. Use another copy of the file."
)
TRUNCATED = "it has {found:,} bytes and should have {wanted:,}"
CHANGED = "its contents do not match its checksum"
UNREADABLE = "its header makes no sense"
OTHER_PYTHON = (
    "The checkpoint {path} was written by {then}, and this session runs {now}: saved functions "
    "cannot be moved between them. Nothing was restored. Open the session with {then}."
)
NOT_RESTORED = (
    "The checkpoint {path} was not restored: {why}. The session is empty now; its files are as "
    "they were left."
)
KILLED_READING = "the session's process died or was killed while it loaded"
SAVED_TEXT = "[Saved to {path} ({size:,} bytes): {names}.{rest}]"
RESTORED_TEXT = "[Restored from {path}: {names}.{rest}]"
UNSAVED_TEXT = " Not saved: {each}."
FAILED_TEXT = " Not restored: {each}."
NOTES_TEXT = " Note that {each}."
NO_NAMES = "no variables"


class CheckpointFailed(CodeActError):
    """Variables that could not be saved or restored as a whole; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A variable in the file; `size` is in bytes, what it shares with others counted each time."""

    name: str
    type: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsaved:
    """A variable that could not be saved, or not be loaded. `type` is "" where it is not known."""

    name: str
    type: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a file holds. `python` and `libraries` say what wrote it; `size` is in bytes."""

    path: Path
    saved: tuple[Saved, ...]
    unsaved: tuple[Unsaved, ...]
    size: int
    python: str
    libraries: tuple[tuple[str, str], ...]
    cell: int
    """The number of the last cell before it."""
    files: bool
    """Whether the workspace's files are in it."""

    def __str__(self) -> str:
        rest = _listed(UNSAVED_TEXT, [f"{each.name} ({each.reason})" for each in self.unsaved])
        names = _shown([each.name for each in self.saved])
        return SAVED_TEXT.format(path=self.path, size=self.size, names=names, rest=rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoration:
    """What came back. `unsaved` are those that were never in the file; `notes` are sentences' ends
    on what is not as it was: libraries of another version, files that could not be brought back.
    """

    checkpoint: Checkpoint
    restored: tuple[str, ...]
    failed: tuple[Unsaved, ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        rest = _listed(FAILED_TEXT, [f"{each.name} ({each.reason})" for each in self.failed])
        unsaved = self.checkpoint.unsaved
        rest += _listed(UNSAVED_TEXT, [f"{each.name} ({each.reason})" for each in unsaved])
        rest += _listed(NOTES_TEXT, list(self.notes))
        names = _shown(self.restored)
        return RESTORED_TEXT.format(path=self.checkpoint.path, names=names, rest=rest)


Ask = Callable[[dict[str, Any], float, Sequence[int]], Awaitable[dict[str, Any] | None]]
"""Sends a request with descriptors to the kernel; its answer, None where it died over it."""


async def write(
    ask: Ask, path: Path, *, cell: int, files: bool, random: bool, limit: int, seconds: float
) -> Checkpoint:
    """Have the kernel save, then put the file into its place. Raises CheckpointFailed."""
    try:
        scratch = tempfile.TemporaryFile(dir=path.parent)  # noqa: SIM115 - closed below
    except OSError as error:
        raise _unwritten(path, NO_PLACE.format(error=error)) from error
    with scratch:
        head = {"op": "checkpoint", "files": files, "random": random}
        head |= {"limit": limit, "each": min(EACH_SECONDS, seconds / 2)}
        done = await ask(head, seconds, (scratch.fileno(),))
        if done is None:
            raise CheckpointFailed(KILLED_WRITING.format(path=path))
        python, fault = done["facts"]
        if fault or "saved" not in done:
            raise _unwritten(path, fault or UNREADABLE)
        found = Checkpoint(
            path=path,
            saved=tuple(Saved(name=n, type=t, size=_count(s)) for n, t, s in done["saved"]),
            unsaved=tuple(Unsaved(name=n, type=t, reason=r) for n, t, r in done["unsaved"]),
            size=0,
            python=python,
            libraries=tuple((name, version) for name, version in done["libraries"]),
            cell=cell,
            files=files,
        )
        try:
            size = await asyncio.to_thread(_seal, scratch, found, limit)
        except OSError as error:
            raise _unwritten(path, NO_PLACE.format(error=error)) from error
    return replace(found, size=size)


def _seal(scratch: IO[bytes], found: Checkpoint, limit: int) -> int:
    """Copy what the kernel wrote, which it may still write to, under a checksum. Its size."""
    told = {**asdict(found), "path": found.path.name, "schema": SCHEMA}
    del told["size"]
    header = json.dumps(told).encode()
    descriptor, name = tempfile.mkstemp(dir=found.path.parent, prefix=f".{found.path.name}.")
    try:
        with open(descriptor, "wb") as file:
            file.write(b"\0" * _LINE)
            digest = hashlib.sha256()
            scratch.seek(0)
            size = 0
            while chunk := scratch.read(_CHUNK):
                size += len(chunk)
                if size > limit + _CHUNK:
                    raise _unwritten(found.path, TOO_LARGE.format(limit=limit))
                digest.update(chunk)
                file.write(chunk)
            digest.update(header)
            file.write(header)
            file.seek(0)
            file.write(_MAGIC + f"{size:020d} {len(header):020d} {digest.hexdigest()}\n".encode())
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, found.path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise
    folder = os.open(found.path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return _LINE + size + len(header)


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(NOT_READ.format(path=path, error=error)) from error


def unseal(path: Path) -> tuple[Checkpoint, IO[bytes]]:
    """What a file says that it holds, and an unnamed copy of what the kernel saved.

    The kernel gets the copy, so that nothing of the session's can change the file. Raises
    DataError, before anything has happened, for a file that is not whole and ours.
    """
    with _reading(path), open(path, "rb") as file:
        line = file.read(_LINE)
        if not line.startswith(_MAGIC) or len(line) < _LINE:
            known = line.startswith((_MAGIC, _ANY_VERSION))
            if line.startswith(_MAGIC):
                why = TRUNCATED.format(found=len(line), wanted=_LINE)
                raise DataError(DAMAGED.format(path=path, why=why))
            raise DataError((NEWER if known else FOREIGN).format(path=path))
        size, length, wanted = _sizes(path, line)
        found = os.fstat(file.fileno()).st_size
        if found != _LINE + size + length:
            why = TRUNCATED.format(found=found, wanted=_LINE + size + length)
            raise DataError(DAMAGED.format(path=path, why=why))
        copy = tempfile.TemporaryFile()  # noqa: SIM115 - the caller's to close
        try:
            header = _copied(file, copy, size, length, wanted)
        except DataError as error:
            copy.close()
            raise DataError(DAMAGED.format(path=path, why=error)) from None
        except BaseException:
            copy.close()
            raise
    try:
        return replace(_decoded(header), path=path, size=found), copy
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        copy.close()
        raise DataError(DAMAGED.format(path=path, why=UNREADABLE)) from error


def _sizes(path: Path, line: bytes) -> tuple[int, int, str]:
    size, length, digest = line[len(_MAGIC) : -1].split(b" ", 2)
    if not (size.isdigit() and length.isdigit() and int(length) <= _MAX_HEADER):
        raise DataError(DAMAGED.format(path=path, why=UNREADABLE))
    return int(size), int(length), digest.decode("ascii", "replace")


def _copied(file: IO[bytes], copy: IO[bytes], size: int, length: int, wanted: str) -> bytes:
    digest = hashlib.sha256()
    left = size
    while left > 0 and (chunk := file.read(min(_CHUNK, left))):
        digest.update(chunk)
        copy.write(chunk)
        left -= len(chunk)
    header = file.read(length)
    digest.update(header)
    if left or digest.hexdigest() != wanted:
        raise DataError(CHANGED)
    copy.flush()
    return header


def _decoded(header: bytes) -> Checkpoint:
    told = json.loads(header)
    if told["schema"] != SCHEMA:
        raise ValueError(told["schema"])
    cell, files = told["cell"], told["files"]
    if type(cell) is not int or type(files) is not bool:
        raise TypeError("a header of other types")
    return Checkpoint(
        path=Path(),
        saved=tuple(
            Saved(name=str(each["name"]), type=str(each["type"]), size=int(each["size"]))
            for each in told["saved"]
        ),
        unsaved=tuple(
            Unsaved(name=str(each["name"]), type=str(each["type"]), reason=str(each["reason"]))
            for each in told["unsaved"]
        ),
        size=0,
        python=str(told["python"]),
        libraries=tuple((str(name), str(version)) for name, version in told["libraries"]),
        cell=cell,
        files=files,
    )


async def read(ask: Ask, found: Checkpoint, copy: IO[bytes], seconds: float) -> Restoration:
    """Have a fresh kernel load it. Raises CheckpointFailed where it could not as a whole."""
    libraries = [list(each) for each in found.libraries]
    head = {"op": "restore", "each": min(EACH_SECONDS, seconds / 2), "libraries": libraries}
    done = await ask(head, seconds, (copy.fileno(),))
    fault = KILLED_READING if done is None else done["facts"][1]
    if fault or done is None or "restored" not in done:
        raise CheckpointFailed(NOT_RESTORED.format(path=found.path, why=fault or UNREADABLE))
    return Restoration(
        checkpoint=found,
        restored=tuple(done["restored"]),
        failed=tuple(Unsaved(name=n, type=t, reason=r) for n, t, r in done["unsaved"]),
        notes=tuple(done["notes"]),
    )


def suits(found: Checkpoint, done: dict[str, Any] | None) -> None:
    """Raises CheckpointFailed where a kernel that has said who it is cannot load this file."""
    now, fault = done["facts"] if done else ("", KILLED_READING)
    if fault:
        raise CheckpointFailed(NOT_RESTORED.format(path=found.path, why=fault))
    if now != found.python:
        text = OTHER_PYTHON.format(path=found.path, then=found.python, now=now)
        raise CheckpointFailed(text)


def _unwritten(path: Path, why: str) -> CheckpointFailed:
    return CheckpointFailed(NOT_WRITTEN.format(path=path, why=why))


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0


def _shown(names: Sequence[str]) -> str:
    more = len(names) - SHOWN
    shown = ", ".join(names[:SHOWN])
    return (f"{shown} and {more} more" if more > 0 else shown) or NO_NAMES


def _listed(sentence: str, items: list[str]) -> str:
    return sentence.format(each="; ".join(items[:SHOWN])) if items else ""
