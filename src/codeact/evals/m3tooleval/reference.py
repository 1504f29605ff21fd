"""The reference player: a model that solves every task by acting, in any format."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codeact.actions import Action, Answer, CodeAction, ToolCall
from codeact.errors import ConfigError
from codeact.evals.m3tooleval.policies import (
    dna_sequencer,
    message_decoder,
    trade_calculator,
    travel_planning,
    web_browsing,
)
from codeact.evals.m3tooleval.prompt import instruction
from codeact.evals.player import Player
from codeact.evals.runs import CODE_FORMATS
from codeact.formats import ActionFormat
from codeact.formats.markers import written
from codeact.messages import Completion, Message, NativeCall, ToolSchema

if TYPE_CHECKING:
    from codeact.evals.m3tooleval.benchmark import M3ToolEval

Policy = Generator[CodeAction | ToolCall, str, str]

MAX_TURNS = {"code": 2, "json": 20, "text": 20, "native": 20}
"""How many turns it needs in a format for its longest task."""

NOT_A_TASK = "The reference player knows the tasks of M3ToolEval only; choose another model."

_CALLS: Mapping[str, Callable[[str, str], Policy]] = {
    "message_decoder": message_decoder.calls,
    "cryptobotanists_plant_dna_sequencer": dna_sequencer.calls,
    "trade_calculator": trade_calculator.calls,
    "travel_itinerary_planning": travel_planning.calls,
    "web_browsing": web_browsing.calls,
}
_PROGRAMS: Mapping[str, Callable[[str, str], Policy]] = {
    "message_decoder": message_decoder.program,
    "cryptobotanists_plant_dna_sequencer": dna_sequencer.program,
    "trade_calculator": trade_calculator.program,
    "travel_itinerary_planning": travel_planning.program,
    "web_browsing": web_browsing.program,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferencePlayer(Player):
    """Tells the tasks apart by their wording and has a policy for each; answers it has none.

    It keeps nothing between requests: the policy is lived again from the messages each time. A
    wrong answer is given again.
    """

    format: ActionFormat
    ids: Mapping[str, str]
    runs_code: bool
    bare_commas: bool = False

    @classmethod
    def of(cls, benchmark: M3ToolEval, format: ActionFormat) -> ReferencePlayer:
        ids = {each.instruction.strip(): each.id for each in benchmark.exercises.values()}
        return cls(
            format=format,
            ids=ids,
            runs_code=format.name in CODE_FORMATS,
            bare_commas=benchmark.rules.bare_commas and format.name == "m3-text",
        )

    def play(self, messages: Sequence[Message], tools: Sequence[ToolSchema]) -> Completion:
        ask = instruction(messages)
        if ask not in self.ids:
            raise ConfigError(NOT_A_TASK)
        domain, _, name = self.ids[ask].partition("/")
        policy: Policy = (
            _PROGRAMS[domain](name, ask) if self.runs_code else _CALLS[domain](name, ask)
        )
        heard = [message.content for message in messages[1:] if message.role != "assistant"]
        action = _next(policy, heard)
        if isinstance(action, ToolCall) and self.format.native:
            return Completion(text="", calls=(_native(action, tools, len(heard)),))
        return Completion(text=self._spelled(action))

    def _spelled(self, action: Action) -> str:
        if isinstance(action, ToolCall) and self.bare_commas:
            return written(", ".join([action.name, *map(str, action.args)]))
        return self.format.write(action)


def _next(policy: Policy, heard: Sequence[str]) -> Action:
    """What the policy does after all that was heard."""
    try:
        action: Action = next(policy)
        for text in heard:
            action = policy.send(text)
    except StopIteration as end:
        return Answer(text=end.value)
    return action


def _native(call: ToolCall, tools: Sequence[ToolSchema], number: int) -> NativeCall:
    """The call with named arguments; a list takes all that are left."""
    schema = next(tool for tool in tools if tool.name == call.name)
    left, named = list(call.args), {}
    for name, described in json.loads(schema.parameters)["properties"].items():
        if described.get("type") == "array":
            named[name], left = left, []
        else:
            named[name] = left.pop(0)
    return NativeCall(id=f"call_{number}", name=call.name, arguments=json.dumps(named))
