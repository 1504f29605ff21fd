"""Histories of sessions: what was undone, copied, reset and lost in some order, told truly."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import tempfile
from functools import partial
from pathlib import Path

import pytest

from codeact.interpreter.forked import ForkedInterpreter
from codeact.interpreter.sandbox import SandboxPolicy
from codeact.interpreter.snapshots import CannotCopy
from tests.interpreter.conftest import Open
from tests.interpreter.test_contract_deadlines import started

pytestmark = pytest.mark.anyio

Walled = partial(ForkedInterpreter, sandbox=SandboxPolicy(mode="required"))


async def test_an_undo_that_finds_nothing_does_not_forget_where_the_session_is() -> None:
    async with ForkedInterpreter(keep=2) as interpreter:
        for number in range(4):
            await interpreter.execute(f"x = {number}")
        assert [(await interpreter.undo()).ok for _ in range(3)] == [True, True, False]
        assert (await interpreter.execute("x")).text == "1\n"
        await interpreter.execute("x = 'new'")
        assert "The variables are as they were then: x." in (await interpreter.undo()).text
        assert (await interpreter.execute("x")).text == "1\n"


@pytest.mark.parametrize("which", [0, 1], ids=["the first", "the copy"])
async def test_a_copy_keeps_its_folder_when_either_session_starts_anew(which: int) -> None:
    async with Walled() as one:
        await one.execute("open('f', 'w').write('kept')")
        two = await one.fork()
        await (one, two)[which].reset()
    async with two:
        assert (await two.execute("open('f').read()")).text == "'kept'\n"
        folder = one.workspace
    assert not folder.exists()


async def test_a_copy_of_a_session_that_has_done_nothing_outlives_it() -> None:
    async with Walled() as one:
        two = await one.fork()
    async with two:
        assert (await two.execute("open('f', 'w').write('here')")).text == "4\n"
    assert not one.workspace.exists()


async def test_names_of_a_cell_that_was_given_up_are_known_to_an_undo() -> None:
    async with ForkedInterpreter() as interpreter:
        running = await started(interpreter, "made = 1\nprint(1)\nwhile True: pass")
        running.cancel()
        await asyncio.wait([running])
        await interpreter.execute("x = 2")
        assert "as they were then: made." in (await interpreter.undo()).text


async def test_what_was_flushed_before_a_death_is_shown_however_late(opened: Open) -> None:
    cell = "print('first', flush=True); print('last', flush=True)\n__import__('os')._exit(1)"
    async with opened() as interpreter:
        for _ in range(5):
            await interpreter.execute("print('quick')")
            assert (await interpreter.execute(cell)).text.startswith("first\nlast\n")


async def test_a_session_that_was_undone_to_its_start_lives_on_for_many_cells() -> None:
    async with Walled(keep=3) as interpreter:
        for _ in range(2):
            await interpreter.execute("x = 0")
        while (await interpreter.undo()).ok:
            pass
        await interpreter.execute("x = 0")
        for number in range(1, 9):
            assert (await interpreter.execute("x += 1; print(x)")).text == f"{number}\n"


async def test_a_snapshot_that_tells_late_of_its_copy_does_not_mistake_it_for_the_next() -> None:
    """As on a machine so busy that the process which was copied does not come to speak."""
    late = "import os, time\nos.register_at_fork(after_in_parent=lambda: time.sleep(0.3))"
    async with ForkedInterpreter() as interpreter:
        await interpreter.execute(late)
        await interpreter.execute("x = 1")
        await interpreter.execute("x = 2")
        assert "Back to before cell 3." in (await interpreter.undo()).text
        assert (await interpreter.execute("x")).text == "1\n"


async def test_a_cell_that_waits_for_a_reset_can_be_undone() -> None:
    async with ForkedInterpreter() as interpreter:
        await interpreter.execute("x = 1")
        await interpreter.execute("y = 1")
        await asyncio.gather(interpreter.reset(), interpreter.execute("x = 2"))
        await interpreter.execute("x = 3")
        await interpreter.undo()
        assert (await interpreter.execute("x")).text == "2\n"


async def test_the_underscore_is_the_last_value_until_the_code_takes_the_name(opened: Open) -> None:
    async with opened() as interpreter:
        shown = [(await interpreter.execute(cell)).text for cell in ("6 * 7", "_ + 1", "None", "_")]
        assert shown == ["42\n", "43\n", "", "43\n"]
        await interpreter.execute("_ = 'mine'")
        assert [(await interpreter.execute(cell)).text for cell in ("8", "_")] == [
            "8\n",
            "'mine'\n",
        ]


def remove_copies(text: str) -> None:
    """As a cleaner of temporary files would: the copies that sessions keep of such a file."""
    for path in Path(tempfile.gettempdir()).glob("codeact-kept-*/*"):
        with contextlib.suppress(FileNotFoundError):  # of another test
            if path.read_bytes() == text.encode():
                path.unlink()


async def test_an_undo_that_cannot_bring_a_file_back_names_it() -> None:
    text = secrets.token_hex()
    async with ForkedInterpreter() as interpreter:
        cell = f"x = 1; open('lost', 'w').write({text!r}); open('kept', 'w').close()"
        await interpreter.execute(cell)
        await interpreter.execute("x = 2; import os; os.remove('lost')")
        remove_copies(text)
        done = await interpreter.undo()
        assert (done.ok, done.error, done.state) == (False, "FilesNotRestored", "restored")
        assert "brought back: lost (No such file or directory)." in done.text
        assert not (interpreter.workspace / "lost").exists()
        assert (await interpreter.execute("x")).text == "1\n"


async def test_an_undo_without_a_workspace_restores_the_variables_and_says_so(
    tmp_path: Path,
) -> None:
    workspace = tmp_path / "work"
    async with ForkedInterpreter(workspace=workspace) as interpreter:
        await interpreter.execute("x = 1")
        await interpreter.execute("x = 2")
        workspace.rename(tmp_path / "moved")
        done = await interpreter.undo()
        assert (done.error, done.state) == ("FilesNotRestored", "restored")
        assert "The files are as they are now, because" in done.text
        assert "'work'" in done.text
        assert (await interpreter.execute("x")).text == "1\n"


async def test_a_workspace_that_holds_too_much_is_not_undone_and_the_reason_is_told() -> None:
    async with ForkedInterpreter() as interpreter:
        await interpreter.execute("x = 1\nwith open('f', 'w') as f: f.truncate(300 << 20)")
        await interpreter.execute("x = 2")
        done = await interpreter.undo()
        assert "files are as they are now, because the working folder holds more" in done.text
        assert done.ok
        assert (await interpreter.execute("x")).text == "1\n"


async def test_a_fork_into_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    async with ForkedInterpreter() as interpreter:
        with pytest.raises(CannotCopy, match="file"):
            await interpreter.fork(tmp_path / "file")
        assert (await interpreter.execute("1")).text == "1\n"
