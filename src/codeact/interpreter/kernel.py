"""The program in the child: a living namespace behind a connected socket.

`serve` does not care who started it: `python -c "…kernel.main()"` as a process of its own, or a
fork. The order of a cell: tools are bound, output begins, the code runs, `done` is sent.
"""

from __future__ import annotations

import builtins
import contextlib
import fcntl
import importlib
import operator
import os
import signal
import socket
import sys
import threading
import time
import types
from _sitebuiltins import Quitter
from pathlib import Path
from typing import Any

from codeact.interpreter.kernel_channel import Channel, end_group
from codeact.interpreter.kernel_output import FOLDER, NoInput, Output, Stream, no_input

globals()["__builtins__"] = vars(builtins).copy()  # the cell may replace builtins; ours stay

_FREE = ("print", "input", "open", "help")
"""Builtins that the code may replace by something that can be called."""
BACKEND = "module://matplotlib_inline.backend_inline"
MENDED = "[The cell replaced builtins that the session needs ({names}); they have been restored.]\n"


def main() -> None:
    """`argv`: the socket's descriptor, the lifeline's."""
    sock, lifeline = int(sys.argv[1]), int(sys.argv[2])
    hold(lifeline)
    sys.argv = [""]
    serve(socket.socket(fileno=sock), lifeline)


def hold(lifeline: int) -> None:
    """Die, with all that this process started, when the other end of the pipe closes.

    On Linux the operating system does it: no thread, and code that holds the interpreter lock or
    blocks every signal dies as well.
    """
    if sys.platform == "linux":
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
        os.set_blocking(lifeline, False)
        with contextlib.suppress(BlockingIOError):  # closed already: no signal would come
            os.read(lifeline, 1)
            end_group()
    else:
        threading.Thread(target=lambda: (os.read(lifeline, 1), end_group()), daemon=True).start()


def serve(sock: socket.socket, lifeline: int, kernel: Kernel | None = None) -> None:
    """Answer the host until it is gone. The first frame says where and how to work."""
    kernel = kernel or Kernel()
    kernel.lifeline = lifeline
    channel = kernel.channel
    channel.connect(sock)
    kernel.begin(channel.request().head)
    channel.send({"op": "ready", "walls": kernel.walls})
    while True:
        head = channel.request().head
        match head["op"]:
            case "execute":
                kernel.execute(head)
            case "variables":
                kernel.variables(head)
            case "introspect":
                kernel.introspect(head)
            case "fork":
                kernel.fork(head)
            case "about" | "checkpoint" | "restore":
                kernel.keep(head)


