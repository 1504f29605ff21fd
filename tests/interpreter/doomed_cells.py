"""Cells of all shapes, drawn at random, and their plain execution: what pre-flight is judged by."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from codeact.interpreter.kernel_preflight import Doomed, Preflight

NAMES = ("a", "b", "c", "total", "find")
"""`find` is a tool; the others may be defined or not."""
LINE = "find(query: str, /, limit: int = 3, *, deep: bool = False) -> str"
names = st.sampled_from(NAMES)


def leave(code: object = None) -> None:
    """`exit()`, as in the kernel."""
    raise SystemExit(code)


def find(query: str, /, limit: int = 3, *, deep: bool = False) -> int:
    return limit


def known(name: str, value: object) -> tuple[inspect.Signature, str] | None:
    return (inspect.signature(find), LINE) if name == "find" and value is find else None


@dataclass(frozen=True, slots=True)
class Lived:
    """Some cells in one namespace: how each ended, and what pre-flight had said of it."""

    cell: str
    error: BaseException | None
    line: int
    doomed: Doomed | None


def live(cells: list[str], surroundings: Any = lambda: True) -> list[Lived]:
    """Run all, those too that pre-flight would not let run: in a namespace of their own, statement
    by statement as the kernel does.
    """
    namespace: dict[str, Any] = {"find": find, "exit": leave, "__name__": "__main__"}
    preflight = Preflight(surroundings=surroundings)
    lived = []
    for cell in cells:
        try:
            statements = ast.parse(cell).body
        except SyntaxError:
            continue
        doomed = preflight.judge(statements, namespace, signature_of=known)
        doomed = doomed or preflight.misplaced(statements, namespace, compiled)
        error, line = executed(cell, namespace)
        preflight.remember(cell)
        lived.append(Lived(cell, error, line, doomed))
    return lived


def compiled(statement: ast.stmt) -> None:
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    compile(ast.Module([statement], []), "<cell>", "exec", flags, dont_inherit=True)


def executed(cell: str, namespace: dict[str, Any]) -> tuple[BaseException | None, int]:
    """What it raised, None where it came to a good end, and the first line of the
    statement that raised it.
    """
    for statement in ast.parse(cell).body:
        decorators = getattr(statement, "decorator_list", [])
        line = min(each.lineno for each in (statement, *decorators))
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                module = ast.Module([statement], [])
                flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
                code = compile(module, "<cell>", "exec", flags, dont_inherit=True)
                result = eval(code, namespace)
                if inspect.iscoroutine(result):
                    asyncio.run(result)
        except SystemExit as end:
            return (None if end.code in (None, 0) else end), line
        except BaseException as error:  # noqa: BLE001 - whatever a cell raises is what is asked
            return error, line
    return None, 0


def _indented(text: str) -> str:
    return "\n".join("    " + line for line in text.splitlines())


def _comprehended(parts: tuple[str, str, str]) -> str:
    return f"[{parts[0]} for {parts[1]} in ({parts[2]},)]"


leaves = st.one_of(names, st.sampled_from(["1", "0", "'a'", "None", "[1, 2]", "{'k': 1}"]))
expressions: st.SearchStrategy[str] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "and", "or", "==", "< 3 <"]), inner).map(
            lambda p: f"({p[0]} {p[1]} {p[2]})"
        ),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} if {p[1]} else {p[2]})"),
        st.tuples(names, inner).map(lambda p: f"({p[0]} := {p[1]})"),
        st.tuples(inner, names, inner).map(_comprehended),
        st.tuples(names, inner).map(lambda p: f"(lambda {p[0]}=0: {p[1]})"),
        st.tuples(names, inner).map(lambda p: f"(lambda: {p[1]})()"),
        inner.map(lambda p: f"f'{{{p}}}'"),
        inner.map(lambda p: f"print({p})"),
        inner.map(lambda p: f"str({p})"),
        st.tuples(names, inner).map(lambda p: f"{p[0]}({p[1]})"),
        st.tuples(inner, names).map(lambda p: f"find({p[0]}, {p[1]}=1)"),
        st.sampled_from(
            [
                "find()",
                "find(1, 2)",
                "find(1, 2, 3)",
                "find('q', deep=True)",
                "find(query='q')",
                "find('q', dep=True)",
                "find(*[1, 2])",
                "find(**{'dep': 1})",
                "find('q', limit=2)",
            ]
        ),
    ),
    max_leaves=4,
)
targets = st.one_of(
    names, st.tuples(names, names).map(lambda p: f"{p[0]}, {p[1]}"), names.map(lambda n: f"{n}[0]")
)
tricks = st.one_of(
    names.map(lambda n: f"globals()['{n}'] = 1"),
    names.map(lambda n: f"exec('{n} = 1')"),
    names.map(lambda n: f"vars().update({n}=1)"),
    names.map(lambda n: f"locals()['{n}'] = 1"),
    names.map(lambda n: f"setattr(__import__('builtins'), 'zz', 1); eval('({n} := 1)')"),
    names.map(lambda n: f"getattr(__builtins__, 'exec')('{n} = 1')"),
    names.map(lambda n: f"import sys\nsys._getframe().f_globals['{n}'] = 1"),
    names.map(lambda n: f"def give():\n    global {n}\n    {n} = 1\ngive()"),
    names.map(lambda n: f"def give():\n    global {n}\n    {n} = 1"),
    names.map(lambda n: f"class Giver:\n    global {n}\n    {n} = 1"),
    names.map(lambda n: f"give = lambda: globals().update({n}=1)"),
    names.map(lambda n: f"def late():\n    return {n}\nlate.__globals__['{n}'] = 1"),
    names.map(
        lambda n: f"class Giver:\n    def __del__(self):\n        global {n}\n        {n} = 1"
    ),
    st.just("Giver()"),
    st.just("give()"),
    names.map(lambda n: "import threading\nt = threading.Thread(target=give); t.start(); t.join()"),
    st.just("from math import *"),
    st.just("from os.path import *"),
    names.map(lambda n: f"import math as {n}"),
    names.map(lambda n: f"from math import pi as {n}"),
    st.sampled_from(["exit()", "raise SystemExit", "import sys\nsys.exit(0)", "exit = print"]),
    st.sampled_from(["import sys as s\ns.exit()", "from sys import exit as bye", "bye()"]),
    st.sampled_from(["await __import__('asyncio').sleep(0)", "return 1", "yield 1", "break"]),
    names.map(lambda n: "from operator import attrgetter\nattrgetter('exit')(__import__('sys'))()"),
    names.map(
        lambda n: (
            f"import string\nstring.Formatter().get_field('0.__globals__', "
            f"[lambda: 0], {{}})[0].update({n}=1)"
        )
    ),
    names.map(lambda n: f"import typing\nclass A: x: '({n} := int)'\ntyping.get_type_hints(A)"),
)
simple = st.one_of(
    expressions,
    st.tuples(targets, expressions).map(lambda p: f"{p[0]} = {p[1]}"),
    st.tuples(names, expressions).map(lambda p: f"{p[0]} += {p[1]}"),
    st.tuples(names, expressions, expressions).map(lambda p: f"{p[0]}: {p[1]} = {p[2]}"),
    names.map(lambda n: f"del {n}"),
    expressions.map(lambda e: f"assert {e}"),
    st.just("pass"),
    st.just("raise ValueError('v')"),
    names.map(lambda n: f"global {n}"),
    tricks,
)


def _blocks(body: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    block = body.map(_indented)
    return st.one_of(
        st.tuples(expressions, block).map(lambda p: f"if {p[0]}:\n{p[1]}"),
        st.tuples(expressions, block, block).map(lambda p: f"if {p[0]}:\n{p[1]}\nelse:\n{p[2]}"),
        st.tuples(names, expressions, block).map(lambda p: f"for {p[0]} in [{p[1]}]:\n{p[2]}"),
        st.tuples(expressions, block).map(lambda p: f"while {p[0]}:\n{p[1]}\n    break"),
        st.tuples(block, names, block).map(
            lambda p: f"try:\n{p[0]}\nexcept NameError as {p[1]}:\n{p[2]}"
        ),
        st.tuples(block, block).map(lambda p: f"try:\n{p[0]}\nfinally:\n{p[1]}"),
        st.tuples(block, block).map(lambda p: f"try:\n{p[0]}\nexcept BaseException:\n{p[1]}"),
        block.map(lambda b: f"import contextlib\nwith contextlib.suppress(Exception):\n{b}"),
        st.tuples(names, names, expressions, block).map(
            lambda p: f"def {p[0]}({p[1]}={p[2]}):\n{p[3]}"
        ),
        st.tuples(names, block).map(lambda p: f"class {p[0]}:\n{p[1]}"),
        st.tuples(expressions, names, block).map(
            lambda p: f"match {p[0]}:\n    case {p[1]}:\n{_indented(p[2])}"
        ),
        st.tuples(expressions, names, block).map(
            lambda p: f"match {p[0]}:\n    case {{'k': {p[1]}}}:\n{_indented(p[2])}"
        ),
        st.tuples(expressions, names).map(lambda p: f"@{p[0]}\ndef {p[1]}(): pass"),
    )


statements = st.recursive(simple, _blocks, max_leaves=3)
uses = st.sampled_from(["a", "print(b)", "c = a", "total = [b]", "find('q', dep=a)", "give()", "c"])
tricky = st.one_of(tricks, uses)
cells = st.one_of(
    st.lists(statements, min_size=1, max_size=5).map("\n".join),
    st.tuples(tricks, uses).map("\n".join),
    st.lists(tricky, min_size=1, max_size=4).map("\n".join),
)
sessions = st.lists(cells, min_size=1, max_size=3)
