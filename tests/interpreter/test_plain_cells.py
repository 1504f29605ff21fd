"""Plain cells take a short way past IPython; nobody can tell from what they do."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from codeact.interpreter import Execution, Interpreter
from codeact.interpreter.process import ProcessInterpreter

pytestmark = pytest.mark.anyio


@pytest.fixture
async def interpreter() -> AsyncIterator[Interpreter]:
    async with ProcessInterpreter() as opened:
        yield opened


async def _last(interpreter: Interpreter, *cells: str) -> Execution:
    assert cells
    for cell in cells[:-1]:
        await interpreter.execute(cell)
    return await interpreter.execute(cells[-1])


@pytest.mark.parametrize(
    ("cells", "text"),
    [
        (["1 + 1"], "2"),
        (["1 + 1;"], ""),
        (["'a' 'b'\n"], "'ab'"),
        (["x = 5\nx"], "5"),
        (["x = 5", "_i"], "'x = 5'"),
        (["x = 5", "y = 6", "_ii"], "'x = 5'"),
        (["x = 5", "In[-2]"], "'x = 5'"),
        (["if True:\n    3\n"], ""),
        (["for n in range(3):\n    n\nn"], "2"),
        (["None"], ""),
        (["None; 4"], "4"),
        (["# nothing but a remark"], ""),
        (["display(8)"], "8"),
        (["x: int = 3\n__annotations__"], "{'x': int}"),
        (["get_ipython().execution_count > 0"], "True"),
    ],
)
async def test_a_plain_cell_shows_what_ipython_shows(
    interpreter: Interpreter, cells: list[str], text: str
) -> None:
    done = await _last(interpreter, *cells)
    assert (done.text.strip(), done.ok) == (text, True)


@pytest.mark.parametrize(
    ("cells", "text"),
    [
        (["In [1]: 2 + 3"], "5"),
        (["%pwd"], "workspace"),
        (["pwd"], "workspace"),
        ([">>> 2 + 3"], "5"),
        (["import asyncio", "await asyncio.sleep(0, 'slept')"], "'slept'"),
        (["import asyncio", "x = await asyncio.sleep(0, 6)\nx + 1"], "7"),
        (["    2 + 3"], "5"),
        (["!echo from below"], "from below"),
        (["%%timeit -n1 -r1\npass"], "per loop"),
        (["len?"], "Signature"),
    ],
)
async def test_what_is_not_plain_is_left_to_ipython(
    interpreter: Interpreter, cells: list[str], text: str
) -> None:
    done = await _last(interpreter, *cells)
    expected = str(interpreter.workspace) if text == "workspace" else text
    assert done.ok, done.text
    assert expected in done.text


async def test_a_name_shadows_the_magic_of_the_same_name(interpreter: Interpreter) -> None:
    assert (await _last(interpreter, "pwd = 'mine'", "pwd")).text.strip() == "'mine'"


async def test_a_future_import_holds_in_later_cells(interpreter: Interpreter) -> None:
    done = await _last(
        interpreter,
        "from __future__ import annotations\nx = 1",
        "def f(a: nobody_defined_this): ...\nf.__annotations__",
    )
    assert done.text.strip() == "{'a': 'nobody_defined_this'}"


async def test_a_future_import_after_other_statements_is_accepted_as_by_ipython(
    interpreter: Interpreter,
) -> None:
    assert (await _last(interpreter, "x = 1\nfrom __future__ import annotations\nx")).ok


async def test_hooks_around_cells_are_still_called(interpreter: Interpreter) -> None:
    done = await _last(
        interpreter,
        "seen = []\nshell = get_ipython()\n"
        "for event in ('pre_run_cell', 'post_run_cell', 'pre_execute', 'post_execute'):\n"
        "    shell.events.register(event, lambda *_, event=event: seen.append(event))",
        "seen.clear()",
        "list(seen)",
    )
    assert done.text.strip() == "['post_execute', 'post_run_cell', 'pre_execute', 'pre_run_cell']"


async def test_a_transformer_of_the_user_changes_the_cells(interpreter: Interpreter) -> None:
    done = await _last(
        interpreter,
        "import ast\nclass Sixes(ast.NodeTransformer):\n"
        "    def visit_Constant(self, node):\n"
        "        return ast.copy_location(ast.Constant(6), node)",
        "get_ipython().ast_transformers.append(Sixes())",
        "1 + 1",
    )
    assert done.text.strip() == "12"


async def test_all_expressions_are_shown_where_the_user_asks_for_it(
    interpreter: Interpreter,
) -> None:
    done = await _last(interpreter, "get_ipython().ast_node_interactivity = 'all'", "1 + 1\n2 + 2")
    assert done.text.split() == ["2", "4"]


async def test_the_display_hook_of_the_program_is_left_as_it_was(
    interpreter: Interpreter,
) -> None:
    done = await _last(interpreter, "1", "import sys\nsys.displayhook is sys.__displayhook__")
    assert done.text.strip() in ("True", "False")
    assert (await interpreter.execute("1 + 2")).text.strip() == "3"


async def test_what_a_cell_raises_has_its_own_lines(interpreter: Interpreter) -> None:
    done = await interpreter.execute("a = 1\n\ndef f():\n    return a / 0\n\nf()")
    assert done.error == "ZeroDivisionError"
    assert "line 6" in done.text
    assert "return a / 0" in done.text
    assert "kernel_plain_cell" not in done.text
