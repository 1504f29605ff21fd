"""What crosses the model's door: messages, media, sampling, usage and completions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Role = Literal["system", "user", "assistant", "tool"]
FinishReason = Literal["stop", "length", "filter", "interrupted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A picture, a table or another rich value beside a text.

    `data` is base64 for binary types (`image/png`) and plain text for text types (`text/html`).
    """

    media_type: str
    data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeCall:
    """One call in the provider's own tool-calling protocol; `arguments` is JSON text as the model
    wrote it.
    """

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message as the model sees it. Its text is complete; media add to it for models that see.

    `observed` marks the report of an observation, which may be shortened when the context fills.
    """

    role: Role
    content: str
    media: tuple[Media, ...] = ()
    calls: tuple[NativeCall, ...] = ()
    call_id: str | None = None
    observed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSchema:
    """A tool as native tool calling wants it; `parameters` is JSON Schema text."""

    name: str
    description: str
    parameters: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How a reply is drawn. None leaves the choice to the provider."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens and money of one or more completions.

    `cached_tokens` are part of `input_tokens`; `reasoning_tokens` are part of `output_tokens`.
    `cost` is in US dollars, None where the model's price is unknown. `estimated` marks counts that
    the provider did not report (a stream that was ended early).
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    cost: float | None = 0.0
    estimated: bool = False

    def __add__(self, other: Usage) -> Usage:
        unknown = self.cost is None or other.cost is None
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
            cost=None if unknown else (self.cost or 0.0) + (other.cost or 0.0),
            estimated=self.estimated or other.estimated,
        )

    @property
    def total_tokens(self) -> int:
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """One whole reply, exactly as the model wrote it.

    `reasoning` is thinking text that the provider sends apart; it never returns to the model.
    `seconds` is the wall time from request to last token, retries included.
    """

    text: str
    finish_reason: FinishReason = "stop"
    usage: Usage = field(default_factory=Usage)
    calls: tuple[NativeCall, ...] = ()
    reasoning: str = ""
    seconds: float = 0.0
