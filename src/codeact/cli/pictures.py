"""Pictures: files that the model is shown, and plots that are saved as files."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterable
from pathlib import Path

from codeact.interpreter.beneath import create
from codeact.messages import Media

_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
}
_SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", "image/gif": ".gif"}


def shown(files: Iterable[Path]) -> tuple[Media, ...]:
    """Those of the files that are pictures."""
    return tuple(
        Media(
            media_type=_TYPES[file.suffix.lower()],
            data=base64.b64encode(file.read_bytes()).decode("ascii"),
        )
        for file in files
        if file.suffix.lower() in _TYPES
    )


def save(media: Iterable[Media], folder: Path) -> tuple[Path, ...]:
    """Each picture as `plot-N` in the folder, under the first number that is free."""
    paths = []
    for each in media:
        suffix = _SUFFIXES.get(each.media_type)
        if suffix is not None:
            data = base64.b64decode(each.data)
            names = (f"plot-{number}{suffix}" for number in itertools.count(1))
            paths.append(folder / next(name for name in names if create(folder, name, data)))
    return tuple(paths)
