"""A living Python namespace, somewhere safe."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from codeact.events import Emit, ignore
from codeact.interpreter.in_force import InForce
from codeact.messages import Media
from codeact.tools import EMPTY, Toolbox

State = Literal["kept", "restored", "lost"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """How one cell ended.

    `text` is what a notebook would show under the cell (stdout and stderr in order, the last
    expression, the traceback), cut to the interpreter's limit with head and tail kept; `log` is the
    path of the whole text where it was cut, as the running code sees it. `error` is None or the
    exception's type name, "Timeout" (the deadline passed), "Interrupted", "DiskFull" (the workspace
    holds more than it may) or "StateLost" (the kernel died). `state` says what became of the
    variables.
    """

    text: str
    ok: bool = True
    error: str | None = None
    media: tuple[Media, ...] = ()
    log: str | None = None
    state: State = "kept"
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A name in the user's namespace: its type (`DataFrame (100, 5)`) and a short preview of its
    value.
    """

    name: str
    type: str
    preview: str


class Interpreter(Protocol):
    """Our handle to a living namespace. Opened and closed by whoever made it: `async with`."""

    @property
    def workspace(self) -> Path:
        """The folder in which the code works, as the host sees it."""

    @property
    def report(self) -> InForce | None:
        """What confines the code now; None before a kernel has come, and where no code runs."""

    async def execute(
        self, code: str, *, toolbox: Toolbox = EMPTY, emit: Emit = ignore
    ) -> Execution:
        """Run one cell to its end, deadline or interrupt. The tools are functions in its namespace.

        What it prints is told to `emit` as OutputDelta while it runs. Raises only InterpreterLost.
        """

    async def interrupt(self) -> None:
        """Stop the running cell, keep the state. Does nothing when idle."""

    async def variables(self) -> tuple[Variable, ...]:
        """What the user's code has defined so far, in order of definition."""

    async def reset(self) -> None:
        """A fresh namespace; the workspace stays."""

    async def aclose(self) -> None:
        """End the kernel and everything it started."""
