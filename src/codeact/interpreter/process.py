"""An interpreter in a child process: start, execute, deadline, interrupt, kill, reset."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from codeact.errors import InterpreterLost
from codeact.events import Emit, OutputDelta, ignore
from codeact.interpreter import Execution, Variable
from codeact.interpreter.calls import Calls, offer
from codeact.interpreter.child import Child
from codeact.interpreter.wire import Frame, WireError
from codeact.messages import Media
from codeact.tools import EMPTY, Toolbox

GRACE = 0.7
"""Seconds between the interrupt of a cell whose deadline has passed, and the kill."""
INTERRUPT_GRACE = 2.0
"""Seconds between an interrupt that was asked for, and the kill."""
_REPEAT = 0.3
"""Seconds after which an interrupt that was swallowed is sent once more."""
START_SECONDS = 60.0
"""How long a new kernel may take to be ready."""
DESCRIBE_SECONDS = 5.0
"""How long the kernel may take to describe its variables."""
LIVE_FACTOR = 10
"""How many times the limit is streamed while a cell runs, whatever the kernel sends."""
NAMES_SHOWN = 40

TIMED_OUT = (
    "[The cell was stopped because it ran longer than {seconds:g} seconds. Variables are kept as "
    "they were at that moment. Split the work into smaller steps, or make it faster.]"
)
INTERRUPTED = "[The cell was interrupted. Variables are kept as they were at that moment.]"
KILLED_LATE = (
    "[The cell ran longer than {seconds:g} seconds and did not react to an interrupt, so its "
    "process was killed.]"
)
KILLED = "[The cell was interrupted, did not react, and its process was killed.]"
DIED = "[The Python process {how} while the cell ran.]"
DIED_BETWEEN = (
    "[The Python process {how} after the previous cell had ended. This cell was not run.]"
)
LOST_BEFORE = (
    "[The Python process was killed after the previous cell was given up. This cell was not run.]"
)
LOST = (
    "[A new process has been started. All variables, imports and definitions are gone{names}. "
    "Files in the working folder are still there. Repeat the imports and definitions that you "
    "need, then go on.]"
)
NO_KERNEL = "The Python process that runs the code could not be started: it {how}.{stderr}"
NOT_READY = "was not ready after {seconds:g} seconds"
CLOSED = "This interpreter is closed. Open a new one."
CUT = "\n[… {cut:,} characters left out here …]\n"
CANNOT_LAUNCH = "{python!r} cannot be run ({error})"

Reason = Literal["", "Timeout", "Interrupted", "Cancelled"]


class ProcessInterpreter:
    """A namespace in a child process of its own, for code that is trusted: nothing confines it.

    `workspace` None is a fresh folder, removed at the end. `timeout` is a cell's deadline in
    seconds, None for no deadline; the time that tools take counts. `output_limit` is the length in
    characters of what the model reads. `preload` are modules to import before the first cell.
    `python` needs IPython. `env` is the child's whole environment, by default a small one without
    the host's secrets. The child starts while the caller goes on; the first cell waits for it.
    """

    def __init__(
        self,
        *,
        workspace: Path | None = None,
        timeout: float | None = 60.0,
        output_limit: int = 10_000,
        preload: Sequence[str] = (),
        python: str = sys.executable,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self._folder = None if workspace is None else workspace.absolute()
        self._own_folder = workspace is None
        self._timeout = timeout
        self._limit = output_limit
        self._preload = tuple(preload)
        self._python = python
        self._env = env
        self._lock = asyncio.Lock()
        self._child: Child | None = None
        self._ready: asyncio.Future[bool] | None = None
        self._calls = Calls(self._fail)
        self._asked: asyncio.Future[dict[str, Any] | None] | None = None
        self._number = 0
        self._cell = 0
        self._reason: Reason = ""
        self._timers: list[asyncio.TimerHandle] = []
        self._failure: Exception | None = None
        self._emit: Emit = ignore
        self._heard: list[str] = []
        self._live_left = 0
        self._offered: Toolbox | None = None
        self._names: list[str] = []
        self._used = False
        self._obituary = ""
        self._closed = False

    async def __aenter__(self) -> ProcessInterpreter:
        self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    @property
    def workspace(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="codeact-")).resolve()
        return self._folder

    def start(self) -> None:
        """Launch the child without waiting for it. Raises InterpreterLost where it cannot run."""
        self.workspace.mkdir(parents=True, exist_ok=True)
        self._ready = asyncio.get_running_loop().create_future()
        self._offered = None
        self._names = []
        self._used = False
        try:
            self._child = Child(
                python=self._python,
                env=environment(self._python, self.workspace) if self._env is None else self._env,
                workspace=self.workspace,
                on_frame=self._hear,
                on_death=self._mourn,
            )
        except OSError as error:
            how = CANNOT_LAUNCH.format(python=self._python, error=error)
            raise InterpreterLost(NO_KERNEL.format(how=how, stderr="")) from error
        self._child.send(
            {
                "op": "start",
                "workspace": str(self.workspace),
                "limit": self._limit,
                "preload": list(self._preload),
            }
        )

    async def execute(
        self, code: str, *, toolbox: Toolbox = EMPTY, emit: Emit = ignore
    ) -> Execution:
        """As the protocol says; an error of ours that a tool raises (ConfigError …) comes out too,
        after the cell has been interrupted.
        """
        async with self._lock:
            began = time.perf_counter()
            if not self._obituary:
                await self._awake()
            if self._obituary:
                text, self._obituary = self._obituary, ""
                self.start()
                return self._lost(text, "StateLost", began)
            self._cell += 1
            self._emit, self._heard, self._live_left = emit, [], self._limit * LIVE_FACTOR
            tools = None if toolbox is self._offered else offer(toolbox)
            self._offered = toolbox
            self._calls.open(toolbox)
            self._used = True
            head = {"op": "execute", "cell": self._cell, "code": code, "tools": tools}
            try:
                done = await self._ask(head, self._timeout)
            finally:
                self._emit = ignore
                self._calls.close()
            if self._failure is not None:
                raise self._failure
            return self._bereaved(began) if done is None else self._finished(done, began)

    async def interrupt(self) -> None:
        self._stop("Interrupted", INTERRUPT_GRACE)

    async def variables(self) -> tuple[Variable, ...]:
        async with self._lock:
            if not self._used or self._obituary:
                return ()
            done = await self._ask({"op": "variables"}, DESCRIBE_SECONDS)
            if done is None:
                self._obituary = self._obituary or LOST_BEFORE + self._farewell()
                return ()
            return tuple(
                Variable(name=name, type=kind, preview=preview)
                for name, kind, preview in done["variables"]
            )

    async def reset(self) -> None:
        await self.interrupt()
        async with self._lock:
            await self._bury()
            self._obituary = ""
            self.start()

    async def aclose(self) -> None:
        self._closed = True
        await self._bury()
        if self._own_folder and self._folder is not None:
            await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def _bury(self) -> None:
        if self._child is not None:
            self._child.kill()
            await self._child.gone()

    async def _awake(self) -> None:
        """Wait until a kernel is there. Raises InterpreterLost."""
        if self._closed:
            raise InterpreterLost(CLOSED)
        if self._child is None or self._child.dead:
            self.start()
        assert self._child is not None and self._ready is not None
        if not self._ready.done():
            await asyncio.wait([self._ready], timeout=START_SECONDS)
        if not self._ready.done():
            await self._bury()
            raise InterpreterLost(
                NO_KERNEL.format(how=NOT_READY.format(seconds=START_SECONDS), stderr="")
            )
        if not self._ready.result():
            stderr = self._child.last_stderr()
            told = f" Its last words:\n{stderr}" if stderr else ""
            raise InterpreterLost(NO_KERNEL.format(how=self._child.epitaph(), stderr=told))

    async def _ask(self, head: dict[str, Any], seconds: float | None) -> dict[str, Any] | None:
        """One request and its answer; None when the kernel died over it."""
        assert self._child is not None
        loop = asyncio.get_running_loop()
        self._asked = asked = loop.create_future()
        self._number += 1
        self._reason, self._failure = "", None
        if seconds is not None:
            self._timers.append(loop.call_later(seconds, self._stop, "Timeout", GRACE))
        try:
            self._child.send({**head, "id": self._number})
            return await asked
        except asyncio.CancelledError:
            await self._give_up(asked)
            raise
        finally:
            self._asked = None
            for timer in self._timers:
                timer.cancel()
            self._timers.clear()

    async def _give_up(self, asked: asyncio.Future[dict[str, Any] | None]) -> None:
        """The caller does not wait any longer: stop the cell, for the next one's sake."""
        from anyio import CancelScope

        assert self._child is not None
        self._stop("Cancelled", GRACE)
        try:
            with CancelScope(shield=True):
                await asyncio.wait([asked])
        finally:
            if not asked.done():
                self._child.kill()
            if asked.result() is None:
                self._obituary = LOST_BEFORE + self._farewell()

    def _stop(self, reason: Reason, grace: float) -> None:
        """Interrupt what runs; kill it when it goes on."""
        if self._asked is None or self._asked.done() or self._reason or self._child is None:
            return
        self._reason = reason
        loop = asyncio.get_running_loop()
        self._child.interrupt()
        self._calls.stop()
        self._timers.append(loop.call_later(_REPEAT, self._child.interrupt))
        self._timers.append(loop.call_later(grace, self._child.kill))

    def _fail(self, error: Exception) -> None:
        """Something of ours broke while a cell ran: stop the cell, then raise it."""
        if self._failure is None:
            self._failure = error
            self._stop("Cancelled", GRACE)

    def _mourn(self) -> None:
        """The child is dead."""
        assert self._child is not None and self._ready is not None
        if not self._ready.done():
            self._ready.set_result(False)
        elif self._asked is not None:
            if not self._asked.done():
                self._asked.set_result(None)
        elif self._used and not self._closed:
            how = self._child.epitaph()
            self._obituary = DIED_BETWEEN.format(how=how) + self._farewell()

    def _hear(self, frame: Frame) -> None:
        """One frame of the child, not trusted. Raises WireError where it makes no sense."""
        assert self._child is not None and self._ready is not None
        match frame.head:
            case {"op": "output", "parts": list() as parts}:
                for part in parts:
                    self._print(part)
            case {"op": "call" | "cancel"}:
                self._calls.hear(frame, self._child.send)
            case {"op": "done", "id": int(number)}:
                if self._asked is not None and number == self._number and not self._asked.done():
                    self._asked.set_result(check(frame.head))
            case {"op": "ready"}:
                if not self._ready.done():
                    self._ready.set_result(True)
            case _:
                raise WireError("a frame that the host does not know")

    def _print(self, part: object) -> None:
        match part:
            case ["stdout" | "stderr" as stream, str(text)]:
                pass
            case _:
                raise WireError("output that is none")
        if self._live_left <= 0:
            return
        self._live_left -= len(text)
        self._heard.append(text)
        try:
            self._emit(OutputDelta(text=text, stream="stderr" if stream == "stderr" else "stdout"))
        except Exception as error:  # noqa: BLE001 - the listener's fault comes out of execute
            self._fail(error)

    def _finished(self, done: dict[str, Any], began: float) -> Execution:
        if "names" in done:
            self._names = done["names"]
        text, error, ok = done["text"], done["error"], done["ok"]
        if self._reason and done["interrupted"]:
            sentence = INTERRUPTED
            if self._reason == "Timeout":
                sentence = TIMED_OUT.format(seconds=self._timeout)
            text, error, ok = _joined(text, sentence), self._reason, False
        return Execution(
            text=text,
            ok=ok,
            error=error,
            media=tuple(Media(media_type=kind, data=data) for kind, data in done["media"]),
            log=done["log"],
            seconds=time.perf_counter() - began,
        )

    def _bereaved(self, began: float) -> Execution:
        """The kernel died over the cell: say so, and have a new one ready."""
        assert self._child is not None
        match self._reason:
            case "Timeout":
                how = KILLED_LATE.format(seconds=self._timeout)
            case "Interrupted" | "Cancelled":
                how = KILLED
            case "":
                how = DIED.format(how=self._child.epitaph())
                crash = [
                    line
                    for line in self._child.last_stderr().splitlines()
                    if line.startswith("Fatal Python error") or '"<cell' in line
                ]
                how = "\n".join([*crash, how])
        text = _joined(cut("".join(self._heard), self._limit), how + self._farewell())
        if not self._closed:
            self.start()
        return self._lost(text, self._reason or "StateLost", began)

    def _lost(self, text: str, error: str, began: float) -> Execution:
        seconds = time.perf_counter() - began
        return Execution(text=text, ok=False, error=error, state="lost", seconds=seconds)

    def _farewell(self) -> str:
        names = ", ".join(self._names[:NAMES_SHOWN])
        more = len(self._names) - NAMES_SHOWN
        if more > 0:
            names += f" and {more} more"
        return "\n" + LOST.format(names=f" ({names})" if names else "")


