"""What a reply asks for: run code, call a tool, answer, or nothing that can be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeAction:
    """Python to run in the interpreter. `note` is told to the model with the observation (a block
    was ignored).
    """

    code: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One call of one tool, from the JSON, text or native spelling. `id` is the provider's, empty
    elsewhere.
    """

    name: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Plain language for the user."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidAction:
    """A reply that asks for an action in a way that cannot be used.

    `reason` is written for the model: what was wrong and the right form. `kind` is a stable label
    for statistics ("empty", "unclosed", "two_markers", "bad_json", "wrong_language", "truncated",
    ...).
    """

    reason: str
    kind: str
    id: str = ""


Action = CodeAction | ToolCall | Answer | InvalidAction
