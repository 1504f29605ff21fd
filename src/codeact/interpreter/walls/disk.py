"""How much a workspace holds: the host watches a folder, which no kernel wall can bound."""

from __future__ import annotations

import os
from dataclasses import dataclass

_BLOCK = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Bytes on disk and number of files and folders; a file with two names counts once."""

    size: int
    files: int


def usage(folder: str, *, most: Usage) -> Usage:
    """Never follows a link and stops counting soon after there is more than `most`."""
    size = files = 0
    seen: set[int] = set()
    for _, folders, names, descriptor in os.fwalk(folder, follow_symlinks=False):
        for name in (*folders, *names):
            try:
                found = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            except FileNotFoundError:
                continue  # it was removed while we looked
            if found.st_ino not in seen:
                seen.add(found.st_ino)
                size += found.st_blocks * _BLOCK
                files += 1
        if size > most.size or files > most.files:
            break
    return Usage(size=size, files=files)
