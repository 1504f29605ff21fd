"""The host's end of one kernel process: start it, talk to it, notice its death, end it."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import signal
import socket
import subprocess
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from codeact.interpreter.burst import Burst, Call
from codeact.interpreter.wire import Decoder, Frame, WireError, encode
from codeact.tool_threads import begin

_CHUNK = 1 << 16
"""Bytes of one look: a larger buffer is mapped anew each time, which costs more than a small frame.
"""
_STDERR_TAIL = 4000
_LINGER = 0.05
"""Seconds between a socket that closes and the exit that explains it."""
_PACKAGE_ROOT = str(Path(__file__).parents[2])
BEHIND = "the session's process is behind with reading; try again"
NO_THREADS = {"JE_ARROW_MALLOC_CONF": "background_thread:false"}
"""Without it pyarrow, hence pandas, starts a thread when it is imported: a process with threads
cannot be copied, neither into a session nor into its snapshot.
"""
ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "BLIS_NUM_THREADS",
    ),
    "1",
)
"""For processes that are to be copied: a process with threads cannot be, and these begin theirs as
soon as they are imported.
"""
WAITING = b"waiting"
"""What a kernel says that was forked before it is asked for."""
UNKNOWN_END = "ended, and nobody could tell how"


def program(room: str) -> str:
    """Python code that runs `main` of a room of this very package, whatever else is installed."""
    return (
        f"import sys; sys.path.insert(0, {_PACKAGE_ROOT!r}); import codeact; sys.path.pop(0); "
        f"from codeact.interpreter.{room} import main; main()"
    )


class Child(ABC):
    """One kernel and the socket to it, on the running loop; how it comes to be, its kind says.

    `on_frame` hears every frame and raises WireError where it makes no sense. `on_death` is told
    once, after the last frame, when the kernel is gone or talks nonsense (it is killed then).
    """

    def __init__(self, *, on_frame: Callable[[Frame], None], on_death: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_frame = on_frame
        self._on_death = on_death
        self._decoder = Decoder()
        self._unsent = bytearray()
        self._fault = ""
        self._tail = ""
        self._killed = False
        self.code: int | None = None
        """How the kernel ended, as `subprocess` counts; None before, and where nobody knows."""
        self.dead = False
        self.reaped = False
        self._socket, theirs = socket.socketpair()
        self._socket.setblocking(False)
        held, self._lifeline = os.pipe()
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the child
        try:
            self._launch(theirs.fileno(), held, self._stderr.fileno())
        except OSError:
            self._socket.close()
            os.close(self._lifeline)
            self._stderr.close()
            raise
        finally:
            theirs.close()
            os.close(held)
        self._burst: Burst | None = None
        self._loop.add_reader(self._socket, self._read)

    @abstractmethod
    def _launch(self, sock: int, lifeline: int, stderr: int) -> None:
        """Start a kernel that holds these descriptors; ours are closed afterwards."""

    @abstractmethod
    def _signal(self, number: signal.Signals) -> None:
        """Signal the kernel's process group, which may be gone."""

    @abstractmethod
    def _has_ended(self) -> bool:
        """Whether the kernel's process has ended on its own."""

    @abstractmethod
    async def gone(self) -> None:
        """Wait until a dead child has left the process table."""

    def send(self, head: dict[str, Any], *values: Any, descriptors: Sequence[int] = ()) -> None:
        """Raises TypeError where a value cannot cross. Sending to the dead does nothing.

        Copies of the descriptors go with it. Raises BlockingIOError for them while more is unsent.
        """
        data = encode(head, *values)
        if self.dead:
            return
        if descriptors and self._unsent:
            raise BlockingIOError(BEHIND)  # pragma: no cover - a socket full at that very moment
        sent = 0
        if not self._unsent:
            with contextlib.suppress(OSError):
                sent = socket.send_fds(self._socket, [data], descriptors)
        if sent < len(data):
            self._later(memoryview(data)[sent:])

    def lend(
        self, first: Call, direct: Callable[[Frame], Call | None], context: contextvars.Context
    ) -> None:
        """Let a thread make this call, and those that follow closely, and read the socket while it
        does.
        """
        self._loop.remove_reader(self._socket)
        self._burst = burst = Burst(
            self._socket, self._decoder, direct, self._returned, self._take, context
        )
        begin(lambda: burst.run(first))

    def interrupt(self) -> None:
        """SIGINT to the kernel and what it started, as a terminal's Ctrl-C does."""
        if not self.dead:
            self._signal(signal.SIGINT)

    def kill(self) -> None:
        """End the kernel and what it started; the death is told before this returns."""
        self._killed = True
        self._end()

    def epitaph(self) -> str:
        """How the process ended, where it was not `kill`."""
        if self._fault:
            return self._fault
        if self.code is None:
            return UNKNOWN_END
        if self.code < 0:
            return f"was killed by signal {-self.code} ({signal.Signals(-self.code).name})"
        return f"exited with status {self.code}"

    def last_stderr(self) -> str:
        """The last that a dead child wrote before it took over its output, or as it crashed."""
        return self._tail

    def _receive(self) -> bytes:
        return self._socket.recv(_CHUNK)

    def _read(self) -> None:
        data = b""
        with contextlib.suppress(ConnectionError):
            data = self._receive()
        if not data:  # it is about to exit, or has closed the socket and lives on
            self._loop.remove_reader(self._socket)
            self._loop.call_later(_LINGER, self._hung_up)
        self._hear(data)

    def _hear(self, data: bytes) -> bool:
        """Whether it made sense."""
        try:
            frames = self._decoder.feed(data)
        except WireError as error:
            self._unreadable(error)
        else:
            for frame in frames:
                self._take(frame)
        return not self._fault

    def _take(self, frame: Frame) -> None:
        if not self._killed and not self._fault and not self.dead:
            try:
                self._on_frame(frame)
            except WireError as error:
                self._unreadable(error)

    def _unreadable(self, error: WireError) -> None:
        self._fault = f"sent something unreadable and was killed ({error})"
        self._end()

    def _returned(self, frames: list[Frame], rest: bytes, fault: WireError | None) -> None:
        """The thread reads no more."""
        if self.dead:
            return
        self._burst = None
        self._loop.add_reader(self._socket, self._read)
        if rest:
            self._later(rest)
        for frame in frames:
            self._take(frame)
        if fault is not None and not self.dead:
            self._unreadable(fault)

    def _later(self, data: bytes | memoryview) -> None:
        self._unsent += data
        self._loop.add_writer(self._socket, self._write)

    def _write(self) -> None:
        with contextlib.suppress(OSError):
            del self._unsent[: self._socket.send(self._unsent)]
        if not self._unsent:
            self._loop.remove_writer(self._socket)

    def _hung_up(self) -> None:
        if not self.dead and not self._has_ended():
            self._fault = "closed its connection and was killed"
        self._end()

    def _end(self) -> None:
        """Hear the last words, end the whole group, tell."""
        if self.dead:
            return
        for frame in self._burst.revoke() if self._burst is not None else ():
            self._take(frame)
        if not self._killed and not self._fault:
            self._last_words()
        self.dead = True
        self._signal(signal.SIGKILL)
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._socket.close()
        os.close(self._lifeline)
        if not self._killed:
            self._reap()
        self._on_death()

    def _last_words(self) -> None:
        with contextlib.suppress(OSError):
            chunks = iter(self._receive, b"")
            all(self._hear(chunk) for chunk in chunks)

    def _reap(self) -> None:
        self.reaped = True
        if not self._stderr.closed:
            size = self._stderr.seek(0, os.SEEK_END)
            self._stderr.seek(max(0, size - _STDERR_TAIL))
            self._tail = self._stderr.read().decode(errors="replace").strip()
            self._stderr.close()


