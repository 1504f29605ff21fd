"""What the model reads when its code fails: real kernels, with and without self-debug."""

from __future__ import annotations

from typing import Any

import pytest

from codeact.evals import runs as m3tooleval
from codeact.interpreter import Execution
from codeact.interpreter.kernel_traceback import NOT_PYTHON, NOTHING_RAN
from codeact.interpreter.process import ProcessInterpreter
from codeact.tasks import mint
from codeact.tools import Tool, Toolbox, tool

pytestmark = pytest.mark.anyio


def add(first: int, second: int = 2) -> int:
    return first + second


def shout(text: str, /) -> str:
    return text.upper()


TOOLS = Toolbox.of([add, shout])


async def ran(*cells: str, tools: Toolbox = TOOLS, **settings: Any) -> Execution:
    last = Execution(text="")
    async with ProcessInterpreter(**settings) as interpreter:
        for cell in cells:
            last = await interpreter.execute(cell, toolbox=tools)
    return last


async def test_nothing_of_a_doomed_cell_is_run() -> None:
    async with ProcessInterpreter() as interpreter:
        await interpreter.execute("total = 5")
        done = await interpreter.execute("extra = 1\nprint('ran', totl)")
        assert (done.ok, done.error, done.state) == (False, "NameError", "kept")
        assert done.text == (
            "Traceback (most recent call last):\n"
            '  File "<cell 2>", line 2, in <module>\n'
            "--> print('ran', totl)\n"
            "                 ^^^^\n"
            "NameError: name 'totl' is not defined\n"
            "Did you mean 'total'?\n" + NOTHING_RAN.format(line=2)
        )
        assert [each.name for each in await interpreter.variables()] == ["total"]


async def test_without_self_debug_a_doomed_cell_runs_up_to_its_error() -> None:
    done = await ran("print('ran')\ntotl", self_debug=False)
    assert done.error == "NameError"
    assert done.text.startswith("ran\nTraceback")
    assert "    totl\n" in done.text
    assert "-->" not in done.text


async def test_a_tool_is_not_called_by_a_cell_that_calls_it_wrongly() -> None:
    done = await ran("print('ran')\nadd(1, secnd=3)")
    assert done.error == "TypeError"
    assert "ran\n" not in done.text
    assert (
        "TypeError: add(): got an unexpected keyword argument 'secnd'. Its signature" in done.text
    )
    assert "Did you mean 'second'?\n" + NOTHING_RAN.format(line=2) in done.text


async def test_a_parameter_without_a_name_may_be_named() -> None:
    assert (await ran("shout(text='a')")).text == "'A'\n"


async def test_a_tool_whose_line_is_written_by_hand_is_judged_by_the_host_alone() -> None:
    made = Tool(name="add", signature="add(x)", description="", function=add)
    assert (await ran("add(first=1, second=1)", tools=Toolbox((made,)))).text == "2\n"


async def test_an_interpreter_without_tools_does_not_know_a_name_of_theirs() -> None:
    assert (await ran("ad(1)", tools=Toolbox((tool(add),)))).text.count("Did you mean 'add'") == 1


async def test_a_syntax_error_says_that_nothing_was_run() -> None:
    assert (await ran("print('ran')\nx = = 1")).text.endswith(NOT_PYTHON)


async def test_code_in_a_wrong_place_says_that_nothing_was_run() -> None:
    done = await ran("print('ran')\nreturn 5")
    assert done.error == "SyntaxError"
    assert done.text.endswith(NOT_PYTHON)
    assert "ran\n" not in done.text
    assert "return 5" in done.text


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("%%time\n7", "7\n"),
        ("!echo out", "out\n"),
        ("print?", ""),
        ("x = !echo a\nx[0]", "'a'\n"),
        ("%%capture made\nprint(1)", ""),
        ("import asyncio\nawait asyncio.sleep(0)\n5", "5\n"),
        ("%time y = 2\ny", "2\n"),
        ("get_ipython().run_cell('z = 3')\nz", "3\n"),
    ],
)
async def test_cells_in_the_spelling_of_notebooks_run(cell: str, text: str) -> None:
    done = await ran(cell)
    assert done.ok
    assert done.text.endswith(text)


async def test_a_doomed_cell_with_a_command_runs_no_command() -> None:
    done = await ran("!echo out\nmissing")
    assert done.error == "NameError"
    assert "out\n" not in done.text


async def test_a_doomed_cell_with_a_top_level_await_is_refused() -> None:
    done = await ran("import asyncio\nprint('ran')\nawait asyncio.sleep(0)\nmissing")
    assert NOTHING_RAN.format(line=4) in done.text
    assert "ran\n" not in done.text


