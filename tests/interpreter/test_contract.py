"""What every interpreter promises about one cell: its state, its text, its media, its errors."""

from __future__ import annotations

import asyncio
import base64
import re
from typing import Any

import pytest

from codeact.events import Event, OutputDelta
from codeact.interpreter import Execution
from tests.interpreter.conftest import Open

pytestmark = pytest.mark.anyio


async def ran(opened: Open, *cells: str, **settings: Any) -> Execution:
    """The last of some cells."""
    last = Execution(text="")
    async with opened(**settings) as interpreter:
        for cell in cells:
            last = await interpreter.execute(cell)
    return last


async def test_variables_stay_from_cell_to_cell(opened: Open) -> None:
    assert (await ran(opened, "x = 41", "print(x + 1)")).text == "42\n"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("1 + 1", "2\n"),
        ("'a'", "'a'\n"),
        ("x = 1", ""),
        ("None", ""),
        ("1;", ""),
        ("'a;b'", "'a;b'\n"),
        ("display(1)\n2", "1\n2\n"),
        ("   ", ""),
        ("import asyncio\nawait asyncio.sleep(0.01)\n5", "5\n"),
        ("  if True:\n      print('dedented')", "dedented\n"),
        ("%%time\n7", "7\n"),
        ("!echo out; echo err >&2", "out\nerr\n"),
        ("files = !echo a b\nfiles[0]", "'a b'\n"),
        ("import asyncio\nasyncio.run(asyncio.sleep(0, 'own loop'))", "'own loop'\n"),
        ("from IPython.display import Markdown\nMarkdown('**b**')", "**b**\n"),
        ("print('10%\\r50%\\r100%')", "100%\n"),
    ],
)
async def test_the_text_of_a_cell_is_what_a_notebook_shows(
    opened: Open, cell: str, text: str
) -> None:
    done = await ran(opened, cell)
    shown = done.text.split("CPU times")[0] + done.text.split("µs\n")[-1]
    assert done.ok
    assert text in (done.text, shown) or done.text.endswith(text)


async def test_stdout_and_stderr_of_all_levels_come_in_order(opened: Open) -> None:
    cell = (
        "import os, subprocess, sys\n"
        "print('1')\nprint('2', file=sys.stderr)\nos.write(1, b'3\\n')\nos.system('echo 4')\n"
        "sys.stdout.buffer.write(b'5\\n')\nsubprocess.run(['echo', '6'])\n"
        "sys.stderr.writelines(['7', '\\n'])\n'8'"
    )
    assert (await ran(opened, cell)).text == "1\n2\n3\n4\n5\n6\n7\n'8'\n"


async def test_what_is_printed_is_told_with_its_stream_while_the_cell_runs(opened: Open) -> None:
    events: list[Event] = []
    heard = asyncio.Event()

    def listen(event: Event) -> None:
        events.append(event)
        if len(events) == 2:
            heard.set()

    async with opened() as interpreter:
        await interpreter.execute("import sys, time")
        cell = "print('now')\nprint('bad', file=sys.stderr)\ntime.sleep(30)"
        running = asyncio.ensure_future(interpreter.execute(cell, emit=listen))
        await asyncio.wait_for(heard.wait(), 10)
        assert not running.done()
        await interpreter.interrupt()
        await running
    assert events == [OutputDelta(text="now\n"), OutputDelta(text="bad\n", stream="stderr")]


async def test_an_exception_is_told_with_its_type_its_line_and_no_foreign_frames(
    opened: Open,
) -> None:
    done = await ran(opened, "\n\ndef half(n):\n    return n / 0", "\nhalf(4)")
    assert (done.ok, done.error, done.state) == (False, "ZeroDivisionError", "kept")
    lines = [line.strip() for line in done.text.splitlines()]
    assert lines[0] == "Traceback (most recent call last):"
    assert re.fullmatch(r'File "<cell 2>", line 2, in <module>', lines[1])
    assert "half(4)" in lines
    assert 'File "<cell 1>", line 4, in half' in lines
    assert "--> return n / 0" in lines
    assert lines[-1] == "ZeroDivisionError: division by zero"
    assert sum(line.startswith("File") for line in lines) == 2
    assert "\x1b" not in done.text


@pytest.mark.parametrize(
    "cell",
    [
        "import asyncio\nawait asyncio.sleep(0)\n1 / 0",
        "get_ipython().run_line_magic('time', '1 / 0')",
        "from concurrent.futures import ThreadPoolExecutor\n"
        "list(ThreadPoolExecutor().map(lambda n: 1 / n, [0]))",
    ],
)
async def test_no_frame_of_the_machinery_is_shown(opened: Open, cell: str) -> None:
    text = (await ran(opened, cell)).text
    assert "ZeroDivisionError" in text
    assert not re.search(r"IPython|codeact/interpreter|run_until_complete", text)


