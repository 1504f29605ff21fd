"""What the small model reads of a conversation: its tools, what was said and done, no instructions.

The model was trained on this form, so the fixed text of the system prompt would tell it nothing and
cost it most of its window. What it loses: text that a caller adds to the system prompt, all of a
traceback but the line that failed and what is said of it, the middle of a long output, and
pictures.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from codeact.messages import Message

Part = Literal["tools", "user", "assistant", "output", "error"]

MARKS: dict[Part, str] = {
    "tools": "<|tools|>",
    "user": "<|user|>",
    "assistant": "<|assistant|>",
    "output": "<|output|>",
    "error": "<|error|>",
}
END = "<|end|>"
PAD = "<|pad|>"
EXECUTE = ("<execute>", "</execute>")

WEIGHTS, CARD, TOKENIZER = "weights.npz", "card.json", "tokenizer.json"
"""The files of a model."""
NOT_A_MODEL = "{folder} holds no model: {problem}."

HEAD, TAIL = 360, 120
"""How many characters of a long observation stay, from its beginning and from its end."""

ACTS = "<execute>"
"""What a system prompt holds that asks for actions in the one spelling that the model knows."""

_TOOL = re.compile(r"\[(\d+)\] (\w+\(.*)")
_OBSERVED = re.compile(r"\[(Output|Error)(?:: [\w.]+)?\]\n")
_FRAME = re.compile(r"Traceback \(|\s*File \"|\s*[~^]+\s*$")
_INDENTED = re.compile(r"\s|-->")
_VALUES = re.compile(r"\s+where ")
_NOT_RUN = re.compile(r"\[Nothing of this cell was run")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the conversation with one author."""

    part: Part
    text: str


def pieces(messages: Sequence[Message]) -> list[Piece]:
    """The conversation in the form that the model was trained on."""
    found = []
    for message in messages:
        match message.role:
            case "system":
                tools = _tools(message.content)
                found += [Piece("tools", tools)] if tools else []
            case "assistant":
                found.append(Piece("assistant", message.content))
            case "user" | "tool":
                found.append(_said(message))
    return found


def _said(message: Message) -> Piece:
    header = _OBSERVED.match(message.content)
    if header is None:
        return Piece("user", message.content.strip())
    text = message.content[header.end() :].strip("\n")
    if header[1] == "Error":
        return Piece("error", _clipped(_essence(text)))
    return Piece("output", _clipped(text))


def _tools(system: str) -> str:
    """The listing of tools in a system prompt, a line each: its signature and what it is for."""
    lines: list[str] = []
    reading = False
    for line in system.splitlines():
        found = _TOOL.match(line)
        if found and int(found[1]) == len(lines) + 1:
            lines.append(found[2])
            reading = True
        elif reading and line.startswith("    "):
            lines[-1] += f"  # {line.strip()}"
            reading = False
        else:
            reading = False
    return "\n".join(lines)


def _essence(text: str) -> str:
    """Of a traceback the line that failed and what is said of it; other texts as they are."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not any(_FRAME.match(line) for line in lines):
        return text
    start = len(lines)
    while start and not _INDENTED.match(lines[start - 1]) and not _FRAME.match(lines[start - 1]):
        start -= 1
    code = [line for line in lines[:start] if not _FRAME.match(line) and not _VALUES.match(line)]
    failed = [code[-1].removeprefix("-->").strip()] if code else []
    return "\n".join([*failed, *(line for line in lines[start:] if not _NOT_RUN.match(line))])


def _clipped(text: str) -> str:
    if len(text) <= HEAD + TAIL + 3:
        return text
    return f"{text[:HEAD]} … {text[-TAIL:]}"
