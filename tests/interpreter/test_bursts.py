"""Tools that are called in a loop: a thread answers, and nothing else is any different."""

from __future__ import annotations

import asyncio
import contextvars
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from codeact.errors import ConfigError
from codeact.events import Event, OutputDelta
from codeact.interpreter.burst import Burst
from codeact.interpreter.wire import Decoder, Frame, WireError, encode
from codeact.tool_threads import begin
from codeact.tools import Toolbox, tool
from tests.interpreter.conftest import Open

pytestmark = pytest.mark.anyio

LABEL: contextvars.ContextVar[str] = contextvars.ContextVar("label", default="nobody's")


def add(a: int, b: int = 1) -> int:
    """Add two numbers."""
    return a + b


def echo(value: Any) -> Any:
    return value


async def test_every_call_of_a_loop_gets_its_own_answer(opened: Open) -> None:
    async with opened() as interpreter:
        cell = "total = 0\nfor n in range(500):\n    total = add(total, n)\ntotal"
        done = await interpreter.execute(cell, toolbox=Toolbox.of([add]))
        assert done.text == "124750\n"
        again = await interpreter.execute("add(total, b=1)", toolbox=Toolbox.of([add]))
        assert again.text == "124751\n"


async def test_the_calls_of_a_loop_are_made_in_one_thread_that_is_not_the_event_loops(
    opened: Open,
) -> None:
    threads: list[str] = []

    def note() -> None:
        threads.append(threading.current_thread().name)

    async with opened() as interpreter:
        cell = "for n in range(200): note()"
        assert (await interpreter.execute(cell, toolbox=Toolbox.of([note]))).ok
    assert len(threads) == 200
    assert set(threads) == {"codeact-tool"}


async def test_what_is_printed_between_calls_is_heard_in_order(opened: Open) -> None:
    heard: list[str] = []

    def emit(event: Event) -> None:
        if isinstance(event, OutputDelta):
            heard.append(event.text)

    async with opened() as interpreter:
        cell = "for n in range(60):\n    print(add(n))"
        done = await interpreter.execute(cell, toolbox=Toolbox.of([add]), emit=emit)
    wanted = "".join(f"{n + 1}\n" for n in range(60))
    assert done.text == wanted
    assert "".join(heard) == wanted


async def test_failures_in_a_loop_reach_the_line_that_called(opened: Open) -> None:
    def odd(n: int) -> int:
        if n % 3 == 0:
            raise LookupError(f"no {n}")
        if n % 3 == 1:
            raise SystemExit(n)
        raise StopIteration(n)

    cell = (
        "kinds = set()\nfor n in range(60):\n    try: odd(n)\n"
        "    except Exception as error: kinds.add(type(error).__name__)\n"
        "try: odd('x')\nexcept TypeError as error: kinds.add('bad')\nsorted(kinds)"
    )
    async with opened() as interpreter:
        done = await interpreter.execute(cell, toolbox=Toolbox.of([odd]))
        assert done.text == "['LookupError', 'RuntimeError', 'bad']\n", done.text


async def test_values_that_cannot_cross_are_told_in_a_loop_too(opened: Open) -> None:
    def opaque(n: int) -> object:
        return object() if n == 20 else n

    cell = "for n in range(30):\n    opaque(n)"
    async with opened() as interpreter:
        done = await interpreter.execute(cell, toolbox=Toolbox.of([opaque]))
        assert done.error == "TypeError"
        assert "The result of opaque() did not reach the code" in done.text
        assert (await interpreter.execute("n")).text == "20\n"


async def test_large_values_cross_in_a_loop(opened: Open) -> None:
    async with opened() as interpreter:
        cell = "sum(len(echo('x' * n * 50_000)) for n in range(30))"
        done = await interpreter.execute(cell, toolbox=Toolbox.of([echo]))
        assert done.text == "21750000\n"


async def test_a_call_that_lasts_is_waited_for_while_others_go_on(opened: Open) -> None:
    def pause(n: int) -> int:
        time.sleep(0.05 if n % 20 == 0 else 0)
        return n

    cell = "sum(pause(n) for n in range(100))"
    async with opened() as one, opened() as other:
        tools = Toolbox.of([pause])
        both = await asyncio.gather(*(each.execute(cell, toolbox=tools) for each in (one, other)))
        assert [done.text for done in both] == ["4950\n", "4950\n"]