async def test_a_file_of_the_users_that_defines_names_is_believed() -> None:
    write = "open('maker.py', 'w').write('import __main__; __main__.x = 1')"
    assert (await ran(write, "import maker\nx")).text == "1\n"


@pytest.mark.parametrize(
    ("cell", "values"),
    [
        ("n = 0\n1 / n", "n = 0"),
        ("xs = [1, 2, 3]; i = 9\nxs[i]", "xs = list of 3 [1, 2, 3]; i = 9"),
        ("d = {'a': [1]}\nd['a'][5]", "d = dict of 1 {'a': [1]}; d['a'] = list of 1 [1]"),
        ("class P: pass\np = P(); p.n = 'x'\np.n + 1", "p = <P>; p.n = 'x'"),
        ("big = 10 ** 5000; z = 0\nbig / z", "big = int of about"),
        ("text = 'a' * 10**6\ntext + 1", "text = str of 1000000 characters 'aaaa"),
        ("xs = list(range(10**6))\nxs + 1", "xs = list of 1000000 [0, 1, 2, 3, …]"),
        ("import numpy as np\na = np.ones((3, 4))\na @ a", "a = ndarray float64 (3, 4)"),
        ("import pandas as pd\ndf = pd.DataFrame({'a': [1]})\ndf + {}.b", "df = DataFrame (1, 1)"),
    ],
)
async def test_the_values_on_the_failing_line_are_shown(cell: str, values: str) -> None:
    text = (await ran(cell)).text
    assert "\n--> " in text
    assert f"    where {values}" in text
    assert len(text) < 1500


HOSTILE = """
class Evil(list):
    def __repr__(self):
        print('code ran')
        while True: pass
    __str__ = __len__ = __iter__ = __getattribute__ = __class_getitem__ = __hash__ = __repr__
    def __eq__(self, other): return self.__repr__()
    @property
    def __dict__(self): print('code ran'); return {}
evil, xs = Evil(), [Evil()]
xs[evil.a if 0 else 5] + evil.b
"""


async def test_no_code_of_a_value_is_run_to_show_it() -> None:
    done = await ran(HOSTILE, timeout=10)
    assert done.error == "IndexError"
    assert "code ran" not in done.text
    assert "xs = list of 1 [<Evil>]" in done.text


@pytest.mark.parametrize(
    ("cell", "hint"),
    [
        ("d = {'price': 3}\nd['prise']", "Did you mean 'price'?"),
        ("d = {1: 3}\nd['1']", "Did you mean 1?"),
        ("d = {'a': 3}\nd['quantity']", "There are: 'a'."),
        ("import pandas as pd\ndf = pd.DataFrame({'Price': [1]})\ndf['price']", "'Price'?"),
        ("import pandas as pd\ndf = pd.DataFrame({'Price': [1]})\ndf.Prise", "'Price'?"),
        ("'a'.uper()", "Did you mean 'upper'"),
        ("import math\nmath.squrt(2)", "Did you mean 'sqrt'"),
        ("import maths", "'math'"),
        ("from math import sqroot", "'sqrt'"),
        ("def f(alpha): pass\nf(alpa=1)", "Did you mean 'alpha'?"),
        ("class A:\n    def f(self, alpha): pass\nA().f(1)\na = A()\na.f(alpa=1)", "'alpha'?"),
        ("def f():\n    return lenght([1])\nlength = len\nf()", "Did you mean 'length'?"),
    ],
)
async def test_what_may_have_been_meant_is_suggested_once(cell: str, hint: str) -> None:
    text = (await ran(cell)).text
    assert hint in text
    assert text.count("Did you mean") + text.count("There are") == 1


async def test_an_error_in_a_function_marks_the_line_inside_of_it() -> None:
    text = (await ran("def half(n):\n    return n / 0", "half(8)")).text
    assert "    half(8)\n" in text
    assert "--> return n / 0\n" in text
    assert "    where n = 8\n" in text


@pytest.mark.parametrize("kernel", [m3tooleval.kernel, mint.kernel])
async def test_benchmarks_show_plain_tracebacks_and_run_cells_up_to_their_error(
    kernel: Any,
) -> None:
    async with kernel() as interpreter:
        done = await interpreter.execute("print('ran')\ntotl")
    assert done.text.startswith("ran\nTraceback")
    assert done.text.endswith("NameError: name 'totl' is not defined\n")
    assert "-->" not in done.text
