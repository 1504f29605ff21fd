"""Saves the namespace, variable by variable, in the kernel: a bad one spoils no other.

The names of the functions in `kernel_revival` are part of the format.
"""

from __future__ import annotations

import builtins
import json
import linecache
import os
import pickle
import random
import re
import sys
import tarfile
import types
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from codeact.interpreter import kernel_revival
from codeact.interpreter.kernel_output import FOLDER
from codeact.interpreter.kernel_pickling import Namespace, Pickler, Refused, sharable
from codeact.interpreter.kernel_revival import TOO_SLOW, TooSlow, within
from codeact.interpreter.kernel_traceback import CELL
from codeact.interpreter.kernel_variables import type_text

if TYPE_CHECKING:
    from codeact.interpreter.kernel import Kernel
    from codeact.interpreter.kernel_tools import Tools

globals()["__builtins__"] = vars(builtins).copy()  # the cell may replace builtins; ours stay

MAX_SOURCES = 16_000_000
"""Characters of the cells' source that are saved, for tracebacks."""
_KEPT_PIECE = 16_000_000
"""Bytes of one saved variable that are held in memory rather than written twice."""

CANNOT = "{what} cannot be saved{advice}"
HOLDS = "it holds {what}, which cannot be saved{advice}"
TOO_DEEP = "it is nested too deeply"
TOO_LARGE = "what the session holds is larger than {limit:,} bytes; delete what is not needed (del)"
FULL = "there is no room for it: {error}"
STOPPED = "the time for it was over"

_IPYTHONS = re.compile(r"_i+\d*|_exit_code|__.*__").fullmatch


class _TooLarge(BaseException):
    """The limit is reached. No `except Exception` of the code's may swallow it."""


class _Sink:
    """A file that counts, has a limit, and holds what is small."""

    def __init__(self, limit: int) -> None:
        self.size = 0
        self.pieces: list[bytes] | None = []
        self._limit = limit

    def write(self, data: Any) -> int:
        size = memoryview(data).nbytes
        self.size += size
        if self.size > self._limit:
            raise _TooLarge
        if self.size > _KEPT_PIECE:
            self.pieces = None
        if self.pieces is not None:
            self.pieces.append(bytes(data))
        return size


def save(kernel: Kernel, head: dict[str, Any], fixed: frozenset[str], tools: Tools) -> Any:
    """Write all that can be saved to the descriptor that came; the answer for the host."""
    descriptor = kernel.channel.descriptors()[0]
    saver = _Saver(kernel, head, tools)
    fault = ""
    with open(descriptor, "wb", closefd=False) as file:
        try:
            saver.everything(file, fixed)
        except _TooLarge:
            fault = TOO_LARGE.format(limit=head["limit"])
        except KeyboardInterrupt:
            fault = STOPPED + saver.at()
        except OSError as error:
            fault = FULL.format(error=error)
    os.close(descriptor)
    return {
        "saved": saver.saved,
        "unsaved": saver.unsaved,
        "libraries": kernel_revival.libraries(),
        "facts": [kernel_revival.running(), fault],
    }


