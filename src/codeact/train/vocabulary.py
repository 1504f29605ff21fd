"""The small model's tokenizer, learned from its own conversations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from codeact.models.nano_prompt import END, EXECUTE, MARKS, PAD
from codeact.tasks.families import Instance

WORDS = r"[A-Z]?[a-z]+|[A-Z]+|\p{L}+|\p{N}|\r?\n *| +|\t+|_+|[^\s\p{L}\p{N}_]+|\s"
"""What is never merged across: parts of words, single digits, spaces. A word then has the same
tokens wherever it stands, which makes it easy to copy.
"""


def learn(texts: Iterable[str], size: int, path: Path) -> None:
    """Write a byte-level BPE tokenizer of `size` tokens to `path`; nothing is unknown to it."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    marks = [PAD, END, *MARKS.values()]
    trainer = trainers.BpeTrainer(
        vocab_size=size - len(EXECUTE),
        min_frequency=2,
        special_tokens=marks,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens([AddedToken(tag, special=False, normalized=False) for tag in EXECUTE])
    path.write_text(tokenizer.to_str(pretty=False), encoding="utf-8")


def known_texts(drawn: Iterable[Instance]) -> Iterator[str]:
    """What is said and done in tasks, the drawn names left out: names differ between what training
    sees and what is held out, and no token should give one side an advantage.
    """
    for instance in drawn:
        names = "|".join(map(re.escape, sorted(instance.names, key=len, reverse=True)))
        tools = [f"{each.signature}\n{each.description}" for each in instance.tools]
        said = (instance.request, *(turn.code for turn in instance.way), instance.answer)
        for text in (*said, *tools):
            yield re.sub(names, " ", text, flags=re.IGNORECASE) if names else text
