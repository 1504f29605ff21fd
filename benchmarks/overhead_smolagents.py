"""The peer's half of overhead.py: runs inside an environment that holds smolagents alone."""

from __future__ import annotations

import statistics
import sys
import time
from typing import Any

from smolagents import CodeAgent, Model  # type: ignore[import-not-found]
from smolagents.models import ChatMessage, MessageRole  # type: ignore[import-not-found]
from smolagents.monitoring import LogLevel, TokenUsage  # type: ignore[import-not-found]

EPISODES = 10


class InstantModel(Model):  # type: ignore[misc]
    """Replies at once with an action that does nothing, at the end with the answer."""

    def __init__(self, steps: int) -> None:
        super().__init__(model_id="instant")
        self.left = steps

    def generate(self, messages: list[Any], **options: Any) -> ChatMessage:
        self.left -= 1
        code = "pass" if self.left else "final_answer(42)"
        return ChatMessage(
            role=MessageRole.ASSISTANT,
            content=f"Thought: let me look.\n<code>\n{code}\n</code>",
            token_usage=TokenUsage(input_tokens=1, output_tokens=1),
        )


def episode(steps: int) -> float:
    agent = CodeAgent(tools=[], model=InstantModel(steps), verbosity_level=LogLevel.OFF)
    begun = time.perf_counter()
    answer = agent.run("What is it?", max_steps=steps + 1)
    assert answer == 42, answer
    return (time.perf_counter() - begun) / steps


if __name__ == "__main__":
    count = int(sys.argv[1])
    print(statistics.median(episode(count) for _ in range(EPISODES)) * 1_000)