class _Saver:
    """One checkpoint in the making."""

    def __init__(self, kernel: Kernel, head: dict[str, Any], tools: Tools) -> None:
        self._kernel = kernel
        self._head = head
        self._tools = tools
        self._namespace: dict[str, Any] = kernel.shell.user_ns
        self._left = int(head["limit"])
        self._now = ""
        self.saved: list[list[str]] = []
        self.unsaved: list[list[str]] = []

    def at(self) -> str:
        return f" at {self._now}" if self._now else ""

    def everything(self, file: Any, fixed: frozenset[str]) -> None:
        modules: list[list[Any]] = []
        pieces: dict[str, tuple[bytes | None, set[int]]] = {}
        held: list[Any] = []
        names = [each for each in list(self._namespace) if isinstance(each, str)]
        names = [each for each in names if each not in fixed and not _IPYTHONS(each)]
        for name in names:
            value = self._namespace.get(name)
            if self._tools.owns(name, value):
                continue
            self._now = name
            if isinstance(value, types.ModuleType) and _is_imported(value):
                modules.append([name, value.__name__, _submodules(value.__name__)])
                self.saved.append([name, "module", "0"])
                continue
            with self._tried(name, value):
                sink = _Sink(self._left)
                with within(self._head["each"]):
                    pickler = self._pickler(sink)
                    pickler.dump(Namespace() if value is self._namespace else value)
                shared = sharable(pickler, held)
                pieces[name] = b"".join(sink.pieces) if sink.pieces is not None else None, shared
                self.saved.append([name, type_text_of(value), str(sink.size)])
        groups = [self._write(file, group, pieces) for group in _grouped(pieces)]
        self._now = ""
        index = {
            "schema": kernel_revival.SCHEMA,
            "modules": modules,
            "groups": [each for each in groups if each],
            "order": names,
            **self._surroundings(),
            "random": self._random(file) if self._head["random"] else None,
            "files": self._files(file) if self._head["files"] else None,
        }
        text = json.dumps(index).encode()
        self._spend(len(text))
        file.write(text)
        file.write(len(text).to_bytes(8, "big"))

    def _pickler(self, file: Any) -> Pickler:
        return Pickler(file, self._namespace, self._tools)

    @contextmanager
    def _tried(self, name: str, value: Any) -> Iterator[None]:
        try:
            yield
        except Refused as refused:
            thing, what, advice = refused.args
            sentence = CANNOT if thing is value else HOLDS
            self._refuse(name, value, sentence.format(what=what, advice=advice))
        except TooSlow:
            self._refuse(name, value, TOO_SLOW.format(seconds=self._head["each"]))
        except RecursionError:
            self._refuse(name, value, TOO_DEEP)
        except (_TooLarge, KeyboardInterrupt):
            raise
        except BaseException as error:  # noqa: BLE001 - values of the cell can misbehave in any way
            self._refuse(name, value, kernel_revival.told(error))

    def _refuse(self, name: str, value: Any, why: str) -> None:
        self.saved[:] = [each for each in self.saved if each[0] != name]
        self.unsaved.append([name, type_text_of(value), why])

    def _write(
        self, file: Any, names: list[str], pieces: dict[str, tuple[bytes | None, set[int]]]
    ) -> list[Any]:
        """Names that share objects go into one stream. [names, where it begins]."""
        start = file.tell()
        while names:
            piece = pieces[names[0]][0]
            if len(names) == 1 and piece is not None:
                self._spend(len(piece))
                file.write(piece)
                break
            sink = _Through(file, self._left)
            pickler = self._pickler(sink)
            bad = ""
            for name in names:
                self._now = bad = name
                value = self._namespace.get(name)
                with self._tried(name, value), within(self._head["each"]):
                    pickler.dump(Namespace() if value is self._namespace else value)
                    bad = ""
                if bad:
                    break
            if not bad:
                self._spend(sink.size)
                break
            names = [each for each in names if each != bad]  # it has changed since the first try
            file.seek(start)
            file.truncate()
        return [names, start] if names else []

    def _spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise _TooLarge

    def _surroundings(self) -> dict[str, Any]:
        """Where the code worked, and what its tracebacks show."""
        root = str(self._kernel.workspace)
        added = [each for each in sys.path if each not in self._kernel.first_path]
        sources: dict[str, str] = {}
        room = MAX_SOURCES
        for name in sorted(each for each in linecache.cache if each.startswith(CELL)):
            entry = linecache.cache[name]
            if len(entry) == 4 and (room := room - entry[0]) > 0:
                sources[name] = "".join(entry[2])
        return {
            "paths": [_inside(each, root) for each in added if isinstance(each, str)],
            "folder": _inside(os.getcwd(), root),
            "sources": sources,
        }

    def _random(self, file: Any) -> int:
        start = int(file.tell())
        states = {"random": random.getstate()}
        numpy = sys.modules.get("numpy")
        with suppress(Exception):  # the code may have put anything in numpy's place
            if numpy is not None:
                states["numpy"] = numpy.random.get_state()
        data = pickle.dumps(states)
        self._spend(len(data))
        file.write(data)
        return start

    def _files(self, file: Any) -> int:
        """The workspace's regular files, folders and links as links; ours are left out."""
        start = int(file.tell())
        sink: Any = _Through(file, self._left)
        root = str(self._kernel.workspace)

        def chosen(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
            wanted = member.isreg() or member.isdir() or member.issym()
            return member if wanted and member.name != FOLDER else None

        with tarfile.open(fileobj=sink, mode="w|", dereference=False) as archive:
            for name in sorted(os.listdir(root)):
                if name != FOLDER:
                    archive.add(os.path.join(root, name), arcname=name, filter=chosen)
        self._spend(sink.size)
        return start


class _Through(_Sink):
    """A sink that writes on."""

    def __init__(self, file: Any, limit: int) -> None:
        super().__init__(limit)
        self.pieces = None
        self._file = file

    def write(self, data: Any) -> int:
        super().write(data)
        return int(self._file.write(data))


def type_text_of(value: Any) -> str:
    try:
        return str.__str__(type_text(value))
    except Exception:  # noqa: BLE001 - values of the cell can misbehave in any way
        return "?"


def _is_imported(module: types.ModuleType) -> bool:
    name = getattr(module, "__name__", None)
    return isinstance(name, str) and sys.modules.get(name) is module


def _submodules(name: str) -> list[str]:
    """What `import a.b` had loaded beside `a`."""
    inner = [each for each in list(sys.modules) if each.startswith(name + ".")]
    return [each for each in inner if not any(part[:1] == "_" for part in each.split("."))]


def _grouped(pieces: dict[str, tuple[bytes | None, set[int]]]) -> list[list[str]]:
    """Names that share an object, directly or through others, are together."""
    leader = {name: name for name in pieces}

    def find(name: str) -> str:
        while leader[name] != name:
            leader[name] = name = leader[leader[name]]
        return name

    first: dict[int, str] = {}
    for name, (_piece, shared) in pieces.items():
        for each in shared:
            leader[find(name)] = find(first.setdefault(each, name))
    groups: dict[str, list[str]] = {}
    for name in pieces:
        groups.setdefault(find(name), []).append(name)
    return list(groups.values())


def _inside(path: str, root: str) -> list[Any]:
    """[whether it lies in the workspace, the path]."""
    if path == root or path.startswith(root + os.sep):
        return [True, os.path.relpath(path, root)]
    return [False, path]
