"""Tool calls in quick succession: a thread answers them, without a turn of the event loop for each.

A cell that calls tools in a loop waits for each answer, so what an answer costs is what the loop
costs. As soon as a second call follows closely on the first, a thread reads the kernel's socket in
the event loop's place, calls synchronous tools itself and answers itself. Everything else that
comes it hands to the event loop, and so does a call that lasts: then the thread works for that call
alone, as any tool's thread does, and the event loop reads again.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from codeact.interpreter.wire import Decoder, Frame, WireError

PATIENCE = 0.005
"""Seconds from which on a call lasts."""
_IDLE_MS = 20
"""So long the thread waits for the next call."""
_LOOKING = 0.000_15
"""So many seconds it looks again and again before it sleeps: to be woken takes longer than a call.
"""
_CHUNK = 1 << 16


class Call(Protocol):
    """One call of a tool that a thread may make."""

    def run(self) -> bytes | None:
        """Make it; the answer, or None where the event loop has to go on with what came of it."""

    def lasts(self) -> None:
        """In the event loop: it is to be waited for there."""

    def settle(self) -> None:
        """In the event loop: `run` has come to its end."""


class Burst:
    """One stretch of calls. `back` is told once, in the event loop, that it is over: the frames
    that are left, the bytes that are to be sent still, and what was unreadable.
    """

    def __init__(
        self,
        sock: socket.socket,
        decoder: Decoder,
        direct: Callable[[Frame], Call | None],
        back: Callable[[list[Frame], bytes, WireError | None], None],
        pass_on: Callable[[Frame], None],
        context: contextvars.Context,
    ) -> None:
        self._socket = sock
        self._decoder = decoder
        self._direct = direct
        self._back = back
        self._pass_on = pass_on
        self._loop = asyncio.get_running_loop()
        self._context = context
        self._readable = select.poll()
        self._readable.register(sock, select.POLLIN)
        self._lock = threading.Lock()
        self._frames: deque[Frame] = deque()
        self._call: Call | None = None
        self._since = 0.0
        self._over = False
        self._timer = self._loop.call_later(PATIENCE, self._look)

    def run(self, first: Call) -> None:
        """In the thread."""
        rest: bytes | None = b""
        fault: Exception | None = None
        try:
            rest = self._made(first)
            while rest == b"":
                if self._frames:
                    rest = self._next()
                elif not self._came():
                    break
        except Exception as error:  # noqa: BLE001 - unreadable bytes, or ours: the event loop's
            fault = error
        self._finish(rest or b"", fault)

    def revoke(self) -> list[Frame]:
        """In the event loop: the thread touches the socket no more. The frames that are left."""
        with self._lock:
            self._over = True
            self._timer.cancel()
            return list(self._frames)

    def _next(self) -> bytes | None:
        """Deal with one frame: what could not be sent at once, None where the thread is done."""
        frame = self._frames[0]
        if frame.head.get("op") == "output":
            self._frames.popleft()
            self._in_loop(self._pass_on, frame)
            return b""
        call = self._direct(frame)
        if call is None:
            return None
        with self._lock:
            if self._over:
                return None
            self._frames.popleft()
        return self._made(call)

    def _made(self, call: Call) -> bytes | None:
        with self._lock:
            self._call, self._since = call, time.monotonic()
        answer = self._context.copy().run(call.run)
        with self._lock:
            self._call = None
            if not self._over and answer is not None:
                sent = 0
                with contextlib.suppress(OSError):  # the event loop will see it, and say so
                    sent = self._socket.send(answer)
                return answer[sent:]
            taken, self._over = self._over, True
        if not taken:
            self._in_loop(self._hand_over, call)
        self._in_loop(call.settle)
        return None

    def _came(self) -> bool:
        """Wait for more; whether some came, be it half a frame, and may be dealt with here."""
        until = time.perf_counter() + _LOOKING
        while time.perf_counter() < until:
            found = self._received()
            if found is not None:
                return found
            os.sched_yield()  # whoever else can run goes first
        self._readable.poll(_IDLE_MS)
        return bool(self._received())

    def _received(self) -> bool | None:
        """Whether something could be read here; None where nothing was there."""
        with self._lock:
            if self._over:
                return False
            try:
                data = self._socket.recv(_CHUNK)
            except BlockingIOError:
                return None
            except OSError:
                return False
            self._frames += self._decoder.feed(data)
        return bool(data)  # whatever ended it, the event loop will read it once more

    def _finish(self, rest: bytes, fault: Exception | None) -> None:
        with self._lock:
            over, self._over = self._over, True
        if not over:
            self._in_loop(self._ended, rest, fault)

    def _ended(self, rest: bytes, fault: Exception | None) -> None:
        self._timer.cancel()
        unreadable = fault if isinstance(fault, WireError) else None
        self._back(list(self._frames), rest, unreadable)
        if fault is not None and unreadable is None:
            raise fault

    def _hand_over(self, call: Call) -> None:
        call.lasts()
        self._ended(b"", None)

    def _look(self) -> None:
        """In the event loop, now and then: does a call last?"""
        with self._lock:
            if self._over:  # pragma: no cover - it ended a moment ago, and the loop will hear of it
                return
            call = self._call
            if call is None or time.monotonic() - self._since < PATIENCE:
                self._timer = self._loop.call_later(PATIENCE, self._look)
                return
            self._over = True
        self._hand_over(call)

    def _in_loop(self, work: Callable[..., None], *args: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended before the tool
            self._loop.call_soon_threadsafe(work, *args)
