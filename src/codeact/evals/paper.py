"""The paper's Table 3: 17 models on M3ToolEval in three formats, to stand beside new ones.

From "Executable Code Actions Elicit Better LLM Agents" (arXiv 2402.01030v4). The conditions are
those of `--protocol paper --grader paper`: a wrong answer may be retried, 10 turns, one epoch.
"""

from __future__ import annotations

from dataclasses import dataclass

FORMATS = ("code", "json", "text")

TASKS = 82


@dataclass(frozen=True, slots=True)
class Row:
    """Success in percent and mean turns over all tasks, each for code, JSON and text."""

    model: str
    success: tuple[float, float, float]
    turns: tuple[float, float, float]

    @property
    def solved(self) -> tuple[int, ...]:
        """Tasks solved; every printed percentage is a whole number of the 82."""
        return tuple(round(each * TASKS / 100) for each in self.success)


TABLE_3 = (
    Row("CodeLlama-7b-Instruct", (4.9, 2.4, 2.4), (9.7, 9.9, 9.9)),
    Row("CodeLlama-13b-Instruct", (4.9, 4.9, 4.9), (9.8, 9.8, 9.7)),
    Row("CodeLlama-34b-Instruct", (2.4, 0.0, 0.0), (9.9, 10.0, 10.0)),
    Row("Llama-2-7b-chat", (0.0, 1.2, 2.4), (8.9, 9.5, 9.6)),
    Row("Llama-2-13b-chat", (0.0, 0.0, 0.0), (9.7, 10.0, 10.0)),
    Row("Llama-2-70b-chat", (11.0, 3.7, 3.7), (9.1, 9.8, 9.8)),
    Row("Mistral-7B-Instruct-v0.1", (0.0, 3.7, 1.2), (10.0, 9.8, 9.9)),
    Row("lemur-70b-chat-v1", (13.4, 15.9, 12.2), (9.1, 9.3, 9.4)),
    Row("claude-2", (54.9, 39.0, 29.3), (7.2, 8.3, 8.5)),
    Row("claude-instant-1", (20.7, 31.7, 24.4), (8.8, 8.6, 8.9)),
    Row("gemini-pro", (22.0, 19.5, 11.0), (8.8, 9.1, 9.5)),
    Row("gpt-3.5-turbo-0613", (51.2, 26.8, 20.7), (7.0, 8.8, 9.2)),
    Row("gpt-3.5-turbo-1106", (29.3, 15.9, 14.6), (8.4, 9.0, 9.0)),
    Row("gpt-4-0613", (67.1, 56.1, 45.1), (6.6, 7.6, 8.0)),
    Row("gpt-4-1106-preview", (74.4, 52.4, 53.7), (5.5, 7.6, 7.7)),
    Row("text-davinci-002", (4.9, 4.9, 8.5), (9.7, 9.8, 9.6)),
    Row("text-davinci-003", (20.7, 18.3, 7.3), (9.2, 9.0, 9.6)),
)
