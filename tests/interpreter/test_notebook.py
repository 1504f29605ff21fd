"""The interpreter behind a notebook: what its cells show and ask, what an editor may know."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from codeact.errors import InterpreterLost
from codeact.events import OutputDelta
from codeact.interpreter import Execution
from codeact.interpreter.notebook import NotebookInterpreter, Shown

pytestmark = pytest.mark.anyio
Ran = Callable[..., Awaitable[tuple[Execution, list[Any]]]]


@pytest.fixture
async def notebook(tmp_path: Path) -> AsyncIterator[NotebookInterpreter]:
    async with NotebookInterpreter(workspace=tmp_path, timeout=10) as opened:
        yield opened


async def told(notebook: NotebookInterpreter, code: str) -> tuple[Execution, list[Any]]:
    """How the cell ended; what it printed and showed, in order."""
    heard: list[Any] = []

    def emit(event: Any) -> None:
        if isinstance(event, OutputDelta):
            heard.append((event.stream, event.text))

    return await notebook.run(code, show=heard.append, emit=emit), heard


def bundle(shown: Any) -> dict[str, Any]:
    assert isinstance(shown, Shown)
    return dict(shown.data)


async def test_a_result_is_shown_behind_what_was_printed(notebook: NotebookInterpreter) -> None:
    _, heard = await told(notebook, "print('a')\n{'b': 1}")
    assert heard[0] == ("stdout", "a\n")
    assert (heard[1].what, bundle(heard[1])) == ("result", {"text/plain": "{'b': 1}"})


async def test_a_value_that_is_no_json_is_told_by_its_repr(notebook: NotebookInterpreter) -> None:
    deep = "deep = []\nfor _ in range(200):\n    deep = [deep]\n"
    data = "{'application/json': {1: {2}, 'f': float('nan'), 'd': deep}, 'image/png': b'\\x00'}"
    code = f"{deep}from IPython.display import publish_display_data\npublish_display_data({data})"
    execution, heard = await told(notebook, code)
    assert execution.ok
    shown = bundle(heard[0])
    assert shown["application/json"]["1"] == "{2}"
    assert shown["application/json"]["f"] == "nan"
    assert shown["image/png"] == "AA=="


async def test_a_value_that_is_too_large_is_named_instead(notebook: NotebookInterpreter) -> None:
    code = "from IPython.display import HTML, display\ndisplay(HTML('x' * 25_000_000))"
    _, heard = await told(notebook, code)
    assert "text/html" not in bundle(heard[0])
    assert bundle(heard[0])["text/plain"].startswith("<IPython.core.display.HTML object>")


async def test_a_question_does_not_use_up_the_time_of_the_cell(tmp_path: Path) -> None:
    async def slow(prompt: str, password: bool) -> str:
        await asyncio.sleep(1.0)
        return f"{prompt}{password}"

    async with NotebookInterpreter(workspace=tmp_path, timeout=0.6, ask=slow) as notebook:
        execution, heard = await told(notebook, "input('Well? ')")
    assert execution.ok
    assert bundle(heard[0]) == {"text/plain": "'Well? False'"}


async def test_input_without_a_person_says_what_to_do(notebook: NotebookInterpreter) -> None:
    execution, heard = await told(notebook, "input()")
    assert execution.error == "EOFError"
    assert "Nobody can type into a running cell." in bundle(heard[0])["evalue"]


async def test_input_that_the_cell_removes_comes_back(notebook: NotebookInterpreter) -> None:
    async def ask(prompt: str, password: bool) -> str:
        return "typed"

    notebook.ask = ask
    await told(notebook, "import builtins\ndel builtins.input")
    _, heard = await told(notebook, "input()")
    assert bundle(heard[0]) == {"text/plain": "'typed'"}


async def test_a_question_is_withdrawn_when_the_cell_is_interrupted(
    notebook: NotebookInterpreter,
) -> None:
    withdrawn = asyncio.Event()

    async def ask(prompt: str, password: bool) -> str:
        interrupting = asyncio.create_task(notebook.interrupt())
        try:
            await asyncio.Event().wait()
        finally:
            withdrawn.set()
            await interrupting
        return ""

    notebook.ask = ask
    execution, _ = await told(notebook, "input()")
    assert execution.error == "Interrupted"
    await asyncio.wait_for(withdrawn.wait(), 5)


BACKGROUND = """\
import threading
said, go = [], threading.Event()
def later():
    go.wait()
    try:
        input()
    except Exception as error:
        said.append(type(error).__name__)