def environment(python: str, workspace: Path) -> dict[str, str]:
    """A small environment: where programs are, the language and time zone, no secrets."""
    kept = ("LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH")
    env = {name: os.environ[name] for name in kept if name in os.environ}
    env.setdefault("LANG", "C.UTF-8")
    env["HOME"] = str(workspace)
    env["PATH"] = os.pathsep.join([os.path.dirname(python), os.environ.get("PATH", os.defpath)])
    env["MPLCONFIGDIR"] = os.path.join(tempfile.gettempdir(), f"codeact-matplotlib-{os.getuid()}")
    return env


def check(head: dict[str, Any]) -> dict[str, Any]:
    """The kernel's answer if it is one. Raises WireError."""
    match head:
        case {"variables": list() as found} if all(_are_texts(each, 3) for each in found):
            return head
        case {
            "ok": bool(),
            "error": str() | None,
            "text": str(),
            "log": str() | None,
            "media": list() as media,
            "interrupted": bool(),
        } if all(_are_texts(each, 2) for each in media) and _are_texts(head.get("names", [])):
            return head
    raise WireError("an answer that is none")


def _are_texts(value: object, count: int | None = None) -> bool:
    return (
        isinstance(value, list)
        and all(isinstance(each, str) for each in value)
        and count in (None, len(value))
    )


def cut(text: str, limit: int) -> str:
    """Head and tail of a text that is too long."""
    left_out = len(text) - limit
    if left_out <= 0:
        return text
    half = limit // 2
    return text[:half] + CUT.format(cut=left_out) + text[len(text) - limit + half :]


def _joined(text: str, sentence: str) -> str:
    return f"{text.rstrip()}\n{sentence}" if text.strip() else sentence
