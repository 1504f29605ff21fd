"""What is true of forked kernels alone: one zygote for all, which is replaced when it dies."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from codeact.errors import InterpreterLost
from codeact.interpreter.fork_server import Settings, close_all, zygote
from codeact.interpreter.forked import ForkedInterpreter
from codeact.interpreter.opening import open_interpreter
from codeact.interpreter.process import ProcessInterpreter
from codeact.interpreter.sandbox import SandboxPolicy
from tests.interpreter.conftest import ended
from tests.interpreter.test_contract_deadlines import alive

pytestmark = pytest.mark.anyio

BARE = Settings(python=sys.executable)


def children(pid: int) -> set[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {int(each) for each in found}


async def until(condition: object, seconds: float = 5.0) -> None:
    assert callable(condition)
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        await asyncio.sleep(0.02)
    assert condition()


async def test_all_sessions_share_one_zygote() -> None:
    async with ForkedInterpreter() as one, ForkedInterpreter() as other:
        cell = "import os; os.getppid()"
        parents = [(await each.execute(cell)).text for each in (one, other)]
    assert parents[0] == parents[1] == f"{zygote(BARE).process.pid}\n"


async def test_a_zygote_tells_what_it_has_imported_and_what_it_cannot() -> None:
    wanted = ("numpy", "no_such_library_at_all")
    async with ForkedInterpreter(preload=wanted) as interpreter:
        assert (await interpreter.execute("import sys; 'numpy' in sys.modules")).text == "True\n"
    hello = zygote(Settings(python=sys.executable, preload=wanted)).hello
    assert (hello["preloaded"], hello["left_out"]) == (["numpy"], ["no_such_library_at_all"])
    assert hello["python"] == sys.version.partition(" ")[0]


@pytest.mark.parametrize("sandbox", [None, SandboxPolicy()], ids=["open", "walled"])
async def test_a_library_that_starts_threads_is_left_to_the_sessions(
    tmp_path: Path, sandbox: SandboxPolicy | None
) -> None:
    (tmp_path / "threaded.py").write_text(
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=(99,), daemon=True).start()"
    )
    path = f"import sys; sys.path.append({str(tmp_path)!r})"
    (tmp_path / "python").write_text(
        f'#!/bin/sh\nPYTHONPATH={tmp_path} exec {sys.executable} "$@"\n'
    )
    (tmp_path / "python").chmod(0o755)
    python = str(tmp_path / "python")
    wanted = ("threaded", "json")
    async with ForkedInterpreter(python=python, preload=wanted, sandbox=sandbox) as interpreter:
        assert (await interpreter.execute(f"{path}\n'threaded' in sys.modules")).text == "False\n"
    if sandbox is None:
        assert zygote(Settings(python=python, preload=wanted)).hello["left_out"] == ["threaded"]


async def test_sessions_tell_arrow_to_start_no_thread(tmp_path: Path) -> None:
    async with ForkedInterpreter(workspace=tmp_path) as interpreter:
        cell = "import os; os.environ['JE_ARROW_MALLOC_CONF']"
        assert (await interpreter.execute(cell)).text == "'background_thread:false'\n"


@pytest.mark.parametrize(
    "cell", ["import numpy; numpy.random.rand()", "import random; random.random()"]
)
async def test_chance_differs_between_sessions(cell: str) -> None:
    drawn = set()
    for _ in range(3):
        async with ForkedInterpreter(preload=("numpy",)) as interpreter:
            drawn.add((await interpreter.execute(cell)).text)
    assert len(drawn) == 3


async def test_the_death_of_the_zygote_is_announced_and_another_one_takes_over() -> None:
    async with ForkedInterpreter(snapshots="never") as interpreter:
        await interpreter.execute("x = 1")
        pid = int((await interpreter.execute("import os; print(os.getpid())")).text)
        first = zygote(BARE).process.pid
        os.kill(first, signal.SIGKILL)
        await until(lambda: not alive(pid))
        done = await interpreter.execute("x")
        assert (done.error, done.state) == ("StateLost", "lost")
        assert "are gone (x)" in done.text
        assert (await interpreter.execute("1 + 1")).text == "2\n"
    assert zygote(BARE).process.pid != first


async def test_a_zygote_of_another_version_says_so(tmp_path: Path) -> None:
    wrapper = tmp_path / "python"
    wrapper.write_text(
        f'#!/bin/sh\nlast=$(echo "$6" | sed \'s/"version": "/&9/\')\n'
        f'exec {sys.executable} "$1" "$2" "$3" "$4" "$5" "$last"\n'
    )
    wrapper.chmod(0o755)
    async with ForkedInterpreter(python=str(wrapper)) as interpreter:
        with pytest.raises(InterpreterLost, match=r"this program runs version 9.*restart it"):
            await interpreter.execute("1")


async def test_a_python_that_is_not_there_is_named(tmp_path: Path) -> None:
    interpreter = ForkedInterpreter(python=str(tmp_path / "none"), workspace=tmp_path)
    with pytest.raises(InterpreterLost, match="none' cannot be run"):
        await interpreter.execute("1")


async def test_fifty_sessions_leave_no_process_and_no_descriptor() -> None:
    async with ForkedInterpreter() as interpreter:
        await interpreter.execute("1")
    server = zygote(BARE).process.pid
    await until(lambda: len(children(server)) == 1)
    before = sorted(os.listdir("/proc/self/fd")), len(os.listdir(f"/proc/{server}/fd"))

    async def session(number: int) -> None:
        async with ForkedInterpreter() as interpreter:
            assert (await interpreter.execute(f"{number} + 1")).text == f"{number + 1}\n"

    for start in range(0, 50, 10):
        await asyncio.gather(*(session(start + each) for each in range(10)))
    await until(lambda: len(children(server)) == 1)  # the next kernel waits
    await until(lambda: len(os.listdir(f"/proc/{server}/fd")) <= before[1])
    assert sorted(os.listdir("/proc/self/fd")) == before[0]


async def test_a_kernel_that_waits_and_is_killed_is_missed_by_nobody() -> None:
    async with ForkedInterpreter() as interpreter:
        await interpreter.execute("1")
    server = zygote(BARE).process.pid
    for _ in range(3):
        await until(lambda: len(children(server)) == 1)
        waiting = children(server).pop()
        os.kill(waiting, signal.SIGKILL)
        await until(lambda waiting=waiting: waiting not in children(server))
        async with ForkedInterpreter() as interpreter:
            assert (await interpreter.execute("6 * 7")).text == "42\n"


async def test_the_kernel_that_waits_is_the_next_session_and_dies_with_its_zygote() -> None:
    async with ForkedInterpreter() as interpreter:
        await interpreter.execute("1")
        server = zygote(BARE).process.pid
        await until(lambda: len(children(server)) == 2)
        both = children(server)
        async with ForkedInterpreter() as second:
            pid = int((await second.execute("import os\nprint(os.getpid())")).text)
            assert pid in both
            await until(lambda: len(children(server)) == 3)
            waiting = (children(server) - both).pop()
    os.kill(server, signal.SIGKILL)
    await until(lambda: not Path(f"/proc/{waiting}").exists())


async def test_closing_all_zygotes_ends_them_and_a_new_session_starts_another() -> None:
    async with ForkedInterpreter() as interpreter:
        await interpreter.execute("1")
    first = zygote(BARE).process.pid
    close_all()
    assert not alive(first)
    async with ForkedInterpreter() as interpreter:
        assert (await interpreter.execute("1")).text == "1\n"


HOST = """
import asyncio
from codeact.interpreter.fork_server import Settings, zygote
from codeact.interpreter.forked import ForkedInterpreter

async def main():
    async with ForkedInterpreter() as interpreter:
        await interpreter.execute("1")
        print(zygote(Settings(python=interpreter._python)).process.pid, flush=True)
        THEN

asyncio.run(main())
"""


@pytest.mark.parametrize("then", ["await asyncio.sleep(99)", "pass"])
async def test_the_zygote_ends_with_its_host(then: str) -> None:
    host = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        HOST.replace("THEN", then),
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert host.stdout is not None
    pid = int(await host.stdout.readline())
    if then != "pass":
        assert alive(pid)
        host.kill()
    await ended(host)
    await until(lambda: not alive(pid))


def test_elsewhere_than_on_linux_a_session_has_a_process_of_its_own() -> None:
    with pytest.warns(UserWarning, match="no sandbox on this machine"):
        opened = open_interpreter(platform="darwin")
    assert type(opened) is ProcessInterpreter
    assert type(open_interpreter(platform="linux")) is ForkedInterpreter
