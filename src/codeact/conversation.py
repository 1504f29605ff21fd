"""An agent in talk with a user: turns that share messages, variables and a folder."""

from __future__ import annotations

import dataclasses
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio

from codeact.agent import Agent
from codeact.environment import Environment, Person, User
from codeact.errors import AgentFailed
from codeact.events import Emit, ignore
from codeact.formats import by_name
from codeact.halting import Budget
from codeact.interpreter import Interpreter
from codeact.messages import Media, Message, Sampling
from codeact.models import Model
from codeact.outputs import OutputType, TypedUser
from codeact.prompt import system_prompt
from codeact.tools import EMPTY, Tool, Toolbox
from codeact.trajectory import StopReason, Trajectory


class Conversation:
    """User turns with one agent over one living interpreter. Opens and closes nothing.

    `extra` is the caller's own text for the system prompt. `output_type` demands typed answers.
    """

    def __init__(
        self,
        agent: Agent,
        interpreter: Interpreter,
        toolbox: Toolbox = EMPTY,
        *,
        extra: str = "",
        output_type: OutputType | None = None,
    ) -> None:
        schema = None if output_type is None else output_type.schema
        self.agent = agent
        self.interpreter = interpreter
        self.toolbox = toolbox
        self.system = system_prompt(agent.format, toolbox, extra=extra, output_schema=schema)
        self.user: User = Person()
        if output_type is not None:
            self.user = TypedUser(self.user, output_type)
        self.trajectories: list[Trajectory] = []

    @property
    def messages(self) -> list[Message]:
        """All that was said so far, as the model would see it."""
        return self.trajectories[-1].messages() if self.trajectories else [self.system]

    async def say(
        self,
        text: str,
        *,
        media: Sequence[Media] = (),
        emit: Emit = ignore,
        interrupt: anyio.Event | None = None,
    ) -> Trajectory:
        """One user turn, to its answer or its stop."""
        environment = Environment(
            interpreter=self.interpreter, toolbox=self.toolbox, user=self.user
        )
        prompt = _said(self.messages, Message(role="user", content=text, media=tuple(media)))
        trajectory = await self.agent.run(prompt, environment, emit, interrupt)
        self.trajectories.append(trajectory)
        return trajectory

    def undo(self) -> str | None:
        """Forget the last user turn and return what the user had said; variables and files stay."""
        if not self.trajectories:
            return None
        last = self.trajectories.pop()
        before = len(self.messages)
        said = last.prompt[before - 1] if len(last.prompt) < before + 1 else last.prompt[before]
        return said.content

    def reset(self) -> None:
        """Forget all turns; variables and files stay."""
        self.trajectories.clear()


def _said(messages: list[Message], message: Message) -> list[Message]:
    """The messages with one more of the user's; two in a row become one, since many chat templates
    refuse that.
    """
    last = messages[-1]
    if last.role != "user":
        return [*messages, message]
    content = f"{last.content}\n\n{message.content}"
    merged = dataclasses.replace(
        last, content=content, media=last.media + message.media, observed=False
    )
    return [*messages[:-1], merged]
