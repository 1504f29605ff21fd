"""Ordinary Python runs in our kernels as in a plain CPython; what differs is listed."""

from __future__ import annotations

import functools
import importlib.util
import re
import tempfile
from pathlib import Path

import pytest

from codeact.interpreter.forked import ForkedInterpreter
from codeact.interpreter.opening import EVERYTHING
from codeact.interpreter.sandbox import SandboxPolicy
from tests.interpreter.plain_python import plain_run

pytestmark = pytest.mark.anyio

FOLDER = Path(__file__).with_name("constructs")
MODES = {"walled": SandboxPolicy(mode="required"), "plain": None}
TRACEBACK = re.compile(r"^Traceback \(most recent call last\):\n(?: .*\n|\n|-->.*\n)*", re.M)
"""From its head to the last line, which says the error."""


def collected(path: Path) -> dict[str, list[str]]:
    """Cells by the name of their snippet."""
    found: dict[str, list[str]] = {}
    for piece in path.read_text(encoding="utf-8").split("=== ")[1:]:
        name, _, code = piece.partition("\n")
        assert name not in found, name
        found[name] = re.split(r"^---\s*\n", code, flags=re.M)
    return found


SNIPPETS = {
    name: (path.stem, cells)
    for path in sorted(FOLDER.glob("*.txt"))
    for name, cells in collected(path).items()
}
LIBRARIES = re.compile(r"^\s*(?:import|from) (numpy|pandas|matplotlib|scipy)", re.M)


@functools.cache
def missing(library: str) -> bool:
    return importlib.util.find_spec(library) is None


def comparable(text: str) -> str:
    """Of a traceback only its last line, which says the error."""
    return TRACEBACK.sub("", text)


async def kernel_run(cells: list[str], sandbox: SandboxPolicy | None) -> str:
    async with ForkedInterpreter(
        sandbox=sandbox, preload=EVERYTHING, timeout=15, output_limit=50_000
    ) as interpreter:
        return "".join([(await interpreter.execute(cell)).text for cell in cells])


@functools.cache
def plain(name: str) -> str:
    with tempfile.TemporaryDirectory() as site:
        folder = Path(site, "work")
        folder.mkdir()
        return plain_run(SNIPPETS[name][1], folder, Path(site, "site"))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", [n for n, (kind, _) in SNIPPETS.items() if kind != "differing"])
async def test_a_construct_gives_what_a_plain_python_gives(name: str, mode: str) -> None:
    _, cells = SNIPPETS[name]
    for library in LIBRARIES.findall("\n".join(cells)):
        if missing(library):
            pytest.skip(f"{library} is not installed (extra: science)")
    found = await kernel_run(cells, MODES[mode])
    assert comparable(found) == comparable(plain(name))


DIFFERING = {name: cells for name, (kind, cells) in SNIPPETS.items() if kind == "differing"}


@pytest.mark.parametrize("name", DIFFERING)
@pytest.mark.parametrize("mode", MODES)
async def test_what_differs_from_a_plain_python_is_as_listed(name: str, mode: str) -> None:
    *cells, last = DIFFERING[name]
    last, _, wanted = last.partition(">>>\n")
    assert await kernel_run([*cells, last], MODES[mode]) == wanted


@pytest.mark.parametrize("mode", MODES)
async def test_a_function_of_a_cell_is_unknown_to_a_spawned_process(mode: str) -> None:
    cells = [
        "import multiprocessing as mp\ndef f(x): return x",
        "with mp.get_context('spawn').Pool(1) as pool:\n    r = pool.apply_async(f, (1,))\n"
        "    try: r.get(timeout=2)\n    except mp.TimeoutError: print('unknown')",
    ]
    assert "Can't get attribute 'f' on <module '__main__'" in await kernel_run(cells, MODES[mode])
