"""Pictures: files that the model is shown, and plots that are saved as files."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterable
from pathlib import Path

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
            paths.append(_free(folder, suffix))
            paths[-1].write_bytes(base64.b64decode(each.data))
    return tuple(paths)


def _free(folder: Path, suffix: str) -> Path:
    names = (folder / f"plot-{number}{suffix}" for number in itertools.count(1))
    return next(path for path in names if not path.exists())
