"""The text of one cell: cut in the middle for the model, whole in a file."""

from __future__ import annotations

import builtins
import os
import re
from pathlib import Path
from typing import TextIO

globals()["__builtins__"] = vars(builtins).copy()  # the cell may replace builtins; ours stay

MAX_FILE = 50_000_000
"""Characters kept in the file of one cell's whole output."""
_BURST = 8192
_OVERWRITTEN = re.compile(r"[^\n]*\r(?=[^\r\n])")

CUT = "\n[… {cut:,} characters left out here. The whole output is in {path!r} …]\n"
CUT_WITHOUT_FILE = "\n[… {cut:,} characters left out here. They could not be kept: {reason} …]\n"
FILE_FULL = "\n[… the output went on; this file ends here …]\n"


class Transcript:
    """The text of one cell: head and tail in memory, all of it in a file when it is long.

    Without a `folder` for the file nothing is kept of what is cut.
    """

    def __init__(self, limit: int, folder: Path | None, name: str = "") -> None:
        self._head_limit = limit // 2
        self._tail_limit = limit - self._head_limit
        self._folder = folder
        self._name = name
        self._head = ""
        self._tail: list[str] = []
        self._tail_size = 0
        self._total = 0
        self._file: TextIO | None = None
        self._file_left = MAX_FILE
        self._failure = "" if folder else "it is background work"

    def add(self, text: str) -> None:
        if not text:
            return
        self._total += len(text)
        if self._total > self._head_limit + self._tail_limit and not self._failure:
            self._keep(text)
        room = self._head_limit - len(self._head)
        if room > 0:
            self._head += text[:room]
            text = text[room:]
        text = text[-2 * self._tail_limit :]
        self._tail.append(text)
        self._tail_size += len(text)
        if self._tail_size > 4 * self._tail_limit + _BURST:
            self._tail = ["".join(self._tail)[-self._tail_limit :]]
            self._tail_size = len(self._tail[0])

    def _keep(self, text: str) -> None:
        assert self._folder is not None
        try:
            if self._file is None:
                self._folder.mkdir(exist_ok=True)
                self._file = open(  # noqa: SIM115 - it stays open as long as the cell runs
                    self._folder / self._name,
                    "w",
                    encoding="utf-8",
                    errors="backslashreplace",
                    newline="",
                )
                text = self._head + "".join(self._tail) + text
            if self._file_left > 0:
                self._file.write(text[: self._file_left])
                self._file_left -= len(text)
                if self._file_left <= 0:
                    self._file.write(FILE_FULL)
        except OSError as error:
            self._failure = str(error)

    def finish(self) -> tuple[str, str | None]:
        """The text for the model, and the file's path as the cell's code would write it."""
        cut = self._total - self._head_limit - self._tail_limit
        tail = "".join(self._tail)
        if cut <= 0:
            return _collapse(self._head + tail), None
        tail = tail[-self._tail_limit :] if self._tail_limit else ""
        if self._file is not None:
            try:
                self._file.close()
            except OSError as error:
                self._failure = str(error)
        if self._failure:
            middle = CUT_WITHOUT_FILE.format(cut=cut, reason=self._failure)
            return _collapse(self._head) + middle + _collapse(tail), None
        assert self._folder is not None
        file = self._folder / self._name
        path = os.path.relpath(file) if _is_here(file) else str(file)
        middle = CUT.format(cut=cut, path=path)
        return _collapse(self._head) + middle + _collapse(tail), path


def _collapse(text: str) -> str:
    """Lines that were written over (progress bars) as they end."""
    return _OVERWRITTEN.sub("", text) if "\r" in text else text


def _is_here(path: Path) -> bool:
    try:
        return path.parent.parent == Path.cwd()
    except OSError:
        return False
