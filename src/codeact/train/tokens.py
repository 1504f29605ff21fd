"""A trajectory as ids and a mask: the author of a token decides whether it is learned."""

from __future__ import annotations

import random
from array import array
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from codeact.models.nano_prompt import pieces
from codeact.models.nano_tokens import Vocabulary
from codeact.trajectory import Trajectory

MASKED = "masked_steps"
"""The metadata field with the indices of steps that must not be learned, separated by spaces."""


@dataclass(frozen=True, slots=True)
class Example:
    """`mask` is 1 where the token is to be predicted: what the model wrote, and where it ended."""

    ids: Sequence[int]
    mask: Sequence[int]


def example(trajectory: Trajectory, vocabulary: Vocabulary) -> Example:
    """The whole conversation; the replies of masked steps are read and not learned."""
    wrong = {int(index) for index in trajectory.metadata.get(MASKED, "").split()}
    messages = trajectory.messages()
    replies = sum(message.role == "assistant" for message in messages)
    first = len(trajectory.steps) - replies  # replies before a rewritten context are gone
    ids: list[int] = []
    mask: list[int] = []
    step = first
    for piece in pieces(messages):
        tokens = vocabulary.piece(piece)
        learned = piece.part == "assistant" and not _among(step, wrong)
        step += piece.part == "assistant"
        ids += tokens
        mask += [0] + [int(learned)] * (len(tokens) - 1)
    return Example(array("H", ids), bytes(mask))


def chained(
    examples: Sequence[Example], vocabulary: Vocabulary, *, count: int, context: int, seed: int
) -> Iterator[Example]:
    """`count` longer conversations: two or three of the examples, one after another, as far as they
    fit. Tools are listed at the head only, so those that follow have none.
    """
    rng = random.Random(f"chained/{seed}")
    tools = vocabulary.marks["tools"]
    fit = [each for each in examples if len(each.ids) <= context // 2]
    bare = [each for each in fit if each.ids[0] != tools]
    for _ in range(count if bare else 0):
        parts = [rng.choice(fit), *rng.sample(bare, min(len(bare), rng.choice((1, 1, 2))))]
        ids, mask = array("H"), bytearray()
        for part in parts:
            if len(ids) + len(part.ids) <= context:
                ids.extend(part.ids)
                mask.extend(part.mask)
        yield Example(ids, bytes(mask))


def _among(step: int, wrong: Collection[int]) -> bool:
    return step < 0 or step in wrong
