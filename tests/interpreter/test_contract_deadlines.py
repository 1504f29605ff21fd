"""Deadlines, interrupts and deaths: always on time, and the truth about the state."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import anyio
import pytest

from codeact.interpreter import Execution
from tests.interpreter.conftest import Open, ended

pytestmark = pytest.mark.anyio

INTERRUPTIBLE = {
    "a loop": "while True: pass",
    "a sleep": "import time\ntime.sleep(100)",
    "a regular expression": "import re\nre.match(r'(a+)+$', 'a' * 60 + 'b')",
    "a huge power": "10 ** (10 ** 9)",
    "a subprocess": "!sleep 100",
    "an await": "import asyncio\nawait asyncio.sleep(100)",
    "a thread that is waited for": "import threading, time\n"
    "t = threading.Thread(target=time.sleep, args=(100,), daemon=True)\nt.start()\nt.join()",
    "an interrupt swallowed once": "import time\ntry: time.sleep(100)\n"
    "except BaseException: time.sleep(100)",
}
STUBBORN = {
    "every interrupt swallowed": "import time\nwhile True:\n    try: time.sleep(100)\n"
    "    except BaseException: pass",
    "every signal blocked": "import ctypes, signal\n"
    "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 31))\nctypes.CDLL(None).sleep(100)",
    "interrupts ignored": "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    "print('ignoring')\nwhile True: time.sleep(1)",
    "C code that keeps the lock": "import itertools\nall(itertools.repeat(True))",
}


@pytest.mark.parametrize("cell", INTERRUPTIBLE.values(), ids=INTERRUPTIBLE.keys())
async def test_a_deadline_stops_the_cell_in_time_and_keeps_the_variables(
    opened: Open, cell: str
) -> None:
    async with opened(timeout=0.5) as interpreter:
        await interpreter.execute("x = 1")
        began = time.perf_counter()
        done = await interpreter.execute(f"print('so far')\ny = 2\n{cell}")
        assert time.perf_counter() - began < 1.5
        assert (done.ok, done.error, done.state) == (False, "Timeout", "kept")
        assert done.text.startswith("so far\n")
        assert "ran longer than 0.5 seconds. Variables are kept" in done.text
        assert (await interpreter.execute("x + y")).text == "3\n"


@pytest.mark.parametrize("cell", STUBBORN.values(), ids=STUBBORN.keys())
async def test_a_cell_that_ignores_its_deadline_is_killed_in_time_and_the_loss_is_told(
    forgetful: Open, cell: str
) -> None:
    async with forgetful(timeout=0.5) as interpreter:
        await interpreter.execute("first, second = 1, 2\nopen('kept', 'w').close()")
        began = time.perf_counter()
        done = await interpreter.execute(f"print('so far')\n{cell}")
        assert time.perf_counter() - began < 1.5
        assert (done.ok, done.error, done.state) == (False, "Timeout", "lost")
        assert done.text.startswith("so far\n")
        assert "its process was killed" in done.text
        assert "are gone (first, second)" in done.text
        assert (await interpreter.execute("import os; os.listdir()")).text == "['kept']\n"


DEATHS = {
    "os._exit": ("import os; os._exit(3)", "exited with status 3"),
    "a segfault": ("import ctypes\nctypes.string_at(0)", "killed by signal 11 (SIGSEGV)"),
    "an abort": ("import os; os.abort()", "killed by signal 6 (SIGABRT)"),
    "an out-of-memory kill": (
        "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
        "killed by signal 9 (SIGKILL)",
    ),
}


@pytest.mark.parametrize(("cell", "how"), DEATHS.values(), ids=DEATHS.keys())
async def test_a_death_of_the_kernel_is_announced_and_the_next_cell_works(
    forgetful: Open, cell: str, how: str
) -> None:
    async with forgetful() as interpreter:
        await interpreter.execute("x = 1")
        done = await interpreter.execute(f"print('so far')\n{cell}")
        after = await interpreter.execute("1 + 1")
    assert (done.ok, done.error, done.state) == (False, "StateLost", "lost")
    assert done.text.startswith("so far\n")
    assert how in done.text
    assert "are gone (x)" in done.text
    assert (after.text, after.state) == ("2\n", "kept")


async def test_a_crash_names_the_line_of_the_cell(opened: Open) -> None:
    async with opened() as interpreter:
        done = await interpreter.execute("import ctypes\ndef f():\n    ctypes.string_at(0)\nf()")
    assert "Fatal Python error: Segmentation fault" in done.text
    assert 'File "<cell 1>", line 3 in f' in done.text


async def test_a_death_between_cells_is_announced_instead_of_running_on_nothing(
    opened: Open,
) -> None:
    cell = "import os, threading\nx = 1\nthreading.Timer(0.05, os._exit, (7,)).start()"
    async with opened() as interpreter:
        await interpreter.execute(cell)
        await asyncio.sleep(0.4)
        assert await interpreter.variables() == ()
        done = await interpreter.execute("open('ran', 'w')")
        assert (done.ok, done.error, done.state) == (False, "StateLost", "lost")
        assert "exited with status 7" in done.text
        assert "This cell was not run" in done.text
        assert (await interpreter.execute("import os; os.path.exists('ran')")).text == "False\n"


async def started(interpreter: Any, cell: str) -> asyncio.Task[Execution]:
    """A cell that runs and has printed something."""
    printed = asyncio.Event()
    run = interpreter.execute(cell, emit=lambda event: printed.set())
    running: asyncio.Task[Execution] = asyncio.ensure_future(run)
    await asyncio.wait_for(printed.wait(), 10)
    return running


async def test_an_interrupt_stops_the_cell_and_keeps_the_variables(opened: Open) -> None:
    async with opened() as interpreter:
        await interpreter.execute("x = 1")
        running = await started(interpreter, "print(1)\nwhile True: pass")
        await interpreter.interrupt()
        done = await running
        assert (done.ok, done.error, done.state) == (False, "Interrupted", "kept")
        assert "was interrupted. Variables are kept" in done.text
        assert (await interpreter.execute("x")).text == "1\n"


async def test_an_interrupt_that_is_ignored_kills(opened: Open) -> None:
    async with opened() as interpreter:
        running = await started(interpreter, STUBBORN["interrupts ignored"])
        await interpreter.interrupt()
        done = await running
    assert (done.error, done.state) == ("Interrupted", "lost")
    assert "did not react, and its process was killed" in done.text


async def test_an_interrupt_of_an_idle_interpreter_does_nothing(opened: Open) -> None:
    async with opened() as interpreter:
        await interpreter.interrupt()
        await interpreter.execute("x = 1")
        await interpreter.interrupt()
        assert (await interpreter.execute("x")).text == "1\n"


@pytest.mark.parametrize(
    ("cell", "state"),
    [("print(1)\nwhile True: pass", "kept"), (STUBBORN["interrupts ignored"], "lost")],
)
async def test_a_cancelled_cell_leaves_an_interpreter_that_tells_what_it_has_lost(
    forgetful: Open, cell: str, state: str
) -> None:
    async with forgetful() as interpreter:
        await interpreter.execute("x = 1")
        with anyio.CancelScope() as scope:
            await interpreter.execute(cell, emit=lambda event: scope.cancel())
        assert scope.cancelled_caught
        done = await interpreter.execute("x")
        assert done.state == state
        if state == "lost":
            assert done.error == "StateLost"
            assert "previous cell was given up. This cell was not run" in done.text
            assert "are gone (x)" in done.text
            assert (await interpreter.execute("1")).text == "1\n"
        else:
            assert done.text == "1\n"


async def test_a_cell_cancelled_twice_does_not_hang(opened: Open) -> None:
    async with opened() as interpreter:
        await interpreter.execute("x = 1")
        running = await started(interpreter, STUBBORN["interrupts ignored"])
        running.cancel()
        await asyncio.sleep(0.05)
        running.cancel()
        began = time.perf_counter()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert time.perf_counter() - began < 0.5
        assert (await interpreter.execute("x")).error == "StateLost"


async def test_a_reset_stops_the_cell_that_runs(opened: Open) -> None:
    async with opened(timeout=None) as interpreter:
        running = await started(interpreter, "print(1)\nwhile True: pass")
        await interpreter.reset()
        assert (await running).error == "Interrupted"
        assert (await interpreter.execute("1")).text == "1\n"


async def test_cells_given_at_the_same_time_run_one_after_the_other(opened: Open) -> None:
    async with opened() as interpreter:
        await interpreter.execute("seen = []")
        cell = "import time\nseen.append({0})\ntime.sleep(0.1)\nseen.append({0})"
        await asyncio.gather(*(interpreter.execute(cell.format(n)) for n in range(3)))
        assert (await interpreter.execute("seen")).text == "[0, 0, 1, 1, 2, 2]\n"


async def test_interpreters_do_not_see_one_another(opened: Open) -> None:
    async with opened() as one, opened() as other:
        await asyncio.gather(one.execute("x = 1"), other.execute("x = 2"))
        assert [(await each.execute("x")).text for each in (one, other)] == ["1\n", "2\n"]
        assert one.workspace != other.workspace


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


async def test_closing_ends_the_kernel_its_children_and_its_own_folder(seen: Open) -> None:
    cell = "import os, subprocess\nprint(os.getpid(), subprocess.Popen(['sleep', '100']).pid)"
    before = sorted(os.listdir("/proc/self/fd"))
    async with seen() as interpreter:
        pids = [int(each) for each in (await interpreter.execute(cell)).text.split()]
        folder = interpreter.workspace
        assert all(map(alive, pids))
        assert folder.is_dir()
    await asyncio.sleep(0.1)
    assert not any(map(alive, pids))
    assert str(pids[0]) not in os.listdir("/proc")
    assert not folder.exists()
    assert sorted(os.listdir("/proc/self/fd")) == before


async def test_closing_leaves_the_workspace_that_was_given(opened: Open, tmp_path: Path) -> None:
    async with opened(workspace=tmp_path) as interpreter:
        await interpreter.execute("open('result', 'w').write('r')")
    assert (tmp_path / "result").read_text() == "r"


HOST = """
import asyncio, sys
from tests.interpreter.conftest import INTERPRETERS, ended

