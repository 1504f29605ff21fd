"""How an episode is lived: as in the paper, or as we think fair."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

from codeact.evals.m3tooleval.bare_feedback import BareFeedback
from codeact.formats import ActionFormat, by_name
from codeact.formats.text_as_action import TextAsAction
from codeact.messages import Sampling

ProtocolName = Literal["paper", "default"]

_SPELLINGS = {"code": "m3-code", "json": "m3-json", "text": "m3-text"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """`retry`: a wrong answer is told so and the episode goes on, up to `max_turns`.

    With `bare_commas` a text action is split at every comma, so that no argument can hold one.
    """

    name: ProtocolName
    max_turns: int
    epochs: int
    sampling: Sampling
    retry: bool
    bare_commas: bool

    def format(self, name: str) -> ActionFormat:
        """The format that the benchmark uses for "code", "json", "text", "native" or any other
        name of a format. Raises ConfigError with all names.
        """
        chosen = by_name(_SPELLINGS.get(name, name))
        if self.bare_commas and isinstance(chosen, TextAsAction) and chosen.dialect == "m3":
            chosen = dataclasses.replace(chosen, commas="paper")
        return BareFeedback(chosen)


PROTOCOLS: dict[ProtocolName, Protocol] = {
    "paper": Protocol(
        name="paper",
        max_turns=10,
        epochs=1,
        sampling=Sampling(temperature=0.0, max_tokens=512),
        retry=True,
        bare_commas=True,
    ),
    "default": Protocol(
        name="default",
        max_turns=10,
        epochs=5,
        sampling=Sampling(temperature=0.7),
        retry=False,
        bare_commas=False,
    ),
}