async def test_threads_of_a_cell_that_call_in_loops_are_not_made_to_queue(opened: Open) -> None:
    def pause(n: int) -> int:
        time.sleep(0.1 if n >= 10 else 0)
        return n

    cell = (
        "for n in range(10): pause(n)\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(8) as pool: found = sum(pool.map(pause, range(10, 26)))\nfound"
    )
    async with opened() as interpreter:
        done = await interpreter.execute(cell, toolbox=Toolbox.of([pause]))
        assert done.text == f"{sum(range(10, 26))}\n"
        assert done.seconds < 1.2  # one after another they take 1.6


async def test_a_tool_that_hangs_in_the_middle_of_a_loop_ends_with_its_cell(opened: Open) -> None:
    stuck = threading.Event()

    def sometimes(n: int) -> int:
        if n == 50:
            stuck.wait(20)
        return n

    async with opened(timeout=0.5) as interpreter:
        tools = Toolbox.of([sometimes])
        began = time.perf_counter()
        done = await interpreter.execute("for n in range(99): sometimes(n)", toolbox=tools)
        assert (done.error, done.state) == ("Timeout", "kept")
        assert time.perf_counter() - began < 2.5
        stuck.set()
        assert (await interpreter.execute("sometimes(n + 1)", toolbox=tools)).text == "51\n"


async def test_a_tools_own_deadline_holds_in_a_loop(opened: Open) -> None:
    stuck = threading.Event()

    def sometimes(n: int) -> int:
        if n == 50:
            stuck.wait(20)
        return n

    cell = "for n in range(99): sometimes(n)"
    async with opened() as interpreter:
        tools = Toolbox.of([tool(sometimes, seconds=0.2)])
        done = await interpreter.execute(cell, toolbox=tools)
        stuck.set()
        assert done.error == "TimeoutError", done.text
        assert "'sometimes' did not return within 0.2 seconds" in done.text


async def test_a_loop_of_calls_can_be_interrupted(opened: Open) -> None:
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    def count(n: int) -> int:
        if n == 100:
            loop.call_soon_threadsafe(begun.set)
        return n

    async with opened() as interpreter:
        cell = "n = 0\nwhile True: n = count(n) + 1"
        tools = Toolbox.of([count])
        running = asyncio.create_task(interpreter.execute(cell, toolbox=tools))
        await begun.wait()
        await interpreter.interrupt()
        done = await running
        assert (done.error, done.state) == ("Interrupted", "kept")
        assert (await interpreter.execute("n >= 100")).text == "True\n"


async def test_a_process_that_dies_in_the_middle_of_a_loop_is_told_of(opened: Open) -> None:
    cell = "import os\nfor n in range(99):\n    add(n)\n    if n == 60: os._exit(3)"
    async with opened() as interpreter:
        done = await interpreter.execute(cell, toolbox=Toolbox.of([add]))
        assert done.error == "StateLost"
        assert "exited with status 3" in done.text
        assert (await interpreter.execute("add(1)", toolbox=Toolbox.of([add]))).text == "2\n"


async def test_a_session_that_is_closed_in_the_middle_of_a_loop_leaves_nothing(
    opened: Open,
) -> None:
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    def count(n: int) -> int:
        loop.call_soon_threadsafe(begun.set)
        return n

    async with opened() as interpreter:
        cell = "while True: count(1)"
        running = asyncio.create_task(interpreter.execute(cell, toolbox=Toolbox.of([count])))
        await begun.wait()
        await asyncio.sleep(0.05)
    done = await running
    assert done.state == "lost"


async def test_a_forged_frame_in_the_middle_of_a_loop_ends_that_session_alone(
    opened: Open,
) -> None:
    cell = (
        "import os, socket\nfor n in range(99):\n    add(n)\n    if n == 60:\n"
        "        for name in os.listdir('/proc/self/fd'):\n"
        "            try: sock = socket.socket(fileno=os.dup(int(name)))\n"
        "            except OSError: continue\n"
        "            try: sock.send(b'\\xff' * 64)\n"
        "            except OSError: pass\n"
    )
    async with opened() as interpreter, opened() as neighbour:
        await neighbour.execute("x = 1")
        done = await interpreter.execute(cell, toolbox=Toolbox.of([add]))
        assert "sent something unreadable and was killed" in done.text
        assert (await neighbour.execute("x")).text == "1\n"


async def test_a_synchronous_tool_may_give_something_to_await(opened: Open) -> None:
    async def later(n: int) -> int:
        await asyncio.sleep(0)
        return n + 1

    def soon(n: int) -> Awaitable[int]:
        return later(n)

    async with opened() as interpreter:
        done = await interpreter.execute(
            "sum(soon(n) for n in range(50))", toolbox=Toolbox.of([soon])
        )
        assert done.text == "1275\n"


