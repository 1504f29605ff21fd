"""What a cell prints: in order, live, and cut at the source with the whole text in a file."""

from __future__ import annotations

import builtins
import codecs
import faulthandler
import io
import os
import re
import select
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

from codeact.interpreter.kernel_channel import Channel

globals()["__builtins__"] = vars(builtins).copy()  # the cell may replace builtins; ours stay

MAX_FILE = 50_000_000
"""Characters kept in the file of one cell's whole output."""
LIVE_FACTOR = 10
"""How many times the limit is streamed while the cell runs."""
LATE_LIMIT = 2000
"""Characters kept of what is printed between two cells."""
_PAUSE = 0.02
"""Seconds between two live frames."""
_BURST = 8192
_CHUNK = 1 << 16
_OVERWRITTEN = re.compile(r"[^\n]*\r(?=[^\r\n])")

CUT = "\n[… {cut:,} characters left out here. The whole output is in {path!r} …]\n"
CUT_WITHOUT_FILE = "\n[… {cut:,} characters left out here. They could not be kept: {reason} …]\n"
FILE_FULL = "\n[… the output went on; this file ends here …]\n"
NOT_LIVE = "\n[… more output follows; it is not shown live …]\n"
LATE = "[printed by background work after an earlier cell had ended]\n"
HERE = "\n[this cell]\n"
NO_INPUT = (
    "Nobody can type into a running cell. Put the value into the code, or end here and ask the "
    "user in your reply."
)


