"""How much there is of what: instances, tokens and their mean by source, as the paper's Table 4."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from codeact.data.conversations import Conversation
from codeact.data.templates import Unwritable, chatml
from codeact.errors import ConfigError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Count = Callable[[Conversation], tuple[int, int]]
"""The tokens of a conversation, and how many of them are learned."""

CHARACTERS_PER_TOKEN = 3.5
UNREADABLE = "{path} is no tokenizer file (tokenizer.json): {error}"
TOTAL = "total"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One source. `learned` are the tokens that are predicted."""

    source: str
    instances: int
    tokens: int
    learned: int
    tasks: int

    @property
    def mean(self) -> float:
        """Tokens of an instance."""
        return self.tokens / self.instances if self.instances else 0.0


def tally(conversations: Iterable[Conversation], count: Count) -> list[Row]:
    """A row for each source in the order of their coming, and the total."""
    instances: dict[str, list[tuple[int, int]]] = {}
    tasks: dict[str, set[str]] = {}
    for each in conversations:
        instances.setdefault(each.source, []).append(count(each))
        tasks.setdefault(each.source, set()).add(each.task)
    rows = [
        Row(
            source=source,
            instances=len(counts),
            tokens=sum(tokens for tokens, _ in counts),
            learned=sum(learned for _, learned in counts),
            tasks=len(tasks[source]),
        )
        for source, counts in instances.items()
    ]
    total = Row(
        source=TOTAL,
        instances=sum(row.instances for row in rows),
        tokens=sum(row.tokens for row in rows),
        learned=sum(row.learned for row in rows),
        tasks=sum(row.tasks for row in rows),
    )
    return [*rows, total]


def guessed(conversation: Conversation) -> tuple[int, int]:
    """From the characters, where no tokenizer is named."""
    learned = sum(len(each.content) for each in conversation.said if each.learned)
    return conversation.tokens, int(learned / CHARACTERS_PER_TOKEN)


def counted(path: Path) -> Count:
    """By the tokenizer of a `tokenizer.json`, on the text in ChatML. Raises ConfigError."""
    tokenizer = load_tokenizer(path)

    def count(conversation: Conversation) -> tuple[int, int]:
        try:
            shown = chatml(conversation.said)
        except Unwritable:
            return guessed(conversation)
        offsets = tokenizer.encode(shown.text, add_special_tokens=False).offsets
        learned = sum(
            any(start <= begin < end for start, end in shown.spans) for begin, _ in offsets
        )
        return len(offsets), learned

    return count


def load_tokenizer(path: Path) -> Tokenizer:
    """Raises ConfigError."""
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except Exception as error:  # the library raises nothing narrower
        raise ConfigError(UNREADABLE.format(path=path, error=error)) from error
