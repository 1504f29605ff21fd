"""Turns one variable into bytes: what a session's objects need beyond cloudpickle's reach."""

from __future__ import annotations

import builtins
import io
import marshal
import pickle
import socket
import subprocess
import sys
import threading
import types
from _thread import LockType
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import cloudpickle  # type: ignore[import-untyped]

from codeact.interpreter import kernel_revival

if TYPE_CHECKING:
    from codeact.interpreter.kernel_tools import Tools

globals()["__builtins__"] = vars(builtins).copy()  # the cell may replace builtins; ours stay

_Reader = (io.TextIOWrapper, io.BufferedReader, io.BufferedWriter, io.BufferedRandom, io.FileIO)
_KINDS: tuple[tuple[tuple[type, ...], str, str], ...] = (
    ((types.GeneratorType,), "a generator", "; make a list of what it yields"),
    ((types.CoroutineType, types.AsyncGeneratorType), "a coroutine", "; await it first"),
    (_Reader, "an open file", "; keep its path, and open it again"),
    ((LockType, type(threading.RLock())), "a lock", ""),
    ((threading.Thread,), "a thread", ""),
    ((socket.socket,), "a socket", ""),
    ((subprocess.Popen,), "a running program", ""),
    ((types.FrameType, types.TracebackType), "a traceback", ""),
)
_PLAIN = (str, bytes, int, float, complex, tuple, frozenset, types.CodeType, types.ModuleType)


class Refused(pickle.PicklingError):
    """Something that no file can hold; `args` are the thing, what it is, and an advice."""


class Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    """Functions belong to the living namespace; closures share their cells; tools are rebound."""

    def __init__(self, file: Any, namespace: dict[str, Any], tools: Tools) -> None:
        super().__init__(file, protocol=5)
        self._namespace = namespace
        self._tools = tools

    def reducer_override(self, obj: Any) -> Any:
        kind = type(obj)
        for kinds, what, advice in _KINDS:
            if issubclass(kind, kinds):
                raise Refused(obj, what, advice)
        if kind is types.CellType:
            return _reduced_cell(obj)
        if kind is types.CodeType:  # cloudpickle forgets which cell it stands in
            with suppress(ValueError):  # constants that no compiler makes
                return marshal.loads, (marshal.dumps(obj),)
        if kind is types.FunctionType:
            tool = self._tools.name_of(obj)
            if tool is not None:
                return kernel_revival.tool, (tool, obj.__doc__ or "")
            if obj.__globals__ is self._namespace:
                return _reduced_function(obj)
        return super().reducer_override(obj)


def _reduced_cell(cell: types.CellType) -> Any:
    try:
        contents = cell.cell_contents
    except ValueError:
        return kernel_revival.cell, ()
    return kernel_revival.cell, (), contents, None, None, kernel_revival.fill


def _reduced_function(function: types.FunctionType) -> Any:
    told = {"__doc__", "__module__", "__qualname__", "__defaults__", "__kwdefaults__"}
    state: dict[str, Any] = {}
    for name in (*sorted(told), "__annotations__", "__type_params__"):
        with suppress(Exception):  # annotations may be computed, from names that are gone
            state[name] = getattr(function, name)
    made = function.__code__, function.__name__, function.__closure__
    return (
        kernel_revival.function,
        made,
        (state, function.__dict__),
        None,
        None,
        kernel_revival.finish,
    )


class Namespace:
    """Stands for the namespace itself."""

    def __reduce__(self) -> Any:
        return kernel_revival.namespace, ()


def sharable(pickler: Any, held: list[Any]) -> set[int]:
    """The ids of what this variable may share with another one; `held` keeps them unique."""
    found = set()
    memo = pickler.memo.copy()
    numpy = sys.modules.get("numpy")
    dtype = getattr(numpy, "dtype", ())
    while memo:
        key, entry = memo.popitem()
        obj = entry[1]
        # Ours and the pickler's: entry, obj, getrefcount's own, the pickler's memo.
        if type(obj) in _PLAIN or isinstance(obj, dtype) or sys.getrefcount(obj) <= 4:
            continue
        if _has_a_name(obj):
            continue
        held.append(obj)
        found.add(key)
    return found


def _has_a_name(obj: Any) -> bool:
    """Whether it is saved as a name that leads to it."""
    if not isinstance(obj, (type, types.FunctionType, types.BuiltinFunctionType)):
        return False
    module = sys.modules.get(getattr(obj, "__module__", None) or "")
    if module is None or module.__name__ == "__main__":
        return isinstance(obj, types.BuiltinFunctionType)
    found: Any = module
    for part in obj.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is obj
