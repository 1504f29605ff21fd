"""Programs judged by their tests in a process of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from codeact.interpreter import Interpreter
from codeact.tasks.mint import kernel
from codeact.tasks.unit_tests import passes

pytestmark = pytest.mark.anyio

TESTS = "assert double(2) == 4\nassert double(0) == 0"


@pytest.fixture
async def interpreter() -> AsyncIterator[Interpreter]:
    async with kernel() as opened:
        yield opened


@pytest.mark.parametrize(
    ("solution", "verdict"),
    [
        ("def double(n):\n    return 2 * n", True),
        ("def double(n):\n    print('twice')\n    return 2 * n", True),
        ("def double(n):\n    return n", False),
        ("def double(n)", False),
        ("def double(n):\n    return 2 * n\nif __name__ == '__main__':\n    1 / 0", True),
        ("import sys\nsys.exit(0)", False),
        ("import os\nos._exit(0)", False),
        ("input()", False),
        ("print('True')\nraise SystemExit", False),
        ("double = '\udc80'", False),
    ],
)
async def test_a_program_passes_when_its_tests_run_to_their_end(
    interpreter: Interpreter, solution: str, verdict: bool
) -> None:
    assert await passes(interpreter, solution, TESTS) is verdict


async def test_a_program_that_never_ends_fails_in_time(interpreter: Interpreter) -> None:
    assert not await passes(interpreter, "while True: pass", TESTS, seconds=0.3)


async def test_a_program_cannot_change_the_next_one(interpreter: Interpreter) -> None:
    evil = "import builtins\nbuiltins.len = lambda _: 0\ndef double(n): return 2 * n"
    assert await passes(interpreter, evil, TESTS)
    assert await passes(interpreter, "", "assert len([1]) == 1")
