"""A trajectory holds exactly what the model's server was sent, message by message."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from codeact.agent import Agent
from codeact.environment import Environment
from codeact.formats import by_name
from codeact.interpreter.process import ProcessInterpreter
from codeact.messages import Message
from codeact.models.openai import OpenAIModel
from codeact.prompt import system_prompt
from codeact.tools import Toolbox
from codeact.trajectory import Trajectory, from_json, to_json
from tests.loopback import Behaviour, Call, Loopback, Reply, Request, Status

pytestmark = pytest.mark.anyio

BUSY = Status(500, "Try again.")
DROPPED = Reply("Half of a rep", drop_after=1)
TOO_LONG = Status(400, "Too many tokens.", "context_length_exceeded", "messages")


def repeat(text: str, times: int) -> str:
    """The text, again and again."""
    return text * times


TOOLBOX = Toolbox.of([repeat])
LONG = {
    "code": "Füße 🦶\n<execute>\nprint(repeat('ab', {0}))\n</execute>",
    "code-fence": "Füße 🦶\n```python\nprint(repeat('ab', {0}))\n```",
    "json": 'Füße 🦶 {{"tool": "repeat", "args": ["ab", {0}]}}',
    "text": "Füße 🦶\nAction: repeat, ab, {0}",
    "m3-code": "Thought: Füße 🦶\nAction:\nprint(repeat('ab', {0}))\nEnd Action",
    "m3-json": 'Action: {{"tool": "repeat", "args": ["ab", {0}]}} End Action',
    "m3-text": "Action: repeat, ab, {0} End Action",
}


def script(format: str) -> list[Behaviour]:
    """Errors, retries, results that are cut, an unusable reply, an overflow, then the answer."""
    final = "Answer: done" if format.startswith("m3") else "Done."
    if format == "native":
        before: list[Behaviour] = [
            BUSY,
            _call(20_000),
            _call(900),
            DROPPED,
            _call(901),
            _call(None),
        ]
        return [*before, TOO_LONG, _call(3), Reply(final)]
    spelled = LONG[format]
    return [
        BUSY,
        Reply(spelled.format("20_000") if "code" in format else spelled.format(20000)),
        Reply(spelled.format(900)),
        DROPPED,
        Reply(spelled.format(901)),
        Reply(spelled.format("nothing")),
        TOO_LONG,
        Reply(spelled.format(3) + "\nand more"),
        Reply(final),
    ]


def _call(times: int | None) -> Reply:
    arguments = '{"text": ' if times is None else f'{{"text": "ab", "times": {times}}}'
    return Reply("Füße 🦶", calls=[Call("repeat", arguments)], finish="tool_calls")


async def run(format: str, server: Loopback, workspace: Path) -> Trajectory:
    chosen = by_name(format)
    model = OpenAIModel("test-model", base_url=server.base_url, api_key="test", backoff=0.01)
    prompt = [system_prompt(chosen, TOOLBOX), Message(role="user", content="Los, bitte: “go” 🚀")]
    async with ProcessInterpreter(workspace=workspace, timeout=10) as interpreter:
        environment = Environment(interpreter=interpreter, toolbox=TOOLBOX)
        try:
            return await Agent(model=model, format=chosen).run(prompt, environment)
        finally:
            await model.aclose()


def sent(request: Request) -> list[dict[str, Any]]:
    """A request's messages, a native call's fixed fields left out."""
    return [
        {
            "role": message["role"],
            "content": message.get("content") or "",
            "call_id": message.get("tool_call_id"),
            "calls": [
                (call["id"], call["function"]["name"], call["function"]["arguments"])
                for call in message.get("tool_calls") or ()
            ],
        }
        for message in request.messages
    ]


def held(messages: list[Message]) -> list[dict[str, Any]]:
    return [
        {
            "role": message.role,
            "content": message.content,
            "call_id": message.call_id,
            "calls": [(call.id, call.name, call.arguments) for call in message.calls],
        }
        for message in messages
    ]


@pytest.mark.parametrize("format", [*LONG, "native"])
async def test_every_request_equals_the_trajectorys_messages(format: str, tmp_path: Path) -> None:
    behaviours = script(format)
    with Loopback(behaviours) as server:
        trajectory = await run(format, server, tmp_path)
        posts = server.posts
    assert trajectory.answer is not None, trajectory
    stored = from_json(to_json(trajectory))
    step = 0
    for behaviour, request in zip(behaviours, posts, strict=True):
        if behaviour is TOO_LONG:
            assert sent(request) != held(stored.shown(step))  # compacted after this
            continue
        assert sent(request) == held(stored.shown(step))
        step += behaviour is not BUSY and behaviour is not DROPPED
    assert step == len(stored.steps)
    assert any(each.context is not None for each in stored.steps)
