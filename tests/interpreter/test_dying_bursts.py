"""A kernel dies while a thread makes its calls: each frame is heard once, and nobody reads on."""

from __future__ import annotations

import asyncio
import contextvars
import os
import socket
import threading
import time
from typing import Any

import pytest

from codeact.interpreter.child import Child
from codeact.interpreter.wire import Frame, encode
from tests.interpreter.test_bursts import Told

pytestmark = pytest.mark.anyio


class Puppet(Child):
    """A child without a process: the test holds the kernel's end, and says when it has died."""

    def _launch(self, sock: int, lifeline: int, stderr: int) -> None:
        self.kernel = socket.socket(fileno=os.dup(sock))

    def _has_ended(self) -> bool:
        return True

    def _signal(self, number: int) -> None:
        """Nobody is there to hear it."""

    async def gone(self) -> None:
        self._reap()

    def died(self) -> None:
        self._end()


class Lasting(Told):
    """A call that the event loop has to go on with."""

    def run(self) -> None:
        """No answer yet."""


async def test_what_had_come_when_a_kernel_died_in_a_burst_is_heard() -> None:
    loop = asyncio.get_running_loop()
    heard: list[int] = []
    dead = threading.Event()
    child = Puppet(on_frame=lambda frame: heard.append(frame.head["id"]), on_death=dead.set)

    def direct(frame: Frame) -> Told:
        loop.call_soon_threadsafe(child.died)
        assert dead.wait(5)
        return Told()

    with child.kernel:
        calls = [encode({"op": "call", "id": each, "name": "add"}) for each in (1, 2)]
        child.kernel.send(b"".join(calls))
        child.lend(Told(), direct, contextvars.copy_context())
        await asyncio.to_thread(dead.wait, 5)
    await child.gone()
    assert heard == [1, 2]


async def test_a_kernel_that_died_before_a_burst_is_told_to_be_over_stays_dead() -> None:
    faults: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, told: faults.append(told))
    child = Puppet(on_frame=lambda frame: None, on_death=lambda: None)
    with child.kernel:
        child.lend(Lasting(), lambda frame: None, contextvars.copy_context())
        time.sleep(0.2)  # noqa: ASYNC251 - the thread ends while the event loop cannot hear of it
        child.kill()
        await asyncio.sleep(0.05)
    await child.gone()
    assert child.dead
    assert faults == []
