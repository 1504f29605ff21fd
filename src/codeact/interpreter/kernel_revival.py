"""Brings a saved namespace back to life, in the kernel; what is saved names these functions.

What is loaded here can run any code: it is as dangerous as a cell, and no more.
"""

from __future__ import annotations

import builtins
import importlib
import json
import linecache
import os
import pickle
import platform
import random
import signal
import sys
import tarfile
import types
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from codeact.interpreter.kernel import Kernel
    from codeact.interpreter.kernel_tools import Tools

globals()["__builtins__"] = vars(builtins).copy()  # the cell may replace builtins; ours stay

SCHEMA = "codeact.namespace/1"
MAX_TEXT = 300
"""Characters of a reason."""

TOO_SLOW = "it took longer than {seconds:g} seconds"
STOPPED = "the time for it was over"
NOT_OURS = "what it holds is no namespace that this version can read"
WITH = "it shares objects with {name}, which failed"
CHANGED_LIBRARY = "{name} was {then} and is {now} now"
NO_LIBRARY = "{name} {then} is not installed"
NO_FILE = "the file {name} was not brought back: {why}"
NO_FOLDER = "the code worked in {folder}, which is not there"

_live: dict[str, Any] = {}
_bound: list[Tools] = []


class TooSlow(BaseException):
    """A variable's time is over. No `except Exception` of the code's may swallow it."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raises TooSlow inside when the time is over; in the main thread only."""

    def late(number: int, frame: object) -> None:
        raise TooSlow

    previous = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def namespace() -> dict[str, Any]:
    """The living one."""
    return _live


def function(
    code: types.CodeType, name: str, closure: tuple[types.CellType, ...] | None
) -> types.FunctionType:
    """A function of the living namespace."""
    return types.FunctionType(code, _live, name, None, closure)


