"""The recorded dialogues of API-Bank: who said what, and the calls that were made."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from codeact.actions import ToolCall
from codeact.errors import ConfigError, DataError
from codeact.evals.apibank.databases import NO_FILE, home

Level = Literal[1, 2]

LEVELS: Mapping[Level, str] = {1: "level-1-given-desc", 2: "level-2-toolsearcher"}
SEARCHER = "ToolSearcher"

BAD_LINE = "{path}, line {number}: {error}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One utterance; `user` tells it from the assistant's."""

    user: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One recorded call: arguments in the types that the recording gives them, and its result."""

    name: str
    arguments: Mapping[str, Any]
    result: Any

    @property
    def call(self) -> ToolCall:
        return ToolCall(name=self.name, kwargs=dict(self.arguments))


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogue:
    """`id` is its file's name without the ending."""

    id: str
    turns: tuple[Said | Made, ...]

    @property
    def made(self) -> tuple[Made, ...]:
        return tuple(turn for turn in self.turns if isinstance(turn, Made))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One recorded call and all that stands before it."""

    dialogue: Dialogue
    number: int
    level: Level

    @property
    def id(self) -> str:
        """The dialogue and the call's place in it, from 1."""
        return f"{self.dialogue.id}/{self.number + 1}"

    @property
    def gold(self) -> Made:
        return self.dialogue.made[self.number]

    @property
    def before(self) -> tuple[Said | Made, ...]:
        """Everything up to the call."""
        count = -1
        for place, turn in enumerate(self.dialogue.turns):
            count += isinstance(turn, Made)
            if count == self.number:
                return self.dialogue.turns[:place]
        return self.dialogue.turns

    @property
    def earlier(self) -> tuple[Made, ...]:
        return self.dialogue.made[: self.number]

    @property
    def needed(self) -> str | None:
        """What a search should find: the next call's API, a token's aside where another follows."""
        after = []
        for made in self.dialogue.made[self.number + 1 :]:
            if made.name == SEARCHER:
                break
            after.append(made.name)
        return next((name for name in after if name != "GetUserToken"), next(iter(after), None))

    @property
    def offered(self) -> tuple[str, ...]:
        """The APIs that the prompt describes.

        Level 1: all that the dialogue calls. Level 2: the search, what recorded searches have found
        so far, and, where a search was made or none ever is, what the dialogue goes on to call: 12
        recorded calls are of APIs that no recorded search found.
        """
        names = [made.name for made in self.dialogue.made]
        if self.level == 1:
            return tuple(dict.fromkeys(names))
        found = [SEARCHER, *(name for made in self.earlier for name in _found(made))]
        searched = any(made.name == SEARCHER for made in self.earlier)
        later = names[self.number :] if searched or SEARCHER not in names else []
        return tuple(dict.fromkeys([*found, *later]))


def read(folder: Path | None, level: Level) -> tuple[Dialogue, ...]:
    """The dialogues of a level by their names; an empty file is none.

    Raises ConfigError for a folder that does not hold them, DataError for damage.
    """
    place = home(folder) / "lv1-lv2-samples" / LEVELS[level]
    if not place.is_dir():
        raise ConfigError(NO_FILE.format(path=place))
    found = [Dialogue(id=path.stem, turns=_turns(path)) for path in sorted(place.glob("*.jsonl"))]
    return tuple(dialogue for dialogue in found if dialogue.turns)


def samples(dialogues: Sequence[Dialogue], level: Level) -> tuple[Sample, ...]:
    """Each recorded call once."""
    return tuple(
        Sample(dialogue=dialogue, number=number, level=level)
        for dialogue in dialogues
        for number in range(len(dialogue.made))
    )


def _turns(path: Path) -> tuple[Said | Made, ...]:
    lines = path.read_text(encoding="utf-8").splitlines()
    turns = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                turns.append(_turn(json.loads(line)))
            except (ValueError, KeyError, TypeError) as error:
                said = BAD_LINE.format(path=path, number=number, error=repr(error))
                raise DataError(said) from error
    return tuple(turns)


def _turn(record: dict[str, Any]) -> Said | Made:
    if record["role"] != "API":
        return Said(user=record["role"] == "User", text=record["text"])
    result = record["result"]
    arguments = result["input"] or record["param_dict"]
    return Made(name=record["api_name"], arguments=arguments, result=result["output"])


def _found(made: Made) -> list[str]:
    """What a recorded search found: one tool or a list of them."""
    if made.name != SEARCHER:
        return []
    found = made.result if isinstance(made.result, list) else [made.result]
    return [each["name"] for each in found if isinstance(each, dict)]
