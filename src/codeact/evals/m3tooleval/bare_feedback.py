"""A format whose observations are shown as the benchmark shows them: bare, cut at a length."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from codeact.actions import Action
from codeact.formats import ActionFormat
from codeact.messages import Message, NativeCall
from codeact.observations import Observation
from codeact.tools import Toolbox

LIMIT = 2_000
"""Characters of an observation that the model is shown."""

NO_OUTPUT = "[The code ran to its end and showed nothing. Is a print missing?]"
NO_RESULT = "[The tool returned nothing.]"
FAILED_CALL = (
    "The tool call failed: {text}\nCheck the tool's name and its arguments, and call one tool a "
    "turn."
)


@dataclass(frozen=True, slots=True)
class BareFeedback:
    """Another format in all but its feedback."""

    format: ActionFormat
    limit: int = LIMIT

    @property
    def name(self) -> str:
        return self.format.name

    @property
    def stop(self) -> tuple[str, ...]:
        return self.format.stop

    @property
    def native(self) -> bool:
        return self.format.native

    def instructions(self, toolbox: Toolbox) -> str:
        return self.format.instructions(toolbox)

    def parse(self, text: str, calls: Sequence[NativeCall] = ()) -> Action:
        return self.format.parse(text, calls)

    def ended(self, text: str) -> bool:
        return self.format.ended(text)

    def reply(self, text: str, calls: Sequence[NativeCall] = ()) -> Message:
        return self.format.reply(text, calls)

    def write(self, action: Action) -> str:
        return self.format.write(action)

    def render(self, action: Action, observation: Observation) -> Message:
        message = self.format.render(action, observation)
        return dataclasses.replace(message, content=_bare(observation)[: self.limit])


def _bare(observation: Observation) -> str:
    text = observation.text
    match observation.source:
        case "tool" if not observation.ok:
            return FAILED_CALL.format(text=text)
        case "tool":
            return text if text.strip() else NO_RESULT
        case "interpreter":
            return text if text.strip() else NO_OUTPUT
        case "user" | "format":
            return text
