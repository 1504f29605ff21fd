"""The child process in particular: its start, its environment, and frames that it forges."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path

import anyio
import pytest

from codeact.errors import InterpreterLost
from codeact.events import Event
from codeact.interpreter.process import ProcessInterpreter
from codeact.tools import Toolbox

pytestmark = pytest.mark.anyio

FORGE = """
import json, os, socket, stat, struct
def forge(text):
    data = text if isinstance(text, bytes) else json.dumps(text).encode()
    for fd in map(int, os.listdir('/proc/self/fd')):
        try:
            if stat.S_ISSOCK(os.fstat(fd).st_mode):
                os.write(fd, struct.pack(">II", 4 + len(data), len(data)) + data)
        except OSError: pass
"""
FORGED = {
    "no JSON": b"{",
    "deep JSON": b"[" * 100_000,
    "an unknown frame": [{"op": "nonsense"}, []],
    "output that is none": [{"op": "output", "parts": [["stdin", 1]]}, []],
    "a call without a name": [{"op": "call", "id": 1}, []],
    "an answer that is none": [{"op": "done", "id": 2, "ok": "yes"}, []],
    "variables that are none": [{"op": "done", "id": 2, "variables": [[1]]}, []],
}


@pytest.mark.parametrize("frame", FORGED.values(), ids=FORGED.keys())
async def test_a_forged_frame_ends_that_session_alone(frame: object) -> None:
    async with ProcessInterpreter() as one, ProcessInterpreter() as other:
        await other.execute("x = 1")
        await one.execute(FORGE)
        done = await one.execute(f"import time\nforge({frame!r})\ntime.sleep(30)")
        assert (done.error, done.state) == ("StateLost", "lost")
        assert "sent something unreadable and was killed" in done.text
        assert (await one.execute("1")).text == "1\n"
        assert (await other.execute("x")).text == "1\n"


@pytest.mark.parametrize("frame", [[{"op": "ready"}, []], [{"op": "done", "id": 1}, []]])
async def test_a_stale_frame_shifts_no_answer(frame: object) -> None:
    async with ProcessInterpreter() as interpreter:
        await interpreter.execute(FORGE)
        assert (await interpreter.execute(f"forge({frame!r})\n5")).text == "5\n"
        assert (await interpreter.execute("6")).text == "6\n"


async def test_a_call_with_arguments_that_are_none_is_refused() -> None:
    called = threading.Event()
    forged = [{"op": "call", "id": 99, "name": "called"}, [1, {"$": "nonsense"}]]
    also = [{"op": "call", "id": 98, "name": "called"}, [1, 2]]
    async with ProcessInterpreter() as interpreter:
        await interpreter.execute(FORGE)
        cell = f"forge({forged!r})\nforge({also!r})\nimport time\ntime.sleep(0.2)\n7"
        done = await interpreter.execute(cell, toolbox=Toolbox.of([called.set]))
    assert done.text == "7\n"
    assert not called.is_set()


async def test_a_kernel_that_closes_its_connection_is_killed() -> None:
    cell = (
        "import os, stat, time\nfor fd in map(int, os.listdir('/proc/self/fd')):\n    try:\n"
        "        if stat.S_ISSOCK(os.fstat(fd).st_mode): os.close(fd)\n"
        "    except OSError: pass\ntime.sleep(30)"
    )
    async with ProcessInterpreter() as interpreter:
        done = await interpreter.execute(cell)
        assert "closed its connection and was killed" in done.text
        assert (await interpreter.execute("1")).text == "1\n"


@pytest.mark.parametrize("python", ["/nonexistent/python", "/bin/false"])
async def test_a_python_that_cannot_run_says_so(python: str) -> None:
    with pytest.raises(InterpreterLost, match="could not be started"):
        async with ProcessInterpreter(python=python) as interpreter:
            await interpreter.execute("1")


async def test_a_preload_that_fails_says_which() -> None:
    async with ProcessInterpreter(preload=["json", "nosuchmodule"]) as interpreter:
        with pytest.raises(InterpreterLost, match="No module named 'nosuchmodule'"):
            await interpreter.execute("1")


async def test_a_kernel_that_is_never_ready_is_given_up(tmp_path: Path) -> None:
    (tmp_path / "sleeper").write_text("#!/bin/sh\nexec sleep 100\n")
    (tmp_path / "sleeper").chmod(0o755)
    python = str(tmp_path / "sleeper")
    async with ProcessInterpreter(python=python, start_seconds=0.2) as interpreter:
        with pytest.raises(InterpreterLost, match=r"was not ready after 0\.2 seconds"):
            await interpreter.execute("1")


async def test_a_closed_interpreter_runs_nothing() -> None:
    async with ProcessInterpreter() as interpreter:
        pass
    with pytest.raises(InterpreterLost, match="is closed"):
        await interpreter.execute("1")


async def test_closing_ends_the_cell_that_runs() -> None:
    async with ProcessInterpreter() as interpreter:
        printed = asyncio.Event()
        run = interpreter.execute("print(1)\nwhile True: pass", emit=lambda event: printed.set())
        running = asyncio.ensure_future(run)
        await printed.wait()
    assert (await running).state == "lost"


async def test_an_interrupt_while_the_kernel_starts_stops_the_cell() -> None:
    async with ProcessInterpreter() as interpreter:
        running = asyncio.ensure_future(interpreter.execute("while True: pass"))
        await asyncio.sleep(0)
        await interpreter.interrupt()
        done = await running
        assert (done.error, done.state) == ("Interrupted", "kept")
        assert "before it began" in done.text
        assert (await interpreter.execute("1")).text == "1\n"


async def test_the_code_sees_no_variable_of_the_hosts_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("A_SECRET", "s")
    async with ProcessInterpreter() as interpreter:
        assert (await interpreter.execute("import os\n'A_SECRET' in os.environ")).text == "False\n"
    async with ProcessInterpreter(env={"GIVEN": "g"}) as interpreter:
        assert (await interpreter.execute("import os\nos.environ['GIVEN']")).text == "'g'\n"


async def test_a_listener_that_fails_comes_out_of_execute() -> None:
    def broken(event: Event) -> None:
        raise ZeroDivisionError

    async with ProcessInterpreter() as interpreter:
        with pytest.raises(ZeroDivisionError):
            await interpreter.execute("x = 1\nwhile True: print(x)", emit=broken)
        assert (await interpreter.execute("x")).text == "1\n"


async def test_values_of_many_megabytes_go_both_ways() -> None:
    def echo(value: bytes) -> bytes:
        return value

    async with ProcessInterpreter() as interpreter:
        cell = "data = b'x' * 30_000_000\necho(data) == data"
        done = await interpreter.execute(cell, toolbox=Toolbox.of([echo]))
    assert done.text == "True\n"


async def test_the_output_of_a_killed_cell_is_cut_and_many_lost_names_are_counted() -> None:
    names = "\n".join(f"name{n} = {n}" for n in range(50))
    async with ProcessInterpreter(output_limit=1000) as interpreter:
        await interpreter.execute(names)
        done = await interpreter.execute(
            "print('y' * 5000)\nimport os, time\ntime.sleep(0.2)\nos._exit(1)"
        )
    assert "4,001 characters left out here" in done.text
    assert "name39 and 10 more)" in done.text


async def test_variables_that_cannot_be_described_cost_the_session_and_it_says_so() -> None:
    cell = (
        "import itertools\nclass Evil:\n"
        "    def __repr__(self): return all(itertools.repeat(True))\nevil = Evil()"
    )
    async with ProcessInterpreter(describe_seconds=0.3) as interpreter:
        await interpreter.execute(cell)
        assert await interpreter.variables() == ()
        done = await interpreter.execute("evil")
        assert (done.error, done.state) == ("StateLost", "lost")
        assert "are gone (Evil, evil)" in done.text


def test_it_works_in_the_loop_of_a_thread() -> None:
    texts: list[str] = []

    async def work() -> None:
        async with ProcessInterpreter() as interpreter:
            texts.append((await interpreter.execute("1 + 1")).text)

    threads = [threading.Thread(target=lambda: asyncio.run(work())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == ["2\n", "2\n"]


async def test_a_kernel_that_dies_while_a_tool_runs_gives_the_tool_up() -> None:
    ended = threading.Event()

    async def forever() -> None:
        try:
            await asyncio.sleep(100)
        finally:
            ended.set()

    cell = "import os, threading\nthreading.Timer(0.2, os._exit, (1,)).start()\nforever()"
    async with ProcessInterpreter() as interpreter:
        done = await interpreter.execute(cell, toolbox=Toolbox.of([forever]))
        assert done.error == "StateLost"
        assert (await interpreter.execute("1")).text == "1\n"
    assert ended.is_set()


async def test_output_without_end_from_a_forger_is_not_passed_on() -> None:
    events: list[Event] = []
    flood = [{"op": "output", "parts": [["stdout", "z" * 5000]]}, []]
    async with ProcessInterpreter(output_limit=1000) as interpreter:
        await interpreter.execute(FORGE)
        cell = f"frame = {flood!r}\nfor _ in range(20): forge(frame)\n8"
        assert (await interpreter.execute(cell, emit=events.append)).text == "8\n"
    assert len(events) == 2


async def test_a_start_is_not_needed_before_the_first_cell() -> None:
    interpreter = ProcessInterpreter()
    try:
        assert (await interpreter.execute("1")).text == "1\n"
    finally:
        await interpreter.aclose()


async def test_a_cancelled_exit_still_leaves_no_process(tmp_path: Path) -> None:
    interpreter = ProcessInterpreter(workspace=tmp_path)
    with anyio.CancelScope() as scope:
        async with interpreter:
            pid = int((await interpreter.execute("import os; os.getpid()")).text)
            scope.cancel()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
