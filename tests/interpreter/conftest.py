"""What every interpreter's tests share: the list of interpreters that keep the contract."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from codeact.interpreter.forked import ForkedInterpreter
from codeact.interpreter.process import ProcessInterpreter
from codeact.interpreter.sandbox import SandboxPolicy

Open = Callable[..., Any]
"""Opens an interpreter with `async with`; takes `timeout`, `output_limit` and `workspace`."""

INTERPRETERS: dict[str, Open] = {
    "process": ProcessInterpreter,
    "forked": partial(ForkedInterpreter, snapshots="never"),
    "snapshots": ForkedInterpreter,
    "walled": partial(ForkedInterpreter, sandbox=SandboxPolicy()),
}


@pytest.fixture(params=sorted(INTERPRETERS))
def opened(request: pytest.FixtureRequest) -> Open:
    return INTERPRETERS[request.param]


@pytest.fixture(params=sorted(set(INTERPRETERS) - {"walled"}))
def seen(request: pytest.FixtureRequest) -> Open:
    """An interpreter whose code sees the pids that the host sees."""
    return INTERPRETERS[request.param]


@pytest.fixture(params=["forked", "process"])
def forgetful(request: pytest.FixtureRequest) -> Open:
    """An interpreter that has nothing to restore."""
    return INTERPRETERS[request.param]


async def ended(host: asyncio.subprocess.Process) -> None:
    """Wait until a program is gone, and all that asyncio holds for it."""
    await host.wait()
    if host.stdout is not None:
        await host.stdout.read()
    await asyncio.sleep(0)