class Kernel:
    """The namespace, its shell and its tools. It can be made before there is a host to talk to."""

    def __init__(self) -> None:
        from codeact.interpreter.kernel_installs import Packages
        from codeact.interpreter.kernel_shell import Shell
        from codeact.interpreter.kernel_tools import Tools

        os.environ.setdefault("MPLBACKEND", BACKEND)
        self.channel = Channel()
        self.output = Output(self.channel)
        self.workspace = Path()
        self.lifeline = -1
        self.first_path: list[str] = []
        """Where modules were looked for before the first cell."""
        self.places: dict[str, str] = {}
        self.walls: list[list[Any]] = []
        self._limit = 0
        self._tools = Tools(self.channel, self.output)
        self._streams = (
            NoInput(),
            Stream(self.output, "stdout", 1),
            Stream(self.output, "stderr", 2),
        )
        self.shell = Shell.open(self.output)
        self.shell.signature_of = self._tools.signature_of
        self.packages = Packages(self.shell, self.channel, self.output)
        self._namespace: dict[str, Any] = self.shell.user_ns
        self._hidden = frozenset(self._namespace)
        self._names: list[str] = []
        builtins.input = no_input
        # Without these neither IPython nor the standard library goes on.
        self._needed = {
            name: value
            for name, value in vars(builtins).items()
            if callable(value) and not isinstance(value, Quitter)
        }

    def begin(self, start: dict[str, Any]) -> None:
        """Go to the workspace and take over the output."""
        self.workspace = Path(start["workspace"])
        self.packages.settle(start["workspace"])
        self.first_path = [start["workspace"], *sys.path]
        self._limit = start["limit"]
        if start.get("self_debug", True):
            self.shell.explain()
        if "env" in start:
            os.environ.clear()
            os.environ.update({"MPLBACKEND": BACKEND, **start["env"], **self.places})
            time.tzset()
        os.chdir(self.workspace)
        sys.path.insert(0, str(self.workspace))
        self.shell.settle(str(self.workspace))
        self._namespace["_dh"] = [str(self.workspace)]
        for name in start["preload"]:
            importlib.import_module(name)
        if start.get("notebook"):
            from codeact.interpreter.kernel_notebook import Notebook

            Notebook(self, self._tools)
        self.output.start(self.workspace / FOLDER)

    def replace_builtin(self, name: str, function: Any) -> None:
        """Ours instead of Python's, brought back where the cell removes it."""
        setattr(builtins, name, function)
        self._needed[name] = function

    def rehearse(self) -> None:
        """What a first cell loads, before there is one."""
        self.shell.run(0, "_ = 1\n_")
        for name in ("_", "_i0"):
            self._namespace.pop(name, None)

    def fork(self, head: dict[str, Any]) -> None:
        """Become two: this process waits as a snapshot, its copy goes on with another socket."""
        from codeact.interpreter.kernel_fork import fork

        fork(self, head)

    def keep(self, head: dict[str, Any]) -> None:
        """Save the namespace to a file that the host has opened, or load it."""
        from codeact.interpreter.kernel_keeping import keep

        if head["op"] == "restore" and self.shell.preflight is not None:
            self.shell.preflight.lose_track()
        self.channel.send({**keep(self, head, self._hidden, self._tools), "id": head["id"]})

    def execute(self, head: dict[str, Any]) -> None:
        """Run one cell and send how it ended."""
        shell = self.shell
        self._tools.bind(head["tools"], self._namespace)
        sys.stdin, sys.stdout, sys.stderr = self._streams
        self.output.begin(f"output-{head['cell']}.txt", self._limit)
        self._guarded(lambda: shell.run(head["cell"], head["code"]))
        if os.getpid() != self.channel.pid:  # a fork of the cell's code that has come to its end
            os._exit(0)
        sys.settrace(None)
        self._mend()
        text, log = self.output.end()
        failure = shell.failure
        done = {
            "op": "done",
            "id": head["id"],
            "ok": failure is None,
            "error": None if failure is None else type(failure).__name__,
            "text": text,
            "log": log,
            "media": shell.media,
            "interrupted": self.channel.shield.interrupted,
        }
        names = self._user_names()
        if names != self._names:
            done["names"] = self._names = names
        self.channel.send(done)

    def variables(self, head: dict[str, Any]) -> None:
        """Send what the code has defined."""
        from codeact.interpreter.kernel_variables import describe

        found: list[list[str]] = []
        names = self._user_names()
        self._guarded(lambda: found.extend(describe(names, self._namespace)))
        self.channel.send({"op": "done", "id": head["id"], "variables": found})

    def introspect(self, head: dict[str, Any]) -> None:
        """Send what an editor asks about the namespace."""
        from codeact.interpreter.kernel_introspection import answer

        found: dict[str, Any] = {}
        self._guarded(lambda: found.update(answer(self.shell, head)))
        self.channel.send({"op": "told", "id": head["id"], "found": found})

    def _guarded(self, work: Any) -> None:
        """Run something of the cell's; interrupts reach it, and nothing it raises leaves."""
        from codeact.interpreter.kernel_shell import DAMAGED

        shield = self.channel.shield
        try:
            try:
                shield.arm()
                work()
            finally:
                shield.disarm()
        except KeyboardInterrupt as error:
            self.shell.fail(error)
        except BaseException as error:  # noqa: BLE001 - a shell that the cell has broken
            self._mend()
            self.output.note(DAMAGED.format(error=f"{type(error).__name__}: {error}"))
            self.shell.failure = self.shell.failure or error

    def _mend(self) -> None:
        current = vars(builtins)
        if all(map(operator.is_, map(current.get, self._needed), self._needed.values())):
            return
        broken = [
            name
            for name, value in self._needed.items()
            if (now := current.get(name)) is not value and not (name in _FREE and callable(now))
        ]
        if broken:
            current.update((name, self._needed[name]) for name in broken)
            self.output.note(MENDED.format(names=", ".join(broken)))

    def _user_names(self) -> list[str]:
        hidden = self._hidden
        return [
            name
            for name, value in list(self._namespace.items())
            if name not in hidden  # nearly all of a young session's names end here
            and isinstance(name, str)
            and name[:1] != "_"
            and not issubclass(type(value), types.ModuleType)
            and not self._tools.owns(name, value)
        ]
