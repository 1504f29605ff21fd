"""The host's side of tool calls: what the kernel asks for is checked, run and answered."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from anyio import CancelScope

from codeact.errors import CodeActError
from codeact.events import Emit
from codeact.interpreter.burst import Call
from codeact.interpreter.wire import Frame, WireError, encode
from codeact.signatures import signature_text
from codeact.tool_threads import Outcome, outcome_of
from codeact.tools import (
    EMPTY,
    BadArguments,
    Refused,
    Tool,
    Toolbox,
    ToolTimeout,
    UnknownTool,
    in_time,
)

STOPPED = "The call of {name}() was given up: the cell that made it was stopped."
NO_CELL = (
    "{name}() was called after its cell had ended. Tools can be called only while a cell runs: "
    "wait for background work before the cell ends."
)
BAD_ARGUMENTS = "The arguments of {name}() did not reach the tool: {error}."
BAD_RESULT = "The result of {name}() did not reach the code: {error}."
ENDED_PROGRAM = "The tool {name}() tried to end the program with {error}."
WITHDRAW_SECONDS = 1.0
"""How long a question that is withdrawn may take to be gone."""
CLOSELY = 0.002
"""Seconds within which a call follows closely on the one before: more of them will come."""
MAX_ERROR_TEXT = 100_000
"""Characters of an exception's text that cross."""
_AS_BUILTIN: dict[type[BaseException], type[BaseException]] = {
    BadArguments: TypeError,
    UnknownTool: NameError,
    ToolTimeout: TimeoutError,
    Refused: PermissionError,
}
Send = Callable[..., None]


class Caller(Protocol):
    """The kernel that makes the calls, as its child on this side is."""

    @property
    def send(self) -> Send:
        """Send a head and values. Raises TypeError where a value cannot cross."""

    def lend(
        self, first: Call, direct: Callable[[Frame], Call | None], context: contextvars.Context
    ) -> None:
        """Let a thread make this call, and those that follow closely."""


