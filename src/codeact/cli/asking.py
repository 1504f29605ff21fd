"""An interpreter that asks its user before it runs code."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import Enum
from pathlib import Path

import anyio

from codeact.events import Emit, ignore
from codeact.interpreter import Execution, Interpreter, Variable
from codeact.interpreter.in_force import InForce
from codeact.tools import EMPTY, Toolbox

REFUSED = """\
[The user looked at this code and declined to run it, so nothing was run. Do not send the same \
code again: propose another way, or ask the user in plain language what they would like instead.]"""
STOPPED = "[The user stopped here; this code was not run.]"


class Consent(Enum):
    """What a user says to a piece of code."""

    YES = "yes"
    NO = "no"
    ALWAYS = "always"
    QUIT = "quit"


class Asking:
    """Another interpreter whose cells run only with the user's consent.

    `quit` is called when the user wants no more than to stop. Closing is left to whoever opened the
    other.
    """

    def __init__(
        self,
        interpreter: Interpreter,
        ask: Callable[[], Awaitable[Consent]],
        quit: Callable[[], None],
    ) -> None:
        self._interpreter = interpreter
        self._ask = ask
        self._quit = quit
        self._always = False
        self._question: anyio.CancelScope | None = None

    @property
    def workspace(self) -> Path:
        return self._interpreter.workspace

    @property
    def report(self) -> InForce | None:
        return self._interpreter.report

    async def execute(
        self, code: str, *, toolbox: Toolbox = EMPTY, emit: Emit = ignore
    ) -> Execution:
        match Consent.YES if self._always else await self._consent():
            case Consent.NO:
                return Execution(text=REFUSED, ok=False, error="Refused")
            case Consent.QUIT:
                self._quit()
                return Execution(text=STOPPED, ok=False, error="Interrupted")
            case Consent.ALWAYS:
                self._always = True
            case Consent.YES:
                pass
        return await self._interpreter.execute(code, toolbox=toolbox, emit=emit)

    async def interrupt(self) -> None:
        if self._question is not None:
            self._question.cancel()
        else:
            await self._interpreter.interrupt()

    async def variables(self) -> tuple[Variable, ...]:
        return await self._interpreter.variables()

    async def reset(self) -> None:
        await self._interpreter.reset()

    async def aclose(self) -> None:
        pass

    async def _consent(self) -> Consent:
        """The user's decision; an interrupt meanwhile is one too."""
        answer = Consent.QUIT
        with anyio.CancelScope() as self._question:
            answer = await self._ask()
        self._question = None
        return answer
