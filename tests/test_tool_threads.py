"""Synchronous tools run in threads, which hold up neither the loop nor the end of the process."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import threading
import warnings
from typing import Any

import anyio
import anyio.to_thread
import pytest

from codeact.tools import Toolbox, ToolTimeout, tool

pytestmark = pytest.mark.anyio


async def test_a_synchronous_tool_runs_in_a_daemon_thread() -> None:
    thread = await Toolbox.of([tool(threading.current_thread, name="thread")]).call("thread")
    assert thread.daemon
    assert thread is not threading.current_thread()


async def test_calls_at_the_same_time_run_in_different_threads() -> None:
    meeting = threading.Barrier(20)

    def meet() -> int:
        meeting.wait(10)
        return threading.get_ident()

    box = Toolbox.of([meet])
    found: list[int] = []

    async def call() -> None:
        found.append(await box.call("meet"))

    for _ in range(2):
        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(call)
    assert len(set(found[:20])) == 20


async def test_threads_of_the_process_before_a_fork_are_not_called() -> None:
    box = Toolbox.of([tool(threading.current_thread, name="thread")])
    await box.call("thread")
    program = multiprocessing.get_context("fork").Process(target=_call_in_a_fork, args=(box,))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # a fork of a process with threads
        program.start()
    await anyio.to_thread.run_sync(program.join)
    assert program.exitcode == 0


def _call_in_a_fork(box: Toolbox) -> None:
    answers: list[Any] = []
    caller = threading.Thread(target=lambda: answers.append(anyio.run(box.call, "thread")))
    caller.start()
    caller.join()
    assert answers


async def test_a_result_that_comes_after_the_time_is_up_is_dropped() -> None:
    begin, returned = threading.Event(), threading.Event()

    def wait() -> None:
        begin.wait()
        returned.set()

    with pytest.raises(ToolTimeout):
        await Toolbox.of([tool(wait, seconds=0.05)]).call("wait")
    begin.set()
    await anyio.to_thread.run_sync(returned.wait)
    await anyio.sleep(0.05)  # what the thread left for the loop is done now


STUCK = """
import threading
import warnings
import anyio
from codeact.tools import Toolbox, ToolTimeout, tool

box = Toolbox.of([tool(threading.Event().wait, name="wait", seconds=0.05)])
try:
    anyio.run(box.call, "wait")
except ToolTimeout as error:
    print(error)
"""

LATE = """
import threading, time
import anyio
from codeact.tools import Toolbox, ToolTimeout, tool

begin = threading.Event()
try:
    anyio.run(Toolbox.of([tool(begin.wait, name="wait", seconds=0.05)]).call, "wait")
except ToolTimeout as error:
    begin.set()
    time.sleep(0.1)
    print(error)
"""


@pytest.mark.parametrize("program", [STUCK, LATE])
def test_a_tool_that_never_returns_does_not_hold_up_the_end_of_the_process(program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=15, check=True
    )
    assert done.stdout == "The tool 'wait' did not return within 0.05 seconds.\n"
    assert done.stderr == ""