async def test_chained_exceptions_are_both_shown(opened: Open) -> None:
    cell = "try:\n    {}['k']\nexcept KeyError as error:\n    raise ValueError('v') from error"
    text = (await ran(opened, cell)).text
    assert "KeyError: 'k'" in text
    assert "The above exception was the direct cause" in text
    assert text.rstrip().endswith("ValueError: v")


async def test_a_syntax_error_marks_the_place_and_runs_nothing(opened: Open) -> None:
    async with opened() as interpreter:
        done = await interpreter.execute("print('ran')\nx = = 1")
    assert (done.ok, done.error) == (False, "SyntaxError")
    assert 'File "<cell 1>", line 2' in done.text
    assert "^" in done.text
    assert "ran\n" not in done.text
    assert "Traceback" not in done.text


async def test_an_endless_recursion_is_told_in_few_lines(opened: Open) -> None:
    done = await ran(opened, "def a(): b()\ndef b(): a()\na()", "1")
    assert done.text == "1\n"
    done = await ran(opened, "def a(): b()\ndef b(): a()\na()")
    assert done.error == "RecursionError"
    assert "calls left out" in done.text
    assert len(done.text) < 4000


async def test_plots_are_pictures_in_the_order_of_show_and_end(opened: Open) -> None:
    cell = (
        "import matplotlib.pyplot as plt\n%matplotlib inline\nplt.plot([1, 2])\nplt.show()\n"
        "plt.bar([1], [2]);"
    )
    async with opened() as interpreter:
        done = await interpreter.execute(cell)
        after = await interpreter.execute("plt.get_fignums()")
    assert [each.media_type for each in done.media] == ["image/png"] * 2
    assert base64.b64decode(done.media[0].data).startswith(b"\x89PNG")
    assert "<Figure size" in done.text
    assert (after.text, after.media) == ("[]\n", ())


async def test_a_data_frame_is_text_and_a_table(opened: Open) -> None:
    cell = "import pandas as pd\nframe = pd.DataFrame({'a': [1, 2]})\nframe"
    async with opened() as interpreter:
        done = await interpreter.execute(cell)
        variables = await interpreter.variables()
    assert done.text == "   a\n0  1\n1  2\n"
    assert [each.media_type for each in done.media] == ["text/html"]
    assert "<table" in done.media[0].data
    assert [(each.name, each.type, each.preview) for each in variables] == [
        ("frame", "DataFrame (2, 1)", "columns: a")
    ]


async def test_long_output_keeps_head_and_tail_and_the_rest_in_a_file(opened: Open) -> None:
    async with opened(output_limit=1000) as interpreter:
        done = await interpreter.execute("print('head' + 'x' * 5000 + 'tail')")
        again = await interpreter.execute(f"len(open({done.log!r}).read())")
    assert done.text.startswith("head")
    assert done.text.endswith("tail\n")
    assert len(done.text) < 1200
    assert done.log is not None
    assert f"4,009 characters left out here. The whole output is in {done.log!r}" in done.text
    assert again.text == "5009\n"


async def test_a_line_of_two_hundred_megabytes_and_endless_lines_do_no_harm(opened: Open) -> None:
    events: list[Event] = []
    async with opened(timeout=3) as interpreter:
        await interpreter.execute("x = 1")
        done = await interpreter.execute("print('y' * 200_000_000)", emit=events.append)
        assert "left out here" in done.text
        endless = await interpreter.execute("while True: print('z' * 100)", emit=events.append)
        assert endless.error == "Timeout"
        assert (await interpreter.execute("x")).text == "1\n"
    assert sum(len(each.text) for each in events if isinstance(each, OutputDelta)) < 250_000
    assert len(done.text) + len(endless.text) < 22_000


@pytest.mark.parametrize(
    "cell",
    [
        "list(range(10**6))",
        "{n: n for n in range(10**6)}",
        "'a' * 10**8",
        "b'a' * 10**8",
        "10**100_000",
        "[10**100_000]",
    ],
)
async def test_a_huge_last_expression_is_bounded(opened: Open, cell: str) -> None:
    done = await ran(opened, cell)
    assert done.ok
    assert 0 < len(done.text) < 11_000