async def main():
    async with INTERPRETERS[sys.argv[1]]() as interpreter:
        pid = "import os, subprocess; print(os.getpid(), subprocess.Popen(['sleep', '99']).pid)"
        print((await interpreter.execute(pid)).text, end="", flush=True)
        await interpreter.THEN

asyncio.run(main())
"""


HOSTED = {
    "in a loop": "execute('while True: pass')",
    "in C code that keeps the lock": "execute('import itertools; all(itertools.repeat(True))')",
    "idle": "interrupt(); await asyncio.sleep(99)",
}


@pytest.mark.parametrize("then", HOSTED.values(), ids=HOSTED.keys())
async def test_no_kernel_outlives_a_host_that_is_killed(
    request: pytest.FixtureRequest, seen: Open, then: str
) -> None:
    name = request.node.callspec.params["seen"]
    host = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        HOST.replace("THEN", then),
        name,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert host.stdout is not None
    pids = [int(each) for each in (await host.stdout.readline()).split()]
    assert len(pids) == 2
    assert all(map(alive, pids))
    await asyncio.sleep(0.2)
    host.send_signal(signal.SIGKILL)
    await ended(host)
    for _ in range(100):
        if not any(map(alive, pids)):
            break
        await asyncio.sleep(0.02)
    assert not any(map(alive, pids))
