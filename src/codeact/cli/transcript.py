"""A conversation as a Markdown document."""

from __future__ import annotations

import re
from collections.abc import Iterable

from codeact.actions import Answer, CodeAction, InvalidAction, ToolCall
from codeact.cli.folding import thought
from codeact.cli.harmless import clean
from codeact.cli.plain import call_text
from codeact.conversation import UserTurn
from codeact.trajectory import Step


def transcript(turns: Iterable[UserTurn], model: str) -> str:
    """What the user said, what the agent thought, ran and saw, and what it answered."""
    parts = [f"# Conversation with {model}"]
    for turn in turns:
        parts += ["## User", turn.said.content, "## Agent"]
        for step in turn.trajectory.steps:
            parts += _step(step)
        if turn.trajectory.answer is None:
            parts.append(f"*No answer: {turn.trajectory.stop_reason}.*")
    return "\n\n".join(part for part in parts if part) + "\n"


def _step(step: Step) -> list[str]:
    action, seen = step.action, clean(step.observation.text)
    said = thought(step.reply.content, action)
    match action:
        case Answer(text=text):
            return [text]
        case CodeAction(code=code):
            return [said, fenced(code, "python"), fenced(seen, "text") if seen else ""]
        case ToolCall():
            call = fenced(call_text(action), "python")
            return [said, call, fenced(seen, "text") if seen else ""]
        case InvalidAction():
            return [said, f"*{seen}*"]


def fenced(text: str, language: str) -> str:
    """The text in a fence that is longer than any in it."""
    longest = max(map(len, re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"
