"""What pre-flight refuses, and what looks doomed but is let run, each lived in plain Python too."""

from __future__ import annotations

from typing import Any

import pytest

from tests.interpreter.doomed_cells import Lived, live

SOUND = [
    ["exit()\nmissing"],
    ["raise SystemExit\nmissing"],
    ["import sys as s\ns.exit(0)\nmissing"],
    ["from sys import exit as bye", "bye()\nmissing"],
    ["def f():\n    global x\n    x = 1", "f()\nx"],
    ["class A:\n    global x\n    x = 1\nx"],
    ["exec('x = 1')\nx"],
    ["globals()['x'] = 1\nx"],
    ["def f(): pass\nf.__globals__['x'] = 1\nx"],
    ["getattr(__builtins__, 'exec', None) or 1\nglobals().update(x=1)\nx"],
    ["from math import *\npi"],
    ["print((x := 1), x)"],
    ["[x := n for n in range(2)]\nx"],
    ["def f(n=(x := 1)): pass\nx"],
    ["try:\n    missing\nexcept NameError:\n    pass"],
    ["import contextlib\nwith contextlib.suppress(NameError):\n    missing"],
    ["if False:\n    missing"],
    ["0 and missing, 1 or missing, 1 if 1 else missing, 1 > 2 > missing"],
    ["[missing for n in []], (missing for n in [1])"],
    ["lambda: missing"],
    ["for x in [1]: pass\nx"],
    ["match {'k': 1}:\n    case {'k': x, **rest}: pass\nx, rest"],
    ["match [1, 2]:\n    case [x, *others]: pass\nx, others"],
    ["import os.path as place, sys\nplace, sys"],
    ["x: int = 1\nx"],
    ["x, *y = 1, 2\nx, y"],
    ["import importlib\nimportlib.import_module('sys').exit()\nmissing"],
    ["class M(type):\n    def __getattr__(c, n): return globals().setdefault('x', 1)\n"
     "class A(metaclass=M): pass\nA.q\nx"],
    ["import operator, sys\noperator.attrgetter('exit')(sys)()\nmissing"],
    ["import string\nd = string.Formatter().get_field('0.__globals__', [lambda: 0], {})[0]\n"
     "d.update(x=1)\nx"],
    ["find('q', limit=2)", "find(*['q'])", "find(**{'query': 1}) if 0 else 1"],
    ["def find(anything): return anything\nfind(anything=1)"],
    ["find = dict", "find(anything=1)"],
    ["__name__, __doc__ if '__doc__' in dir() else 0"],
]  # fmt: skip
DOOMED = [
    ("total = 1\nprint(totl)", NameError, "Did you mean 'total'?"),
    ("print(Total)\ntotal = 1", NameError, ""),
    ("x = x + 1", NameError, ""),
    ("x += 1", NameError, ""),
    ("del x", NameError, ""),
    ("np.zeros(3)", NameError, "Did you forget `import numpy as np`?"),
    ("math.pi", NameError, "Did you forget `import math`?"),
    ("def f(n=missing): pass", NameError, ""),
    ("@missing\ndef f(): pass", NameError, ""),
    ("class A(Missing): pass", NameError, ""),
    ("for n in missing: pass", NameError, ""),
    ("if missing: pass", NameError, ""),
    ("[n for n in range(3)]\nn", NameError, ""),
    ("def f():\n    inner = 1\n    return inner\nf()\ninner", NameError, ""),
    ("f'{missing}'", NameError, ""),
    ("print('a' if missing else 'b')", NameError, ""),
    ("with missing: pass", NameError, ""),
    ("match missing:\n    case _: pass", NameError, ""),
    ("find('q', dep=True)", TypeError, "Did you mean 'deep'?"),
    ("find('q', wide=True)", TypeError, "Its parameters are: query, limit, deep."),
    ("find()", TypeError, ""),
    ("find('q', 1, True)", TypeError, ""),
    ("print('a')\nreturn 1", SyntaxError, ""),
    ("print('a')\nfor n in []: pass\nbreak", SyntaxError, ""),
    ("def f(a, a): pass", SyntaxError, ""),
]


def last(cells: list[str], **settings: Any) -> Lived:
    return live(cells, **settings)[-1]


@pytest.mark.parametrize("cells", SOUND)
def test_a_cell_that_only_looks_doomed_is_let_run(cells: list[str]) -> None:
    for each in live(cells):
        assert each.error is None
        assert each.doomed is None


@pytest.mark.parametrize(("cell", "error", "hint"), DOOMED)
def test_a_doomed_cell_is_refused_with_the_error_that_it_raises(
    cell: str, error: type[Exception], hint: str
) -> None:
    lived = last([cell])
    assert lived.doomed is not None
    assert type(lived.doomed.error) is type(lived.error) is error
    assert lived.doomed.hint == hint


def test_names_of_earlier_cells_are_known_to_a_later_one() -> None:
    assert last(["def area(w, h):\n    return w * h\nwidth = 3", "area(width, 2)"]).doomed is None


def test_what_a_session_did_once_makes_all_later_cells_uncertain() -> None:
    assert last(["keep = globals", "missing"]).doomed is None


def test_a_module_that_does_not_exist_makes_nothing_uncertain() -> None:
    assert last(["import nowhere_to_be_found", "missing"]).doomed is not None


def test_a_module_that_nobody_knows_makes_a_cell_uncertain() -> None:
    assert last(["import tests.interpreter\nmissing"]).doomed is None


def test_modules_of_the_users_own_make_every_cell_uncertain() -> None:
    assert last(["missing"], surroundings=lambda: False).doomed is None


def test_a_statement_after_a_raise_is_never_blamed() -> None:
    assert last(["raise ValueError\nmissing"]).doomed is None


@pytest.mark.parametrize("cell", ["import sympy\nsympy.var('x')\nx", "from sympy import var\nx"])
def test_a_library_that_defines_names_for_its_caller_makes_a_cell_uncertain(cell: str) -> None:
    assert last([cell]).doomed is None
