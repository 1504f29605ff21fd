"""What an action acts on: a living interpreter, a toolbox and a user."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import anyio

from codeact.actions import Action, Answer, CodeAction, InvalidAction, ToolCall
from codeact.approval import ApprovalFailed, Gate
from codeact.events import Emit, ignore
from codeact.interpreter import Interpreter
from codeact.observations import Observation
from codeact.tools import EMPTY, BadArguments, Refused, Toolbox, ToolTimeout, UnknownTool

RESULT_LIMIT = 10_000
"""How many characters of a tool's result the model is shown; head and tail are kept."""

STOPPED = "[Somebody stopped here, before there was consent: this code was not run.]"


class User(Protocol):
    """Who hears an answer: a person, a grader, a simulated user."""

    async def hear(self, answer: str) -> Observation:
        """What the user makes of an answer; `done` ends the episode."""


@dataclass(frozen=True, slots=True)
class Person:
    """The user who is content with any answer."""

    async def hear(self, answer: str) -> Observation:
        return Observation(text="", source="user", done=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One episode's world. Opens and closes nothing: whoever made the interpreter does.

    Cells and calls pass the `gate`; the toolbox is then the same one, guarded by it.
    """

    interpreter: Interpreter
    toolbox: Toolbox = EMPTY
    user: User = field(default_factory=Person)
    gate: Gate = field(default_factory=Gate)
    _asking: list[anyio.CancelScope] = field(init=False, repr=False, default_factory=list)

    def __post_init__(self) -> None:
        if self.toolbox.guard != self.gate.admit:
            object.__setattr__(self, "toolbox", self.gate.guarded(self.toolbox))

    async def step(self, action: Action, emit: Emit = ignore) -> Observation:
        """Do what the action asks. Raises InterpreterLost; what the model gets wrong returns."""
        begun = time.perf_counter()
        match action:
            case CodeAction(code=code, note=note):
                refusal = await self._refusal(action, emit)
                if refusal is not None:
                    return replace(refusal, seconds=time.perf_counter() - begun)
                execution = await self.interpreter.execute(code, toolbox=self.toolbox, emit=emit)
                return Observation(
                    text=_noted(execution.text, note),
                    source="interpreter",
                    ok=execution.ok,
                    error=execution.error,
                    media=execution.media,
                    log=execution.log,
                    seconds=time.perf_counter() - begun,
                )
            case ToolCall(note=note):
                text, error = await self._call(action, emit)
                return Observation(
                    text=_noted(clip(_writable(text)), note),
                    source="tool",
                    ok=error is None,
                    error=error,
                    seconds=time.perf_counter() - begun,
                )
            case Answer(text=answer):
                return await self.user.hear(answer)
            case InvalidAction(reason=reason, kind=kind):
                return Observation(text=reason, source="format", ok=False, error=kind)

    async def interrupt(self) -> None:
        """Stop the cell that runs, or withdraw the question whether it may; the state is kept."""
        if self._asking:
            self._asking[-1].cancel()
        else:
            await self.interpreter.interrupt()

    async def _refusal(self, action: CodeAction, emit: Emit) -> Observation | None:
        """Why the code may not run, None where it may."""
        with anyio.CancelScope() as question:
            self._asking.append(question)
            try:
                await self.gate.admit(action, emit=emit)
                return None
            except Refused as refused:
                return _not_run(str(refused), "Refused")
            finally:
                self._asking.remove(question)
        return _not_run(STOPPED, "Interrupted")

    async def _call(self, call: ToolCall, emit: Emit) -> tuple[str, str | None]:
        """The result as text, and None or the label of what failed."""
        try:
            return show(await self.toolbox.call(call.name, call.args, call.kwargs, emit=emit)), None
        except UnknownTool as error:
            return str(error), "UnknownTool"
        except BadArguments as error:
            return str(error), "BadArguments"
        except ToolTimeout as error:
            return str(error), "Timeout"
        except Refused as error:
            return str(error), "Refused"
        except ApprovalFailed:
            raise
        except Exception as error:  # noqa: BLE001 - what a tool raises is what the model observes
            return f"{type(error).__name__}: {error}", type(error).__name__


def _not_run(text: str, error: str) -> Observation:
    return Observation(text=text, source="interpreter", ok=False, error=error)


def show(value: Any) -> str:
    """A tool's result as the text that `print` would show in a code action."""
    if value is None:
        return ""
    return str(plain(value))


def plain(value: Any) -> Any:
    """Records (pydantic models, dataclasses, named tuples) as dictionaries, nested ones too."""
    import dataclasses

    if hasattr(type(value), "model_dump"):
        return value.model_dump()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if hasattr(type(value), "_asdict"):
        return {name: plain(member) for name, member in value._asdict().items()}
    if type(value) is dict:
        return {key: plain(member) for key, member in value.items()}
    if type(value) in (list, tuple):
        return type(value)(plain(member) for member in value)
    return value


def clip(text: str, limit: int = RESULT_LIMIT) -> str:
    """At most about `limit` characters: the head, a line that says what is missing, the tail."""
    if len(text) <= limit:
        return text
    half = limit // 2
    missing = len(text) - 2 * half
    return f"{text[:half]}\n[… {missing:,} characters left out …]\n{text[-half:]}"


def _writable(text: str) -> str:
    """Half of a surrogate pair (an undecodable file name) would break the next request."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _noted(text: str, note: str) -> str:
    return f"{text}\n[{note}]" if note and text else (f"[{note}]" if note else text)
