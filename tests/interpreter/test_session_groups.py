"""A session's processes are bounded together by a control group that goes with the session."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from codeact.interpreter.forked import ForkedInterpreter
from codeact.interpreter.sandbox import SandboxPolicy
from codeact.interpreter.walls import cgroups
from tests.interpreter.conftest import ended
from tests.interpreter.test_forked import until

PLACE = cgroups.offered()
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not PLACE.kind, reason=PLACE.why or "no control groups"),
]

Small = partial(
    ForkedInterpreter, sandbox=SandboxPolicy(mode="required", memory_mb=128, processes=24)
)
MB_IN_CHILDREN = """
import os, signal
children = []
for _ in range(8):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        held = bytearray(os.urandom(1 << 20) * 30); os.write(writing, b'.'); signal.pause()
    os.close(writing)
    children.append(child)
    os.read(reading, 1)
alive = [child for child in children if os.waitpid(child, os.WNOHANG)[0] == 0]
for child in alive:
    os.kill(child, 9)
    os.waitpid(child, 0)
print(30 * len(alive))
"""
"""How many MB the children hold at the same time."""
MEMORY_THAT_IS_SHARED = """
import mmap, os
held = []
for _ in range(20):
    held.append(mmap.mmap(-1, 20 << 20))
    held[-1].write(os.urandom(20 << 20))
"""


def ours(pid: int | None = None) -> list[Path]:
    """The groups of sessions that this process, or another one, has made."""
    mark = f"codeact-*-{pid or os.getpid()}-*"
    found = [each for parent in PLACE.parents for each in parent.glob(mark)]
    return [each for each in found if not is_spare(each)]


def is_spare(group: Path) -> bool:
    """Whether only a kernel that waits to be asked for is in it, still in its parent's session."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        pids = [int(each) for each in (group / "cgroup.procs").read_text().split()]
        if len(pids) == 1:
            parent = int(Path(f"/proc/{pids[0]}/stat").read_text().rsplit(")", 1)[1].split()[1])
            return os.getsid(pids[0]) == parent
    return False


async def test_a_session_is_in_its_group_before_its_first_cell_and_the_group_goes_with_it() -> None:
    async with Small() as interpreter:
        assert (await interpreter.execute("1")).text == "1\n"
        await until(lambda: len(ours()) == len(PLACE.parents))
        assert all((each / "cgroup.procs").read_text() for each in ours())
    await until(lambda: ours() == [])


async def test_copies_and_snapshots_are_in_the_group_and_end_with_it() -> None:
    async with Small() as interpreter:
        for number in range(4):
            await interpreter.execute(f"x = {number}")
        assert len((ours()[0] / "cgroup.procs").read_text().split()) >= 4
        await interpreter.reset()
        assert (await interpreter.execute("1")).text == "1\n"
    await until(lambda: ours() == [])


async def test_a_fork_has_a_group_of_its_own_and_the_last_to_close_removes_both() -> None:
    async with Small() as one:
        await one.execute("x = 1")
        two = await one.fork()
        assert (await two.execute("x")).text == "1\n"
        await until(lambda: len(ours()) == 2 * len(PLACE.parents))
    assert (await two.execute("x")).text == "1\n"
    await two.aclose()
    await until(lambda: ours() == [])


async def test_memory_through_many_processes_is_held_by_the_group_and_told() -> None:
    async with Small() as interpreter, Small() as neighbour:
        await neighbour.execute("x = 1")
        done = await interpreter.execute(MB_IN_CHILDREN)
        assert done.ok
        assert int(done.text.splitlines()[0]) < 128
        assert "ran out of memory (its limit: 128 MB for all of its processes" in done.text
        assert (await neighbour.execute("x")).text == "1\n"


async def test_the_same_memory_is_taken_where_no_group_holds() -> None:
    policy = SandboxPolicy(mode="required", memory_mb=512)
    async with ForkedInterpreter(sandbox=policy) as interpreter:
        done = await interpreter.execute(MB_IN_CHILDREN)
    assert done.text == "240\n"


async def test_a_kernel_that_is_killed_for_memory_says_so_and_the_state_is_restored() -> None:
    async with Small() as interpreter:
        await interpreter.execute("x = 41")
        done = await interpreter.execute(MEMORY_THAT_IS_SHARED)
        assert (done.error, done.state) == ("StateLost", "restored")
        assert "was killed because the session ran out of memory (its limit: 128 MB" in done.text
        assert (await interpreter.execute("x + 1")).text == "42\n"


async def test_snapshots_give_way_before_they_use_up_the_memory() -> None:
    async with Small() as interpreter:
        await interpreter.execute("import os; data = bytearray(15 << 20)")
        for _ in range(12):
            done = await interpreter.execute("data[:] = os.urandom(15 << 20)")
            assert done.ok, done.text


HOST = """
import asyncio
from tests.interpreter.test_session_groups import Small

async def main():
    async with Small() as interpreter:
        await interpreter.execute("x = 1")
        print("ready", flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_the_group_of_a_host_that_was_killed_is_swept_by_the_next_one() -> None:
    host = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOST, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert host.stdout is not None
    assert await host.stdout.readline() == b"ready\n"
    await until(lambda: len(ours(host.pid)) == len(PLACE.parents))
    cgroups.sweep(PLACE)
    assert len(ours(host.pid)) == len(PLACE.parents)
    host.kill()
    await ended(host)
    await until(lambda: not any((each / "cgroup.procs").read_text() for each in ours(host.pid)))
    cgroups.sweep(PLACE)
    assert ours(host.pid) == []
