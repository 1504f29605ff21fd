"""A session that fills its workspace is stopped, told, and can tidy up."""

from __future__ import annotations

import asyncio
import time
from functools import partial

import pytest

from codeact.interpreter.forked import ForkedInterpreter
from codeact.interpreter.offer import probe, tier
from codeact.interpreter.sandbox import SandboxPolicy
from tests.interpreter.test_forked import until

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(tier(probe()) == "none", reason="this machine offers no walls"),
]

Small = partial(ForkedInterpreter, sandbox=SandboxPolicy(mode="required", disk_mb=8))
MANY_FILES = """
import time
for number in range(400):
    open(f'f{number}', 'wb').write(bytes(1 << 18)); time.sleep(0.005)
"""
EMPTY_FILES = "for number in range(100_000): open(f'e{number}', 'w').close()"
ONE_FILE = "import os; os.posix_fallocate(os.open('big', os.O_CREAT | os.O_RDWR), 0, 12 << 20)"
IGNORING = f"""
while True:
    try:
        {MANY_FILES.strip().replace(chr(10), chr(10) + "        ")}
    except KeyboardInterrupt:
        pass
"""


def alive(interpreter: ForkedInterpreter) -> bool:
    """Whether anything of it still writes: its workspace grows."""
    before = weight(interpreter)
    time.sleep(0.5)
    return weight(interpreter) != before


def weight(interpreter: ForkedInterpreter) -> int:
    return sum(each.stat().st_size for each in interpreter.workspace.rglob("*") if each.is_file())


async def test_many_small_files_end_the_cell_and_the_variables_stay() -> None:
    async with Small() as interpreter, Small() as neighbour:
        await neighbour.execute("x = 1")
        await interpreter.execute("x = 41")
        done = await interpreter.execute(MANY_FILES)
        assert (done.ok, done.error, done.state) == (False, "DiskFull", "kept")
        assert "The cell was stopped because the workspace holds" in done.text
        assert "more than its limit of 8 MB and 512 files" in done.text
        assert weight(interpreter) < 80 << 20
        assert (await neighbour.execute("x")).text == "1\n"
        tidied = await interpreter.execute(
            "import os\nfor f in os.listdir(): f[0] == 'f' and os.unlink(f)"
        )
        assert tidied.ok, tidied.text
        assert "more than its limit" not in tidied.text
        assert (await interpreter.execute("x + 1")).text == "42\n"


async def test_files_that_hold_nothing_are_counted() -> None:
    async with Small() as interpreter:
        done = await interpreter.execute(EMPTY_FILES)
    assert done.error == "DiskFull"


async def test_a_cell_that_ignores_the_stop_is_killed_and_the_state_restored() -> None:
    async with Small() as interpreter:
        await interpreter.execute("x = 41")
        done = await interpreter.execute(IGNORING)
        assert (done.error, done.state) == ("DiskFull", "restored")


async def test_a_cell_that_is_too_fast_to_be_stopped_is_told_and_the_next_may_not_add() -> None:
    async with Small() as interpreter:
        done = await interpreter.execute(ONE_FILE)
        assert "more than its limit of 8 MB and 512 files" in done.text
        more = await interpreter.execute(MANY_FILES)
        assert more.error == "DiskFull"
        assert (await interpreter.execute("import os; os.unlink('big')")).ok


async def test_what_is_left_running_is_ended_when_it_fills_the_workspace() -> None:
    async with Small() as interpreter:
        await interpreter.execute("x = 1")
        shell = "while :; do head -c 1000000 /dev/zero >> grown; sleep 0.05; done"
        await interpreter.execute(f"import subprocess; subprocess.Popen(['sh', '-c', {shell!r}])")
        await until(lambda: weight(interpreter) > 8 << 20)
        await until(lambda: not alive(interpreter), 10.0)
        done = await interpreter.execute("1")
        assert done.error == "StateLost"
        assert "was killed because the workspace holds" in done.text
        held = weight(interpreter)
        await asyncio.sleep(0.3)
        assert weight(interpreter) == held


async def test_quick_cells_that_go_on_filling_it_end_the_session() -> None:
    async with Small() as interpreter:
        await interpreter.execute(ONE_FILE)
        cells = [
            await interpreter.execute("open('big', 'ab').write(bytes(1 << 20))") for _ in range(3)
        ]
        assert [each.state for each in cells] == ["kept", "kept", "lost"]
        assert "was killed because the workspace holds" in cells[-1].text
        assert (await interpreter.execute("1")).state == "kept"
        assert weight(interpreter) < 20 << 20


async def test_without_walls_nothing_is_watched() -> None:
    policy = SandboxPolicy(mode="off", disk_mb=1)
    async with ForkedInterpreter(sandbox=policy) as interpreter:
        assert (await interpreter.execute(ONE_FILE)).text == ""
