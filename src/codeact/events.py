"""What happens while an agent runs, told to whoever listens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from codeact.actions import Action
from codeact.consents import Consent, Question
from codeact.trajectory import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDelta:
    """The next piece of the reply that the model is writing."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasoningDelta:
    """The next piece of thinking that the provider sends apart from the reply."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrying:
    """A request failed and is made again after `seconds`; what was streamed of this reply so far is
    void.
    """

    reason: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionParsed:
    """The reply is whole and this is what it asks for."""

    action: Action


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputDelta:
    """The next piece that running code printed."""

    text: str
    stream: Literal["stdout", "stderr"] = "stdout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compacted:
    """Old observations were shortened to fit the context window; `removed` counts them."""

    removed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalAsked:
    """Somebody is asked; until the answer nothing of it is done. One question at a time."""

    question: Question


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalGiven:
    """The answer, which may be a no; None where the work was stopped before there was one."""

    question: Question
    consent: Consent | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFinished:
    """A step is complete; the first has `index` 0."""

    index: int
    step: Step


Event = (
    TextDelta
    | ReasoningDelta
    | Retrying
    | ActionParsed
    | OutputDelta
    | ApprovalAsked
    | ApprovalGiven
    | Compacted
    | StepFinished
)
Emit = Callable[[Event], None]


def ignore(event: Event) -> None:
    """The listener that does not listen."""