@pytest.mark.parametrize(
    ("cell", "error"),
    [
        ("raise SystemExit(3)", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise BaseException('odd')", "BaseException"),
        ("raise BaseExceptionGroup('g', [KeyError(1)])", "ExceptionGroup"),
        ("input('name? ')", "EOFError"),
        ("import sys; sys.stdin.readline()", "EOFError"),
        ("import sys; sys.stdin.read()", "EOFError"),
        ("class E(Exception):\n    def __str__(self): raise SystemExit\nraise E", "E"),
        ("%nosuchmagic", "UsageError"),
    ],
)
async def test_whatever_is_raised_ends_the_cell_alone(opened: Open, cell: str, error: str) -> None:
    async with opened() as interpreter:
        await interpreter.execute("x = 1")
        done = await interpreter.execute(cell)
        after = await interpreter.execute("x")
    assert (done.ok, done.error, after.text) == (False, error, "1\n")


@pytest.mark.parametrize("cell", ["exit()", "quit()", "import sys; sys.exit()"])
async def test_leaving_ends_the_cell_and_not_the_session(opened: Open, cell: str) -> None:
    async with opened() as interpreter:
        done = await interpreter.execute(f"x = 5\n{cell}\nx = 6")
        assert (done.ok, "variables are kept" in done.text) == (True, True)
        assert (await interpreter.execute("x")).text == "5\n"


HOSTILE = {
    "repr raises": "class R:\n    def __repr__(self): raise ValueError('evil')\nR()",
    "repr exits": "class R:\n    def __repr__(self): raise SystemExit\nR()",
    "repr is no text": "class R:\n    def __repr__(self): return 5\nR()",
    "stdout replaced": "import sys\nsys.stdout = sys.stderr = None",
    "stdout deleted": "import sys\ndel sys.stdout",
    "modules deleted": "import sys\nfor m in ['json', 'traceback', 'os']: sys.modules.pop(m)",
    "json replaced": "import json\njson.dumps = json.loads = json.JSONEncoder = None",
    "builtins replaced": "import builtins\nbuiltins.print = builtins.len = builtins.repr = None",
    "trace left on": "import sys\nsys.settrace(lambda *a: None)",
    "signals taken": "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)",
    "descriptors closed": "import os\nos.close(1); os.close(2)",
    "a fork that goes on": "import os\nos.fork()",
    "thread that prints on": "import threading\n"
    "threading.Thread(target=lambda: [print('late') for _ in range(9)]).start()",
}


@pytest.mark.parametrize("cell", HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_cell_that_breaks_its_python_does_not_break_the_protocol(
    opened: Open, cell: str
) -> None:
    async with opened(timeout=5) as interpreter:
        await interpreter.execute("x = 1")
        await interpreter.execute(cell)
        await interpreter.execute("1")
        done = await interpreter.execute("import sys\nprint(x + 1)")
    said = done.text.split("[this cell]\n")[-1].replace("late", "")  # its thread may still print
    assert (said.strip(), done.ok) == ("2", True)


async def test_what_a_thread_prints_after_its_cell_is_labelled_in_the_next(opened: Open) -> None:
    late = (
        "import threading, time\n"
        "def late():\n    time.sleep(0.1)\n    print('finally')\n"
        "threading.Thread(target=late).start()"
    )
    async with opened() as interpreter:
        await interpreter.execute(late)
        await asyncio.sleep(0.3)
        done = await interpreter.execute("print('here')")
    head, _, rest = done.text.partition("[this cell]\n")
    assert "after an earlier cell had ended]\nfinally\n" in head
    assert rest == "here\n"


async def test_modules_of_the_workspace_can_be_imported_and_shadow_nothing_of_ours(
    opened: Open,
) -> None:
    async with opened() as interpreter:
        (interpreter.workspace / "mine.py").write_text("value = 7")
        (interpreter.workspace / "json.py").write_text("raise RuntimeError")
        await interpreter.reset()
        done = await interpreter.execute("import mine, os\nmine.value, os.getcwd()")
        assert done.text == f"(7, {str(interpreter.workspace)!r})\n"


async def test_variables_are_the_names_that_the_code_defined(opened: Open) -> None:
    cell = (
        "import math\nimport numpy as np\n"
        "a = [1, 2, 3]\nb = np.zeros((2, 3))\n_hidden = 1\nc = 'x' * 1000\n"
        "def f(u, v): ...\nclass K: ...\nd = None\n"
        "class Slow:\n    def __repr__(self):\n        while True: pass\n"
        "class Bad:\n    def __repr__(self): raise SystemExit\n"
        "slow, bad = Slow(), Bad()\n"
    )
    async with opened() as interpreter:
        assert await interpreter.variables() == ()
        await interpreter.execute(cell)
        seen = {each.name: (each.type, each.preview) for each in await interpreter.variables()}
        assert (await interpreter.execute("a")).text == "[1, 2, 3]\n"
    assert [*seen] == ["a", "b", "c", "f", "K", "d", "Slow", "Bad", "slow", "bad"]
    assert seen["a"] == ("list (3)", "[1, 2, 3]")
    assert seen["b"] == ("ndarray float64 (2, 3)", "[0.0, 0.0, 0.0, 0.0, 0.0, 0.0]")
    assert seen["c"][0] == "str (1000)"
    assert len(seen["c"][1]) <= 60
    assert seen["f"] == ("function", "f(u, v)")
    assert seen["K"] == ("class", "K")
    assert seen["d"] == ("NoneType", "None")
    assert seen["slow"] == ("Slow", "<its repr takes too long>")
    assert seen["bad"] == ("Bad", "<its repr fails: SystemExit>")


async def test_reset_gives_a_fresh_namespace_in_the_same_workspace(opened: Open) -> None:
    async with opened() as interpreter:
        await interpreter.execute("x = 1\nopen('kept.txt', 'w').write('k')")
        await interpreter.reset()
        assert (await interpreter.execute("open('kept.txt').read()")).text == "'k'\n"
        assert (await interpreter.execute("x")).error == "NameError"
