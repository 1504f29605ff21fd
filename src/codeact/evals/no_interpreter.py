"""The interpreter of episodes that run no code: it starts nothing and is asked for nothing."""

from __future__ import annotations

from pathlib import Path

from codeact.errors import InterpreterLost
from codeact.events import Emit, ignore
from codeact.interpreter import Execution, Variable
from codeact.tools import EMPTY, Toolbox

NO_CODE = "This episode runs no code: its actions are tool calls. Use a code format to run code."


class NoInterpreter:
    """Stands where an environment wants an interpreter. Opened by `async with`, like any other."""

    async def __aenter__(self) -> NoInterpreter:
        return self

    async def __aexit__(self, *exception: object) -> bool | None:
        return None

    @property
    def workspace(self) -> Path:
        raise InterpreterLost(NO_CODE)

    @property
    def report(self) -> None:
        """No code, no walls."""
        return None

    async def execute(
        self, code: str, *, toolbox: Toolbox = EMPTY, emit: Emit = ignore
    ) -> Execution:
        raise InterpreterLost(NO_CODE)

    async def interrupt(self) -> None:
        """Nothing runs."""

    async def variables(self) -> tuple[Variable, ...]:
        return ()

    async def reset(self) -> None:
        """Nothing is kept."""

    async def aclose(self) -> None:
        """Nothing was opened."""