thread = threading.Thread(target=later)
thread.start()"""


@pytest.mark.parametrize(
    "last", ["go.set()\nimport time\ntime.sleep(0.3)", "threading.Timer(0.2, go.set).start()"]
)
async def test_a_question_of_background_work_ends_with_its_cell(
    notebook: NotebookInterpreter, last: str
) -> None:
    async def ask(prompt: str, password: bool) -> str:
        await asyncio.sleep(9)
        return ""

    notebook.ask = ask
    await told(notebook, BACKGROUND)
    await told(notebook, last)
    await asyncio.sleep(0.5)
    _, heard = await told(notebook, "thread.join()\nsaid")
    assert bundle(heard[0])["text/plain"] in ("['EOFError']", "['RuntimeError']")


async def test_many_questions_at_once_are_bounded(notebook: NotebookInterpreter) -> None:
    async def ask(prompt: str, password: bool) -> str:
        await asyncio.sleep(0.5)
        return prompt

    notebook.ask = ask
    code = (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "def one(number):\n    try:\n        return input(str(number))\n"
        "    except RuntimeError as error:\n        return 'refused'\n"
        "with ThreadPoolExecutor(20) as pool:\n    found = list(pool.map(one, range(20)))\n"
        "found.count('refused')"
    )
    _, heard = await told(notebook, code)
    assert bundle(heard[-1]) == {"text/plain": "4"}


async def test_names_are_completed_from_the_living_namespace(
    notebook: NotebookInterpreter,
) -> None:
    await told(notebook, "remarkable = {'keys_of_mine': 1}")
    found = await notebook.complete("x = remark", 10)
    assert (found["matches"], found["cursor_start"], found["cursor_end"]) == (["remarkable"], 4, 10)


async def test_expressions_have_values_or_errors(notebook: NotebookInterpreter) -> None:
    found = await notebook.expressions({"good": "6 * 7", "bad": "1 / 0"})
    assert found["good"]["data"] == {"text/plain": "42"}
    assert found["bad"]["ename"] == "ZeroDivisionError"


async def test_help_is_found_at_the_cursor(notebook: NotebookInterpreter) -> None:
    await told(notebook, "def greet(name):\n    'Says hello.'")
    found = await notebook.inspect("greet('Ada')", 7, 0)
    assert "Says hello." in found["data"]["text/plain"]
    assert (await notebook.inspect("nowhere", 3, 0))["data"] == {}


@pytest.mark.parametrize("answer", ["while True: pass", "raise SystemExit", "return 7"])
async def test_an_object_that_misbehaves_costs_an_answer_only(
    notebook: NotebookInterpreter, answer: str
) -> None:
    code = "class Trap:\n" + "".join(
        f"    def {name}(self, *args):\n        {answer}\n"
        for name in ("__dir__", "__getattr__", "__repr__")
    )
    await told(notebook, f"{code}trap = Trap(); kept = 1")
    assert (await notebook.complete("trap.", 5)).get("matches", []) in ([], ["."])
    await notebook.inspect("trap", 4, 0)
    _, heard = await told(notebook, "kept")
    assert bundle(heard[0]) == {"text/plain": "1"}


async def test_a_kernel_that_dies_of_a_completion_is_told_with_the_next_cell(
    notebook: NotebookInterpreter,
) -> None:
    code = "import os\nclass Trap:\n    def __dir__(self):\n        os._exit(4)\ntrap = Trap()"
    await told(notebook, code)
    assert await notebook.complete("trap.", 5) == {}
    assert await notebook.is_complete("1") == {}
    execution, _ = await told(notebook, "1")
    assert execution.error == "StateLost"
    assert "exited with status 4 after the previous cell had ended" in execution.text


async def test_nothing_is_known_while_a_cell_runs(notebook: NotebookInterpreter) -> None:
    running = asyncio.create_task(told(notebook, "import time; time.sleep(0.5); 1"))
    await asyncio.sleep(0.1)
    assert await notebook.complete("pri", 3) == {}
    assert (await running)[0].ok


async def test_a_cell_that_does_not_count_gives_its_number_on(
    notebook: NotebookInterpreter,
) -> None:
    await notebook.run("1", show=lambda shown: None, counted=False)
    _, heard = await told(notebook, "1 / 0")
    assert '  File "<cell 1>", line 1, in <module>' in bundle(heard[0])["traceback"]


async def test_a_listener_that_fails_ends_the_cell_with_its_error(
    notebook: NotebookInterpreter,
) -> None:
    def show(shown: Shown) -> None:
        raise InterpreterLost("the listener is gone")

    with pytest.raises(InterpreterLost, match="the listener is gone"):
        await notebook.run("1", show=show)
    assert (await told(notebook, "2"))[0].ok


FORGED = """\
import json, os, socket, struct
for name in os.listdir('/proc/self/fd'):
    try:
        sock = socket.socket(fileno=os.dup(int(name)))
    except OSError:
        continue
    text = json.dumps([{head}, {values}]).encode()
    try:
        sock.send(struct.pack('>II', 4 + len(text), len(text)) + text)
    except OSError:
        pass
"""


@pytest.mark.parametrize(
    ("head", "values"),
    [
        ("{'op': 'shown', 'what': 'everything', 'data': {}}", "[]"),
        ("{'op': 'input', 'id': 'x'}", "['prompt', False]"),
        ("{'op': 'input', 'id': 3}", "[1, 2, 3]"),
        ("{'op': 'told', 'id': 1, 'found': []}", "[]"),
    ],
)
async def test_a_forged_frame_ends_the_kernel_that_sent_it(
    notebook: NotebookInterpreter, head: str, values: str
) -> None:
    execution, _ = await told(notebook, FORGED.format(head=head, values=values))
    assert execution.error == "StateLost"
    assert "sent something unreadable and was killed" in execution.text
    assert (await told(notebook, "1"))[0].ok


async def test_a_display_of_a_forked_process_is_printed_by_it(
    notebook: NotebookInterpreter,
) -> None:
    code = (
        "import os\nfrom IPython.display import display\npid = os.fork()\n"
        "if not pid:\n    display('child')\n    os._exit(0)\nos.waitpid(pid, 0)[1]"
    )
    _, heard = await told(notebook, code)
    assert heard[0] == ("stdout", "'child'\n")
    assert bundle(heard[1]) == {"text/plain": "0"}


async def test_the_files_of_a_notebook_are_not_copied_for_its_snapshots(
    notebook: NotebookInterpreter, tmp_path: Path
) -> None:
    (tmp_path / "mine").write_text("before")
    await told(notebook, "x = 1")
    await told(notebook, "open('mine', 'w').write('after'); x = 2")
    undone = await notebook.undo()
    assert "because a notebook's files are its user's" in undone.text
    assert os.listdir(tmp_path) == ["mine"]
