"""What is fuzzed: each target takes any bytes, and raises only what is a finding.

Frames of a kernel may be refused by WireError, a trajectory's line by DataError;
formats and tool calls are total: nothing may come out of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import Callable
from pathlib import Path
from typing import Any

from codeact.errors import DataError
from codeact.formats.code_as_action import CodeAsAction
from codeact.formats.json_as_action import JsonAsAction
from codeact.formats.native_tool_calls import NativeToolCalls
from codeact.formats.text_as_action import TextAsAction
from codeact.interpreter.answers import check
from codeact.interpreter.burst import Call
from codeact.interpreter.calls import Calls
from codeact.interpreter.wire import Decoder, Frame, WireError, encode
from codeact.tools import Toolbox, tool
from codeact.trajectory import from_json

FORMATS = (CodeAsAction(), JsonAsAction(), TextAsAction(), NativeToolCalls())
MOST_FRAMES = 50
GOLDEN = sorted(Path(__file__).parents[1].glob("tests/golden/*trajector*.jsonl"))


def add(a: int, b: int = 1) -> int:
    """The sum."""
    return a + b


TOOLBOX = Toolbox.of([tool(add)])


def frames(data: bytes) -> list[Frame]:
    """What a decoder makes of the bytes, in two pieces."""
    decoder, found = Decoder(), list[Frame]()
    half = len(data) // 2
    with contextlib.suppress(WireError):
        for piece in (data[:half], data[half:]):
            found += decoder.feed(piece)
    return found[:MOST_FRAMES]


def wire(data: bytes) -> None:
    """Frames, their values, arrays and frames of pandas among them, and answers."""
    for frame in frames(data):
        with contextlib.suppress(WireError):
            frame.values()
        with contextlib.suppress(WireError):
            check(frame.head)


class Kernel:
    """Takes every answer, and makes here the calls that a thread would make."""

    def send(self, head: dict[str, Any], *values: Any) -> None:
        encode(head, *values)

    def lend(
        self, first: Call, direct: Callable[[Frame], Call | None], context: contextvars.Context
    ) -> None:
        if context.copy().run(first.run) is None:
            first.lasts()
            first.settle()


def calls(data: bytes) -> None:
    """Frames of a kernel that ask for tools."""

    async def answered() -> None:
        failures: list[Exception] = []

        open_calls = Calls(failures.append, lambda event: None, contextlib.nullcontext)
        open_calls.open(TOOLBOX)
        for frame in frames(data):
            with contextlib.suppress(WireError):
                open_calls.hear(frame, Kernel())
        for _ in range(3):
            await asyncio.sleep(0)
        await open_calls.close()

    asyncio.run(answered())


def formats(data: bytes) -> None:
    """A model's reply, in every format."""
    text = data.decode("utf-8", "surrogateescape")
    for each in FORMATS:
        each.parse(text)


def trajectory(data: bytes) -> None:
    """One line of a file of trajectories."""
    with contextlib.suppress(DataError):
        from_json(data.decode("utf-8", "replace"))


TARGETS: dict[str, Callable[[bytes], None]] = {
    "wire": wire,
    "calls": calls,
    "formats": formats,
    "trajectory": trajectory,
}


def seeds(name: str) -> list[bytes]:
    """Inputs that lead deep into a target."""
    match name:
        case "wire":
            values: list[Any] = [1, "x", b"raw", [1.5, None], {"k": (True, {2})}]
            with contextlib.suppress(ImportError):
                import numpy

                values.append(numpy.arange(6).reshape(2, 3))
            with contextlib.suppress(ImportError):
                import pandas

                values.append(pandas.DataFrame({"a": [1, 2], "b": ["x", None]}))
            heads: list[dict[str, Any]] = [{"op": "output", "parts": [["stdout", "x"]]}]
            answer: dict[str, Any] = {
                "ok": True,
                "error": None,
                "text": "x",
                "log": None,
                "media": [],
            }
            heads.append({"op": "done", "id": 1, **answer, "interrupted": False})
            return [
                encode(heads[0], *values),
                *map(encode, heads),
                *(encode({}, v) for v in values),
            ]
        case "calls":
            call = {"op": "call", "id": 1, "name": "add"}
            cancel = encode({"op": "cancel", "id": 1})
            return [encode(call, [1], {"b": 2}) + cancel, encode(call, [], {}), encode(call, 5)]
        case "formats":
            texts = [
                "<execute>print('</execute>')</execute>",
                '{"tool": "add", "args": [1], "kwargs": {"b": 2}}',
                'Action: add, 1, b="x, y"',
                "```python\nprint(1)\n```",
                "Thought: so\nAction: x = 1\nEnd Action",
            ]
            return [each.encode() for each in texts]
        case _:
            lines = [line for path in GOLDEN for line in path.read_bytes().splitlines()]
            return [*lines, b"[]", b"{}", b'{"schema": 1}']
