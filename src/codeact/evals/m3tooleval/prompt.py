"""The one user message that an episode begins with: tools, format, and what is asked."""

from __future__ import annotations

from collections.abc import Sequence

from codeact.evals.m3tooleval.exercise import Exercise
from codeact.formats import ActionFormat
from codeact.messages import Message
from codeact.tools import Toolbox

BEGIN = "Now it is your turn."
INSTRUCTION = "Instruction: "
CLOSE = """\
Find the answer by acting; you need more than one tool and may need several turns. Give the \
answer alone, in the form that is asked for: no sentence around it, no unit, no explanation."""


def prompt(exercise: Exercise, format: ActionFormat, toolbox: Toolbox) -> tuple[Message, ...]:
    """Zero-shot and without a system message, as in the paper."""
    asked = f"{INSTRUCTION}{exercise.instruction.strip()}"
    parts = [format.instructions(toolbox), *_native_listing(format, toolbox), BEGIN, asked, CLOSE]
    return (Message(role="user", content="\n\n".join(parts)),)


def instruction(messages: Sequence[Message]) -> str:
    """What such a message asks for; empty where it is none."""
    asked = messages[0].content.partition(f"{BEGIN}\n\n{INSTRUCTION}")[2]
    return asked.partition(f"\n\n{CLOSE}")[0]


def _native_listing(format: ActionFormat, toolbox: Toolbox) -> list[str]:
    """Signatures say what JSON Schema does not: what comes back, and the order of arguments."""
    return [toolbox.listing()] if format.native else []
