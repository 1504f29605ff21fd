"""How the reference player solves each task: policies that act on what they observe.

A policy is a generator: it yields an action, is sent the observation's text, and returns the
answer. It knows how to read the question's wording, and nothing of the world or of the answers.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from codeact.actions import CodeAction, ToolCall

Calls = Generator[ToolCall, str, str]
"""One tool call a turn."""
Program = Generator[CodeAction, str, str]
"""Code that does the same in one turn."""


def call(name: str, *args: Any) -> ToolCall:
    return ToolCall(name=name, args=args)


def printed(code: str) -> Program:
    """Run a program and answer with what it prints."""
    text = yield CodeAction(code=code.strip())
    return text.strip()
