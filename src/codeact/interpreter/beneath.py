"""How the host touches a workspace's files: through no link that the session may have made."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from pathlib import Path

_STEP = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def opened(folder: Path) -> int:
    """The descriptor of a folder no part of whose absolute path is a link. Raises OSError.

    Resolve a path once, before any code of the session could have changed what it leads to.
    """
    here = os.open(folder.anchor, _STEP)
    try:
        for part in folder.parts[1:]:
            inner = os.open(part, _STEP, dir_fd=here)
            os.close(here)
            here = inner
        return os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=here)
    finally:
        os.close(here)


def create(folder: Path, name: str, data: bytes) -> bool:
    """A new file; False where something has that name already, be it a link to nowhere.

    `folder` is opened as it is named: for the workspace itself, which its user may name by a link.
    """
    try:
        descriptor = os.open(folder / name, _NEW, 0o644)
    except FileExistsError:
        return False
    with open(descriptor, "wb") as file:
        file.write(data)
    return True


def make_folder(workspace: Path, inside: Sequence[str], prefix: str) -> Path:
    """A fresh folder in the folders `inside` of the workspace, owned as it. Raises OSError."""
    here = opened(workspace)
    try:
        owner = os.fstat(here)
        fresh = prefix + secrets.token_hex(6)
        for name in (*inside, fresh):
            try:
                os.mkdir(name, 0o700 if name == fresh else 0o755, dir_fd=here)
            except FileExistsError:
                if name == fresh:  # pragma: no cover - a name that was drawn twice
                    raise
            inner = os.open(name, _STEP, dir_fd=here)
            os.close(here)
            here = inner
            os.chown(f"/proc/self/fd/{here}", owner.st_uid, owner.st_gid)
    finally:
        os.close(here)
    return workspace.joinpath(*inside, fresh)
