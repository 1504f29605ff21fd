"""An agent in talk with a user: turns that share messages, variables and a folder."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import anyio

from codeact.agent import Agent
from codeact.approval import DEFAULT, Approval, Gate
from codeact.environment import Environment, Person, User
from codeact.events import Emit, ignore
from codeact.interpreter import Interpreter
from codeact.messages import Media, Message
from codeact.outputs import OutputType, TypedUser
from codeact.prompt import system_prompt
from codeact.tools import EMPTY, Toolbox
from codeact.trajectory import Trajectory


@dataclass(frozen=True, slots=True, kw_only=True)
class UserTurn:
    """What the user said and the trajectory that came of it."""

    said: Message
    trajectory: Trajectory


class Conversation:
    """User turns with one agent over one living interpreter. Opens and closes nothing.

    `extra` is the caller's own text for the system prompt. `output_type` demands typed answers.
    `approval` says what needs whose consent; answers that last do so for this conversation.
    """

    def __init__(
        self,
        agent: Agent,
        interpreter: Interpreter,
        toolbox: Toolbox = EMPTY,
        *,
        extra: str = "",
        output_type: OutputType | None = None,
        approval: Approval = DEFAULT,
    ) -> None:
        schema = None if output_type is None else output_type.schema
        self.agent = agent
        self.interpreter = interpreter
        self.toolbox = toolbox
        self.gate = Gate(approval)
        self.system = system_prompt(agent.format, toolbox, extra=extra, output_schema=schema)
        self.user: User = Person()
        if output_type is not None:
            self.user = TypedUser(self.user, output_type)
        self.turns: list[UserTurn] = []

    @property
    def messages(self) -> list[Message]:
        """All that was said so far, as the model would see it."""
        return self.turns[-1].trajectory.messages() if self.turns else [self.system]

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
            interpreter=self.interpreter,
            toolbox=self.toolbox,
            user=self.user,
            gate=self.gate,
        )
        said = Message(role="user", content=text, media=tuple(media))
        prompt = _said(self.messages, said)
        trajectory = await self.agent.run(prompt, environment, emit, interrupt)
        self.turns.append(UserTurn(said=said, trajectory=trajectory))
        return trajectory

    def undo(self) -> Message | None:
        """Forget the last user turn and return what the user had said; variables and files stay."""
        return self.turns.pop().said if self.turns else None

    def reset(self) -> None:
        """Forget all turns; variables and files stay."""
        self.turns.clear()


def _said(messages: list[Message], message: Message) -> list[Message]:
    """The messages with one more of the user's; many chat templates refuse two in a row."""
    last = messages[-1]
    if last.role != "user":
        return [*messages, message]
    content = f"{last.content}\n\n{message.content}"
    merged = dataclasses.replace(
        last, content=content, media=last.media + message.media, observed=False
    )
    return [*messages[:-1], merged]
