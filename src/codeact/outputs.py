"""Typed final answers: their schema, their check, and what the model hears when one is wrong."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from codeact.environment import User
from codeact.errors import ConfigError
from codeact.observations import Observation

WRONG = """\
Your answer does not fit the required type. {problem}
Answer again with one JSON value that matches this JSON Schema, and nothing else:
{schema}"""

UNFIT = """\
output_type={type!r} cannot be asked of a model ({said}). Use a type that JSON can spell: a \
pydantic model, a dataclass, list[int], ..."""


@dataclass(frozen=True, slots=True)
class OutputType:
    """A Python type or pydantic model that the final answer must have; `schema` is its JSON Schema
    text. Raises ConfigError for a type that JSON cannot spell.
    """

    type: Any
    schema: str = field(init=False, compare=False)
    _adapter: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        from pydantic import TypeAdapter
        from pydantic.errors import PydanticUndefinedAnnotation, PydanticUserError

        try:
            adapter = TypeAdapter(self.type)
            schema = json.dumps(adapter.json_schema(), separators=(",", ":"))
        except (PydanticUserError, PydanticUndefinedAnnotation) as error:
            said = str(error).partition("\n")[0]
            raise ConfigError(UNFIT.format(type=self.type, said=said)) from error
        object.__setattr__(self, "_adapter", adapter)
        object.__setattr__(self, "schema", schema)

    def read(self, answer: str) -> Any:
        """The answer as a value of the type. Raises ValueError that says what is wrong.

        A JSON value is expected, bare or in a fence; text that is no JSON is tried as it stands, so
        that `42`, `2024-05-01` and plain strings need no quotes.
        """
        from pydantic import ValidationError

        text = _unfenced(answer)
        try:
            return self._adapter.validate_json(text)
        except ValidationError as error:
            try:
                return self._adapter.validate_strings(text)
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
