"""Shows a conversation with what is learned in colour: by message, or by token."""

from __future__ import annotations

import dataclasses
import itertools
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from codeact.cli.evaluation import failure
from codeact.cli.harmless import clean
from codeact.data.conversations import Conversation, Said
from codeact.data.layouts import read
from codeact.data.tally import guessed, load_tokenizer
from codeact.data.templates import chatml
from codeact.errors import CodeActError, ConfigError

if TYPE_CHECKING:
    from rich.text import Text
    from tokenizers import Tokenizer

LEARNED, READ, MASKED = "green", "dim", "red"
EVEN, ODD = "", "underline"
"""Tokens side by side are told apart by a line under every other one."""

HEAD = "{id}  ({source}, {messages} messages, about {tokens:,} tokens, {learned:,} learned)"
LEGEND = "green: learned · red: a reply that is read and not learned · dim: read"
MARKS = {LEARNED: "learned", READ: "read", MASKED: "not learned"}
NO_TASK = "{path} holds no conversation of task {task!r}."
EMPTY = "{path} holds no conversation."
SYSTEM = "({characters:,} characters of instructions; --system shows them)"


def show_file(
    path: Path, *, task: str | None, count: int, system: bool, tokenizer: Path | None
) -> int:
    """Print up to `count` conversations; the exit code."""
    try:
        loaded = load_tokenizer(tokenizer) if tokenizer else None
        found = (each for each in read(path) if task is None or task in (each.task, each.id))
        chosen = list(itertools.islice(found, count))
        if not chosen:
            said = EMPTY if task is None else NO_TASK
            raise ConfigError(said.format(path=path, task=task))
        pieces = [list(_pieces(each, system=system, tokenizer=loaded)) for each in chosen]
    except CodeActError as error:
        return failure(error)
    _draw([text for each in pieces for text in each])
    return 0


def _pieces(
    conversation: Conversation, *, system: bool, tokenizer: Tokenizer | None
) -> Iterator[Text]:
    from rich.text import Text

    tokens, learned = guessed(conversation)
    head = HEAD.format(
        id=clean(conversation.id),
        source=clean(conversation.source),
        messages=len(conversation.said),
        tokens=tokens,
        learned=learned,
    )
    yield Text(head, style="bold")
    yield Text(LEGEND, style=READ)
    if tokenizer is not None:
        said = [each for each in conversation.said if system or each.role != "system"]
        yield _by_token(said, tokenizer)
        return
    for each in conversation.said:
        style = LEARNED if each.learned else MASKED if each.role == "assistant" else READ
        note = f" ({MARKS[style]})" if each.role == "assistant" else ""
        yield Text(f"\n── {each.role}{note}", style="bold " + style)
        if each.role == "system" and not system:
            yield Text(SYSTEM.format(characters=len(each.content)), style=READ)
        else:
            yield Text(clean(each.content), style=style)
        for call in each.calls:
            yield Text(clean(f"{call.name}({call.arguments})"), style=style)


def _by_token(said: Sequence[Said], tokenizer: Tokenizer) -> Text:
    from rich.text import Text

    shown = chatml(said)
    replies = chatml([dataclasses.replace(e, learned=e.role == "assistant") for e in said]).spans
    text = Text()
    done = 0
    for number, (begin, end) in enumerate(
        tokenizer.encode(shown.text, add_special_tokens=False).offsets
    ):
        if end <= done:
            continue  # one character may take several tokens
        text.append(clean(shown.text[done:begin]), style=READ)
        style = LEARNED if _among(begin, shown.spans) else READ
        if style == READ and _among(begin, replies):
            style = MASKED
        line = ODD if number % 2 else EVEN
        text.append(clean(shown.text[max(begin, done) : end]), style=f"{style} {line}".strip())
        done = end
    text.append(clean(shown.text[done:]), style=READ)
    return text


def _among(place: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start <= place < end for start, end in spans)


def _draw(texts: list[Text]) -> None:
    """In colour on a terminal, and where FORCE_COLOR asks for it."""
    from rich.console import Console

    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    for text in texts:
        console.print(text)