class Spawned(Child):
    """A kernel in a fresh Python. Raises OSError where `python` cannot be run."""

    def __init__(
        self,
        *,
        python: str,
        env: Mapping[str, str],
        workspace: Path,
        on_frame: Callable[[Frame], None],
        on_death: Callable[[], None],
    ) -> None:
        self._command = [python, "-P", "-c", program("kernel")]
        self._env = dict(env)
        self._folder = workspace
        super().__init__(on_frame=on_frame, on_death=on_death)

    def _launch(self, sock: int, lifeline: int, stderr: int) -> None:
        self._process = subprocess.Popen(
            [*self._command, str(sock), str(lifeline)],
            stdin=subprocess.DEVNULL,
            stdout=stderr,
            stderr=stderr,
            cwd=self._folder,
            env=self._env,
            pass_fds=(sock, lifeline),
            start_new_session=True,
        )
        self._exit = os.pidfd_open(self._process.pid) if hasattr(os, "pidfd_open") else None
        if self._exit is not None:
            self._loop.add_reader(self._exit, self._exited)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def _has_ended(self) -> bool:
        return self._process.poll() is not None

    async def gone(self) -> None:
        if self._process.returncode is None:
            await asyncio.to_thread(self._process.wait)
        self._reap()

    def _exited(self) -> None:
        if self.dead:
            self._reap()
        else:
            self._end()

    def _reap(self) -> None:
        self.code = self._process.wait()
        if self._exit is not None:
            self._loop.remove_reader(self._exit)
            os.close(self._exit)
            self._exit = None
        super()._reap()


def environment(python: str, workspace: Path) -> dict[str, str]:
    """A small environment: where programs are, the language and time zone, no secrets."""
    kept = ("LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH")
    env = {name: os.environ[name] for name in kept if name in os.environ}
    env.setdefault("LANG", "C.UTF-8")
    env["HOME"] = str(workspace)
    env["PATH"] = os.pathsep.join([os.path.dirname(python), os.environ.get("PATH", os.defpath)])
    env.update(NO_THREADS)
    env["MPLCONFIGDIR"] = os.path.join(tempfile.gettempdir(), f"codeact-matplotlib-{os.getuid()}")
    return env
