"""An interpreter in a child process: start, execute, deadline, interrupt, kill, reset."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from anyio import CancelScope

from codeact.errors import InterpreterLost
from codeact.events import Emit, ignore
from codeact.interpreter import Execution, State, Variable
from codeact.interpreter.answers import (
    CANNOT_LAUNCH,
    CLOSED,
    DIED,
    DIED_BETWEEN,
    INTERRUPTED,
    KILLED,
    KILLED_LATE,
    LOST_BEFORE,
    NO_KERNEL,
    NOT_BEGUN,
    NOT_READY,
    TIMED_OUT,
    check,
    crash,
    cut,
    joined,
    lost,
)
from codeact.interpreter.calls import Calls, offer
from codeact.interpreter.child import Child, Spawned, environment
from codeact.interpreter.deadline import GRACE, INTERRUPT_GRACE, Asked, Deadline
from codeact.interpreter.durable import Durable
from codeact.interpreter.in_force import NOT_ASKED_FOR, InForce
from codeact.interpreter.installs import NEVER, SERVICE, Installer, Installs
from codeact.interpreter.live_output import LiveOutput
from codeact.interpreter.wire import Frame, WireError
from codeact.messages import Media
from codeact.tools import EMPTY, Toolbox

START_SECONDS = 60.0
"""How long a new kernel may take to be ready."""
DESCRIBE_SECONDS = 5.0
"""How long the kernel may take to describe its variables."""
LIVE_FACTOR = 10
"""How many times the limit is streamed while a cell runs, whatever the kernel sends."""


class ProcessInterpreter(Durable):
    """A namespace in a child process of its own, for code that is trusted: nothing confines it.

    `workspace` None is a fresh folder, removed at the end. `timeout` is a cell's deadline in
    seconds, None for no deadline; the time that tools take counts. `output_limit` is the length in
    characters of what the model reads. `preload` are modules to import before the first cell.
    `self_debug` refuses a cell that would fail for certain before anything of it runs, and explains
    errors: the line, its values, what may have been meant.
    `python` needs IPython. `env` is the child's whole environment, by default a small one without
    the host's secrets. `start_seconds` and `describe_seconds` bound what waits for the child
    outside of cells: its start, the description of its variables. The child starts while the
    caller goes on; the first cell waits for it. `installs` is whether the code may have packages.
    """

    def __init__(
        self,
        *,
        workspace: Path | None = None,
        timeout: float | None = 60.0,
        output_limit: int = 10_000,
        preload: Sequence[str] = (),
        self_debug: bool = True,
        python: str = sys.executable,
        env: Mapping[str, str] | None = None,
        start_seconds: float = START_SECONDS,
        describe_seconds: float = DESCRIBE_SECONDS,
        installs: Installs = NEVER,
    ) -> None:
        self._folder = None if workspace is None else workspace.absolute()
        self._own_folder = workspace is None
        self._timeout = timeout
        self._limit = output_limit
        self._preload = tuple(preload)
        self._self_debug = self_debug
        self._python = python
        self._env = env
        self._start_seconds = start_seconds
        self._describe_seconds = describe_seconds
        self._lock = asyncio.Lock()
        self._child: Child | None = None
        self._dying: list[Child] = []
        self._ready: asyncio.Future[bool] | None = None
        self._live = LiveOutput(output_limit * LIVE_FACTOR, self._fail)
        self._deadline = Deadline(lambda: self._calls.stop())
        self._calls = Calls(self._fail, self._live.tell, self._deadline.paused)
        self._installer = Installer(installs, python, lambda: self._child, self._deadline.paused)
        self._calls.services[SERVICE] = self._installer.serve
        self._asked: Asked | None = None
        self._number = 0
        self._cell = 0
        self._failure: Exception | None = None
        self._offered: Toolbox | None = None
        self._names: list[str] = []
        self._used = False
        self._obituary = ""
        self._closed = False
        self._waking = False
        self._halted = False

    async def __aenter__(self) -> Self:
        if self._child is None:
            self.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        with CancelScope(shield=True):  # whoever cancels still wants no process left
            await self.aclose()

    @property
    def report(self) -> InForce | None:
        return InForce(tier="none", why=NOT_ASKED_FOR)

    @property
    def workspace(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="codeact-")).resolve()
        return self._folder

    def start(self) -> None:
        """Launch the child without waiting for it. Raises InterpreterLost where it cannot run."""
        if self._child is not None:
            self._dying = [each for each in [*self._dying, self._child] if not each.reaped]
        self.workspace.mkdir(parents=True, exist_ok=True)
        self._ready = asyncio.get_running_loop().create_future()
        self._offered = None
        self._names = []
        self._used = False
        try:
            self._child = self._launch()
        except OSError as error:
            how = CANNOT_LAUNCH.format(python=self._python, error=error)
            raise InterpreterLost(NO_KERNEL.format(how=how, stderr="")) from error
        self._child.send(self._greeting())

    def _launch(self) -> Child:
        """A kernel of its own. Raises OSError."""
        return Spawned(
            python=self._python,
            env=environment(self._python, self.workspace) if self._env is None else self._env,
            workspace=self.workspace,
            on_frame=self._hear,
            on_death=self._mourn,
        )

    def _greeting(self) -> dict[str, Any]:
        """What a fresh kernel is told first."""
        return {
            "op": "start",
            "workspace": str(self.workspace),
            "limit": self._limit,
            "preload": list(self._preload),
            "self_debug": self._self_debug,
        }

    async def _recover(self, before: str) -> tuple[str, State]:
        """Have a living kernel again, with the variables as `before` some cell, or lost."""
        if self._closed:
            return CLOSED, "lost"
        names = self._names
        self.start()
        return lost(names), "lost"

    async def _prepare(self, code: str) -> None:
        """Called before a cell runs."""

    async def execute(
        self, code: str, *, toolbox: Toolbox = EMPTY, emit: Emit = ignore
    ) -> Execution:
        """As the protocol says; an error of ours that a tool raises (ConfigError …) comes out too,
        after the cell has been interrupted.
        """
        async with self._lock:
            began = time.perf_counter()
            if not self._obituary:
                self._waking, self._halted = True, False
                try:
                    await self._awake()
                    await self._prepare(code)
                finally:
                    self._waking = False
                if self._halted:
                    return self._ended(NOT_BEGUN, "Interrupted", "kept", began)
            if self._obituary:
                return await self._told_late(began)
            self._cell += 1
            self._live.open(emit)
            tools = None if toolbox is self._offered else offer(toolbox)
            self._offered = toolbox
            self._calls.open(toolbox)
            self._used = True
            head = {"op": "execute", "cell": self._cell, "code": code, "tools": tools}
            try:
                done = await self._ask(head, self._timeout)
            finally:
                await self._calls.close()
                self._live.close()
            if self._failure is not None:
                raise self._failure
            return self._finished(done, began) if done else await self._bereaved(began)

    async def interrupt(self) -> None:
        self._halted = self._waking
        self._deadline.stop("Interrupted", INTERRUPT_GRACE)

    async def variables(self) -> tuple[Variable, ...]:
        async with self._lock:
            if not self._used or self._obituary:
                return ()
            done = await self._ask({"op": "variables"}, self._describe_seconds)
            if done is None:
                self._obituary = self._obituary or LOST_BEFORE
                return ()
            return tuple(
                Variable(name=name, type=kind, preview=preview)
                for name, kind, preview in done["variables"]
            )

    async def reset(self) -> None:
        await self.interrupt()
        async with self._lock:
            await self._renew()

    async def _renew(self) -> None:
        """A fresh kernel for this one."""
        self._used, self._obituary = False, ""
        await self._bury()
        self.start()

    async def aclose(self) -> None:
        self._closed = True
        self._deadline.reason = self._deadline.reason or "Interrupted"
        await self._bury()
        self._deadline.close()
        await self._installer.aclose(self._folder)
        if self._own_folder and self._folder is not None:
            await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def _bury(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._dying.append(self._child)
        while self._dying:
            await self._dying.pop().gone()

    async def _awake(self) -> None:
        """Wait until a kernel is there. Raises InterpreterLost."""
        if self._closed:
            raise InterpreterLost(CLOSED)
        if self._child is None or self._child.dead:
            self.start()
        assert self._child is not None
        assert self._ready is not None
        if not self._ready.done():
            await asyncio.wait([self._ready], timeout=self._start_seconds)
        if not self._ready.done():
            await self._bury()
            raise InterpreterLost(
                NO_KERNEL.format(how=NOT_READY.format(seconds=self._start_seconds), stderr="")
            )
        if not self._ready.result():
            stderr = self._child.last_stderr()
            told = f" Its last words:\n{stderr}" if stderr else ""
            raise InterpreterLost(NO_KERNEL.format(how=self._child.epitaph(), stderr=told))

    async def _ask(
        self, head: dict[str, Any], seconds: float | None, descriptors: Sequence[int] = ()
    ) -> dict[str, Any] | None:
        """One request and its answer; None when the kernel died over it."""
        assert self._child is not None
        self._asked = asked = asyncio.get_running_loop().create_future()
        self._number += 1
        self._failure = None
        self._deadline.begin(self._child, asked, seconds)
        try:
            self._child.send({**head, "id": self._number}, descriptors=descriptors)
            answer: dict[str, Any] | None = await asked
            return answer
        except asyncio.CancelledError:
            await self._give_up(asked)
            raise
        finally:
            self._asked = None
            self._deadline.end()

    async def _give_up(self, asked: Asked) -> None:
        """The caller does not wait any longer: stop the cell, for the next one's sake."""
        assert self._child is not None
        if asked.cancelled():
            self._asked = asked = asyncio.get_running_loop().create_future()
        if self._child.dead:
            self._obituary = LOST_BEFORE
            return
        self._deadline.end()
        self._deadline.begin(self._child, asked, None)
        self._deadline.stop("Cancelled", GRACE)
        try:
            with CancelScope(shield=True):
                await asyncio.wait([asked])
        finally:
            if not asked.done():
                self._child.kill()
            if asked.result() is None:
                self._obituary = LOST_BEFORE

    def _fail(self, error: Exception) -> None:
        """Something of ours broke while a cell ran: stop the cell, then raise it."""
        if self._failure is None:
            self._failure = error
            self._deadline.stop("Cancelled", GRACE)

    def _mourn(self) -> None:
        """The child is dead."""
        assert self._child is not None
        assert self._ready is not None
        if not self._ready.done():
            self._ready.set_result(False)
        elif self._asked is not None and not self._asked.done():
            self._asked.set_result(None)
        elif self._used and not self._closed:
            self._obituary = DIED_BETWEEN.format(how=self._child.epitaph())

    def _hear(self, frame: Frame) -> None:
        """One frame of the child, not trusted. Raises WireError where it makes no sense."""
        assert self._child is not None
        assert self._ready is not None
        match frame.head:
            case {"op": "output", "parts": list() as parts}:
                for part in parts:
                    self._live.hear(part)
            case {"op": "call" | "cancel"}:
                self._calls.hear(frame, self._child)
            case {"op": "done", "id": int(number)}:
                done = check(frame.head) if number == self._number else {}
                self._names = done.get("names", self._names)
                if done and self._asked is not None and not self._asked.done():
                    self._asked.set_result(done)
            case {"op": "ready"}:
                if not self._ready.done():
                    self._ready.set_result(True)
            case _:
                raise WireError("a frame that the host does not know")

    def _finished(self, done: dict[str, Any], began: float) -> Execution:
        text, error, ok = done["text"], done["error"], done["ok"]
        reason = self._deadline.reason
        if reason and done["interrupted"]:
            sentence = INTERRUPTED
            if reason == "Timeout":
                sentence = TIMED_OUT.format(seconds=self._timeout)
            text, error, ok = joined(text, sentence), reason, False
        return Execution(
            text=text,
            ok=ok,
            error=error,
            media=tuple(Media(media_type=kind, data=data) for kind, data in done["media"]),
            log=done["log"],
            seconds=time.perf_counter() - began,
        )

    async def _told_late(self, began: float) -> Execution:
        """The kernel died before the cell, which is not run."""
        how, self._obituary = self._obituary, ""
        sentence, state = await self._recover("the previous cell")
        return self._ended(f"{how}\n{sentence}", "StateLost", state, began)

    async def _bereaved(self, began: float) -> Execution:
        """The kernel died over the cell: say so, and have another one ready."""
        assert self._child is not None
        how = DIED.format(how=self._child.epitaph())
        match self._deadline.reason:
            case "Timeout":
                how = KILLED_LATE.format(seconds=self._timeout)
            case "Interrupted" | "Cancelled":
                how = KILLED
            case _:
                how = crash(self._child.last_stderr()) + how
        heard = cut(self._live.text, self._limit)
        error = self._deadline.reason or "StateLost"
        sentence, state = await self._recover("this cell")
        return self._ended(joined(heard, f"{how}\n{sentence}"), error, state, began)

    def _ended(self, text: str, error: str, state: State, began: float) -> Execution:
        took = time.perf_counter() - began
        return Execution(text=text, ok=False, error=error, state=state, seconds=took)