def finish(made: types.FunctionType, state: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """Give a function what it may hold itself: defaults, annotations, attributes."""
    known, attributes = state
    for name, value in known.items():
        with suppress(AttributeError):  # another version of Python has other ones
            setattr(made, name, value)
    made.__dict__.update(attributes)


def cell() -> types.CellType:
    """A closure's variable that has no value yet."""
    return types.CellType()


def fill(made: types.CellType, contents: Any) -> None:
    made.cell_contents = contents


def tool(name: str, doc: str) -> Any:
    """The tool of this name, offered now or later."""
    return _bound[-1].stand_in(name, doc)


def running() -> str:
    """Which Python this is; code is only portable within one minor version."""
    return f"{sys.implementation.name} {'.'.join(platform.python_version_tuple()[:2])}"


def libraries() -> list[list[str]]:
    """[name, version] of what is loaded and has one."""
    found = []
    for name, module in sorted(sys.modules.items(), key=lambda each: str(each[0])):
        if not isinstance(module, types.ModuleType) or "." in name or name[:1] == "_":
            continue
        version = vars(module).get("__version__")
        if isinstance(version, str) and name not in sys.stdlib_module_names:
            found.append([name, version[:MAX_TEXT]])
    return found


def told(error: BaseException) -> str:
    """An error of the code's, in a line."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - an exception of the code's can misbehave
        text = ""
    name = type(error).__name__
    return (f"{name}: {text}" if text else name)[:MAX_TEXT]


def restore(kernel: Kernel, head: dict[str, Any], tools: Tools) -> dict[str, Any]:
    """Load what the descriptor holds into the (fresh) namespace; the answer for the host."""
    global _live
    _live = kernel.shell.user_ns
    _bound.append(tools)
    descriptor = kernel.channel.descriptors()[0]
    reviver = _Reviver(kernel, head)
    fault = ""
    with open(descriptor, "rb", closefd=False) as file:
        try:
            reviver.everything(file)
        except KeyboardInterrupt:
            fault = STOPPED + reviver.at()
        except (ValueError, KeyError, TypeError, IndexError, OSError) as error:
            fault = f"{NOT_OURS} ({told(error)})"
    os.close(descriptor)
    _bound.pop()
    return {
        "restored": reviver.restored,
        "unsaved": [[name, "", why] for name, why in reviver.failed.items()],
        "notes": reviver.notes,
        "facts": [running(), fault],
    }


class _Reviver:
    """One namespace on its way back."""

    def __init__(self, kernel: Kernel, head: dict[str, Any]) -> None:
        self._kernel = kernel
        self._each = head["each"]
        self._then = dict(head["libraries"])
        self._found: dict[str, Any] = {}
        self._now = ""
        self.failed: dict[str, str] = {}
        self.notes: list[str] = []

    @property
    def restored(self) -> list[str]:
        return list(self._found)

    def at(self) -> str:
        return f" at {self._now}" if self._now else ""

    def everything(self, file: Any) -> None:
        end = file.seek(0, os.SEEK_END)
        file.seek(end - 8)
        size = int.from_bytes(file.read(8), "big")
        file.seek(end - 8 - size)
        index = json.loads(file.read(size))
        if index["schema"] != SCHEMA:
            raise ValueError(index["schema"])
        if index["files"] is not None:
            self._files(file, index["files"])
        self._surroundings(index)
        for name, text in index["sources"].items():
            linecache.cache[name] = (len(text), None, text.splitlines(True), name)
        for name, module, inner in index["modules"]:
            self._module(name, module, inner)
        again = [group for group in index["groups"] if not self._group(file, *group)]
        for group in again:  # it may have needed what came later
            self._group(file, *group)
        found = {name: self._found[name] for name in index["order"] if name in self._found}
        for name in found:
            _live.pop(name, None)
        _live.update(found)
        self._found = found
        self._compare()
        if index["random"] is not None:
            self._random(file, index["random"])

    def _module(self, name: str, module: str, inner: list[str]) -> None:
        with self._tried(name), within(self._each):
            _live[name] = self._found[name] = importlib.import_module(module)
            for each in inner:
                if each not in sys.modules:
                    with suppress(Exception):  # some only exist once something else has happened
                        importlib.import_module(each)

    def _group(self, file: Any, names: list[str], start: int) -> bool:
        """Names in one stream; after one that fails the rest cannot be read."""
        file.seek(start)
        unpickler = pickle.Unpickler(file)
        for position, name in enumerate(names):
            with self._tried(name), within(self._each):
                value = unpickler.load()
                _live[name] = self._found[name] = value
                self.failed.pop(name, None)
            if name not in self._found:
                for rest in names[position + 1 :]:
                    self.failed[rest] = WITH.format(name=name)
                return False
        return True

    @contextmanager
    def _tried(self, name: str) -> Iterator[None]:
        self._now = name
        try:
            yield
        except TooSlow:
            self.failed[name] = TOO_SLOW.format(seconds=self._each)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - what is loaded runs any code
            self.failed[name] = told(error)

    def _surroundings(self, index: dict[str, Any]) -> None:
        root = self._kernel.workspace
        paths = [str(root / path) if inside else path for inside, path in index["paths"]]
        sys.path.extend(each for each in paths if each not in sys.path)
        inside, path = index["folder"]
        folder = root / path if inside else Path(path)
        try:
            os.chdir(folder)
        except OSError:
            self.notes.append(NO_FOLDER.format(folder=folder))

    def _files(self, file: Any, start: int) -> None:
        file.seek(start)
        with tarfile.open(fileobj=file, mode="r|") as archive:
            for member in archive:
                try:
                    archive.extract(member, self._kernel.workspace, filter="data")
                except (tarfile.FilterError, OSError) as error:
                    why = told(error)
                    self.notes.append(NO_FILE.format(name=member.name[:MAX_TEXT], why=why))

    def _compare(self) -> None:
        """Which libraries have changed since."""
        loaded = dict(libraries())
        for name, then in self._then.items():
            now = loaded.get(name)
            if now is not None and now != then:
                self.notes.append(CHANGED_LIBRARY.format(name=name, then=then, now=now))
            elif now is None and any(name in why for why in self.failed.values()):
                self.notes.append(NO_LIBRARY.format(name=name, then=then))

    def _random(self, file: Any, start: int) -> None:
        file.seek(start)
        with self._tried(""):
            states = pickle.load(file)
            random.setstate(states["random"])
            numpy = sys.modules.get("numpy")
            if numpy is not None and "numpy" in states:
                numpy.random.set_state(states["numpy"])
