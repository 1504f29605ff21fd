"""What somebody is asked before code runs or a tool is called, and what they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from codeact.actions import CodeAction, ToolCall

Scope = Literal["once", "tool", "conversation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """May this be done? `action` holds the very values that will be used, for a tool call each by
    the name of its parameter. `text` is the same to read: bounded, every character visible.
    """

    action: CodeAction | ToolCall
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """An answer. `message` is told to the model with a no. `scope` says what else it holds for:
    all later calls of this tool (all later cells, for a cell), or the rest of the conversation.
    """

    given: bool
    message: str = ""
    scope: Scope = "once"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The record of a question and its answer. `tool` is None for a cell, whose code is the step's
    action; `call` is what was shown of a call.
    """

    given: bool
    tool: str | None = None
    call: str = ""
    message: str = ""
    scope: Scope = "once"


def decision(question: Question, consent: Consent) -> Decision:
    """What a trajectory keeps."""
    call = question.action if isinstance(question.action, ToolCall) else None
    return Decision(
        given=consent.given,
        tool=None if call is None else call.name,
        call=question.text if call else "",
        message=consent.message,
        scope=consent.scope,
    )
