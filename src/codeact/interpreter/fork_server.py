"""The host's end of the zygotes: one for each setting, started when first needed, shared by all."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import errno
import json
import os
import select
import signal
import socket
import struct
import subprocess
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codeact.interpreter.child import ONE_THREAD, WAITING, Child, environment, program
from codeact.interpreter.enclosure import SessionGroup
from codeact.interpreter.spare_groups import SpareGroups
from codeact.interpreter.wire import Frame, encode

_CHUNK = 1 << 18
_RETRY = 0.005
"""Seconds until a request is sent again to a zygote that is behind."""
_DYING = 0.2
"""Seconds between the end of a zygote's descriptors and its own."""
_PATIENCE = 2.0
"""Seconds that the news of a death may take."""
_GROUP = 4
"""PIDFD_SIGNAL_PROCESS_GROUP, Linux 6.9."""
_CREDENTIALS = struct.Struct("3i")
_ROOM = socket.CMSG_SPACE(_CREDENTIALS.size)
Report = Callable[[int | None], None]
"""Is told how a kernel ended, None where that is not known."""
Beget = Callable[[Sequence[int], Report], None]
"""Makes a kernel that holds a socket, a lifeline and a log. Raises OSError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a zygote is like; sessions that want the same share one.

    `walls` is the confinement as JSON data, "" for none.
    """

    python: str
    preload: tuple[str, ...] = ()
    walls: str = ""


