"""A session under `soak.py`: a living interpreter, and the oracle that knows what it holds."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

from soak_oracle import Oracle, must

from codeact.events import Event
from codeact.interpreter import Execution
from codeact.interpreter.forked import ForkedInterpreter
from codeact.interpreter.sandbox import SandboxPolicy
from codeact.tools import Toolbox, tool

LIMIT = 4000
"""Characters of output that a model reads."""
HASTY = 1.0
"""Seconds of a short deadline."""


def add(a: int, b: int) -> int:
    """The sum."""
    return a + b


def refuse(why: str) -> str:
    """Raises ValueError."""
    raise ValueError(why)


async def nap(seconds: float) -> str:
    """Sleeps."""
    await asyncio.sleep(seconds)
    return "rested"


TOOLS = Toolbox.of([tool(add), tool(refuse), tool(nap)])


class Session:
    """A living interpreter and what it must hold."""

    number = 0

    def __init__(
        self, interpreter: ForkedInterpreter, oracle: Oracle, chance: random.Random, hasty: bool
    ) -> None:
        self.interpreter = interpreter
        self.oracle = oracle
        self.chance = chance
        self.hasty = hasty
        self.marked: list[str] = []
        """Kernels of the past, by the name that a cell gave them."""

    @classmethod
    async def open(cls, chance: random.Random, hasty: bool) -> Session:
        timeout = HASTY if hasty else 25.0
        interpreter = ForkedInterpreter(
            sandbox=SandboxPolicy(), timeout=timeout, output_limit=LIMIT
        )
        await interpreter.__aenter__()
        return cls(interpreter, Oracle(), chance, hasty)

    async def close(self) -> None:
        await self.interpreter.aclose()

    async def run(self, code: str, *, harmless: bool = False, tools: bool = False) -> Execution:
        """Give the kernel a cell that must run to its end."""
        self.oracle.prepare(harmless)
        self.oracle.cell += 1
        done = await self.interpreter.execute(code, toolbox=TOOLS if tools else Toolbox.of([]))
        must(done.state == "kept", "a state that is not kept", code, done)
        return done

    async def says(self, code: str, text: str, **how: bool) -> None:
        done = await self.run(code, **how)
        must(done.ok and done.text == text, f"must be {text[:300]!r}", code, done)

    async def changes(self, code: str, expression: str) -> None:
        """A cell that does to the names what it does in the oracle, and shows a value."""
        self.oracle.prepare()
        self.oracle.cell += 1
        self.oracle.run(code)
        wanted = self.oracle.value(expression)
        done = await self.interpreter.execute(f"{code}\nprint(repr({expression}))")
        must(done.ok and done.text == wanted, f"must be {wanted[:300]!r}", code, done)

    async def dies(self, code: str) -> None:
        """A cell over which the kernel dies."""
        self.oracle.prepare()
        self.oracle.cell += 1
        self.oracle.died(await self.interpreter.execute(code), in_cell=True)

    async def stopped(self, code: str, stop: Callable[[], Awaitable[object]]) -> Execution:
        """A cell that `stop` is called over, once it has printed."""
        printed = asyncio.Event()

        def heard(event: Event) -> None:
            printed.set()

        self.oracle.prepare()
        self.oracle.cell += 1
        running = asyncio.ensure_future(self.interpreter.execute(code, emit=heard))
        waiting = asyncio.ensure_future(printed.wait())
        await asyncio.wait([running, waiting], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        must(not running.done(), "a cell that ended too early", code)
        await stop()
        return await running

    def name(self) -> str:
        Session.number += 1
        return f"soak{os.getpid() % 100000}n{Session.number}"

    def pick(self, *kinds: type) -> str | None:
        found = [name for name, value in self.oracle.names.items() if type(value) in kinds]
        return self.chance.choice(found) if found else None

    async def check_files(self) -> None:
        """The workspace holds what it must, no more."""
        workspace = self.interpreter.workspace
        found = {}
        for path in workspace.rglob("*"):
            inside = path.relative_to(workspace)
            if inside.parts[0] != ".codeact" and path.is_file():
                found[str(inside)] = path.read_text()
        must(found == self.oracle.files, "other files", found, self.oracle.files)


def kill(name: str) -> None:
    """SIGKILL the process that has this name."""
    for path in Path("/proc").glob("[0-9]*/comm"):
        try:
            found = path.read_text().strip()
        except OSError:
            continue
        if found == name:
            os.kill(int(path.parent.name), signal.SIGKILL)