class Transcript:
    """The text of one cell: head and tail in memory, all of it in a file when it is long."""

    def __init__(self, limit: int, path: Path | None) -> None:
        self._head_limit = limit // 2
        self._tail_limit = limit - self._head_limit
        self._path = path
        self._head = ""
        self._tail: list[str] = []
        self._tail_size = 0
        self._total = 0
        self._file: TextIO | None = None
        self._file_left = MAX_FILE
        self._failure = "" if path else "it is background work"

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
        assert self._path is not None
        try:
            if self._file is None:
                self._path.parent.mkdir(exist_ok=True)
                self._file = open(  # noqa: SIM115 - it stays open as long as the cell runs
                    self._path, "w", encoding="utf-8", errors="backslashreplace", newline=""
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
        assert self._path is not None
        path = os.path.relpath(self._path) if _is_here(self._path) else str(self._path)
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


class Output:
    """Everything that is written in this process, from Python and from below it.

    File descriptors 1 and 2 become pipes. They are emptied before each of Python's own writes, so
    that what a subprocess printed comes before what Python prints after it, and by a thread in
    between. What background work prints after its cell has ended is kept and shown, labelled, at
    the head of the next cell.
    """

    def __init__(self, channel: Channel, folder: Path) -> None:
        self._channel = channel
        self._folder = folder
        self._lock = threading.RLock()
        self._transcript: Transcript | None = None
        self._late = Transcript(LATE_LIMIT, None)
        self._is_late = False
        self._pending: list[tuple[str, str]] = []
        self._pending_size = 0
        self._live_left = 0
        self._flushed = 0.0
        self._woken = False
        self._wake_read, self._wake_write = os.pipe()
        self._pipes: dict[int, tuple[str, Any]] = {}
        self._ready = select.poll()
        self._forked = False

    def start(self) -> None:
        """Take over the descriptors and the streams of this process."""
        faulthandler.enable(os.dup(2), all_threads=False)
        decoder = codecs.getincrementaldecoder("utf-8")
        for target, stream in ((1, "stdout"), (2, "stderr")):
            read_end, write_end = os.pipe()
            os.dup2(write_end, target, inheritable=True)
            os.close(write_end)
            os.set_blocking(read_end, False)
            self._pipes[read_end] = (stream, decoder("replace"))
            self._ready.register(read_end, select.POLLIN)
        os.register_at_fork(after_in_child=self._after_fork)
        threading.Thread(target=self._tap, daemon=True, name="codeact-output").start()

    def begin(self, path: str, limit: int) -> None:
        with self._channel.shield, self._lock:
            self._drain()
            self._transcript = Transcript(limit, self._folder / path)
            self._live_left = limit * LIVE_FACTOR
            if self._is_late:
                text, _ = self._late.finish()
                self._late = Transcript(LATE_LIMIT, None)
                self._is_late = False
                self._append("stdout", LATE + text + HERE)

    def end(self) -> tuple[str, str | None]:
        with self._channel.shield, self._lock:
            self._drain()
            self.flush()
            assert self._transcript is not None
            text, log = self._transcript.finish()
            self._transcript = None
        return text, log

    def write(self, stream: str, text: str) -> None:
        """Printed by Python code."""
        if self._forked:
            os.write(1 if stream == "stdout" else 2, text.encode("utf-8", "backslashreplace"))
            return
        with self._channel.shield, self._lock:
            if text != "\n":
                self._drain()
            self._append(stream, text)

    def note(self, text: str) -> None:
        """Text of the cell that is not streamed: its last expression, its traceback."""
        with self._channel.shield, self._lock:
            if self._transcript is not None:
                self._drain()
                self._transcript.add(text)

    def flush(self) -> None:
        if not self._pending:
            return
        with self._channel.shield, self._lock:
            parts: list[list[str]] = []
            for stream, text in self._pending:
                if parts and parts[-1][0] == stream:
                    parts[-1][1] += text
                else:
                    parts.append([stream, text])
            self._pending = []
            self._pending_size = 0
            self._flushed = time.monotonic()
            self._channel.send({"op": "output", "parts": parts})

    def _append(self, stream: str, text: str) -> None:
        if self._transcript is None:
            if text.strip():
                self._is_late = True
            if self._is_late:
                self._late.add(text)
            return
        self._transcript.add(text)
        if self._live_left <= 0:
            return
        piece = text[: self._live_left]
        self._live_left -= len(text)
        if self._live_left <= 0:
            piece += NOT_LIVE
        self._pending.append((stream, piece))
        self._pending_size += len(piece)
        due = time.monotonic() - self._flushed > _PAUSE and text.endswith("\n")
        if due or self._pending_size > _BURST:
            self.flush()
        elif not self._woken:
            self._woken = True
            os.write(self._wake_write, b".")

    def _drain(self, rounds: int = 64) -> None:
        """Take what lies in the pipes now."""
        while rounds:
            events = self._ready.poll(0)
            if not events:
                return
            for descriptor, _ in events:
                stream, decoder = self._pipes[descriptor]
                try:
                    data = os.read(descriptor, _CHUNK)
                except BlockingIOError:
                    continue
                if not data:  # the code has closed descriptor 1 or 2 and nobody else holds it
                    self._ready.unregister(descriptor)
                self._append(stream, decoder.decode(data))
            rounds -= 1

    def _tap(self) -> None:
        wake = select.poll()
        wake.register(self._wake_read, select.POLLIN)
        for descriptor in self._pipes:
            wake.register(descriptor, select.POLLIN)
        while True:
            events = wake.poll()
            for descriptor, event in events:
                if descriptor != self._wake_read and event & select.POLLHUP:
                    wake.unregister(descriptor)
            if any(descriptor == self._wake_read for descriptor, _ in events):
                os.read(self._wake_read, 1)
                time.sleep(_PAUSE)
                self._woken = False
                self.flush()
            with self._lock:
                self._drain(1)

    def _after_fork(self) -> None:
        self._forked = True
        self._lock = threading.RLock()


class Stream(io.TextIOBase):
    """sys.stdout and sys.stderr of the cell's code."""

    errors = "backslashreplace"

    def __init__(self, output: Output, name: str, descriptor: int) -> None:
        self._output = output
        self._stream = name
        self._descriptor = descriptor
        self.name = f"<{name}>"
        self.buffer = _Bytes(self)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._output.write(self._stream, str.__str__(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:  # type: ignore[override]
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """The stream outlives the cell."""


class _Bytes(io.RawIOBase):
    """`sys.stdout.buffer`."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._stream.fileno()

    def write(self, data: Any) -> int:
        raw = bytes(data)
        self._stream.write(self._decoder.decode(raw))
        return len(raw)


class NoInput(io.TextIOBase):
    """sys.stdin of the cell's code: nobody is there."""

    name = "<stdin>"

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return 0

    def read(self, size: int | None = -1) -> str:
        raise EOFError(NO_INPUT)

    def readline(self, size: int = -1) -> str:  # type: ignore[override]
        raise EOFError(NO_INPUT)

    def close(self) -> None:
        """site's exit() closes stdin."""


def no_input(prompt: object = "") -> str:
    """`input()` of the cell's code."""
    raise EOFError(NO_INPUT)
