"""Cells that are judged harmless: they change neither names nor files."""

from __future__ import annotations

import contextlib
import copy
import io
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeact.interpreter.harmless import MOST_CHARACTERS, is_harmless

NAMES = ("n", "text", "items", "table", "made", "lines", "file")
FUNCTIONS = (
    *("len", "str", "sorted", "list", "sum", "max", "min", "set", "tuple", "dict", "print"),
    *("repr", "next", "iter", "open", "type", "round", "bool", "abs", "zip", "any", "isinstance"),
)
BINARY = ("+", "-", "*", "//", "%", "and", "or", "in", "not in", "is", "==", "<", "**", "|")


def expressions() -> st.SearchStrategy[str]:
    atoms = st.sampled_from([*NAMES, "1", "'a'", "[1, 2]", "None", "(n := 5)"])

    def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        function = st.sampled_from(FUNCTIONS)
        extra = st.sampled_from(["", ", file=file", ", sep='-'", ", **table", ", *items"])
        method = st.sampled_from(["append(1)", "pop()", "clear()", "write('x')", "upper()"])
        return st.one_of(
            st.tuples(function, inner, extra).map(lambda p: f"{p[0]}({p[1]}{p[2]})"),
            st.tuples(inner, st.sampled_from(BINARY), inner).map(" ".join).map("({})".format),
            st.tuples(inner, inner).map(lambda p: f"{p[0]}[{p[1]}]"),
            st.tuples(inner, method).map(lambda p: f"{p[0]}.{p[1]}"),
            st.tuples(inner, inner).map(lambda p: f"[x for x in {p[0]} if {p[1]}]"),
            st.lists(inner, max_size=3).map(lambda p: f"[{', '.join(p)}]"),
            inner.map(lambda p: f"f'{{{p}}}'" if "'" not in p else p),
        )

    return st.recursive(atoms, larger, max_leaves=6)


def cells() -> st.SearchStrategy[str]:
    frames = ("{}", "x = {}", "del {}", "{}\nitems += [1]", "if {}: n = 2", "import os; {}")
    return st.tuples(st.sampled_from(frames), expressions()).map(lambda p: p[0].format(p[1]))


def remains(space: dict[str, Any]) -> dict[str, Any]:
    """What the names hold; iterators are asked for all that is left in them."""
    plain = {name: value for name, value in space.items() if name not in ("made", "lines", "file")}
    plain.pop("__builtins__", None)
    left = copy.deepcopy(plain)
    return left | {"made": list(space["made"]), "lines": list(space["lines"])}


def space_in(folder: Path) -> dict[str, Any]:
    file = open(folder / "f", "w", encoding="utf-8")  # noqa: SIM115 - closed by the test
    return {
        "n": 3,
        "text": "abc",
        "items": [1, [2]],
        "table": {"a": 1},
        "made": (k * k for k in range(3)),
        "lines": iter("xyz"),
        "file": file,
    }


@given(cell=cells())
def test_a_cell_that_is_judged_harmless_changes_no_name_and_no_file(
    cell: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if not is_harmless(cell):
        return
    folder = tmp_path_factory.mktemp("work")
    with contextlib.chdir(folder):
        space, untouched = space_in(folder), space_in(folder)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(Exception):
            exec(cell, space)
        space["file"].close()
        untouched["file"].close()
        assert remains(space) == remains(untouched), cell
        assert os.listdir(folder) == ["f"], cell
        assert (folder / "f").read_text() == "", cell


@pytest.mark.parametrize(
    "cell",
    [
        "x",
        "df['a'].b",
        "print(x + 1, sep='')",
        "len(str(x)) > 3",
        "f'{x!r:>5}'",
        "x[1:2]",
        "-x",
        "",
    ],
)
def test_cells_that_only_look_are_harmless(cell: str) -> None:
    assert is_harmless(cell)


@pytest.mark.parametrize(
    "cell",
    [
        *("x = 1", "f()", "x.f()", "print(1, file=f)", "print(**k)", "list(made)", "sum(made)"),
        *("3 in made", "(x := 1)", "!ls", "%time x", "del x", "import os", "[y for y in made]"),
        *(
            "x *= 2",
            "x * y",
            "await x",
            "x" * (MOST_CHARACTERS + 1),
            "\0",
            "(" * 299,
            "print(*made)",
        ),
    ],
)
def test_cells_that_may_change_something_are_not_harmless(cell: str) -> None:
    assert not is_harmless(cell)
