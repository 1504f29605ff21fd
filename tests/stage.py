"""A stage for the loop's tests: one interpreter with two tools, episodes played from a script."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anyio

from codeact.agent import Agent
from codeact.environment import Environment, Person
from codeact.events import Event
from codeact.formats import by_name
from codeact.interpreter.process import ProcessInterpreter
from codeact.messages import Completion, Message
from codeact.models.scripted import ScriptedModel
from codeact.prompt import system_prompt
from codeact.tools import Toolbox
from codeact.trajectory import Trajectory

Replies = Sequence[str | Completion | Exception]


def act(code: str) -> str:
    return f"<execute>\n{code}\n</execute>"


class Stage:
    """One interpreter with tools, for episodes played from a script."""

    def __init__(self, interpreter: ProcessInterpreter, tools: Toolbox) -> None:
        self.interpreter = interpreter
        self.tools = tools
        self.events: list[Event] = []
        self.model = ScriptedModel([])

    async def play(
        self,
        replies: Replies,
        *,
        format: str = "code",
        user: Any = None,
        context_tokens: int | None = None,
        interrupt: anyio.Event | None = None,
        **options: Any,
    ) -> Trajectory:
        chosen = by_name(format)
        self.model = ScriptedModel(replies, context_tokens=context_tokens)
        agent = Agent(model=self.model, format=chosen, **options)
        prompt = [system_prompt(chosen, self.tools), Message(role="user", content="Go.")]
        environment = Environment(
            interpreter=self.interpreter, toolbox=self.tools, user=user or Person()
        )
        return await agent.run(prompt, environment, self.events.append, interrupt)


def double(number: int) -> int:
    """Twice the number."""
    return 2 * number


def fail(reason: str) -> None:
    """Fail."""
    raise ValueError(reason)


TOOLS = Toolbox.of([double, fail])