class Calls:
    """The tool calls of one cell after another, each in a task of its own.

    `tell` hears of questions about them; inside of `paused` the cell's time does not count.
    """

    def __init__(
        self,
        failed: Callable[[Exception], None],
        tell: Emit,
        paused: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._failed = failed
        self._tell = tell
        self._paused = paused
        self._asking: set[asyncio.Task[None]] = set()
        self._toolbox = EMPTY
        self._refusal = NO_CELL
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._answered = 0.0
        self._context = contextvars.Context()
        self.services: dict[str, Callable[..., Awaitable[object]]] = {}
        """What the kernel itself asks for, under names that no tool can have."""

    def open(self, toolbox: Toolbox) -> None:
        """A cell begins: its calls are answered from this toolbox."""
        self._toolbox = toolbox
        self._refusal = ""
        self._context = contextvars.copy_context()

    def stop(self, refusal: str = STOPPED) -> None:
        """Give up what runs, refuse what comes."""
        self._refusal = refusal
        for task in self._tasks.values():
            task.cancel()

    async def close(self) -> None:
        """The cell has ended. Returns when no question about it stands any more."""
        self.stop(NO_CELL)
        if self._asking:
            with CancelScope(shield=True):
                await asyncio.wait(self._asking, timeout=WITHDRAW_SECONDS)

    def hear(self, frame: Frame, child: Caller) -> None:
        """A frame "call" or "cancel", not trusted. Raises WireError where it is malformed."""
        send = child.send
        match frame.head:
            case {"op": "cancel", "id": int(key)}:
                if key in self._tasks:
                    self._tasks[key].cancel()
            case {"op": "call", "id": int(key), "name": str(name)} if key not in self._tasks:
                if self._refusal:
                    _raise_there(send, key, RuntimeError(self._refusal.format(name=name)))
                    return
                if self._follows_closely() and (call := self._direct(frame, child)) is not None:
                    child.lend(call, lambda frame: self._direct(frame, child), self._context)
                else:
                    self.answer(key, name, child, self._called(name, frame))
            case _:
                raise WireError("A tool call that is none.")

    def answer(self, key: int, name: str, child: Caller, work: Coroutine[Any, Any, object]) -> None:
        """Wait for `work` in a task and answer the call with what comes of it."""
        send = child.send
        task = asyncio.get_running_loop().create_task(
            self._answer(key, name, work, send), context=self._context.copy()
        )
        self._tasks[key] = task
        task.add_done_callback(lambda done: self._ended(key, name, done, send))
        task.add_done_callback(lambda done: work.close())  # given up before it began

    def _follows_closely(self) -> bool:
        """Whether no other call is being made, and the latest was answered just now."""
        loop = asyncio.get_running_loop()
        return not self._tasks and loop.time() - self._answered < CLOSELY

    def _direct(self, frame: Frame, child: Caller) -> _Direct | None:
        """The call, if a thread may make it by itself."""
        match frame.head:
            case {"op": "call", "id": int(key), "name": str(name)} if not self._refusal:
                toolbox = self._toolbox
                found = None if name in self.services else toolbox.direct(name)
                return None if found is None else _Direct(self, key, found, toolbox, frame, child)
        return None

    async def _called(self, name: str, frame: Frame) -> object:
        args, kwargs = _arguments(frame)
        if name in self.services:
            return await self.services[name](*args)
        toolbox = self._toolbox
        return await toolbox.call(name, args, kwargs, emit=self._tell, waiting=self._waiting)

    async def _answer(
        self, key: int, name: str, work: Coroutine[Any, Any, object], send: Send
    ) -> None:
        try:
            result = await work
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - a tool's sys.exit ends no host
            if isinstance(error, CodeActError):
                self._failed(error)
            _tell_failure(send, key, name, error)
        else:
            _tell_result(send, key, name, result)

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        """The current call waits for somebody's consent."""
        task = asyncio.current_task()
        assert task is not None
        self._asking.add(task)
        try:
            with self._paused():
                yield
        finally:
            self._asking.discard(task)

    def _ended(self, key: int, name: str, task: asyncio.Task[None], send: Send) -> None:
        del self._tasks[key]
        self._answered = asyncio.get_running_loop().time()
        if task.cancelled():
            text = (self._refusal or STOPPED).format(name=name)
            _raise_there(send, key, RuntimeError(text))


class _Direct:
    """A call that a thread makes by itself, as long as it does not last (see burst.py)."""

    def __init__(
        self, calls: Calls, key: int, found: Tool, toolbox: Toolbox, frame: Frame, child: Caller
    ) -> None:
        self._calls, self._child = calls, child
        self._key, self._found, self._toolbox = key, found, toolbox
        self._frame = frame
        self._outcome = Outcome()
        self._waited: asyncio.Future[Any] | None = None

    def run(self) -> bytes | None:
        self._outcome = outcome = outcome_of(self._make)
        if isinstance(outcome.failure, CodeActError) or inspect.isawaitable(outcome.result):
            return None
        encoded: list[bytes] = []

        def keep(head: dict[str, Any], *values: Any) -> None:
            encoded.append(encode(head, *values))

        if outcome.failure is not None:
            _tell_failure(keep, self._key, self._found.name, outcome.failure)
        else:
            _tell_result(keep, self._key, self._found.name, outcome.result)
        return encoded[0]

    def lasts(self) -> None:
        self._waited = asyncio.get_running_loop().create_future()
        self._calls.answer(self._key, self._found.name, self._child, self._ended())

    def settle(self) -> None:
        if self._waited is not None:
            self._outcome.settle(self._waited)

    def _make(self) -> Any:
        return self._toolbox.made(self._found, *_arguments(self._frame))

    async def _ended(self) -> object:
        assert self._waited is not None
        result = await in_time(self._found, self._waited)
        return await in_time(self._found, result) if inspect.isawaitable(result) else result


def _arguments(frame: Frame) -> tuple[list[Any] | tuple[Any, ...], dict[str, Any]]:
    """Raises WireError."""
    match frame.values():
        case [list() | tuple() as args, dict() as kwargs]:
            return args, kwargs
    raise WireError("they are not arguments")


def offer(toolbox: Toolbox) -> list[list[str]]:
    """The tools as the kernel is told of them."""
    return [
        [each.name, each.signature, each.description, *(["exact"] if _is_exact(each) else [])]
        for each in toolbox
    ]


def _is_exact(tool: Tool) -> bool:
    """Whether the line that the model reads is the function's own signature."""
    try:
        return tool.signature == tool.name + signature_text(tool.function)
    except (TypeError, ValueError):
        return False


def _tell_result(send: Send, key: int, name: str, result: object) -> None:
    try:
        send({"op": "reply", "id": key}, result)
    except TypeError as error:
        _raise_there(send, key, TypeError(BAD_RESULT.format(name=name, error=error)))


def _tell_failure(send: Send, key: int, name: str, error: BaseException) -> None:
    if isinstance(error, WireError):
        error = TypeError(BAD_ARGUMENTS.format(name=name, error=error))
    elif not isinstance(error, Exception):
        error = RuntimeError(ENDED_PROGRAM.format(name=name, error=type(error).__name__))
    _raise_there(send, key, error)


def _raise_there(send: Send, key: int, error: BaseException) -> None:
    """Answer with an exception: the names of its type and bases, its text, its arguments."""
    kind = _AS_BUILTIN.get(type(error), type(error))
    try:
        text = str(error)[:MAX_ERROR_TEXT]
    except Exception:  # noqa: BLE001 - an exception of the tool's author can misbehave
        text = "its message cannot be shown"
    names = [each.__name__ for each in kind.__mro__ if issubclass(each, Exception)]
    head = {"op": "reply", "id": key, "error": names, "text": text}
    try:
        send(head, list(error.args))
    except TypeError:
        send(head, [text])