class Zygote:
    """One zygote process."""

    def __init__(self, settings: Settings) -> None:
        from codeact import __version__

        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.setblocking(False)
        held, self._lifeline = os.pipe()
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the zygote
        self._hello: dict[str, Any] = {}
        self._has_spoken = threading.Event()
        self.spares = SpareGroups(settings.walls)
        self._control.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        told = {
            "version": __version__,
            "preload": settings.preload,
            "walls": json.loads(settings.walls or "null"),
        }
        command = [settings.python, "-P", "-c", program("zygote")]
        command += [str(theirs.fileno()), str(held), json.dumps(told)]
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=self._stderr,
                stderr=self._stderr,
                cwd="/",
                env={
                    **environment(settings.python, Path(tempfile.gettempdir())),
                    **ONE_THREAD,
                    "MALLOC_ARENA_MAX": "1",  # else each kernel's second thread has one of its own
                },
                pass_fds=(theirs.fileno(), held),
                start_new_session=True,
            )
        except OSError:
            self._control.close()
            os.close(self._lifeline)
            self._stderr.close()
            raise
        finally:
            theirs.close()
            os.close(held)
        self._listener = threading.Thread(target=self._listen, daemon=True, name="codeact-zygote")
        self._listener.start()

    @property
    def hello(self) -> dict[str, Any]:
        """What it said about itself when it was ready; empty where it says nothing in time."""
        self._has_spoken.wait(_PATIENCE)
        return self._hello

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def beget(self, request: dict[str, Any]) -> Beget:
        """What makes a kernel of this zygote."""

        def make(descriptors: Sequence[int], report: Report) -> None:
            loop = asyncio.get_running_loop()
            read_end, write_end = os.pipe()
            loop.add_reader(read_end, _hear_end, loop, read_end, report)
            self._send(loop, json.dumps(request).encode(), [*descriptors, write_end])

        return make

    def last_words(self) -> str:
        """What a dead zygote wrote before it died."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(_DYING)
        if self._stderr.closed or self.alive:
            return ""
        self._stderr.seek(0)
        return self._stderr.read().decode(errors="replace").strip()

    def _listen(self) -> None:
        """Hear the zygote's hello, and of each kernel that it forks ahead."""
        ready = select.poll()
        ready.register(self._control, select.POLLIN)
        while True:
            ready.poll()
            try:
                message, extras, _, _ = self._control.recvmsg(1 << 16, _ROOM)
            except ConnectionError:
                return
            if not message:
                return
            if message == WAITING:
                self.spares.prepare(_CREDENTIALS.unpack(extras[0][2])[0])
            else:
                self._hello = json.loads(message)
                self._has_spoken.set()

    def close(self) -> None:
        """End the zygote and its kernels."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._listener.join()
        self.spares.close()
        self._control.close()
        os.close(self._lifeline)
        self._stderr.close()

    def _send(
        self, loop: asyncio.AbstractEventLoop, message: bytes, descriptors: list[int]
    ) -> None:
        """Closes the last descriptor, and lends the others."""
        try:
            socket.send_fds(self._control, [message], descriptors)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.ETOOMANYREFS, errno.ENOBUFS):
                copies = [os.dup(each) for each in descriptors[:-1]]
                loop.call_later(_RETRY, self._again, loop, message, [*copies, descriptors[-1]])
                return
            # It has died: the kernel that it did not make is told as one that has ended.
        os.close(descriptors[-1])

    def _again(
        self, loop: asyncio.AbstractEventLoop, message: bytes, descriptors: list[int]
    ) -> None:
        self._send(loop, message, descriptors)
        for each in descriptors[:-1]:
            os.close(each)


_zygotes: dict[Settings, Zygote] = {}
_lock = threading.Lock()


def zygote(settings: Settings) -> Zygote:
    """The living zygote of these settings. Raises OSError where it cannot be started."""
    with _lock:
        found = _zygotes.get(settings)
        if found is None or not found.alive:
            if not _zygotes:
                atexit.register(close_all)
                os.register_at_fork(after_in_child=_zygotes.clear)
            if found is not None:
                found.close()
            found = _zygotes[settings] = Zygote(settings)
        return found


def close_all() -> None:
    """End every zygote of this process; the next session starts another."""
    with _lock:
        while _zygotes:
            _zygotes.popitem()[1].close()


def _hear_end(loop: asyncio.AbstractEventLoop, read_end: int, report: Report) -> None:
    code = os.read(read_end, 64)
    loop.remove_reader(read_end)
    os.close(read_end)
    report(int(code) if code else None)


class Forked(Child):
    """A kernel that the zygote, or another kernel, has forked."""

    def __init__(
        self,
        beget: Beget,
        *,
        on_frame: Callable[[Frame], None],
        on_death: Callable[[], None],
        last_words: Callable[[], str] = str,
    ) -> None:
        self._beget = beget
        self._last_words_of_zygote = last_words
        self._pidfd: int | None = None
        self.pid = 0
        self.verdict: Callable[[], str] = str
        """Asked when it was killed: why, where the host knows more than the signal."""
        self.spare_group: Callable[[int], SessionGroup | None] = lambda pid: None
        """The control group that it came with."""
        self._reported = asyncio.Event()
        super().__init__(on_frame=on_frame, on_death=on_death)

    def _launch(self, sock: int, lifeline: int, stderr: int) -> None:
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._beget([sock, lifeline, stderr], self.ended)

    def tell(
        self, on_frame: Callable[[Frame], None], on_death: Callable[[], None]
    ) -> tuple[Callable[[Frame], None], Callable[[], None]]:
        """From here on these are told; returns who was told before."""
        before = self._on_frame, self._on_death
        self._on_frame, self._on_death = on_frame, on_death
        return before

    def send_descriptors(self, head: dict[str, Any], descriptors: Sequence[int]) -> None:
        """A request of an idle kernel, with copies of these descriptors."""
        with contextlib.suppress(OSError):
            socket.send_fds(self._socket, [encode(head)], descriptors)

    def orphan(self) -> None:
        """Nobody will tell how it ends."""
        self._reported.set()

    def ended(self, code: int | None) -> None:
        """The kernel's parent tells its end."""
        self.code = code
        self._reported.set()
        if self.dead:
            self._reap()
        else:
            self._end()

    def _receive(self) -> bytes:
        if self._pidfd is not None:
            return self._socket.recv(_CHUNK)
        data, extras, _, _ = self._socket.recvmsg(_CHUNK, _ROOM)
        for level, kind, value in extras:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS) and data:
                self._know(_CREDENTIALS.unpack(value)[0])
        return data

    def _know(self, pid: int) -> None:
        """The operating system vouches for the sender's process, as this process knows it."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
        with contextlib.suppress(ProcessLookupError):
            self._pidfd = os.pidfd_open(pid)
            self.pid = pid

    def epitaph(self) -> str:
        killed = not self._fault and self.code in (None, -signal.SIGKILL)
        return (self.verdict() if killed else "") or super().epitaph()

    def last_stderr(self) -> str:
        return super().last_stderr() or self._last_words_of_zygote()

    def _signal(self, number: signal.Signals) -> None:
        if self._pidfd is None:  # it has said nothing yet, and ends when its lifeline closes
            return
        try:
            signal.pidfd_send_signal(self._pidfd, number, None, _GROUP)
        except ProcessLookupError:
            pass
        except OSError:  # pragma: no cover - before Linux 6.9
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)

    def _has_ended(self) -> bool:
        if self._pidfd is None:
            return True
        ready = select.poll()
        ready.register(self._pidfd, select.POLLIN)
        return bool(ready.poll(0))

    def _hung_up(self) -> None:
        if not self.dead and not self._fault and not self._has_ended():
            self._fault = self.verdict()  # killed, and its memory is still being given back
        if self._fault:
            self._end()
            return
        if not self.dead and self._has_ended() and not self._reported.is_set():
            self._loop.call_later(_PATIENCE, self._end)  # its parent is about to tell how
        else:
            super()._hung_up()

    async def gone(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await self._reported.wait()
        self._reap()

    def _reap(self) -> None:
        super()._reap()
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None
