"""Tools as functions in the cell's namespace: real arguments, real values, real exceptions."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from codeact.errors import ConfigError
from codeact.interpreter import Execution
from codeact.tools import Tool, Toolbox, tool
from tests.interpreter.conftest import Open

pytestmark = pytest.mark.anyio


class OutOfStock(LookupError):
    """An exception that the kernel has never heard of."""


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError


def add(a: int, b: int = 1) -> int:
    """Add two numbers."""
    return a + b


async def slow_add(a: int) -> int:
    await asyncio.sleep(0.3)
    return a + 1


def echo(value: Any) -> Any:
    return value


def kind(value: Any) -> str:
    return type(value).__name__


ERRORS: dict[str, BaseException] = {
    "key": KeyError("k"),
    "file": FileNotFoundError(2, "No such file", "x.txt"),
    "unicode": UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
    "stock": OutOfStock("no more pears"),
    "odd": ValueError(object()),
    "exit": SystemExit(3),
    "strange": type("Strange", (BaseException,), {})(),
    "unprintable": Unprintable(),
    "cancelled": asyncio.CancelledError(),
}


async def fail(how: str) -> None:
    raise ERRORS[how]


async def forever() -> None:
    await asyncio.sleep(100)


def big(size: int) -> list[int]:
    return list(range(size))


TOOLS = Toolbox.of([add, slow_add, echo, kind, fail, forever, big])


async def ran(opened: Open, cell: str, toolbox: Toolbox = TOOLS, **settings: Any) -> Execution:
    async with opened(**settings) as interpreter:
        execution: Execution = await interpreter.execute(cell, toolbox=toolbox)
        return execution


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("add(1)", "2\n"),
        ("add(1, 2)", "3\n"),
        ("add(a=1, b=5)", "6\n"),
        ("slow_add(1)", "2\n"),
        ("[add(n) for n in range(10)]", "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n"),
        ("import inspect\nprint(inspect.signature(add), add.__doc__)", None),
        ("sum(big(100_000)), len(echo('x' * 10_000_000))", "(4999950000, 10000000)\n"),
        ("kind({1, 2}), kind((1,)), kind(b'x'), kind(None)", None),
        ("import asyncio\nawait asyncio.to_thread(add, 1)", "2\n"),
        ("import asyncio\nawait asyncio.sleep(0)\nadd(1)", "2\n"),
    ],
)
async def test_a_tool_is_called_like_any_function(
    opened: Open, cell: str, text: str | None
) -> None:
    done = await ran(opened, cell)
    assert done.ok, done.text
    if text is None:
        text = {
            "i": "(a: 'int', b: 'int' = 1) -> 'int' add(a: int, b: int = 1) -> int\n\n"
            "Add two numbers.\n",
            "k": "('set', 'tuple', 'bytes', 'NoneType')\n",
        }[cell[0]]
    assert done.text == text


@pytest.mark.parametrize(
    "literal",
    [
        "[None, True, 1, 2**80, 1.5, float('inf'), 'é\\ud800', b'\\0', 1j]",
        "{1: 'a', (2, 3): {'b'}, None: frozenset({4})}",
        "datetime(2020, 1, 2, tzinfo=timezone.utc), date(2020, 1, 2), timedelta(1, 2, 3)",
        "Decimal('1.10'), Fraction(1, 3), UUID(int=7), Path('a/b'), range(1, 9, 2)",
    ],
)
async def test_plain_values_come_back_as_they_went(opened: Open, literal: str) -> None:
    cell = (
        "from datetime import *\nfrom decimal import *\nfrom fractions import *\n"
        "from uuid import *\nfrom pathlib import *\n"
        f"value = {literal}\nback = echo(value)\nback == value, type(back) is type(value)"
    )
    assert (await ran(opened, cell)).text == "(True, True)\n"


async def test_a_tool_gets_and_gives_arrays_and_frames(opened: Open) -> None:
    def table(scale: Any) -> Any:
        return pd.DataFrame({"a": scale * 2}), np.float32(1), Decimal(1), datetime.now(UTC), Path()

    cell = (
        "import numpy as np\nframe, *rest = table(np.arange(3))\n"
        "print(type(frame).__name__, frame.a.tolist(), [type(each).__name__ for each in rest])"
    )
    done = await ran(opened, cell, Toolbox.of([table]))
    assert done.text == ("DataFrame [0, 2, 4] ['float32', 'Decimal', 'datetime', 'PosixPath']\n")


@pytest.mark.parametrize(
    ("how", "error", "told"),
    [
        ("key", "KeyError", "KeyError: 'k'"),
        ("file", "FileNotFoundError", "No such file: 'x.txt'"),
        ("unicode", "UnicodeDecodeError", "can't decode byte 0xff"),
        ("stock", "OutOfStock", "OutOfStock: no more pears"),
        ("odd", "ValueError", "ValueError: <object object"),
        ("exit", "RuntimeError", "called sys.exit(3)"),
        ("strange", "RuntimeError", "fail() tried to end the program with Strange"),
        ("unprintable", "Unprintable", "its message cannot be shown"),
        ("cancelled", "RuntimeError", "fail() was given up"),
    ],
)
async def test_an_exception_of_a_tool_arrives_with_its_type_at_the_calling_line(
    opened: Open, how: str, error: str, told: str
) -> None:
    done = await ran(opened, f"x = 1\nfail({how!r})")
    assert (done.ok, done.error) == (False, error)
    assert told in done.text
    assert 'File "<cell 1>", line 2, in <module>' in done.text
    assert done.text.count("File ") == 1


async def test_an_unknown_exception_is_caught_by_its_nearest_builtin_base(opened: Open) -> None:
    cell = "try: fail('stock')\nexcept LookupError as e: print(type(e).__name__, e)"
    assert (await ran(opened, cell)).text == "OutOfStock no more pears\n"


@pytest.mark.parametrize(
    ("cell", "error", "told"),
    [
        ("add('one')", "TypeError", "bad value for 'a'"),
        ("add()", "TypeError", "Its signature is add(a: int, b: int = 1) -> int"),
        ("ad(1)", "NameError", "name 'ad' is not defined"),
        ("echo(object())", "TypeError", "echo(): a value of type object cannot cross"),
        ("echo(n for n in [])", "TypeError", "list(...)"),
        ("opaque()", "TypeError", "result of opaque() did not reach the code: a value of type"),
        ("quick()", "TimeoutError", "did not return within 0.2 seconds"),
        ("def deep(n): return deep(add(n))\ndeep(0)", "RecursionError", "recursion"),
    ],
)
async def test_a_call_that_cannot_be_made_says_why(
    opened: Open, cell: str, error: str, told: str
) -> None:
    tools = [
        *TOOLS,
        tool(lambda: object(), name="opaque"),
        tool(forever, name="quick", seconds=0.2),
    ]
    async with opened() as interpreter:
        done = await interpreter.execute(cell, toolbox=Toolbox.of(tools))
        assert (done.ok, done.error) == (False, error)
        assert told in done.text
        assert (await interpreter.execute("add(1)", toolbox=Toolbox.of(tools))).text == "2\n"


async def test_ten_threads_call_a_slow_tool_at_the_same_time(opened: Open) -> None:
    cell = (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(10) as pool:\n    print(list(pool.map(slow_add, range(10))))"
    )
    done = await ran(opened, cell)
    assert done.text == "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n"
    assert done.seconds < 1.5


@pytest.mark.parametrize(
    "cell",
    [
        "forever()",
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(3) as pool: list(pool.map(lambda _: forever(), range(20)))",
    ],
)
async def test_a_tool_that_never_returns_ends_with_the_cell(opened: Open, cell: str) -> None:
    ended = threading.Event()

    async def forever() -> None:
        try:
            await asyncio.sleep(100)
        finally:
            ended.set()

    tools = Toolbox.of([forever, add])
    async with opened(timeout=0.5) as interpreter:
        began = time.perf_counter()
        await interpreter.execute("x = 1")
        done = await interpreter.execute(cell, toolbox=tools)
        assert (done.error, done.state) == ("Timeout", "kept")
        assert time.perf_counter() - began < 2.5
        assert ended.is_set()
        assert (await interpreter.execute("add(x)", toolbox=tools)).text == "2\n"


async def test_a_call_that_the_code_gives_up_is_given_up_in_the_host(opened: Open) -> None:
    ended = threading.Event()

    async def forever() -> None:
        try:
            await asyncio.sleep(100)
        finally:
            ended.set()

    cell = (
        "import signal\nsignal.signal(signal.SIGALRM, signal.getsignal(signal.SIGINT))\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.2)\n"
        "try: forever()\nexcept KeyboardInterrupt: print('gave up')\nimport time\ntime.sleep(0.2)"
    )
    async with opened() as interpreter:
        done = await interpreter.execute(cell, toolbox=Toolbox.of([forever]))
        assert done.text == "gave up\n"
        assert ended.is_set()


async def test_a_tool_called_after_its_cell_is_refused(opened: Open) -> None:
    cell = (
        "import threading, time\ntold = []\ndef late():\n    time.sleep(0.2)\n"
        "    try: add(1)\n    except RuntimeError as error: told.append(str(error))\n"
        "threading.Thread(target=late).start()"
    )
    async with opened() as interpreter:
        await interpreter.execute(cell, toolbox=TOOLS)
        await asyncio.sleep(0.5)
        done = await interpreter.execute("told[0]", toolbox=TOOLS)
    assert "add() was called after its cell had ended" in done.text


async def test_a_forked_process_cannot_call_tools_but_may_print(opened: Open) -> None:
    cell = (
        "import multiprocessing\nimport warnings\nwarnings.simplefilter('ignore')\n"
        "def work(n):\n    print('working', flush=True)\n"
        "    try: add(n)\n    except RuntimeError as error: return str(error)\n"
        "with multiprocessing.get_context('fork').Pool(1) as pool: print(pool.map(work, [1]))"
    )
    done = await ran(opened, cell)
    assert done.text.startswith("working\n['Tools can be called from the cell's own process") or (
        "Tools can be called from the cell" in done.text and "working" in done.text
    )


async def test_the_codes_own_name_hides_a_tool_until_it_is_deleted(opened: Open) -> None:
    async with opened() as interpreter:
        await interpreter.execute("def add(a): return 'mine'", toolbox=TOOLS)
        assert (await interpreter.execute("add(1)", toolbox=TOOLS)).text == "'mine'\n"
        assert [each.name for each in await interpreter.variables()] == ["add"]
        await interpreter.execute("del add", toolbox=TOOLS)
        assert (await interpreter.execute("add(1)", toolbox=TOOLS)).text == "2\n"
        assert await interpreter.variables() == ()


async def test_tools_come_and_go_with_the_toolbox(opened: Open) -> None:
    async with opened() as interpreter:
        await interpreter.execute("kept = add", toolbox=TOOLS)
        gone = await interpreter.execute("add(1)")
        stale = await interpreter.execute("kept(1)")
        assert (gone.error, stale.error) == ("NameError", "NameError")
        assert "There is no tool named 'add'" in stale.text


@pytest.mark.parametrize("threaded", [False, True])
async def test_an_error_of_ours_in_a_tool_comes_out_of_execute(
    opened: Open, threaded: bool
) -> None:
    async def broken() -> None:
        raise ConfigError("set it up first")

    cell = "broken()"
    if threaded:
        cell = "import threading\nt = threading.Thread(target=broken)\nt.start()\nt.join()"
    async with opened() as interpreter:
        with pytest.raises(ConfigError, match="set it up first"):
            await interpreter.execute(f"x = 1\n{cell}", toolbox=Toolbox.of([broken]))
        said = (await interpreter.execute("x == 1")).text  # the thread may still show its traceback
        assert "True" in said


async def test_a_tool_whose_function_has_no_signature_is_offered_as_it_is_described(
    opened: Open,
) -> None:
    unread = Tool(name="unread", function=threading.get_ident, signature="unread()", description="")
    async with opened() as interpreter:
        done = await interpreter.execute("callable(unread)", toolbox=Toolbox((unread,)))
        assert done.text == "True\n"
