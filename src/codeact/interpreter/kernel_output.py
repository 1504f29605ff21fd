"""What a cell prints: in order, live, and cut at the source with the whole text in a file."""

from __future__ import annotations

import builtins
import codecs
import contextlib
import faulthandler
import io
import os
import select
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from codeact.interpreter.kernel_channel import Channel
from codeact.interpreter.kernel_transcript import Transcript

globals()["__builtins__"] = vars(builtins).copy()  # the cell may replace builtins; ours stay

LIVE_FACTOR = 10
"""How many times the limit is streamed while the cell runs."""
LATE_LIMIT = 2000
"""Characters kept of what is printed between two cells."""
_PAUSE = 0.02
"""Seconds between two live frames."""
_BURST = 8192
_CHUNK = 1 << 16
FOLDER = ".codeact"
"""The folder of the workspace that keeps whole outputs."""

NOT_LIVE = "\n[… more output follows; it is not shown live …]\n"
LATE = "[printed by background work after an earlier cell had ended]\n"
HERE = "\n[this cell]\n"
NO_INPUT = (
    "Nobody can type into a running cell. Put the value into the code, or end here and ask the "
    "user in your reply."
)


class Output:
    """Everything that is written in this process, from Python and from below it.

    File descriptors 1 and 2 become pipes. They are emptied before each of Python's own writes, so
    that what a subprocess printed comes before what Python prints after it, and by a thread in
    between. What background work prints after its cell has ended is kept and shown, labelled, at
    the head of the next cell.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._folder = Path(FOLDER)
        self._lock = threading.RLock()
        self._transcript: Transcript | None = None
        self._late = Transcript(LATE_LIMIT, None)
        self._is_late = False
        self._pending: list[tuple[str, str]] = []
        self._pending_size = 0
        self._live_left = 0
        self._flushed = 0.0
        self._woken = False
        self._log = self._wake_read = self._wake_write = -1
        self._tap_thread: threading.Thread | None = None
        self._resting = threading.Event()
        self._pipes: dict[int, tuple[str, Any]] = {}
        self._ready = select.poll()
        self._forked = self._hooked = False
        self.notes_are_live = False
        """Whether notes are streamed, as what is printed to stderr."""

    @property
    def is_copy(self) -> bool:
        """Whether this is a process that the cell's code has forked."""
        return self._forked

    def start(self, folder: Path) -> None:
        """Take over the descriptors and the streams of this process; `folder` is for long outputs.

        Called once more in a copy of the process, whose descriptors 1 and 2 lead to the log again.
        """
        self._folder = folder
        for descriptor in (self._log, self._wake_read, self._wake_write, *self._pipes):
            if descriptor >= 0:
                os.close(descriptor)
        self._log = os.dup(2)
        faulthandler.enable(self._log, all_threads=False)
        self._wake_read, self._wake_write = os.pipe()
        self._woken = False
        self._pipes = {}
        self._ready = select.poll()
        decoder = codecs.getincrementaldecoder("utf-8")
        for target, stream in ((1, "stdout"), (2, "stderr")):
            read_end, write_end = os.pipe()
            os.dup2(write_end, target, inheritable=True)
            os.close(write_end)
            os.set_blocking(read_end, False)
            self._pipes[read_end] = (stream, decoder("replace"))
            self._ready.register(read_end, select.POLLIN)
        if not self._hooked:
            self._hooked = True
            os.register_at_fork(after_in_child=self._after_fork)
        self._forked = False
        self.listen()

    def listen(self) -> None:
        """Empty the pipes from a thread."""
        if self._tap_thread is None:
            self._resting.clear()
            self._tap_thread = threading.Thread(
                target=self._tap, daemon=True, name="codeact-output"
            )
            self._tap_thread.start()

    def rest(self) -> None:
        """End the thread until the next cell: a process can be copied when it has only one."""
        if self._tap_thread is not None:
            self._resting.set()
            os.write(self._wake_write, b".")
            self._tap_thread.join()
            self._tap_thread = None

    def begin(self, name: str, limit: int) -> None:
        self.listen()
        with self._channel.shield, self._lock:
            self._drain()
            self._transcript = Transcript(limit, self._folder, name)
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
                if self.notes_are_live:
                    self._append("stderr", text)
                else:
                    self._transcript.add(text)

    @contextlib.contextmanager
    def in_order(self) -> Iterator[None]:
        """What was printed has left before what is sent inside, and nothing comes between."""
        with self._channel.shield, self._lock:
            self._drain()
            self.flush()
            yield

    def flush(self) -> None:
        if self._forked or not self._pending:
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
                resting = self._resting.wait(_PAUSE)
                self._woken = False
                self.flush()
                if resting:
                    return
            with self._lock:
                self._drain(1)

    def _after_fork(self) -> None:
        self._forked = True
        self._tap_thread = None
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
        """What was printed leaves now: the process may die, or keep its lock, the next moment."""
        self._output.flush()

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
