"""The kernel's end of the wire: one socket that any thread may write to and any may wait on."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import builtins
import itertools
import os
import select
import signal
import socket
import threading
import time
from _thread import LockType, allocate_lock, get_ident
from array import array
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from codeact.interpreter.wire import Decoder, Frame, encode

# Without the enums of `signal`, which cost more than what they wrap.
_set_handler: Callable[[int, Any], Any] = _signal.signal
_clock, _let_others_run = time.perf_counter, os.sched_yield
_set_mask: Callable[[int, Iterable[int]], Any] = _signal.pthread_sigmask

globals()["__builtins__"] = vars(builtins).copy()  # the cell may replace builtins; ours stay

_REQUEST = 0
"""The key under which the host's own requests arrive; replies arrive under their call's id."""
_CHUNK = 1 << 16
_EXTRAS = socket.CMSG_SPACE(8 * array("i").itemsize)
_LOOKING = 0.000_08
"""So many seconds a call's answer is looked for before the thread sleeps: to be woken takes longer
than an answer.
"""
_HEADROOM = 60
"""Stack frames that must be free before a call leaves: a RecursionError halfway would tear a frame.
"""

FORKED = (
    "Tools can be called from the cell's own process and its threads, not from a forked process. "
    "Use threads (concurrent.futures.ThreadPoolExecutor) instead of processes."
)


class Shield:
    """Keeps interrupts out of the protocol.

    SIGINT raises KeyboardInterrupt while a cell runs and the main thread is outside of
    `with shield`; inside, it waits until the block ends. Between cells it does nothing.
    """

    def __init__(self) -> None:
        self.interrupted = False
        self.depth = 0
        self._armed = False
        self._pending = False
        self._main = threading.main_thread().ident

    def arm(self) -> None:
        """From here on the main thread runs the cell's code."""
        _set_handler(signal.SIGINT, self._on_signal)
        _set_mask(signal.SIG_UNBLOCK, (signal.SIGINT,))
        self.interrupted = self._pending = False
        self.depth = 0
        self._armed = True

    def disarm(self) -> None:
        self._armed = False

    def __enter__(self) -> None:
        if get_ident() == self._main:
            self.depth += 1

    def __exit__(self, *args: object) -> None:
        if get_ident() == self._main:
            self.depth -= 1
            if self._pending and not self.depth:
                self._interrupt()

    def wait(self, blocking: Any) -> None:
        """Call something that waits and loses nothing when it is interrupted."""
        if get_ident() != self._main:
            blocking()
            return
        depth = self.depth
        try:
            self.depth = 0
            if self._pending:
                self._interrupt()
            blocking()
        finally:
            self.depth = depth

    def _on_signal(self, number: int, frame: object) -> None:
        if not self._armed:
            return
        if self.depth:
            self._pending = True
        else:
            self._interrupt()

    def _interrupt(self) -> None:
        self._pending = False
        if self._armed:
            self.interrupted = True
            raise KeyboardInterrupt


class Channel:
    """Frames over a connected socket. Whoever waits reads for all: no thread is spent on it."""

    def __init__(self, sock: socket.socket | None = None) -> None:
        self.shield = Shield()
        self.pid = 0
        if sock is not None:
            self.connect(sock)

    def connect(self, sock: socket.socket) -> None:
        """Speak over this socket from here on, in this process."""
        self.pid = os.getpid()
        self._descriptors = array("i")
        self._sock = sock
        self._readable = select.poll()
        self._readable.register(sock, select.POLLIN)
        self._decoder = Decoder()
        self._write_lock = threading.RLock()
        self._writing = False
        self._later: deque[bytes] = deque()
        self._state = allocate_lock()
        self._reading = False
        self._arrived: dict[int, deque[Frame]] = {_REQUEST: deque()}
        self._waiters: dict[int, LockType] = {}
        self._ids = itertools.count(1)

    def send(self, head: dict[str, Any], *values: Any) -> None:
        """Raises TypeError where a value cannot cross."""
        data = encode(head, *values)
        with self.shield, self._write_lock:
            self._later.append(data)
            if self._writing:  # a signal handler or __del__ that prints, inside of a write
                return
            self._writing = True
            try:
                while self._later:
                    self._sock.sendall(self._later.popleft())
            finally:
                self._writing = False

    def request(self) -> Frame:
        """Wait for the host's next request."""
        return self._receive(_REQUEST)

    def fileno(self) -> int:
        return self._sock.fileno()

    def release(self) -> None:
        """Forget the socket, which is closed already or another's."""
        self._sock.detach()

    def descriptors(self) -> list[int]:
        """The descriptors that came with the last requests; they are the caller's to close."""
        came, self._descriptors = self._descriptors, array("i")
        return came.tolist()

    def call(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Frame:
        """Ask the host to call a tool, wait for its reply."""
        return self.ask({"op": "call", "name": name}, args, kwargs)

    def ask(self, head: dict[str, Any], *values: Any) -> Frame:
        """Ask the host something, wait for its reply; an interrupt takes the question back."""
        if os.getpid() != self.pid:
            raise RuntimeError(FORKED)
        _headroom(_HEADROOM)
        key = next(self._ids)
        self._arrived[key] = deque()
        try:
            self.send({**head, "id": key}, *values)
            return self._receive(key)
        except KeyboardInterrupt:
            self.send({"op": "cancel", "id": key})
            raise
        finally:
            self._arrived.pop(key, None)

    def _receive(self, key: int) -> Frame:
        with self.shield:
            try:
                while True:
                    with self._state:
                        if self._arrived[key]:
                            return self._arrived[key].popleft()
                        leading = not self._reading
                        waiter = allocate_lock()
                        if leading:
                            self._reading = True
                        else:
                            waiter.acquire()
                            self._waiters[key] = waiter
                    if leading:
                        self._lead(0.0 if key == _REQUEST else _LOOKING)
                    else:
                        self.shield.wait(waiter.acquire)
            finally:
                with self._state:
                    self._waiters.pop(key, None)
                    if not self._reading and self._waiters:
                        self._waiters.popitem()[1].release()

    def _lead(self, looking: float) -> None:
        """Read for all, once; for so many seconds look again and again before sleeping."""
        try:
            until = _clock() + looking
            while looking and not self._readable.poll(0) and _clock() < until:
                _let_others_run()
            self.shield.wait(self._readable.poll)
            chunk, extras, _, _ = self._sock.recvmsg(_CHUNK, _EXTRAS)
            for _, _, descriptors in extras:
                self._descriptors.frombytes(descriptors)
            frames = self._decoder.feed(chunk)
        finally:
            with self._state:
                self._reading = False
        if not chunk:
            end_group()
        with self._state:
            for frame in frames:
                key = frame.head["id"] if frame.head["op"] == "reply" else _REQUEST
                if key in self._arrived:
                    self._arrived[key].append(frame)
                    if key in self._waiters:
                        self._waiters.pop(key).release()


def end_group() -> None:
    """The host is gone: end this process and all that it started."""
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _headroom(frames: int) -> None:
    if frames:
        _headroom(frames - 1)
