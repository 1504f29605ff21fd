"""Snapshots: what a death restores, what undo undoes, and independent copies of living sessions."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import anyio
import pytest

from codeact.interpreter.fork_server import Settings, zygote
from codeact.interpreter.forked import ForkedInterpreter
from codeact.interpreter.snapshots import CannotCopy
from tests.interpreter.test_contract_deadlines import DEATHS, STUBBORN, alive
from tests.interpreter.test_forked import children, until

pytestmark = pytest.mark.anyio

ALIVE = "import os; print(os.getpid())"


@pytest.mark.parametrize(("cell", "how"), DEATHS.values(), ids=DEATHS.keys())
async def test_a_death_restores_the_variables_as_they_were_before_the_cell(
    cell: str, how: str
) -> None:
    async with ForkedInterpreter() as interpreter:
        await interpreter.execute("x = [1, 2]")
        done = await interpreter.execute(f"print('so far'); x.append(3); y = 1\n{cell}")
        after = await interpreter.execute("x")
    assert (done.ok, done.error, done.state) == (False, "StateLost", "restored")
    assert done.text.startswith("so far\n")
    assert how in done.text
    assert "as they were before this cell: x (list (2)) = [1, 2]." in done.text
    assert (after.text, after.state) == ("[1, 2]\n", "kept")


@pytest.mark.parametrize("cell", STUBBORN.values(), ids=STUBBORN.keys())
async def test_a_deadline_that_kills_restores_and_says_that_files_stay(cell: str) -> None:
    async with ForkedInterpreter(timeout=0.5) as interpreter:
        await interpreter.execute("x = 1")
        done = await interpreter.execute(f"open('half', 'w').write('h')\n{cell}")
        assert (done.error, done.state) == ("Timeout", "restored")
        assert "files in the working folder were not restored" in done.text.lower()
        assert (await interpreter.execute("x, open('half').read()")).text == "(1, 'h')\n"


async def test_a_death_in_the_first_cell_has_nothing_to_restore_and_says_lost() -> None:
    async with ForkedInterpreter() as interpreter:
        done = await interpreter.execute("import os; os._exit(1)")
        assert (done.error, done.state) == ("StateLost", "lost")
        assert (await interpreter.execute("1")).text == "1\n"


async def test_deaths_one_after_another_restore_every_time() -> None:
    async with ForkedInterpreter() as interpreter:
        await interpreter.execute("import os\nx = 1")
        for _ in range(3):
            assert (await interpreter.execute("os._exit(1)")).state == "restored"
        assert (await interpreter.execute("x")).text == "1\n"


async def test_a_cancelled_cell_that_had_to_be_killed_is_told_with_what_is_restored() -> None:
    async with ForkedInterpreter() as interpreter:
        await interpreter.execute("x = 1")
        with anyio.move_on_after(0.3):
            await interpreter.execute(STUBBORN["interrupts ignored"])
        done = await interpreter.execute("x")
        assert (done.error, done.state) == ("StateLost", "restored")
        assert "This cell was not run" in done.text
        assert "before the previous cell: x (int) = " in done.text
        assert (await interpreter.execute("x")).text == "1\n"


async def test_when_a_thread_forbids_snapshots_an_older_one_is_restored_and_told() -> None:
    thread = "import threading, time\nt = threading.Thread(target=time.sleep, args=(99,))\n"
    async with ForkedInterpreter() as interpreter:
        await interpreter.execute("x = 1")
        await interpreter.execute(thread + "t.daemon = True\nt.start()")
        await interpreter.execute("y = 2")
        assert "code has threads that are running" in interpreter.uncopied
        done = await interpreter.execute("import os; os._exit(1)")
        assert done.state == "restored"
        assert "were before cell 2: x (int) = 1. Defined later, and gone: t, y." in done.text
        assert "Cells 2 to 4 count as not run." in done.text


async def test_harmless_cells_cost_no_snapshot() -> None:
    async with ForkedInterpreter() as interpreter:
        await interpreter.execute("x = 1")
        pids = [(await interpreter.execute(ALIVE)).text for _ in range(2)]
        assert pids[0] != pids[1]
        await interpreter.execute("import os")
        before = (await interpreter.execute("print(x + 1, len(str(x)))")).text
        assert before == "2 1\n"


@pytest.mark.parametrize(
    ("when", "different"), [("always", True), ("auto", False), ("never", False)]
)
async def test_the_policy_decides_which_cells_are_preceded_by_a_snapshot(
    when: str, different: bool
) -> None:
    async with ForkedInterpreter(snapshots=when) as interpreter:  # type: ignore[arg-type]
        await interpreter.execute(
            "import os\nclass P:\n    def __repr__(self): return str(os.getpid())"
        )
        await interpreter.execute("p = P()")
        first = await interpreter.execute("p")
        assert ((await interpreter.execute("p")).text != first.text) == different


async def test_undo_goes_back_one_action_with_variables_and_files() -> None:
    async with ForkedInterpreter() as interpreter:
        await interpreter.execute("x = 1; open('f', 'w').write('one')")
        await interpreter.execute(
            "import os\nx = 2; open('f', 'w').write('two'); os.mkdir('d'); open('d/g', 'w').close()"
        )
        done = await interpreter.undo()
        assert (done.ok, done.state) == (True, "restored")
        assert "Back to before cell 2. The variables are as they were then: x." in done.text
        assert (await interpreter.execute("print(x)")).text == "1\n"
        assert (interpreter.workspace / "f").read_text() == "one"
        assert not (interpreter.workspace / "d").exists()
        done = await interpreter.undo()
        assert "before cell 1. The variables are as they were then: no names were" in done.text
        assert os.listdir(interpreter.workspace) == []
        assert (await interpreter.execute("x")).error == "NameError"
        assert (await interpreter.undo()).error == "NothingToUndo"
        assert (await interpreter.execute("1")).text == "1\n"


async def test_undo_restores_links_modes_and_removed_folders(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "script").write_text("#!/bin/sh\n")
    (tmp_path / "d" / "script").chmod(0o755)
    (tmp_path / "link").symlink_to("/etc/passwd")
    async with ForkedInterpreter(workspace=tmp_path) as interpreter:
        await interpreter.execute(
            "import os, shutil\nshutil.rmtree('d'); os.remove('link'); os.mkfifo('d')"
        )
        await interpreter.undo()
    assert (tmp_path / "d" / "script").read_text() == "#!/bin/sh\n"
    assert (tmp_path / "d" / "script").stat().st_mode & 0o777 == 0o755
    assert os.readlink(tmp_path / "link") == "/etc/passwd"


async def test_a_fork_is_an_independent_copy_of_variables_and_files() -> None:
    async with ForkedInterpreter() as one:
        await one.execute("x = [1]; open('f', 'w').write('shared')")
        async with await one.fork() as two:
            await asyncio.gather(
                one.execute("x.append('one'); open('f', 'w').write('one')"),
                two.execute("x.append('two'); open('f', 'w').write('two')"),
            )
            read = "x, open('f').read()"
            assert (await one.execute(read)).text == "([1, 'one'], 'one')\n"
            assert (await two.execute(read)).text == "([1, 'two'], 'two')\n"
            assert one.workspace != two.workspace
            assert (await two.execute("import os; os._exit(4)")).state == "restored"
            assert (await two.execute("x")).text == "[1, 'two']\n"
        assert (await one.execute("x")).text == "[1, 'one']\n"


async def test_a_fork_outlives_the_session_that_it_comes_from() -> None:
    async with ForkedInterpreter() as one:
        await one.execute("x = 1")
        two = await one.fork()
    async with two:
        assert (await two.execute("x + 1")).text == "2\n"
        async with await two.fork() as three:
            assert (await three.execute("x + 2")).text == "3\n"


async def test_chance_goes_on_as_the_code_has_seeded_it() -> None:
    drawn = []
    for when in ("always", "never"):
        async with ForkedInterpreter(snapshots=when, preload=("numpy",)) as interpreter:
            await interpreter.execute("import random, numpy\nrandom.seed(1); numpy.random.seed(1)")
            cell = "print(random.random(), numpy.random.rand())"
            drawn.append([(await interpreter.execute(cell)).text for _ in range(2)])
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        (
            "import threading\nthreading.Timer(99, print).start()",
            "code has threads that are running",
        ),
        ("import subprocess\np = subprocess.Popen(['sleep', '99'])", "processes that the code has"),
    ],
)
async def test_a_fork_of_what_cannot_be_copied_is_refused_and_the_session_goes_on(
    cell: str, why: str
) -> None:
    async with ForkedInterpreter() as interpreter:
        await interpreter.execute(cell)
        with pytest.raises(CannotCopy, match=why):
            await interpreter.fork()
        assert (await interpreter.execute("print('on')")).text == "on\n"


async def test_a_fork_into_a_folder_with_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "precious").touch()
    async with ForkedInterpreter() as interpreter:
        await interpreter.execute("x = 1")
        with pytest.raises(CannotCopy, match="is not empty"):
            await interpreter.fork(tmp_path)
        assert (await interpreter.execute("x")).text == "1\n"


async def test_awaiting_goes_on_after_a_snapshot() -> None:
    async with ForkedInterpreter(snapshots="always") as interpreter:
        await interpreter.execute(
            "import asyncio\nqueue = asyncio.Queue()\n"
            "async def feed():\n    await asyncio.sleep(0.05)\n    await queue.put('fed')\n"
            "task = asyncio.ensure_future(feed())\nawait asyncio.sleep(0)"
        )
        assert (await interpreter.execute("await queue.get()")).text == "'fed'\n"
        cell = "await asyncio.to_thread(lambda: 'threads too')"
        assert (await interpreter.execute(cell)).text == "'threads too'\n"


async def test_few_snapshots_are_held_and_closing_leaves_no_process_and_no_descriptor() -> None:
    server = zygote(Settings(python=sys.executable)).process.pid
    await until(lambda: len(children(server)) == 1)  # the next kernel waits
    before = sorted(os.listdir("/proc/self/fd"))
    async with ForkedInterpreter(keep=3, snapshots="always") as interpreter:
        pids = {int((await interpreter.execute(ALIVE)).text) for _ in range(10)}
        await until(lambda: sum(map(alive, pids)) <= 5)
        for _ in range(2):
            assert (await interpreter.execute("os._exit(1)")).state == "restored"
    await until(lambda: len(children(server)) == 1)  # the next kernel waits
    assert not any(map(alive, pids))
    assert sorted(os.listdir("/proc/self/fd")) == before


async def test_numpy_that_the_code_imports_itself_does_not_prevent_snapshots() -> None:
    async with ForkedInterpreter() as interpreter:
        await interpreter.execute("import numpy\nkept = numpy.ones((300, 300))")
        await interpreter.execute("total = float((kept @ kept).sum())")
        assert (await interpreter.execute("import os\nos._exit(1)")).state == "restored"
        assert (await interpreter.execute("total")).text == "27000000.0\n"