async def test_an_error_of_ours_in_a_loop_comes_out_of_execute(opened: Open) -> None:
    def broken(n: int) -> int:
        if n == 50:
            raise ConfigError("set it up first")
        return n

    async with opened() as interpreter:
        with pytest.raises(ConfigError, match="set it up first"):
            await interpreter.execute("for n in range(99): broken(n)", toolbox=Toolbox.of([broken]))
        assert (await interpreter.execute("n")).text == "50\n"


async def test_tools_in_a_loop_see_the_callers_context(opened: Open) -> None:
    def label(n: int) -> str:
        return LABEL.get()

    async with opened() as interpreter:
        await interpreter.execute("1")
        token = LABEL.set("mine")
        cell = "{label(n) for n in range(50)}"
        done = await interpreter.execute(cell, toolbox=Toolbox.of([label]))
        LABEL.reset(token)
    assert done.text == "{'mine'}\n"


async def test_tools_that_need_approval_are_asked_about_in_a_loop_too(opened: Open) -> None:
    asked: list[int] = []

    async def guard(call: Any, found: Any, emit: Any) -> None:
        asked.append(1)

    async with opened() as interpreter:
        box = Toolbox(Toolbox.of([add]).tools, guard=guard)
        done = await interpreter.execute("for n in range(40): add(n)", toolbox=box)
        assert done.ok, done.text
    assert len(asked) == 40


class Told:
    """A call whose answer is known."""

    def run(self) -> bytes | None:
        return b"answer"

    def lasts(self) -> None:
        """Nobody waits."""

    def settle(self) -> None:
        """Nobody waits."""


Ends = tuple[socket.socket, socket.socket]
Back = tuple[list[Frame], bytes, WireError | None]


@pytest.fixture
def ends() -> Iterator[Ends]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        yield ours, theirs


def burst(
    sock: socket.socket, direct: Callable[[Frame], Told | None]
) -> tuple[Burst, asyncio.Future[Back]]:
    """A burst on a socket, and what it tells in the end."""
    over: asyncio.Future[Back] = asyncio.get_running_loop().create_future()

    def back(*told: Any) -> None:
        over.set_result(told)

    context = contextvars.copy_context()
    return Burst(sock, Decoder(), direct, back, lambda frame: None, context), over


async def test_a_connection_that_is_reset_ends_a_burst(ends: Ends) -> None:
    ours, theirs = ends
    stretch, over = burst(ours, lambda frame: None)
    begin(lambda: stretch.run(Told()))
    await asyncio.sleep(0.01)
    theirs.close()  # the answer is unread: the next look fails
    assert await over == ([], b"", None)


async def test_a_burst_that_is_revoked_while_it_looks_at_a_call_leaves_the_call(
    ends: Ends,
) -> None:
    ours, theirs = ends
    held: list[list[Frame]] = []

    def direct(frame: Frame) -> Told:
        held.append(stretch.revoke())
        return Told()

    stretch, over = burst(ours, direct)
    theirs.send(encode({"op": "call", "id": 1, "name": "add"}))
    await asyncio.to_thread(stretch.run, Told())
    assert [[frame.head["id"] for frame in frames] for frames in held] == [[1]]
    assert theirs.recv(99) == b"answer"
    assert not over.done()


async def test_a_burst_that_is_revoked_while_it_waits_for_a_call_reads_no_more(
    ends: Ends,
) -> None:
    ours, theirs = ends
    for _ in range(5):  # one may have waited too long already
        stretch, _over = burst(ours, lambda frame: None)

        def revoked(stretch: Burst = stretch) -> None:
            assert theirs.recv(99) == b"answer"
            assert stretch.revoke() == []
            theirs.send(b"late")

        await asyncio.gather(asyncio.to_thread(stretch.run, Told()), asyncio.to_thread(revoked))
        assert ours.recv(99) == b"late"


async def test_a_fault_of_ours_in_a_burst_is_told_to_the_event_loop(ends: Ends) -> None:
    ours, theirs = ends

    def direct(frame: Frame) -> Told:
        raise ZeroDivisionError("ours")

    faults: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, told: faults.append(told))
    stretch, over = burst(ours, direct)
    theirs.send(encode({"op": "call", "id": 1, "name": "add"}))
    await asyncio.to_thread(stretch.run, Told())
    frames, rest, unreadable = await over
    assert ([frame.head["id"] for frame in frames], rest, unreadable) == ([1], b"", None)
    await asyncio.sleep(0)
    assert isinstance(faults[0]["exception"], ZeroDivisionError)
