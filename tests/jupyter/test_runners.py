"""Programs that run notebooks and consoles, unmodified, on our kernels."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pexpect  # type: ignore[import-untyped]
import pytest
from nbclient.exceptions import CellExecutionError, CellTimeoutError

pytestmark = pytest.mark.slow
Notebook = Callable[..., Any]

REPORT = """\
import pandas
pandas.DataFrame({'a': [1, 2]})"""
PLOT = "import matplotlib.pyplot as plt\nplt.plot([1, 2]);"


def notebook(*cells: str, kernel: str = "codeact") -> Any:
    made = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
    made.cells = [nbformat.v4.new_code_cell(each) for each in cells]  # type: ignore[no-untyped-call]
    made.metadata.kernelspec = {"name": kernel, "display_name": kernel, "language": "python"}
    return made


def run(folder: Path, *cells: str, kernel: str = "codeact", **options: Any) -> list[Any]:
    """The outputs of each cell."""
    made = notebook(*cells, kernel=kernel)
    resources = {"metadata": {"path": str(folder)}}
    client = nbclient.NotebookClient(made, timeout=15, resources=resources, **options)
    client.execute()
    return [cell.outputs for cell in made.cells]


def test_a_notebook_has_tables_plots_and_streams(kernel_name: str, tmp_path: Path) -> None:
    said = "import sys\nprint('out')\nprint('err', file=sys.stderr)\n!echo shell"
    table, plot, streams = run(tmp_path, REPORT, PLOT, said, kernel=kernel_name)
    assert "<table" in table[0].data["text/html"]
    assert plot[0].output_type == "display_data"
    assert plot[0].data["image/png"]
    assert [(each.name, each.text) for each in streams] == [
        ("stdout", "out\n"),
        ("stderr", "err\n"),
        ("stdout", "shell\n"),
    ]


def test_a_notebook_stops_at_an_error(tmp_path: Path) -> None:
    with pytest.raises(CellExecutionError, match="ValueError: as asked"):
        run(tmp_path, "raise ValueError('as asked')", "open('ran', 'w')")
    assert not (tmp_path / "ran").exists()


def test_a_notebook_goes_on_after_an_error_that_is_allowed(tmp_path: Path) -> None:
    outputs = run(tmp_path, "1 / 0", "2", allow_errors=True)
    assert outputs[0][0].ename == "ZeroDivisionError"
    assert outputs[1][0].data["text/plain"] == "2"


def test_a_notebook_stops_where_the_session_dies(tmp_path: Path) -> None:
    with pytest.raises(CellExecutionError, match="StateLost"):
        run(tmp_path, "import os; os._exit(1)", "2")


def test_a_cell_that_takes_too_long_is_interrupted(tmp_path: Path) -> None:
    made = notebook("kept = 1", "while True: pass")
    resources = {"metadata": {"path": str(tmp_path)}}
    client = nbclient.NotebookClient(made, timeout=1, resources=resources)
    with pytest.raises(CellTimeoutError):
        client.execute()


def test_a_cell_that_is_interrupted_lets_the_notebook_go_on(tmp_path: Path) -> None:
    options: Any = {"timeout": 1, "interrupt_on_timeout": True, "allow_errors": True}
    made = notebook("kept = 1", "while True: pass", "kept + 1")
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(made, resources=resources, **options).execute()
    assert made.cells[1].outputs[0].ename == "KeyboardInterrupt"
    assert made.cells[2].outputs[0].data["text/plain"] == "2"


def test_papermill_runs_a_notebook_with_parameters(tmp_path: Path) -> None:
    made = notebook("base = 1", "print(base * 2)")
    made.cells[0].metadata.tags = ["parameters"]
    nbformat.write(made, tmp_path / "in.ipynb")  # type: ignore[no-untyped-call]
    command = [sys.executable, "-m", "papermill", "in.ipynb", "out.ipynb", "-p", "base", "21"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=18)
    done = nbformat.read(tmp_path / "out.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    assert done.cells[-1].outputs[0].text == "42\n"
    assert done.metadata.papermill.exception is None


@pytest.fixture
def console(tmp_path: Path) -> Any:
    terminal = {"TERM": "dumb", "PROMPT_TOOLKIT_NO_CPR": "1"}
    child = pexpect.spawn(
        sys.executable,
        ["-m", "jupyter_console", "--kernel", "codeact", "--simple-prompt"],
        cwd=str(tmp_path),
        env={**os.environ, **terminal},
        encoding="utf-8",
        timeout=10,
    )
    child.expect(r"In \[1\]:")
    yield child
    child.close(force=True)


def test_a_console_runs_what_is_typed(console: Any) -> None:
    console.sendline("x = 6")
    console.expect(r"In \[2\]:")
    console.sendline("print('six', x * 7)")
    console.expect("six 42")


def test_a_console_asks_for_input(console: Any) -> None:
    console.sendline("name = input('Your name? ')")
    console.expect(r"Your name\? ")
    console.sendline("Ada")
    console.expect(r"In \[2\]:")
    console.sendline("print('hello', name)")
    console.expect("hello Ada")


def test_a_console_is_left_by_exit(console: Any) -> None:
    console.sendline("exit")
    console.expect(pexpect.EOF)
