"""A reference player: a model that knows a benchmark's tasks and costs nothing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from codeact.events import Emit, ignore
from codeact.messages import Completion, Message, Sampling, ToolSchema
from codeact.models import Until, never


class Player(ABC):
    """A Model whose replies follow from the messages alone: `play` makes them."""

    @abstractmethod
    def play(self, messages: Sequence[Message], tools: Sequence[ToolSchema]) -> Completion:
        """The next reply. Raises ConfigError where the messages are no task that it knows."""

    @property
    def name(self) -> str:
        return "reference"

    @property
    def context_tokens(self) -> int | None:
        return None

    @property
    def sees(self) -> bool:
        return False

    async def complete(
        self,
        messages: Sequence[Message],
        *,
        stop: Sequence[str] = (),
        until: Until = never,
        tools: Sequence[ToolSchema] = (),
        sampling: Sampling = Sampling(),
        emit: Emit = ignore,
    ) -> Completion:
        return self.play(messages, tools)

    async def aclose(self) -> None:  # noqa: B027 - nobody needs another
        """Holds nothing."""
