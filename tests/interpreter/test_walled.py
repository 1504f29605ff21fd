"""Forked sessions behind walls: restored, copied, and gone with their host."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from codeact.interpreter.forked import ForkedInterpreter
from codeact.interpreter.sandbox import SandboxPolicy
from codeact.interpreter.snapshots import CannotCopy
from tests.interpreter.conftest import ended
from tests.interpreter.test_forked import until

pytestmark = pytest.mark.anyio

Walled = partial(ForkedInterpreter, sandbox=SandboxPolicy(mode="required"))


async def test_the_machine_cannot_be_read_before_or_after_a_death() -> None:
    async with Walled() as interpreter:
        for _ in range(2):
            done = await interpreter.execute("x = 1\nopen('/etc/shadow').read()")
            assert done.error in ("FileNotFoundError", "PermissionError")
            assert (await interpreter.execute("import os; os._exit(3)")).state == "restored"
        assert (await interpreter.execute("x")).text == "1\n"


async def test_sessions_do_not_see_one_another_s_temporary_files() -> None:
    make = "import os, tempfile\nos.path.basename(tempfile.mkstemp(prefix='made-')[1])"
    look = "[each for each in os.listdir(tempfile.gettempdir()) if each.startswith('made-')]"
    async with Walled() as one, Walled() as two:
        made = [(await each.execute(make)).text.strip() for each in (one, two)]
        seen = [(await each.execute(look)).text.strip() for each in (one, two)]
    assert seen == [f"[{each}]" for each in made]
    assert made[0] != made[1]


async def test_undo_brings_files_back_that_the_session_can_write_again() -> None:
    async with Walled() as interpreter:
        await interpreter.execute("open('f', 'w').write('one')")
        await interpreter.execute("open('f', 'w').write('two')")
        await interpreter.undo()
        assert (interpreter.workspace / "f").read_text() == "one"
        cell = "open('f', 'a').write('more')\nopen('f').read()"
        assert (await interpreter.execute(cell)).text == "'onemore'\n"


async def test_a_fork_lives_inside_of_the_first_folder_until_the_last_one_closes() -> None:
    async with Walled() as one:
        await one.execute("x = [1]; open('f', 'w').write('shared')")
        two = await one.fork()
        assert two.workspace.is_relative_to(one.workspace)
        await one.execute("x.append('one'); open('f', 'w').write('one')")
        folder = one.workspace
    cell = "x.append('two'); open('f', 'a').write(' two'); x, open('f').read()"
    assert (await two.execute(cell)).text == "([1, 'two'], 'shared two')\n"
    await two.aclose()
    assert not folder.exists()


async def test_a_fork_into_a_named_folder_is_refused(tmp_path: Path) -> None:
    async with Walled() as interpreter:
        with pytest.raises(CannotCopy, match="name no other"):
            await interpreter.fork(tmp_path)


HOST = """
import asyncio
from tests.interpreter.test_walled import Walled

async def main():
    async with Walled() as interpreter:
        cell = "import subprocess; subprocess.Popen(['sleep', 'SECONDS']); x = 1"
        await interpreter.execute(cell)
        print("ready", flush=True)
        await interpreter.execute("import itertools; all(itertools.repeat(True))")

asyncio.run(main())
"""


def running(words: str) -> bool:
    found = (path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists())
    return any(words.encode() in each.replace(b"\0", b" ") for each in found)


async def test_nothing_of_a_walled_session_outlives_a_host_that_is_killed() -> None:
    seconds = f"98.{os.getpid()}"
    host = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        HOST.replace("SECONDS", seconds),
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert host.stdout is not None
    assert await host.stdout.readline() == b"ready\n"
    await until(lambda: running(f"sleep {seconds}"))
    host.kill()
    await ended(host)
    await until(lambda: not running(f"sleep {seconds}"))


async def test_many_snapshots_do_not_use_up_the_processes_that_a_session_may_have() -> None:
    policy = SandboxPolicy(mode="required", processes=16)
    async with ForkedInterpreter(sandbox=policy, keep=3) as interpreter:
        await interpreter.execute("x = 0")
        for _ in range(30):
            await interpreter.execute("x += 1")
            assert interpreter.uncopied == ""
        assert (await interpreter.execute("x")).text == "30\n"


async def test_a_session_at_its_limit_of_processes_goes_on_without_a_copy() -> None:
    policy = SandboxPolicy(mode="required", processes=2)
    async with ForkedInterpreter(sandbox=policy) as interpreter:
        await interpreter.execute("x = 1")
        done = await interpreter.execute("x += 1\nx")
        assert (done.text, done.state) == ("2\n", "kept")
        assert "at its limit of processes" in interpreter.uncopied
        with pytest.raises(CannotCopy, match="at its limit of processes"):
            await interpreter.fork()
        assert (await interpreter.execute("x")).text == "2\n"


async def test_a_session_that_uses_up_its_processes_can_be_restored() -> None:
    policy = SandboxPolicy(mode="required", processes=12)
    cell = "import subprocess\nwhile True: subprocess.Popen(['sleep', '60'])"
    async with ForkedInterpreter(sandbox=policy) as interpreter:
        await interpreter.execute("x = 1")
        assert (await interpreter.execute(cell)).error in ("BlockingIOError", "OSError")
        await interpreter.execute("y = 2")
        assert "at its limit" in interpreter.uncopied or "not done" in interpreter.uncopied
        assert (await interpreter.execute("x + y")).text == "3\n"
