"""Mixes conversations of agents with general ones by token share, and splits them by task."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from codeact.data.conversations import Conversation
from codeact.data.thinning import lot
from codeact.errors import ConfigError

Tokens = Callable[[Conversation], int]

TOO_MUCH = "The shares of general conversations sum to {total:g}; they have to stay below 1."


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one file gave: of `there` conversations `taken`, with `tokens`, where a share of
    `wanted` was asked for (None: all of it).
    """

    name: str
    there: int
    taken: int
    tokens: int
    wanted: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixture:
    """No task is on both sides."""

    train: tuple[Conversation, ...]
    validation: tuple[Conversation, ...]
    parts: tuple[Part, ...]


def mix(
    whole: Mapping[str, Sequence[Conversation]],
    shared: Mapping[str, tuple[Sequence[Conversation], float]],
    *,
    tokens: Tokens,
    validation: float = 0.0,
    seed: int = 1,
) -> Mixture:
    """All of `whole`, and of each of `shared` as many as make up its share of all tokens.

    Nothing is repeated: where a file has too little, the part says so. `validation` is the share of
    tasks that is kept apart; which ones depends on the task and `seed` alone. Raises ConfigError
    for shares that leave no room.
    """
    total = sum(share for _, share in shared.values())
    if not 0 <= total < 1 or any(share < 0 for _, share in shared.values()):
        raise ConfigError(TOO_MUCH.format(total=total))
    chosen: list[Conversation] = []
    parts = []
    for name, found in whole.items():
        chosen += found
        size = sum(map(tokens, found))
        parts.append(Part(name=name, there=len(found), taken=len(found), tokens=size, wanted=None))
    base = sum(part.tokens for part in parts)
    for name, (found, share) in shared.items():
        taken, size = _enough(found, base * share / (1 - total), tokens, seed)
        chosen += taken
        parts.append(Part(name=name, there=len(found), taken=len(taken), tokens=size, wanted=share))
    random.Random(seed).shuffle(chosen)
    train, kept = split(chosen, validation, seed=seed)
    return Mixture(train=tuple(train), validation=tuple(kept), parts=tuple(parts))


def split(
    conversations: Sequence[Conversation], share: float, *, seed: int = 1
) -> tuple[list[Conversation], list[Conversation]]:
    """Training and validation, by task: a task's conversations stay together, also when others are
    added later.
    """
    bound = int(share * 2**64)
    sides: tuple[list[Conversation], list[Conversation]] = ([], [])
    for each in conversations:
        draw = int.from_bytes(lot(f"side of {each.task}", seed)[:8], "big")
        sides[draw < bound].append(each)
    return sides


def _enough(
    found: Sequence[Conversation], wanted: float, tokens: Tokens, seed: int
) -> tuple[list[Conversation], int]:
    """Conversations in a random order until they have so many tokens, as near as can be."""
    order = sorted(found, key=lambda each: lot(each.id, seed))
    taken: list[Conversation] = []
    size = 0
    for each in order:
        more = tokens(each)
        if size + more / 2 > wanted:
            break
        taken.append(each)
        size += more
    return taken, size
