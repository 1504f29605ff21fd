"""A session's variables go to a file and come back, in whichever interpreter."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from codeact.errors import DataError
from codeact.interpreter.checkpoints import CheckpointFailed, Restoration
from codeact.tools import Toolbox
from tests.interpreter.conftest import INTERPRETERS, Open

pytestmark = pytest.mark.anyio


async def revived(opened: Open, path: Path, define: str, ask: str, **options: Any) -> str:
    """What a new session says about what another one has defined."""
    async with opened() as first:
        done = await first.execute(define)
        assert done.ok, done.text
        await first.checkpoint(path, **options)
    async with opened() as second:
        restored = await second.restore(path)
        assert not restored.failed
        return str((await second.execute(ask)).text)


SURVIVES = {
    "aliases": ("a = [1]\nb = a\nd = {'a': a}", "a is b, d['a'] is a", "(True, True)"),
    "functions see and change the session's globals": (
        "n = 0\ndef up():\n    global n\n    n += 1",
        "up(); n, up.__globals__ is globals()",
        "(1, True)",
    ),
    "a function calls what is defined later": (
        "def f(): return later()",
        "def later(): return 7\nf()",
        "7",
    ),
    "closures share their variable": (
        "def make():\n    k = 0\n    def up():\n        nonlocal k\n        k += 1\n"
        "    def get():\n        return k\n    return up, get\nup, get = make()",
        "up(); up(); get()",
        "2",
    ),
    "recursive closures": (
        "def make():\n    def f(n): return 1 if n < 2 else n * f(n - 1)\n    return f\nf = make()",
        "f(5)",
        "120",
    ),
    "defaults and attributes": (
        "def f(a, *, b=[1]): return a, b\nf.note = 'x'",
        "f(0), f.note, f.__kwdefaults__['b'] is f(0)[1]",
        "((0, [1]), 'x', True)",
    ),
    "classes and instances": (
        "class P:\n    seen = []\n    def __init__(self, x): self.x = x\n"
        "    def __repr__(self): return f'P({self.x})' + super().__repr__()[:2]\n"
        "p = P(3)\nboth = [p, p]",
        "type(p) is P, both[0] is p, p",
        "(True, True, P(3)<_)",
    ),
    "dataclasses and enums": (
        "from dataclasses import dataclass\nfrom enum import Enum\nclass C(Enum):\n    A = 1\n"
        "@dataclass\nclass D:\n    x: int\nc, d = C.A, D(1)",
        "c is C.A, d == D(1)",
        "(True, True)",
    ),
    "modules under another name": ("import json as j, os.path as p", "j.dumps([]), p.sep", "('[]"),
    "inner modules": ("import xml.dom.minidom", "xml.dom.minidom.Node.__name__", "'Node'"),
    "arrays that are shared": (
        "import numpy as np\na = np.arange(4.)\nd = {'a': a}",
        "d['a'] is a, np.sum(a)",
        "(True, np.float64(6.0))",
    ),
    "tables": ("import pandas as pd\nt = pd.DataFrame({'x': [1, 2]})", "int(t.x.sum())", "3"),
    "lambdas and partials": (
        "from functools import partial\nk = 3\nf = partial(lambda x, y: x * y * k, 2)",
        "k = 5\nf(2)",
        "20",
    ),
    "private names": ("_hidden = 4", "_hidden", "4"),
    "the namespace itself": ("g = globals()", "g is globals()", "True"),
    "the generators' state": (
        "import random\nrandom.seed(3)\nexpected = random.Random(3).random()",
        "random.random() == expected",
        "True",
    ),
    "paths of modules": ("import sys; sys.path.append('/else')", "sys.path[-1]", "'/else'"),
    "order of names": ("b = 1\na = 2", "[k for k in globals() if k in ('a', 'b')]", "['b', 'a']"),
}


@pytest.mark.parametrize("what", sorted(SURVIVES))
async def test_what_a_session_has_made_survives(what: str, tmp_path: Path) -> None:
    define, ask, text = SURVIVES[what]
    opened = INTERPRETERS["forked"]
    assert (await revived(opened, tmp_path / "c", define, ask)).startswith(text)


async def test_every_interpreter_saves_and_restores(opened: Open, tmp_path: Path) -> None:
    text = await revived(opened, tmp_path / "c", "a = [1]; b = a\ndef f(): a.append(2)", "f(); b")
    assert text == "[1, 2]\n"


async def test_a_checkpoint_moves_between_kinds_of_interpreters(tmp_path: Path) -> None:
    async with INTERPRETERS["process"]() as first:
        await first.execute("x = [5]")
        await first.checkpoint(tmp_path / "c")
    async with INTERPRETERS["walled"]() as second:
        await second.restore(tmp_path / "c")
        assert (await second.execute("x")).text == "[5]\n"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("(i for i in [1])", "a generator cannot be saved"),
        ("open('f', 'w')", "an open file cannot be saved"),
        ("__import__('threading').Lock()", "a lock cannot be saved"),
        ("[__import__('threading').RLock()]", "it holds a lock"),
        ("__import__('threading').Thread()", "a thread cannot be saved"),
        ("__import__('socket').socketpair()", "it holds a socket"),
        ("__import__('subprocess').Popen(['true'])", "a running program cannot be saved"),
        ("type('B', (), {'__reduce__': lambda s: 1 / 0})()", "ZeroDivisionError: division by zero"),
        ("type('B', (), {'__reduce__': lambda s: exit(3)})()", "SystemExit"),
    ],
)
async def test_what_cannot_be_saved_is_told_and_spoils_nothing(
    value: str, reason: str, tmp_path: Path
) -> None:
    async with INTERPRETERS["forked"]() as interpreter:
        await interpreter.execute(f"before = 1\nbad = {value}\nafter = 2")
        report = await interpreter.checkpoint(tmp_path / "c")
        assert [each.name for each in report.saved] == ["before", "after"]
        assert [each.name for each in report.unsaved] == ["bad"]
        assert reason in report.unsaved[0].reason
        assert reason in str(report)
        restored = await interpreter.restore(tmp_path / "c")
    assert restored.restored == ("before", "after")
    assert restored.checkpoint.unsaved == report.unsaved


async def test_what_cannot_be_loaded_is_told_and_spoils_nothing(tmp_path: Path) -> None:
    async with INTERPRETERS["forked"]() as interpreter:
        await interpreter.execute(
            "open('mine.py', 'w').write('class K: pass')\nimport mine\nk = mine.K(); x = [1]; y = x"
        )
        await interpreter.checkpoint(tmp_path / "c")
        await interpreter.execute("import os; os.remove('mine.py')")
        restored = await interpreter.restore(tmp_path / "c")
        assert restored.restored == ("x", "y")
        assert [each.name for each in restored.failed] == ["mine", "k"]
        assert "No module named 'mine'" in str(restored)
        assert (await interpreter.execute("x is y")).text == "True\n"


async def test_tracebacks_show_lines_after_a_restore(tmp_path: Path) -> None:
    define = "def f():\n    return 1 / 0  # here"
    text = await revived(INTERPRETERS["forked"], tmp_path / "c", define, "f()")
    assert 'File "<cell 1>", line 2, in f' in text
    assert "return 1 / 0  # here" in text


async def test_cells_are_counted_on_after_a_restore(tmp_path: Path) -> None:
    text = await revived(INTERPRETERS["forked"], tmp_path / "c", "x = 1", "1 / 0")
    assert 'File "<cell 2>"' in text


async def test_tools_are_bound_again_wherever_they_are_kept(tmp_path: Path) -> None:
    def double(x: int) -> int:
        return 2 * x

    toolbox = Toolbox.of([double])
    async with INTERPRETERS["forked"]() as interpreter:
        await interpreter.execute("mine = [double]; other = double", toolbox=toolbox)
        await interpreter.checkpoint(tmp_path / "c")
        await interpreter.restore(tmp_path / "c")
        done = await interpreter.execute("mine[0](2), other(3), double(4)", toolbox=toolbox)
    assert done.text == "(4, 6, 8)\n"


async def test_the_variables_stay_as_they_are_when_saved(opened: Open, tmp_path: Path) -> None:
    async with opened() as interpreter:
        await interpreter.execute("x = [1]; f = (i for i in x)")
        await interpreter.checkpoint(tmp_path / "c")
        assert (await interpreter.execute("next(f), x")).text == "(1, [1])\n"


async def test_a_restored_session_is_restored_when_its_kernel_dies(tmp_path: Path) -> None:
    async with INTERPRETERS["snapshots"]() as interpreter:
        await interpreter.execute("x = 1")
        await interpreter.checkpoint(tmp_path / "c")
        await interpreter.execute("x = 2")
        await interpreter.restore(tmp_path / "c")
        assert (await interpreter.execute("import os; os._exit(3)")).state == "restored"
        assert (await interpreter.execute("x")).text == "1\n"


async def test_what_came_after_the_checkpoint_is_gone(opened: Open, tmp_path: Path) -> None:
    async with opened() as interpreter:
        await interpreter.execute("x = 1")
        await interpreter.checkpoint(tmp_path / "c")
        await interpreter.execute("x = 2; y = 3")
        await interpreter.restore(tmp_path / "c")
        assert (await interpreter.execute("x, 'y' in globals()")).text == "(1, False)\n"


async def test_files_come_along_when_asked(opened: Open, tmp_path: Path) -> None:
    define = (
        "import os; os.makedirs('in'); open('in/f', 'w').write('text'); os.symlink('in/f', 'l')"
        "\nos.symlink('/etc/hostname', 'out'); os.chdir('in')"
    )
    async with opened() as first:
        await first.execute(define)
        report = await first.checkpoint(tmp_path / "c", files=True)
        assert report.files
    async with opened() as second:
        restored: Restoration = await second.restore(tmp_path / "c")
        text = (
            await second.execute("open('f').read(), open('../l').read(), os.listdir('..')")
        ).text
        assert text.startswith("('text', 'text'")
        assert "'out'" not in text
        assert "the file out was not brought back" in str(restored)


def damage(path: Path, how: str) -> None:
    data = path.read_bytes()
    match how:
        case "truncated":
            path.write_bytes(data[:-10])
        case "flipped":
            path.write_bytes(data[:200] + bytes([data[200] ^ 1]) + data[201:])
        case "a head only":
            path.write_bytes(data[:40])
        case "foreign":
            path.write_bytes(b"PK\x03\x04 something else")
        case "empty":
            path.write_bytes(b"")
        case "newer":
            path.write_bytes(data.replace(b"checkpoint/1", b"checkpoint/2", 1))
        case "missing":
            path.unlink()


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("truncated", "is damaged: it has .* bytes and should have"),
        ("flipped", "is damaged: its contents do not match its checksum"),
        ("a head only", "is damaged"),
        ("foreign", "is no checkpoint of codeact"),
        ("empty", "is no checkpoint of codeact"),
        ("newer", "another version of codeact"),
        ("missing", "cannot be read"),
    ],
)
async def test_a_file_that_is_not_whole_changes_nothing(
    how: str, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "c"
    async with INTERPRETERS["forked"]() as interpreter:
        await interpreter.execute("x = 1")
        await interpreter.checkpoint(path)
        damage(path, how)
        await interpreter.execute("x = 2")
        with pytest.raises(DataError, match=words):
            await interpreter.restore(path)
        assert (await interpreter.execute("x")).text == "2\n"


async def test_a_checkpoint_that_is_too_large_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "c"
    async with INTERPRETERS["forked"]() as interpreter:
        await interpreter.execute("x = 1")
        await interpreter.checkpoint(path)
        before = path.read_bytes()
        await interpreter.execute("y = b'x' * 1_000_000")
        with pytest.raises(CheckpointFailed, match="larger than 500,000 bytes"):
            await interpreter.checkpoint(path, max_bytes=500_000)
        assert (await interpreter.execute("len(y)")).text == "1000000\n"
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == [path.name]


HANGS = "import time\nclass H:\n    def __reduce__(self):\n        time.sleep(60)\nh = H()\nx = 1"
STUCK = HANGS.replace(
    "time.sleep(60)",
    "while True:\n            try: time.sleep(60)\n            except BaseException: pass",
)


async def test_a_variable_that_hangs_is_left_out(opened: Open, tmp_path: Path) -> None:
    async with opened() as interpreter:
        await interpreter.execute(HANGS)
        report = await interpreter.checkpoint(tmp_path / "c", seconds=2)
        assert "longer than 1 seconds" in str(report)
        assert "x" in [each.name for each in report.saved]


async def test_a_variable_that_holds_on_ends_the_checkpoint_truthfully(
    opened: Open, tmp_path: Path
) -> None:
    async with opened() as interpreter:
        await interpreter.execute(STUCK)
        with pytest.raises(CheckpointFailed, match="died or was killed"):
            await interpreter.checkpoint(tmp_path / "c", seconds=0.6)
        told = await interpreter.execute("x")
        assert told.state in ("lost", "restored")
        assert "This cell was not run" in told.text
    assert os.listdir(tmp_path) == []


HOSTILE = "class Evil:\n    def __reduce__(self):\n        return exec, ({code!r},)\ne = Evil()"


async def test_a_hostile_file_hurts_only_the_session(opened: Open, tmp_path: Path) -> None:
    path = tmp_path / "c"
    async with opened() as interpreter:
        await interpreter.execute(HOSTILE.format(code="import os; os._exit(9)"))
        await interpreter.checkpoint(path)
        with pytest.raises(CheckpointFailed, match="died or was killed while it loaded"):
            await interpreter.restore(path)
        assert (await interpreter.execute("'e' in globals()")).text == "False\n"


async def test_behind_walls_a_hostile_file_reaches_nothing_of_the_host(tmp_path: Path) -> None:
    path, secret = tmp_path / "c", tmp_path / "secret"
    secret.write_text("s")
    async with INTERPRETERS["walled"]() as interpreter:
        await interpreter.execute(HOSTILE.format(code=f"open({str(secret)!r}, 'w')"))
        await interpreter.checkpoint(path)
        before = path.read_bytes()
        restored = await interpreter.restore(path)
        assert "Error" in restored.failed[0].reason
    assert secret.read_text() == "s"
    assert path.read_bytes() == before


async def test_a_dead_session_is_not_saved(tmp_path: Path) -> None:
    async with INTERPRETERS["process"]() as interpreter:
        await interpreter.execute(
            "x = 1\nimport os, threading\nthreading.Timer(0.1, os._exit, (1,)).start()"
        )
        await asyncio.sleep(1)
        with pytest.raises(CheckpointFailed, match="has died"):
            await interpreter.checkpoint(tmp_path / "c")


async def test_a_place_that_is_none_is_told(tmp_path: Path) -> None:
    async with INTERPRETERS["forked"]() as interpreter:
        with pytest.raises(CheckpointFailed, match="cannot be put there"):
            await interpreter.checkpoint(tmp_path / "no" / "c")
