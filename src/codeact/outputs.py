"""Typed final answers: their schema, their check, and what the model hears when one is wrong."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from typing import Any

from codeact.environment import User
from codeact.observations import Observation

WRONG = """\
Your answer does not fit the required type. {problem}
Answer again with one JSON value that matches this JSON Schema, and nothing else:
{schema}"""


@dataclass(frozen=True, slots=True)
class OutputType:
    """A Python type or pydantic model that the final answer must have."""

    type: Any

    @property
    def schema(self) -> str:
        """The type as JSON Schema text."""
        return json.dumps(_adapter(self.type).json_schema(), separators=(",", ":"))

    def read(self, answer: str) -> Any:
        """The answer as a value of the type. Raises ValueError that says what is wrong.

        A JSON value is expected, bare or in a fence; text that is no JSON is tried as it stands, so
        that `42`, `2024-05-01` and plain strings need no quotes.
        """
        from pydantic import ValidationError

        text = _unfenced(answer)
        try:
            return _adapter(self.type).validate_json(text)
        except ValidationError as error:
            try:
                return _adapter(self.type).validate_strings(text)
            except ValidationError:
                raise ValueError(_problem(error)) from None


@dataclass(frozen=True, slots=True)
class TypedUser:
    """A user who lets only answers of the right type through to another."""

    user: User
    output_type: OutputType

    async def hear(self, answer: str) -> Observation:
        try:
            self.output_type.read(answer)
        except ValueError as error:
            text = WRONG.format(problem=error, schema=self.output_type.schema)
            return Observation(text=text, source="user", ok=False, error="WrongType")
        return await self.user.hear(answer)


def _problem(error: Any) -> str:
    """The first few complaints of a pydantic ValidationError, with the place and the value."""
    lines = []
    for each in error.errors(include_url=False)[:5]:
        place = ".".join(str(part) for part in each["loc"]) or "the value"
        lines.append(f"{place}: {each['msg']} (got {each['input']!r:.80}).")
    return " ".join(lines)


def _unfenced(text: str) -> str:
    stripped = text.strip()
    if stripped.startswith("```") and stripped.endswith("```") and "\n" in stripped:
        return stripped[stripped.index("\n") + 1 : -3].strip()
    return stripped


@functools.lru_cache(maxsize=64)
def _adapter(wanted: Any) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(wanted)
