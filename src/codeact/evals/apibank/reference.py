"""The reference player: a model that makes the recorded call in any format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from codeact.errors import ConfigError
from codeact.evals.apibank.catalogue import toolbox
from codeact.evals.apibank.databases import ApiWorld
from codeact.evals.apibank.dialogues import Sample
from codeact.evals.apibank.one_call import spelled
from codeact.evals.apibank.prompt import prompt
from codeact.evals.player import Player
from codeact.formats import ActionFormat
from codeact.messages import Completion, Message, ToolSchema

NOT_A_TASK = "The reference player knows the calls of API-Bank only; choose another model."

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferencePlayer(Player):
    """Tells the tasks apart by their prompts. Where two prompts are equal, so are their worlds."""

    format: ActionFormat
    samples: Mapping[Key, Sample]

    @classmethod
    def of(cls, samples: Iterable[Sample], format: ActionFormat) -> ReferencePlayer:
        empty = ApiWorld(tables={}, library={})
        known: dict[Key, Sample] = {}
        for sample in samples:
            messages = prompt(sample, format, toolbox(empty, sample.offered))
            known.setdefault(_key(messages), sample)
        return cls(format=format, samples=known)

    def play(self, messages: Sequence[Message], tools: Sequence[ToolSchema]) -> Completion:
        sample = self.samples.get(_key(messages))
        if sample is None:
            raise ConfigError(NOT_A_TASK)
        text, calls = spelled(self.format, sample.gold.call, len(messages))
        return Completion(text=text, calls=calls)


def _key(messages: Sequence[Message]) -> Key:
    return tuple(f"{each.role}: {each.content} {each.calls}" for each in messages)
