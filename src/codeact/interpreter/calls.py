"""The host's side of tool calls: what the kernel asks for is checked, run and answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from anyio import CancelScope

from codeact.errors import CodeActError
from codeact.events import Emit
from codeact.interpreter.wire import Frame, WireError
from codeact.signatures import signature_text
from codeact.tools import EMPTY, BadArguments, Refused, Tool, Toolbox, ToolTimeout, UnknownTool

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
MAX_ERROR_TEXT = 100_000
"""Characters of an exception's text that cross."""
_AS_BUILTIN: dict[type[BaseException], type[BaseException]] = {
    BadArguments: TypeError,
    UnknownTool: NameError,
    ToolTimeout: TimeoutError,
    Refused: PermissionError,
}
Send = Callable[..., None]


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
        self.services: dict[str, Callable[..., Awaitable[object]]] = {}
        """What the kernel itself asks for, under names that no tool can have."""

    def open(self, toolbox: Toolbox) -> None:
        """A cell begins: its calls are answered from this toolbox."""
        self._toolbox = toolbox
        self._refusal = ""

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

    def hear(self, frame: Frame, send: Send) -> None:
        """A frame "call" or "cancel", not trusted. Raises WireError where it is malformed."""
        match frame.head:
            case {"op": "cancel", "id": int(key)}:
                if key in self._tasks:
                    self._tasks[key].cancel()
            case {"op": "call", "id": int(key), "name": str(name)} if key not in self._tasks:
                if self._refusal:
                    _raise_there(send, key, RuntimeError(self._refusal.format(name=name)))
                    return
                task = asyncio.get_running_loop().create_task(self._answer(key, name, frame, send))
                self._tasks[key] = task
                task.add_done_callback(lambda done: self._ended(key, name, done, send))
            case _:
                raise WireError("A tool call that is none.")

    async def _answer(self, key: int, name: str, frame: Frame, send: Send) -> None:
        try:
            match frame.values():
                case [list() | tuple() as args, dict()] if name in self.services:
                    result = await self.services[name](*args)
                case [list() | tuple() as args, dict() as kwargs]:
                    result = await self._toolbox.call(
                        name, args, kwargs, emit=self._tell, waiting=self._waiting
                    )
                case _:
                    raise WireError("they are not arguments")
        except asyncio.CancelledError:
            raise
        except WireError as error:
            _raise_there(send, key, TypeError(BAD_ARGUMENTS.format(name=name, error=error)))
        except CodeActError as error:
            self._failed(error)
            _raise_there(send, key, error)
        except Exception as error:  # noqa: BLE001 - whatever the tool raises belongs to the cell
            _raise_there(send, key, error)
        except BaseException as error:  # noqa: BLE001 - a tool's sys.exit ends no host
            text = ENDED_PROGRAM.format(name=name, error=type(error).__name__)
            _raise_there(send, key, RuntimeError(text))
        else:
            try:
                send({"op": "reply", "id": key}, result)
            except TypeError as error:
                text = BAD_RESULT.format(name=name, error=error)
                _raise_there(send, key, TypeError(text))

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
        if task.cancelled():
            text = (self._refusal or STOPPED).format(name=name)
            _raise_there(send, key, RuntimeError(text))


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
