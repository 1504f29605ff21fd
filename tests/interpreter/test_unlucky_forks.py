"""Forks at unlucky moments: kernels that die, lie or hang while they are copied."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from codeact.interpreter.answers import CLOSED
from codeact.interpreter.child import UNKNOWN_END
from codeact.interpreter.enclosure import SessionGroup
from codeact.interpreter.fork_server import Forked, Settings, zygote
from codeact.interpreter.forked import ForkedInterpreter
from codeact.interpreter.process import ProcessInterpreter
from codeact.interpreter.sandbox import SandboxPolicy
from codeact.interpreter.snapshots import CannotCopy
from codeact.interpreter.wire import Frame
from tests.interpreter.test_contract_deadlines import alive, started
from tests.interpreter.test_forked import until
from tests.interpreter.test_process import FORGE

pytestmark = pytest.mark.anyio

PID = "import os; print(os.getpid())"
AT_FORK = "import os, sys, time\nos.register_at_fork({when}=lambda: {what})"
HANG_UP = (
    "import os, stat, time\nfor fd in map(int, os.listdir('/proc/self/fd')):\n    try:\n"
    "        if stat.S_ISSOCK(os.fstat(fd).st_mode): os.close(fd)\n"
    "    except OSError: pass\ntime.sleep(30)"
)


async def snapshots(interpreter: ForkedInterpreter) -> list[int]:
    """Three cells; returns the process in which each has run, of which two wait now."""
    cells = ("x = 1", "x = 2", "x = 3")
    return [int((await interpreter.execute(f"{each}\n{PID}")).text) for each in cells]


@pytest.mark.parametrize("told", [True, False], ids=["told already", "not told yet"])
async def test_an_undo_whose_snapshot_was_killed_goes_back_to_the_one_before(told: bool) -> None:
    async with ForkedInterpreter() as interpreter:
        _, second, _ = await snapshots(interpreter)
        os.kill(second, signal.SIGKILL)
        if told:
            await until(lambda: not alive(second))
            await asyncio.sleep(0.2)
        assert "Back to before cell 2." in (await interpreter.undo()).text
        assert (await interpreter.execute("x")).text == "1\n"


async def test_a_session_whose_kernel_was_killed_is_not_copied() -> None:
    async with ForkedInterpreter() as interpreter:
        await interpreter.execute("x = 1")
        os.kill(int((await interpreter.execute(PID)).text), signal.SIGKILL)
        assert await interpreter.variables() == ()
        with pytest.raises(CannotCopy, match="The Python process was killed"):
            await interpreter.fork()
        assert (await interpreter.execute("x")).state == "restored"
        assert (await interpreter.execute("x")).text == "1\n"


async def test_a_value_whose_repr_ends_the_process_is_restored_all_the_same() -> None:
    deadly = "import os\nclass Deadly:\n    def __repr__(self): os._exit(4)\nx = Deadly()"
    async with ForkedInterpreter() as interpreter:
        await interpreter.execute(deadly)
        done = await interpreter.execute("os._exit(1)")
        assert (done.state, "before this cell: " in done.text) == ("restored", True)
        assert (await interpreter.execute("type(x).__name__")).text == "'Deadly'\n"


async def test_a_cell_over_which_its_session_is_closed_says_so() -> None:
    async with ForkedInterpreter() as interpreter:
        running = await started(interpreter, "print(1)\nwhile True: pass")
        await interpreter.aclose()
        done = await running
    assert (done.ok, done.state) == (False, "lost")
    assert CLOSED in done.text


async def test_a_cell_that_is_cancelled_just_as_its_process_ends_is_cancelled() -> None:
    async with ProcessInterpreter() as interpreter:
        running = await started(interpreter, "print(1)\nwhile True: pass")
        closing = asyncio.ensure_future(interpreter.aclose())
        await asyncio.sleep(0)  # the process is killed, and the cell has not heard of it
        running.cancel()
        await asyncio.wait([running, closing])
    assert running.cancelled()


async def test_a_cancellation_over_a_snapshot_leaves_the_session_whole() -> None:
    async with ForkedInterpreter() as interpreter:
        await interpreter.execute(AT_FORK.format(when="after_in_parent", what="time.sleep(0.5)"))
        running = asyncio.ensure_future(interpreter.execute("x = 1"))
        await asyncio.sleep(0.2)
        running.cancel()
        await asyncio.wait([running])
        assert running.cancelled()
        assert (await interpreter.execute("'x' in globals()")).text == "False\n"


async def test_a_kernel_that_dies_as_it_is_copied_is_told_of() -> None:
    async with ForkedInterpreter() as interpreter:
        await interpreter.execute(AT_FORK.format(when="after_in_parent", what="os._exit(3)"))
        done = await interpreter.execute("x = 1")
        assert (done.error, done.state) == ("StateLost", "lost")
        assert "exited with status 3" in done.text
        assert (await interpreter.execute("1")).text == "1\n"


async def test_a_copy_that_dies_before_it_is_ready_costs_the_session_its_state() -> None:
    async with ForkedInterpreter() as interpreter:
        await interpreter.execute(AT_FORK.format(when="after_in_child", what="os._exit(3)"))
        done = await interpreter.execute("x = 1")
        assert (done.error, done.state) == ("StateLost", "lost")
        assert (await interpreter.execute("1")).text == "1\n"


async def test_a_copy_that_is_not_ready_in_time_is_given_up() -> None:
    async with ForkedInterpreter(start_seconds=3) as interpreter:
        await interpreter.execute(AT_FORK.format(when="after_in_child", what="time.sleep(60)"))
        done = await interpreter.execute("x = 1")
        assert (done.error, done.state) == ("StateLost", "lost")
        assert "not ready after 3 seconds" in interpreter.uncopied


@pytest.mark.parametrize("when", ["after_in_parent", "after_in_child"])
async def test_a_copy_that_speaks_out_of_turn_ends_that_session_alone(when: str) -> None:
    """In the child it speaks on the new connection, in the parent on the old one."""
    speak = "forge([{'op': 'output', 'parts': []}, []])"
    async with ForkedInterpreter() as interpreter, ForkedInterpreter() as other:
        await other.execute("x = 1")
        await interpreter.execute(FORGE)
        await interpreter.execute(AT_FORK.format(when=when, what=speak))
        done = await interpreter.execute("x = 1")
        assert (done.error, done.ok) == ("StateLost", False)
        assert (await interpreter.execute("1")).text == "1\n"
        assert (await other.execute("x")).text == "1\n"


class Raw:
    """A kernel of the zygote with no session around it."""

    def __init__(self, workspace: Path, padding: int = 0) -> None:
        self.frames: list[Frame] = []
        self.dead = asyncio.Event()
        beget = zygote(Settings(python=sys.executable)).beget(
            {"workspace": str(workspace), "padding": "x" * padding}
        )
        self.child = Forked(beget, on_frame=self.frames.append, on_death=self.dead.set)
        greeting = {"workspace": str(workspace), "limit": 999, "preload": [], "env": {}}
        self.child.send({"op": "start", "self_debug": False, **greeting})

    async def ready(self) -> None:
        await until(lambda: self.frames)
        assert self.frames[0].head["op"] == "ready"

    async def close(self) -> None:
        self.child.kill()
        await self.child.gone()


async def test_kernels_asked_of_a_zygote_that_is_behind_come_later(tmp_path: Path) -> None:
    server = zygote(Settings(python=sys.executable)).process.pid
    os.kill(server, signal.SIGSTOP)
    kernels = [Raw(tmp_path, padding=50_000) for _ in range(8)]
    await asyncio.sleep(0.05)
    os.kill(server, signal.SIGCONT)
    for each in kernels:
        await each.ready()
        await each.close()


async def test_why_a_kernel_was_killed_is_told_though_it_has_only_hung_up(tmp_path: Path) -> None:
    kernel = Raw(tmp_path)
    await kernel.ready()
    kernel.child.verdict = lambda: "used too much"
    kernel.child.send({"op": "execute", "cell": 1, "code": HANG_UP, "tools": None, "id": 1})
    await kernel.dead.wait()
    assert kernel.child.epitaph() == "used too much"
    await kernel.close()


async def test_a_forked_kernel_that_closes_its_connection_is_killed() -> None:
    async with ForkedInterpreter() as interpreter:
        done = await interpreter.execute(HANG_UP)
        assert "closed its connection and was killed" in done.text
        assert (await interpreter.execute("1")).text == "1\n"


async def test_of_a_kernel_that_never_came_nobody_can_tell_how_it_ended() -> None:
    dead = asyncio.Event()
    child = Forked(lambda held, report: None, on_frame=lambda frame: None, on_death=dead.set)
    await dead.wait()
    assert child.epitaph() == UNKNOWN_END


def test_a_group_of_a_session_that_is_over_takes_no_process() -> None:
    group = SessionGroup(SandboxPolicy())
    group.remove()
    group.join(os.getpid())
    assert not group.holds(os.getpid())
    assert (group.kind, group.memory_mb()) == ("", 0.0)


async def test_a_session_that_cannot_go_on_after_a_fork_says_so_in_its_next_cell() -> None:
    hook = (
        "import os\nforks = []\ndef hook():\n    forks.append(1)\n"
        "    if len(forks) == 2: os._exit(3)\nos.register_at_fork(before=hook)"
    )
    async with ForkedInterpreter() as one:
        await one.execute(hook)
        async with await one.fork():
            late = await one.execute("1")
            assert (late.error, late.state) == ("StateLost", "lost")
            assert (
                "what was to go on here after a fork is gone. This cell was not run." in late.text
            )
        assert (await one.execute("1 + 1")).text == "2\n"


async def test_a_session_that_is_closed_while_its_own_copy_comes_leaves_nothing() -> None:
    async with ForkedInterpreter() as one:
        await one.execute("x = 1")
        two = await one.fork()
    assert (await two.execute("x")).text == "1\n"
    await two.aclose()
