"""Where replies come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from codeact.events import Emit, ignore
from codeact.messages import Completion, Message, Sampling, ToolSchema

Until = Callable[[str], bool]


def never(text: str) -> bool:
    """The `until` that lets the model write to its own end."""
    return False


class Model(Protocol):
    """A language model."""

    @property
    def name(self) -> str:
        """As a user names it on the command line."""

    @property
    def context_tokens(self) -> int | None:
        """The context window in tokens, None when unknown."""

    @property
    def sees(self) -> bool:
        """Whether it takes pictures."""

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
        """One whole reply, its pieces told to `emit` (TextDelta, ReasoningDelta, Retrying) as they
        arrive.

        Generation ends at a stop sequence (not part of the text) or as soon as `until(text so far)`
        is true. With `tools` the model may answer by native calls. Raises ModelError,
        ContextOverflow.
        """

    async def aclose(self) -> None:
        """Let go of connections."""
